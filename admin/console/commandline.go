package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// commandLinePage asks whether a command line may act for who looks at it.
type commandLinePage struct {
	Challenge, State string
	Host             string // where the command line runs, by its own word
	Port             int    // where it listens; 0: it takes a code that somebody types
	Role             administration.Role
	More             []string // verbs that need a fresh sign-in otherwise
	Means            []string // what these are

	Code string // to be typed; "": the question is asked
}

var (
	stateForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)
	wordForm  = regexp.MustCompile(`[^a-z0-9]+`)
)

// mostMore is how many verbs a command line asks for besides.
const mostMore = 20

// asked reads what a command line asks for: no more than who looks at it may.
func (p *page) asked(form url.Values) (c commandLinePage, _ error) {
	c = commandLinePage{Challenge: form.Get("challenge"), State: form.Get("state"), Host: provision.Clip(form.Get("host")), Role: administration.Role(form.Get("role")), More: form["may"]}
	port, err := strconv.Atoi(form.Get("port"))
	c.Port = port
	if err != nil || port != 0 && (port < 1024 || port > 65535) || !stateForm.MatchString(c.State) || len(c.More) > mostMore {
		return c, administration.CheckChallenge("")
	}
	if c.Role == "" {
		c.Role = p.who.Role()
	}
	rule, _ := admin.RuleOf(admin.CommandLineUse)
	if err := provision.AllOf(administration.CheckChallenge(c.Challenge), admin.CheckVerbs(c.Role, c.More)); err != nil {
		return c, err
	}
	if !rule.For(c.Role) || !p.who.Standing.Covers(administration.Standing{Role: c.Role}) {
		return c, provision.Refuse(admin.ReasonRole, "a command line cannot have the role %s from you, whose role is %s", provision.Clip(string(c.Role)), p.who.Role())
	}
	for _, v := range c.More {
		rule, _ := admin.RuleOf(admin.Verb(v))
		c.Means = append(c.Means, rule.Means)
	}
	return c, nil
}

// commandLine shows what a command line asks for.
func (h *handler) commandLine(p *page) error {
	body, err := p.asked(p.URL.Query())
	if err != nil {
		return err
	}
	if body.Port != 0 {
		p.w.Header().Set("Content-Security-Policy", admin.PolicyTo(body.Port))
	}
	return p.show(http.StatusOK, "commandline", "", "A command line asks", frame{Body: body})
}

// agree gives the command line what it asks for: a code, to the machine that the
// browser runs on and to nowhere else, which is worth nothing without the verifier
// that only that command line knows.
func (h *handler) agree(p *page) error {
	if err := p.ParseForm(); err != nil {
		return provision.Errorf(provision.Invalid, "", "this is no form of ours")
	}
	body, err := p.asked(p.PostForm)
	if err != nil {
		return err
	}
	if p.PostForm.Get("answer") != "yes" {
		if body.Port == 0 {
			return p.done("/admin/", "", 0)
		}
		p.goBack(body, url.Values{"error": {"access_denied"}})
		return nil
	}
	d := administration.Delegation{Challenge: body.Challenge, By: p.who.Maker(), Actor: p.cause().Actor,
		Draft: administration.TokenDraft{Name: p.tokenName(body.Host), Role: body.Role, Verbs: admin.WithMore(body.Role, body.More), Life: administration.DelegationLife}}
	code, err := h.core.Sessions.IssueOneTime(p.Context(), administration.DelegationKind, "", d, administration.DelegationWait)
	if err != nil {
		return err
	}
	if body.Port == 0 {
		body.Code = code
		return p.show(http.StatusOK, "commandline", "", "The code", frame{Body: body})
	}
	p.goBack(body, url.Values{"code": {code}})
	return nil
}

// goBack sends the browser to the command line, on its own machine.
func (p *page) goBack(to commandLinePage, with url.Values) {
	with.Set("state", to.State)
	http.Redirect(p.w, p.Request, admin.Loopback(to.Port)+"/?"+with.Encode(), http.StatusSeeOther)
}

// tokenName returns a name for the token of a command line, which says whose it is
// and where, and which no other token has.
func (p *page) tokenName(host string) string {
	word := func(text string, most int) string {
		text = strings.Trim(wordForm.ReplaceAllString(strings.ToLower(text), "-"), "-")
		return strings.Trim(text[:min(len(text), most)], "-")
	}
	mark := word(string(provision.NewID[administration.TokenID]()), 36)
	parts := []string{word(p.who.Name, 24), word(host, 24), mark[len(mark)-6:]}
	name := strings.Join(parts, "-")
	return strings.Trim(strings.ReplaceAll(name, "--", "-"), "-")
}

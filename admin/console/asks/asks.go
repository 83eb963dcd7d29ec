// Package asks reads what a command line asks of somebody at a browser, and says what
// they agree to.
package asks

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Request is what a command line asks for.
type Request struct {
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

// Read reads what a command line asks for: no more than who looks at it may. An error
// is Invalid or Denied.
func Read(form url.Values, who *admin.Actor) (c Request, _ error) {
	c = Request{Challenge: form.Get("challenge"), State: form.Get("state"), Host: provision.Clip(form.Get("host")), Role: administration.Role(form.Get("role")), More: form["may"]}
	port, err := strconv.Atoi(form.Get("port"))
	c.Port = port
	if err != nil || port != 0 && (port < 1024 || port > 65535) || !stateForm.MatchString(c.State) || len(c.More) > mostMore {
		return c, administration.CheckChallenge("")
	}
	if c.Role == "" {
		c.Role = who.Role()
	}
	rule, _ := admin.RuleOf(admin.CommandLineUse)
	if err := provision.AllOf(administration.CheckChallenge(c.Challenge), admin.CheckVerbs(c.Role, c.More)); err != nil {
		return c, err
	}
	if !rule.For(c.Role) || !who.Standing.Covers(administration.Standing{Role: c.Role}) {
		return c, provision.Refuse(admin.ReasonRole, "a command line cannot have the role %s from you, whose role is %s", provision.Clip(string(c.Role)), who.Role())
	}
	for _, v := range c.More {
		rule, _ := admin.RuleOf(admin.Verb(v))
		c.Means = append(c.Means, rule.Means)
	}
	return c, nil
}

// Serve answers a GET with what a command line asks for, and a POST with what was
// agreed to: a code, to the machine that the browser runs on and to nowhere else, which
// is worth nothing without the verifier that only that command line knows. It returns
// what a page has to show; nil: the browser was sent back.
func Serve(w http.ResponseWriter, r *http.Request, who *admin.Actor, actor string, sessions *session.Service) (*Request, error) {
	if err := r.ParseForm(); err != nil {
		return nil, provision.Errorf(provision.Invalid, "", "this is no form of ours")
	}
	form := r.PostForm
	if r.Method != http.MethodPost {
		form = r.URL.Query()
	}
	c, err := Read(form, who)
	switch {
	case err != nil:
		return nil, err
	case r.Method != http.MethodPost:
		if c.Port != 0 {
			w.Header().Set("Content-Security-Policy", admin.PolicyTo(c.Port))
		}
		return &c, nil
	case form.Get("answer") != "yes" && c.Port == 0:
		http.Redirect(w, r, "/admin/", http.StatusSeeOther)
		return nil, nil
	case form.Get("answer") != "yes":
		http.Redirect(w, r, c.back("error", "access_denied"), http.StatusSeeOther)
		return nil, nil
	}
	code, err := sessions.IssueOneTime(r.Context(), administration.DelegationKind, "", c.agreedBy(who, actor), administration.DelegationWait)
	if err != nil {
		return nil, err
	}
	if c.Port == 0 {
		c.Code = code
		return &c, nil
	}
	http.Redirect(w, r, c.back("code", code), http.StatusSeeOther)
	return nil, nil
}

// agreedBy returns what waits for the command line when somebody agrees, whom the
// audit log calls actor.
func (c Request) agreedBy(who *admin.Actor, actor string) administration.Delegation {
	return administration.Delegation{Challenge: c.Challenge, By: who.Maker(), Actor: actor,
		Draft: administration.TokenDraft{Name: c.tokenName(who), Role: c.Role, Verbs: admin.WithMore(c.Role, c.More), Life: administration.DelegationLife}}
}

// back returns where the command line listens, on the browser's own machine, with what
// it is told.
func (c Request) back(name, value string) string {
	return admin.Loopback(c.Port) + "/?" + url.Values{name: {value}, "state": {c.State}}.Encode()
}

// tokenName returns a name for the token of a command line, which says whose it is
// and where, and which no other token has.
func (c Request) tokenName(who *admin.Actor) string {
	word := func(text string, most int) string {
		text = strings.Trim(wordForm.ReplaceAllString(strings.ToLower(text), "-"), "-")
		return strings.Trim(text[:min(len(text), most)], "-")
	}
	mark := string(provision.NewID[administration.TokenID]())
	name := strings.Join([]string{word(who.Name, 24), word(c.Host, 24), mark[len(mark)-6:]}, "-")
	return strings.Trim(strings.ReplaceAll(name, "--", "-"), "-")
}

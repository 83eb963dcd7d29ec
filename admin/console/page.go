package console

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates of all pages, each with the layout around it; made when
// somebody sees the first one. A mistake in one ends the tests.
var pages = sync.OnceValue(func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(words.Functions).Funcs(template.FuncMap{"seen": seen}).Option("missingkey=error").ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is ours
	}
	all := make(map[string]*template.Template)
	for _, name := range names {
		short := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if short != "layout" && short != "parts" {
			all[short] = template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, name))
		}
	}
	return all
})

// page is one request of the console, and the page that answers it.
type page struct {
	*http.Request
	h   *handler
	w   http.ResponseWriter
	who *admin.Actor
	now time.Time

	place string // where the logs were before the page was read; "": not known
}

func (h *handler) open(w http.ResponseWriter, r *http.Request) *page {
	return &page{Request: r, h: h, w: w, who: admin.ActorOf(r.Context()), now: h.core.Now()}
}

// frame is what the layout shows around a page.
type frame struct {
	Title    string
	Here     string // path of the entry in the navigation
	Nav      []link
	Who      *admin.Actor // nil: nobody is signed in
	SignOut  string       // where the form to sign out goes
	Done     string       // what a button has done
	Now      time.Time
	Command  string // that says the same on the command line; "": none
	Live     bool   // the page follows what happens
	Location string // of the page, for that
	Place    string // where the logs were before it was read
	Body     any
}

// link is one entry of a navigation.
type link struct{ Path, Name string }

var navigation = []struct {
	link
	verb admin.Verb
}{
	{link{"/admin/", "Home"}, admin.AttentionRead},
	{link{"/admin/people", "People"}, admin.PeopleRead},
	{link{"/admin/requests", "Requests"}, admin.RequestsRead},
	{link{"/admin/audit", "Audit"}, admin.AuditRead},
	{link{"/admin/changes", "Changes"}, admin.RulesRead},
	{link{"/admin/holds", "Holds"}, admin.HoldsRead},
	{link{"/admin/desks", "Desks"}, admin.DesksRead},
	{link{"/admin/connections", "Connections"}, admin.ConnectionsRead},
}

// show answers with a page. here is the entry of the navigation that it is below.
func (p *page) show(status int, name, here, title string, more frame) error {
	more.Title, more.Here, more.Now = title, here, p.now
	more.Location, more.Place, more.Live = p.URL.RequestURI(), p.place, more.Live && p.Method == http.MethodGet
	if p.who.Kind != "" && !p.who.Standing.None() {
		more.Who = p.who
		for _, n := range navigation {
			if p.who.May(n.verb) == nil {
				more.Nav = append(more.Nav, n.link)
			}
		}
		more.SignOut = "/sso/logout"
		if p.who.Kind == admin.BreakGlass {
			more.SignOut = "/sso/break-glass/end"
		}
	}
	if more.Done == "" {
		more.Done = words.Done(p.URL.Query())
	}
	var out bytes.Buffer
	if err := pages()[name].ExecuteTemplate(&out, "layout.html", more); err != nil {
		return err
	}
	p.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	p.w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	p.w.WriteHeader(status)
	_, _ = out.WriteTo(p.w) // the client may be gone
	return nil
}

// May reports whether who asks may do something, for templates.
func (f frame) May(verb string) bool { return f.Who != nil && mayHere(f.Who.May(admin.Verb(verb))) }

// mayHere reports whether a button is shown: also one that needs a fresh sign-in,
// which is asked for when it is pressed.
func mayHere(err error) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return err == nil || ok && e.Reason == admin.ReasonStepUp
}

// askToSignIn answers whoever has not shown who they are, or has no role here.
func (p *page) askToSignIn() {
	status := http.StatusUnauthorized
	if p.who.Kind != "" {
		status = http.StatusForbidden
	}
	to := "/admin/"
	if p.Method == http.MethodGet {
		to = p.URL.RequestURI()
	}
	body := struct {
		Name, Return string
		NoRole       bool
	}{p.who.Name, to, p.who.Kind != ""}
	if err := p.show(status, "signin", "", "Sign in", frame{Body: body}); err != nil {
		p.broken(err)
	}
}

// fail answers with an error: what is at fault, and what to do.
func (p *page) fail(err error) {
	e, ok := errors.AsType[*provision.Error](err)
	if !ok {
		p.broken(err)
		return
	}
	var status int
	switch e.Code {
	case provision.NotFound:
		status = http.StatusNotFound
	case provision.Conflict, provision.Stale:
		status = http.StatusConflict
	case provision.Invalid:
		status = http.StatusUnprocessableEntity
	case provision.Denied:
		status = http.StatusForbidden
	case provision.Limited:
		status = http.StatusTooManyRequests
		p.w.Header().Set("Retry-After", "60")
	case provision.Unavailable:
		status = http.StatusServiceUnavailable
		p.w.Header().Set("Retry-After", "5")
	default:
		p.broken(err)
		return
	}
	body := failure{Text: words.Sentence(e.Detail), StepUp: e.Reason == admin.ReasonStepUp, BreakGlass: p.who.Kind == admin.BreakGlass, Return: p.back(), Reference: p.reference()}
	if body.StepUp && p.Method == http.MethodGet { // the page itself is what they want to see
		body.Return = p.URL.RequestURI()
	}
	if err := p.show(status, "failed", "", "That did not work", frame{Body: body}); err != nil {
		p.broken(err)
	}
}

// failure is what the page about an error says.
type failure struct {
	Text       string
	StepUp     bool // to sign in once more helps
	BreakGlass bool
	Return     string
	Reference  string
}

// broken answers an error of our own.
func (p *page) broken(err error) {
	p.h.options.Log.ErrorContext(p.Context(), "console: a page failed", "request", p.reference(), "path", p.Pattern, "err", err)
	http.Error(p.w, "Something went wrong here. The log has it under "+p.reference()+".", http.StatusInternalServerError)
}

func (p *page) reference() string {
	if p.h.options.RequestID == nil {
		return ""
	}
	return p.h.options.RequestID(p.Context())
}

// back returns the page of ours that a form was sent from, or the one above where
// that was the answer to a form itself; the first page when it is not known.
func (p *page) back() string {
	from, err := url.Parse(p.Referer())
	if err != nil || from.Scheme+"://"+from.Host != p.h.options.PublicURL || !strings.HasPrefix(from.Path, "/admin/") {
		return "/admin/"
	}
	query := from.Query()
	query.Del("done")
	query.Del("n")
	query.Del("link")
	at := &url.URL{Path: from.Path, RawQuery: query.Encode()}
	for at.Path != "/admin/" {
		if _, pattern := p.h.mux.Handler(&http.Request{Method: http.MethodGet, URL: at}); strings.HasPrefix(pattern, "GET ") {
			return at.RequestURI()
		}
		above := path.Dir(at.Path)
		if above == "/admin" {
			above += "/"
		}
		at.Path, at.RawQuery = above, ""
	}
	return at.RequestURI()
}

// done sends the browser back to where a button was pressed, with what that did:
// one of the texts of [doneText].
func (p *page) done(to, what string, n int) error {
	at, err := url.Parse(to)
	if err != nil {
		return err
	}
	query := at.Query()
	query.Set("done", what)
	query.Set("n", strconv.Itoa(n))
	at.RawQuery = query.Encode()
	http.Redirect(p.w, p.Request, at.RequestURI(), http.StatusSeeOther)
	return nil
}

// cause is what the audit log says of what a button changes.
func (p *page) cause() provision.Cause {
	return p.who.Cause(p.Pattern, p.reference())
}

// isMistake reports whether err says what whoever filled in a form can mend.
func isMistake(err error) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return ok && (e.Code == provision.Invalid || e.Code == provision.Stale || e.Code == provision.Conflict || e.Code == provision.NotFound)
}

// detail returns what an error of the core says to people.
func detail(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return words.Sentence(e.Detail)
	}
	return ""
}

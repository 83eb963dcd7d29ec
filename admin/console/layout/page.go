package layout

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

//go:embed templates
var templateFiles embed.FS

// own are the pages that any request may end with.
var own = Templates(templateFiles)

// Set is the templates of the pages of a room.
type Set struct {
	parsed func() map[string]*template.Template
}

// Templates returns the pages in templates/*.html of files, each with the layout around
// it; what is in parts.html there, all of them may use. They are read when somebody sees
// the first one; a mistake in one ends the tests.
func Templates(files fs.FS) *Set {
	return &Set{sync.OnceValue(func() map[string]*template.Template {
		around := template.Must(template.New("layout.html").Funcs(words.Functions).Funcs(template.FuncMap{"seen": Seen}).Option("missingkey=error").ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
		names, err := fs.Glob(files, "templates/*.html")
		if err != nil {
			panic(err) // the pattern is ours
		}
		if slices.Contains(names, partsFile) {
			around = template.Must(around.ParseFS(files, partsFile))
		}
		all := make(map[string]*template.Template)
		for _, name := range names {
			if name != partsFile && path.Base(name) != "layout.html" {
				all[strings.TrimSuffix(path.Base(name), ".html")] = template.Must(template.Must(around.Clone()).ParseFS(files, name))
			}
		}
		return all
	})}
}

// partsFile has what pages of a room share.
const partsFile = "templates/parts.html"

// Page is one request of the console, and the page that answers it.
type Page struct {
	*http.Request
	W   http.ResponseWriter
	Who *admin.Actor
	Now time.Time

	site  *Site
	place string // where the logs were before the page was read; "": not known
}

// Frame is what the layout shows around a page. Of a page that is shown count Done,
// Command, Live and Body; [Page.Show] adds the rest.
type Frame struct {
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

// link is one entry of the navigation.
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
	{link{"/admin/seats", "Seats"}, admin.DesksRead},
	{link{"/admin/connections", "Connections"}, admin.ConnectionsRead},
	{link{"/admin/alarms", "Alarms"}, admin.SettingsRead},
}

// Show answers with a page of a set. here is the entry of the navigation that it is below.
func (p *Page) Show(status int, set *Set, name, here, title string, more Frame) error {
	more.Title, more.Here, more.Now = title, here, p.Now
	more.Location, more.Place, more.Live = p.URL.RequestURI(), p.place, more.Live && p.Method == http.MethodGet
	if p.Who.Kind != "" && !p.Who.Standing.None() {
		more.Who = p.Who
		for _, n := range navigation {
			if p.Who.May(n.verb) == nil {
				more.Nav = append(more.Nav, n.link)
			}
		}
		more.SignOut = "/sso/logout"
		if p.Who.Kind == admin.BreakGlass {
			more.SignOut = "/sso/break-glass/end"
		}
	}
	if more.Done == "" {
		more.Done = words.Done(p.URL.Query())
	}
	var out bytes.Buffer
	if err := set.parsed()[name].ExecuteTemplate(&out, "layout.html", more); err != nil {
		return err
	}
	text, err := p.named(out.Bytes())
	if err != nil {
		return err
	}
	p.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	p.W.Header().Set("Content-Length", strconv.Itoa(len(text)))
	p.W.WriteHeader(status)
	_, _ = p.W.Write(text) // the client may be gone
	return nil
}

// May reports whether who asks may do something, for templates.
func (f Frame) May(verb string) bool { return f.Who != nil && mayHere(f.Who.May(admin.Verb(verb))) }

// mayHere reports whether a button is shown: also one that needs a fresh sign-in,
// which is asked for when it is pressed.
func mayHere(err error) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return err == nil || ok && e.Reason == admin.ReasonStepUp
}

// askToSignIn answers whoever has not shown who they are, or has no role here.
func (p *Page) askToSignIn() {
	status := http.StatusUnauthorized
	if p.Who.Kind != "" {
		status = http.StatusForbidden
	}
	to := "/admin/"
	if p.Method == http.MethodGet {
		to = p.URL.RequestURI()
	}
	body := struct {
		Name, Return string
		NoRole       bool
	}{p.Who.Name, to, p.Who.Kind != ""}
	if err := p.Show(status, own, "signin", "", "Sign in", Frame{Body: body}); err != nil {
		p.broken(err)
	}
}

// Fail answers with an error: what is at fault, and what to do.
func (p *Page) Fail(err error) {
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
		p.W.Header().Set("Retry-After", "60")
	case provision.Unavailable:
		status = http.StatusServiceUnavailable
		p.W.Header().Set("Retry-After", "5")
	default:
		p.broken(err)
		return
	}
	body := failure{Text: words.Sentence(e.Detail), StepUp: e.Reason == admin.ReasonStepUp, BreakGlass: p.Who.Kind == admin.BreakGlass, Return: p.Back(), Reference: p.Reference()}
	if body.StepUp && p.Method == http.MethodGet { // the page itself is what they want to see
		body.Return = p.URL.RequestURI()
	}
	title := "That did not work"
	if e.Reason == secondadmin.Reason {
		status, title = http.StatusConflict, "A second admin is needed"
	}
	if err := p.Show(status, own, "failed", "", title, Frame{Body: body}); err != nil {
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
func (p *Page) broken(err error) {
	p.site.Log.ErrorContext(p.Context(), "console: a page failed", "request", p.Reference(), "path", p.Pattern, "err", err)
	http.Error(p.W, "Something went wrong here. The log has it under "+p.Reference()+".", http.StatusInternalServerError)
}

// Reference returns what the log has the request under.
func (p *Page) Reference() string {
	if p.site.RequestID == nil {
		return ""
	}
	return p.site.RequestID(p.Context())
}

// Back returns the page of ours that a form was sent from, or the one above where
// that was the answer to a form itself; the first page when it is not known.
func (p *Page) Back() string {
	from, err := url.Parse(p.Referer())
	if err != nil || from.Scheme+"://"+from.Host != p.site.PublicURL || !strings.HasPrefix(from.Path, "/admin/") {
		return "/admin/"
	}
	query := from.Query()
	query.Del("done")
	query.Del("n")
	query.Del("link")
	at := &url.URL{Path: from.Path, RawQuery: query.Encode()}
	for at.Path != "/admin/" {
		if _, pattern := p.site.mux.Handler(&http.Request{Method: http.MethodGet, URL: at}); strings.HasPrefix(pattern, "GET ") {
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

// Done sends the browser back to where a button was pressed, with what that did:
// one of the texts of [words.Done].
func (p *Page) Done(to, what string, n int) error {
	at, err := url.Parse(to)
	if err != nil {
		return err
	}
	query := at.Query()
	query.Set("done", what)
	query.Set("n", strconv.Itoa(n))
	at.RawQuery = query.Encode()
	http.Redirect(p.W, p.Request, at.RequestURI(), http.StatusSeeOther)
	return nil
}

// Cause is what the audit log says of what a button changes.
func (p *Page) Cause() provision.Cause {
	return p.Who.Cause(p.Pattern, p.Reference())
}

// IsMistake reports whether err says what whoever filled in a form can mend.
func IsMistake(err error) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return ok && (e.Code == provision.Invalid || e.Code == provision.Stale || e.Code == provision.Conflict || e.Code == provision.NotFound)
}

// Detail returns what an error of the core says to people.
func Detail(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return words.Sentence(e.Detail)
	}
	return ""
}

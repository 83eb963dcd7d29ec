package layout

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/live"
	"github.com/deskbridge/deskbridge/provision"
)

// Options say where the console stands.
type Options struct {
	PublicURL string // what browsers see, without a slash at the end
	Log       *slog.Logger
	RequestID func(context.Context) string // the reference, which the log has too
	Now       provision.Clock
	// Actors returns what people are called whom a text names as the audit log does; nil:
	// nobody knows.
	Actors func(ctx context.Context, text string) (map[string]string, error)
	// Live tells open pages that something has happened; nil: they look again by
	// themselves.
	Live *live.Watcher
}

// Site is all pages of a console. Routes are added before it serves any.
type Site struct {
	Options
	mux *http.ServeMux
}

// NewSite returns a Site with the files that pages load, and the page for what is not
// there.
func NewSite(o Options) *Site {
	s := &Site{o, http.NewServeMux()}
	s.mux.Handle("GET /admin/static/", http.StripPrefix("/admin/static/", http.HandlerFunc(serveStatic)))
	s.mux.HandleFunc("/admin/", func(w http.ResponseWriter, r *http.Request) {
		s.open(w, r).Fail(provision.Errorf(provision.NotFound, "", "There is no such page"))
	})
	return s
}

// ServeHTTP serves what is below /admin/.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Route is one address of the console: a page, or a button.
type Route struct {
	Pattern string
	Verb    admin.Verb // "": for whoever has a link
	Serve   func(*Page) error
}

// Add adds routes.
func (s *Site) Add(routes ...Route) {
	for _, r := range routes {
		s.mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, req *http.Request) {
			p := s.open(w, req)
			if r.Verb != "" && !p.letIn(r.Verb) {
				return
			}
			err := r.Serve(p)
			if r.Verb == "" && provision.IsNotFound(err) {
				err = p.Who.Guessed(err)
			}
			if err != nil {
				p.Fail(err)
			}
		})
	}
}

func (s *Site) open(w http.ResponseWriter, r *http.Request) *Page {
	return &Page{Request: r, W: w, Who: admin.ActorOf(r.Context()), Now: s.Now(), site: s}
}

// letIn reports whether who asks may; if not, that is answered.
func (p *Page) letIn(verb admin.Verb) bool {
	if p.Who.Kind == "" || p.Who.Standing.None() {
		p.askToSignIn()
		return false
	}
	if err := p.Who.May(verb); err != nil {
		p.Fail(err)
		return false
	}
	if p.Who.LimitedTo(verb) { // the console has no page for one team or mailbox yet
		p.Fail(provision.Refuse(admin.ReasonRole, "mailbox managers use the admin API and the command line; this page shows more than their teams and mailboxes"))
		return false
	}
	if p.site.Live != nil && p.Method == http.MethodGet {
		p.place = p.site.Live.Place(p.Context()) // before anything is read
	}
	return true
}

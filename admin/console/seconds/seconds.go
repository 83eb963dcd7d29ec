package seconds

import (
	"embed"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates of the pages here.
var pages = layout.Templates(templateFiles)

// Room is the page about what waits for a second admin, and what it asks of the core.
type Room struct {
	SecondAdmin *secondadmin.Service
}

// Routes are its page and its button.
func (r *Room) Routes() []layout.Route {
	return []layout.Route{
		{Pattern: "GET /admin/second-admin", Verb: admin.HoldsRead, Serve: r.all},
		{Pattern: "POST /admin/second-admin/{request}/withdraw", Verb: admin.HoldReject, Serve: r.withdraw},
	}
}

// Waiting is what waits, and what whoever looks may do about it.
type Waiting struct {
	secondadmin.Request
	Mine       bool   // they asked for it, or may have
	Link, Name string // where they ask for the same; "": not in the console
}

// Of returns what waits, for whoever asks for p.
func Of(p *layout.Page, seconds *secondadmin.Service) (out []Waiting, _ error) {
	open, err := seconds.List(p.Context())
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		may, err := seconds.MayConfirm(p.Context(), p.Cause(), &r)
		if err != nil {
			return nil, err
		}
		w := Waiting{Request: r, Mine: !may}
		if may {
			switch r.Kind {
			case secondadmin.KindRelease:
				w.Link, w.Name = "/admin/holds", "Look, and release as well"
			case secondadmin.KindApply:
				w.Link, w.Name = "/admin/changes", "Make the same draft"
			case secondadmin.KindRemoveConnection, secondadmin.KindRemoveDesk: // the command line removes
			}
		}
		out = append(out, w)
	}
	return out, nil
}

func (r *Room) all(p *layout.Page) (err error) {
	var body struct {
		Waiting []Waiting
		Now     time.Time
	}
	body.Now = p.Now
	if body.Waiting, err = Of(p, r.SecondAdmin); err != nil {
		return err
	}
	return p.Show(http.StatusOK, pages, "second-admin", "/admin/holds", "A second admin", layout.Frame{Body: body, Live: true, Command: "deskbridge second-admin list"})
}

func (r *Room) withdraw(p *layout.Page) error {
	if _, err := r.SecondAdmin.Withdraw(p.Context(), p.Cause(), secondadmin.RequestID(p.PathValue("request"))); err != nil {
		return err
	}
	return p.Done("/admin/second-admin", "withdrawn", 1)
}

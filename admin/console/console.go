package console

import (
	"context"
	"embed"
	"log/slog"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/adopt"
	"github.com/deskbridge/deskbridge/admin/console/alarms"
	"github.com/deskbridge/deskbridge/admin/console/asks"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/live"
	"github.com/deskbridge/deskbridge/admin/console/seats"
	"github.com/deskbridge/deskbridge/admin/console/seconds"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// Core is what the console asks of the core, and no more.
type Core struct {
	Adoption    *adoption.Service
	Alarms      *alarm.Service
	Audit       *audit.Service
	BreakGlass  *breakglass.Service
	DeskHealth  *deskhealth.Service
	Directory   *directory.Service
	Explanation *explanation.Service
	Plan        *plan.Service
	Reconcile   *reconcile.Service
	Report      *report.Service
	Requests    *request.Service
	Seats       *seat.Service
	SecondAdmin *secondadmin.Service
	Sessions    *session.Service
	Settings    *settings.Service
	SetupLinks  *setuplink.Service
	Tokens      *credential.Service

	Now provision.Clock
}

// Sentences says audit entries in words, one after the other, with the names that
// ids have today.
type Sentences interface {
	Of(ctx context.Context, e provision.Entry) (string, error)
}

// DeskCheck is what a desk answered when it was tried.
type DeskCheck struct {
	Self      string // our own account there
	Version   string // "" when the desk does not say
	Roles     []string
	Teams     []string
	Mailboxes []string
	Cannot    []string // what has to be done by hand there
	Problems  []string
	Warnings  []string
}

// Record is an offboarding record.
type Record struct {
	Text         string // for a page
	Signed, Page []byte // to be kept: signed JSON, and a page of HTML to print
}

// Options say where the console stands, and lend it what only the program as a
// whole can do.
type Options struct {
	PublicURL string // what browsers see, without a slash at the end
	Log       *slog.Logger
	RequestID func(context.Context) string // the reference, which the log has too

	// Sentences returns what says entries in words, for one page or one export. most is how
	// much of a list in an entry is told; 0: all of it.
	Sentences func(ctx context.Context, most int) (Sentences, error)
	// CheckDesk calls a desk and says how it is; an error is in words for an admin.
	CheckDesk func(context.Context, provision.Desk) (DeskCheck, error)
	// ReachDesk opens a desk for looking at its users and giving them back; errors are in
	// words for an admin.
	ReachDesk func(context.Context, provision.Desk) (adoption.Desk, error)
	// Kinds are the kinds of desks that can be added.
	Kinds []string
	// AddDesk adds a desk, and makes it ready for use.
	AddDesk func(context.Context, provision.Cause, provision.Desk) error
	// Sweeps says that the server sweeps desks.
	Sweeps bool
	// Record returns how somebody left, the last time; NotFound when they have not.
	Record func(context.Context, provision.IdentityID) (Record, error)
	// Live tells open pages that something has happened; nil: they look again by
	// themselves.
	Live *live.Watcher
}

// handler serves the console.
type handler struct {
	core    Core
	options Options
}

//go:embed templates
var templateFiles embed.FS

// pages are the templates of the pages here.
var pages = layout.Templates(templateFiles)

// page is one request of the console, and the page that answers it.
type page struct {
	*layout.Page
	h *handler
}

// show answers with a page. here is the entry of the navigation that it is below.
func (p *page) show(status int, name, here, title string, more layout.Frame) error {
	return p.Show(status, pages, name, here, title, more)
}

// route is one address of the console.
type route struct {
	pattern string
	verb    admin.Verb
	serve   func(*page) error
}

// served serves r, if what its form is about is what was seen of it.
func (r route) served(p *page) error {
	if err := p.asSeen(r.pattern); err != nil {
		return err
	}
	return r.serve(p)
}

// New returns the console, to be mounted at /admin/ behind [admin.Handler].
func New(core Core, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	h := &handler{core: core, options: o}
	site := layout.NewSite(layout.Options{PublicURL: o.PublicURL, Log: o.Log, RequestID: o.RequestID, Now: core.Now, Live: o.Live, Actors: core.Report.Actors})
	for _, r := range append(h.routes(), h.linkRoutes()...) {
		site.Add(layout.Route{Pattern: r.pattern, Verb: r.verb, Serve: func(p *layout.Page) error { return r.served(&page{p, h}) }})
	}
	for _, routes := range h.rooms() {
		site.Add(routes...)
	}
	return site
}

// rooms returns the routes of the rooms below this one.
func (h *handler) rooms() [][]layout.Route {
	c := h.core
	return [][]layout.Route{
		(&adopt.Room{Core: adopt.Core{Adoption: c.Adoption, Settings: c.Settings}, Reach: h.options.ReachDesk}).Routes(),
		(&alarms.Room{Alarms: c.Alarms}).Routes(),
		(&seconds.Room{SecondAdmin: c.SecondAdmin}).Routes(),
		(&seats.Room{Report: c.Report, Seats: c.Seats, Settings: c.Settings}).Routes(),
	}
}

// linkRoutes are for whoever has a link.
func (h *handler) linkRoutes() []route {
	return []route{
		{"GET /admin/first", "", h.first},
		{"POST /admin/first", "", h.makeFirst},
		{"GET /admin/setup/{connection}", "", setupByLink},
		{"POST /admin/setup/{connection}", "", openLink},
		{"POST /admin/setup/{connection}/token", "", tokenByLink},
	}
}

// routes are all pages and buttons, by the page that they belong to.
func (h *handler) routes() []route {
	return []route{
		{"GET /admin/{$}", admin.AttentionRead, h.home},
		{"POST /admin/retry", admin.AccountRetry, h.retry},
		{"GET /admin/events", admin.EventsRead, events},

		{"GET /admin/people", admin.PeopleRead, h.people},
		{"GET /admin/people/{id}", admin.PeopleRead, h.person},
		{"GET /admin/people/{id}/record", admin.AuditRead, showRecord},
		{"POST /admin/people/{id}/end-sessions", admin.PersonOut, h.endSessions},
		{"POST /admin/people/{id}/release", admin.HoldRelease, h.releasePerson},
		{"POST /admin/people/{id}/reject", admin.HoldReject, h.rejectPerson},
		{"POST /admin/accounts/{id}/retry", admin.AccountRetry, h.retryAccount},
		{"POST /admin/accounts/{id}/adopt", admin.AccountAdopt, h.adoptAccount},

		{"GET /admin/requests", admin.RequestsRead, h.requests},
		{"GET /admin/requests/{id}", admin.RequestsRead, h.request},

		{"GET /admin/audit", admin.AuditRead, h.audit},
		{"GET /admin/audit/export", admin.AuditRead, h.auditExport},
		{"POST /admin/audit/verify", admin.AuditRead, h.auditVerify},

		{"GET /admin/changes", admin.RulesRead, h.changes},
		{"GET /admin/changes/{desk}", admin.RulesRead, h.draft},
		{"POST /admin/changes/{desk}/plan", admin.PlanDraft, h.planDraft},
		{"POST /admin/changes/{desk}/apply", admin.PlanApply, h.applyDraft},

		{"GET /admin/holds", admin.HoldsRead, h.holds},
		{"POST /admin/holds/{connection}/release", admin.HoldRelease, h.releaseAll},
		{"POST /admin/holds/{connection}/reject", admin.HoldReject, h.rejectAll},

		{"GET /admin/desks", admin.DesksRead, h.desks},
		{"POST /admin/desks", admin.DeskChange, addDesk},
		{"GET /admin/desks/{desk}", admin.DesksRead, h.desk},
		{"POST /admin/desks/{desk}/check", admin.DesksRead, h.checkDesk},
		{"POST /admin/desks/{desk}/sweep", admin.AccountRetry, sweepDesk},
		{"POST /admin/desks/{desk}/retry", admin.AccountRetry, h.retryDesk},
		{"POST /admin/desks/{desk}/pause", admin.DeskChange, pauseDesk},
		{"POST /admin/desks/{desk}/resume", admin.DeskChange, resumeDesk},

		{"GET /admin/connections", admin.ConnectionsRead, h.connections},
		{"POST /admin/connections", admin.ConnectionChange, addConnection},
		{"GET /admin/connections/{connection}", admin.ConnectionsRead, h.connection},
		{"POST /admin/connections/{connection}/links", admin.SetupLinkCreate, makeLink},
		{"POST /admin/connections/{connection}/links/{link}/revoke", admin.SetupLinkRevoke, revokeLink},
		{"POST /admin/connections/{connection}/tokens", admin.TokenCreate, h.createToken},
		{"POST /admin/connections/{connection}/tokens/{token}/rotate", admin.TokenRotate, h.rotateToken},
		{"POST /admin/connections/{connection}/tokens/{token}/revoke", admin.TokenRevoke, h.revokeToken},

		{"GET /admin/command-line", admin.CommandLineUse, h.commandLine},
		{"POST /admin/command-line", admin.CommandLineUse, h.commandLine},
	}
}

// events tells a page whenever something has happened, for as long as whoever reads
// it may.
func events(p *page) error {
	if p.h.options.Live == nil {
		return provision.Errorf(provision.Unavailable, "", "nothing can be followed here")
	}
	return p.h.options.Live.Serve(p.W, p.Request, p.Who.Key(), func(ctx context.Context) error { return p.Who.Still(ctx, admin.EventsRead) })
}

// commandLine shows what a command line asks for, and gives what is agreed to.
func (h *handler) commandLine(p *page) error {
	body, err := asks.Serve(p.W, p.Request, p.Who, p.Cause().Actor, h.core.Sessions)
	if err != nil || body == nil {
		return err
	}
	return p.show(http.StatusOK, "commandline", "", "A command line asks", layout.Frame{Body: body})
}

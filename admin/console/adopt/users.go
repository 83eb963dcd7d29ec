package adopt

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/settings"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates of the pages here.
var pages = layout.Templates(templateFiles)

// Core is what these pages ask of the core, and no more.
type Core struct {
	Adoption *adoption.Service
	Settings *settings.Service
}

// Room is the pages about users whom no account holds.
type Room struct {
	Core
	// Reach opens a desk for looking at users and giving them back. Errors of what it
	// opens are in words for an admin, and hold no secret.
	Reach func(context.Context, provision.Desk) (adoption.Desk, error)
}

// Routes are its pages and buttons.
func (r *Room) Routes() []layout.Route {
	return []layout.Route{
		{Pattern: "GET /admin/desks/{desk}/users", Verb: admin.AccountsRead, Serve: r.users},
		{Pattern: "POST /admin/desks/{desk}/users/ignore", Verb: admin.DeskChange, Serve: r.ignore},
		{Pattern: "POST /admin/desks/{desk}/waves/plan", Verb: admin.AccountAdopt, Serve: r.plan},
		{Pattern: "POST /admin/desks/{desk}/waves", Verb: admin.AccountAdopt, Serve: r.accept},
		{Pattern: "GET /admin/desks/{desk}/waves/{wave}", Verb: admin.AccountsRead, Serve: r.wave},
		{Pattern: "POST /admin/desks/{desk}/waves/{wave}/undo", Verb: admin.AccountAdopt, Serve: r.undo},
	}
}

// usersPage is the users of a desk whom no account holds.
type usersPage struct {
	Desk    provision.Desk
	Roster  *adoption.Roster // nil: the desk was never listed to its end
	Show    string           // which of them; one of shows
	Shows   []show
	Users   []user
	Next    string // id that the next page begins behind
	Waves   []adoption.Wave
	Problem string // why a wave could not be planned
	Now     time.Time
}

// user is one of them.
type user struct {
	adoption.Candidate
	Matches []match
	Seen    *time.Time // when they were last there, as the desk tells; nil: it does not, or never
	Admin   bool
}

// match is a person who may be behind one.
type match struct {
	adoption.Match
	Person plan.Person
}

// show is a choice of which users are listed.
type show struct{ Value, Name string }

// shows are the choices, by what whoever looks wants to know.
var shows = []show{
	{"", "May be somebody"}, {"exact", "Exact matches"}, {"strong", "Strong matches"}, {"weak", "Weak matches"}, {"conflict", "Conflicts"}, {"orphans", "Known to no identity provider"}, {"all", "All, with those left alone"},
}

func which(show string) (adoption.Which, error) {
	switch show {
	case "":
		return adoption.Which{Matched: true}, nil
	case string(adoption.Exact), string(adoption.Strong), string(adoption.Weak):
		return adoption.Which{Matched: true, Confidence: adoption.Confidence(show)}, nil
	case "conflict":
		return adoption.Which{Matched: true, Conflicts: true}, nil
	case "orphans":
		return adoption.Which{Unmatched: true}, nil
	case "all":
		return adoption.Which{All: true}, nil
	}
	return adoption.Which{}, provision.Errorf(provision.Invalid, "show", "there is no such choice of users")
}

// How many users and waves a page shows.
const (
	usersShown = 50
	wavesShown = 20
)

func (r *Room) users(p *layout.Page) error {
	body, err := r.usersOf(p, p.URL.Query().Get("show"), p.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	return showUsers(p, http.StatusOK, body)
}

func showUsers(p *layout.Page, status int, body usersPage) error {
	return p.Show(status, pages, "users", "/admin/desks", "Users of "+body.Desk.Name+" without an account", layout.Frame{Body: body, Command: "deskbridge adoption orphans --desk " + body.Desk.Name})
}

func (r *Room) usersOf(p *layout.Page, show, after string) (body usersPage, err error) {
	body = usersPage{Show: show, Shows: shows, Now: p.Now}
	want, err := which(show)
	if err != nil {
		return body, err
	}
	if body.Desk, err = r.Settings.Desk(p.Context(), p.PathValue("desk")); err != nil {
		return body, err
	}
	if body.Waves, err = r.Adoption.Waves(p.Context(), body.Desk.ID, wavesShown); err != nil {
		return body, err
	}
	roster, err := r.Adoption.Roster(p.Context(), body.Desk)
	if provision.IsNotFound(err) {
		return body, nil
	}
	if err != nil {
		return body, err
	}
	body.Roster = &roster
	found, next, err := r.Adoption.Candidates(p.Context(), body.Desk, roster, want, provision.DeskUserID(after), usersShown)
	body.Next = string(next)
	for _, c := range found {
		body.Users = append(body.Users, userOf(c))
	}
	return body, err
}

func userOf(c adoption.Candidate) user {
	u := user{Candidate: c, Admin: !c.User.Role.Less(provision.RoleAdmin)}
	for _, m := range c.Matches {
		u.Matches = append(u.Matches, match{m, plan.PersonOf(m.Person)})
	}
	if seen := slices.MaxFunc([]time.Time{c.User.LastActive, c.User.LastLogin}, time.Time.Compare); !seen.IsZero() {
		u.Seen = &seen
	}
	return u
}

// ignore has users be nobody, by a pattern, or somebody again.
func (r *Room) ignore(p *layout.Page) error {
	d, err := r.Settings.Ignore(p.Context(), p.Cause(), p.PathValue("desk"), p.PostFormValue("pattern"), p.PostFormValue("again") == "")
	if err != nil {
		return err
	}
	return p.Done("/admin/desks/"+d.Name+"/users", "ignored", len(d.AdoptIgnore))
}

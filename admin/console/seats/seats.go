package seats

import (
	"embed"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/provision/settings"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates of the pages here.
var pages = layout.Templates(templateFiles)

// Room is the pages about seats, and what they ask of the core.
type Room struct {
	Report   *report.Service
	Seats    *seat.Service
	Settings *settings.Service
}

// Routes are its pages and buttons.
func (r *Room) Routes() []layout.Route {
	return []layout.Route{
		{Pattern: "GET /admin/seats", Verb: admin.DesksRead, Serve: r.all},
		{Pattern: "GET /admin/desks/{desk}/seats", Verb: admin.AccountsRead, Serve: r.idle},
		{Pattern: "POST /admin/desks/{desk}/seats/propose", Verb: admin.SeatChange, Serve: r.propose},
		{Pattern: "POST /admin/desks/{desk}/seats/{person}/take", Verb: admin.SeatChange, Serve: r.take},
		{Pattern: "POST /admin/desks/{desk}/seats/{person}/give-back", Verb: admin.SeatChange, Serve: r.giveBack},
	}
}

// allPage is the seats of all desks, and what was saved.
type allPage struct {
	Uses   []seat.Use
	Months []month
	Lines  []line // the newest first
	More   int    // lines beyond those
	Now    time.Time
}

// month is what seats of a desk saved in a month.
type month struct {
	seat.Month
	Desk string
}

// line is one line of the ledger.
type line struct {
	seat.Line
	Desk, Person string
}

const (
	linesSince = 90 * 24 * time.Hour // how far back lines are shown; months go back a year
	monthSince = 365 * 24 * time.Hour
	linesShown = 100
)

func (r *Room) all(p *layout.Page) error {
	body := allPage{Now: p.Now}
	var err error
	if body.Uses, err = r.Seats.Uses(p.Context()); err != nil {
		return err
	}
	ledger, err := r.Seats.Ledger(p.Context(), seat.LedgerFilter{Since: p.Now.Add(-monthSince)})
	if err != nil {
		return err
	}
	desks, err := r.Settings.Desks(p.Context())
	if err != nil {
		return err
	}
	names := make(map[provision.DeskID]string)
	for _, d := range desks {
		names[d.ID] = d.Name
	}
	called := func(id provision.DeskID) string {
		if name, ok := names[id]; ok {
			return name
		}
		return string(id) // it was removed
	}
	for _, m := range slices.Backward(ledger.Months) {
		body.Months = append(body.Months, month{m, called(m.Desk)})
	}
	var ids []provision.IdentityID
	for _, l := range slices.Backward(ledger.Lines) {
		switch {
		case p.Now.Sub(l.At) > linesSince:
		case len(body.Lines) == linesShown:
			body.More++
		default:
			body.Lines, ids = append(body.Lines, line{l, called(l.Desk), string(l.Person)}), append(ids, l.Person)
		}
	}
	people, err := r.Report.PeopleByID(p.Context(), ids)
	if err != nil {
		return err
	}
	for i, l := range body.Lines {
		for _, who := range people {
			if who.ID == l.Line.Person {
				body.Lines[i].Person = plan.PersonOf(who).String()
			}
		}
	}
	return p.Show(http.StatusOK, pages, "seats", "/admin/seats", "Seats", layout.Frame{Body: body, Command: "deskbridge seat list"})
}

// idlePage is who has a paid seat on a desk, and how they use it.
type idlePage struct {
	Desk    provision.Desk
	Days    int // without activity, as asked for; 0: as the policy says
	Whole   bool
	Holders []holder
	Unknown int // of whom nobody can tell
	More    int
	Taken   []taken
	Now     time.Time
}

// holder is somebody with a paid seat.
type holder struct {
	seat.Holder
	Person plan.Person
	Mark   *seating.Mark // the seat was taken, and the desk does not show it yet; nil: it was not
}

// taken is somebody who has less until they come again.
type taken struct {
	Person plan.Person
	Mark   *seating.Mark
}

// mostHolders is how many people the page shows.
const mostHolders = 200

func (r *Room) idle(p *layout.Page) error {
	body, err := r.idleOf(p)
	if err != nil {
		return err
	}
	return p.Show(http.StatusOK, pages, "idle", "/admin/seats", "Seats of "+body.Desk.Name, layout.Frame{Body: body, Command: "deskbridge seat idle --desk " + body.Desk.Name})
}

func (r *Room) idleOf(p *layout.Page) (body idlePage, err error) {
	query := p.URL.Query()
	body = idlePage{Whole: query.Get("all") != "", Now: p.Now}
	if body.Days, err = readDays(query.Get("days")); err != nil {
		return body, err
	}
	if body.Desk, err = r.Settings.Desk(p.Context(), p.PathValue("desk")); err != nil {
		return body, err
	}
	page, err := r.Seats.Idle(p.Context(), body.Desk, seat.Question{After: days(body.Days), Unused: !body.Whole, Limit: mostHolders})
	if err != nil {
		return body, err
	}
	body.Unknown, body.More = page.Unknown, page.More
	for _, h := range page.Holders {
		body.Holders = append(body.Holders, holder{h, plan.PersonOf(h.Person), h.Person.Terms.Idle.On(string(body.Desk.ID))})
	}
	people, err := r.Seats.Taken(p.Context(), body.Desk.ID)
	for _, one := range people {
		body.Taken = append(body.Taken, taken{plan.PersonOf(one), one.Terms.Idle.On(string(body.Desk.ID))})
	}
	return body, err
}

// readDays reads a number of days; 0 for nothing.
func readDays(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 3650 {
		return 0, provision.Errorf(provision.Invalid, "days", "type a number of days, up to 3650")
	}
	return n, nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func idlePath(d provision.Desk) string { return "/admin/desks/" + d.Name + "/seats" }

// propose looks anew who is idle by the policy of the desk, for the list of what needs
// somebody.
func (r *Room) propose(p *layout.Page) error {
	d, err := r.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	if !d.Idle.Set() {
		return provision.Errorf(provision.Invalid, "idle", "desk %s has no policy about who is idle (idle in access.yaml), so nobody is proposed", d.Name)
	}
	idle, err := r.Seats.Propose(p.Context(), d)
	if err != nil {
		return err
	}
	return p.Done(idlePath(d), "proposed", len(idle))
}

// take frees a seat, or gives its holder role limited, until they come again.
func (r *Room) take(p *layout.Page) error {
	d, err := r.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	n, err := readDays(p.PostFormValue("days"))
	if err != nil {
		return err
	}
	do := seating.Do(p.PostFormValue("do"))
	if do != seating.Free && do != seating.Downgrade {
		return provision.Errorf(provision.Invalid, "do", "a seat is freed, or its holder gets role limited")
	}
	if _, err := r.Seats.Take(p.Context(), p.Cause(), seat.Taking{Desk: d.ID, Person: provision.IdentityID(p.PathValue("person")), Do: do, After: days(n), Anyway: p.PostFormValue("anyway") != ""}); err != nil {
		return err
	}
	if _, err := r.Seats.Propose(p.Context(), d); err != nil {
		return err
	}
	return p.Done(idlePath(d), "taken", 1)
}

// giveBack has what rules grant count again.
func (r *Room) giveBack(p *layout.Page) error {
	d, err := r.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	given, err := r.Seats.GiveBack(p.Context(), p.Cause(), provision.IdentityID(p.PathValue("person")), d.ID)
	if err == nil && !given {
		err = provision.Errorf(provision.Conflict, "person", "no seat of theirs on %s is taken any more", d.Name)
	}
	if err != nil {
		return err
	}
	return p.Done(idlePath(d), "given-back", 1)
}

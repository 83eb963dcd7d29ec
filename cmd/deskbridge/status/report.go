package status

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/seat"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Report is what `status` says, but for tokens.
type Report struct {
	NeedsPerson bool         `json:"needs_person"` // whether there is a finding
	Findings    []Finding    `json:"findings"`     // what somebody has to see to
	Connections []Connection `json:"connections"`
	Desks       []Desk       `json:"desks"`
	Attention   []Account    `json:"attention"`
	Causes      []Cause      `json:"causes"` // of those, each once
	Leavers     []Account    `json:"leavers"`
	Drifts      []Drift      `json:"drifts"`
	Terms       []Termed     `json:"terms"` // of whom an admin has said something
	Times       []AccessTime `json:"time_to_no_access"`

	at time.Time
}

// Finding is something that somebody has to see to.
type Finding struct {
	Code       string         `json:"code"` // as docs/operations.md lists them
	Connection string         `json:"connection,omitempty"`
	Desk       string         `json:"desk,omitempty"`
	Token      string         `json:"token,omitempty"`
	Groups     []string       `json:"groups,omitempty"`
	At         *output.Moment `json:"at,omitempty"` // since when, or when something ends
	Count      int            `json:"count,omitempty"`
	Text       string         `json:"text"`
	Do         string         `json:"do,omitempty"`
}

// Connection is one connection.
type Connection struct {
	Name     string        `json:"name"`
	IdP      string        `json:"idp"`
	Active   int           `json:"active_people"`
	LastUsed output.Moment `json:"last_used_at"`
	Held     bool          `json:"held"`
}

// Desk is one desk.
type Desk struct {
	Name     string                         `json:"name"`
	Kind     string                         `json:"kind"`
	Accounts map[provision.AccountState]int `json:"accounts"`
	Seats    int                            `json:"seats_taken"`
	Limit    int                            `json:"seats,omitempty"`
	Use      seat.Line                      `json:"seat_use"`         // by whomever, as it was last seen
	Drift    string                         `json:"drift"`            // the policy
	Drifted  int                            `json:"drifted_accounts"` // reported, and not repaired
	Leavers  int                            `json:"leavers"`          // still in
	Steps    *Steps                         `json:"steps_to_come,omitempty"`
	Waiting  int                            `json:"waiting_runs"`  // for a worker
	Since    output.Moment                  `json:"waiting_since"` // the first of these
	ToDo     *ToDo                          `json:"to_do,omitempty"`
	Sweep    *Sweep                         `json:"sweep,omitempty"`
	Pause    *Pause                         `json:"pause,omitempty"`
	HandOver *HandOver                      `json:"hand_over_problem,omitempty"`
}

// Steps is how many steps of on_leave are still to come on a desk.
type Steps struct {
	Count int           `json:"count"`
	Asked int           `json:"asked"`   // of these, which an admin is asked about
	Next  output.Moment `json:"next_at"` // when the first of the others is due
}

// ToDo is what is to be done on a desk, in the order of its fields, and how long that
// takes.
type ToDo struct {
	Leavers int      `json:"leavers"`
	Losing  int      `json:"losing"` // who stay, with less than they have
	Others  int      `json:"others"`
	Rate    float64  `json:"requests_a_minute,omitempty"` // that the desk took lately
	Left    *float64 `json:"seconds_left,omitempty"`      // absent: not known yet
	Text    string   `json:"text"`
}

func toDo(w deskhealth.Work) *ToDo {
	if w.Accounts() == 0 {
		return nil
	}
	out := &ToDo{Leavers: w.Leavers, Losing: w.Losing, Others: w.Others, Rate: math.Round(w.Pace.PerMinute()), Text: w.String()}
	if left, known := w.Left(); known {
		out.Left = new(left.Seconds())
	}
	return out
}

// Sweep is how the last sweep of a desk went.
type Sweep struct {
	FinishedAt output.Moment `json:"finished_at"`
	NextAt     output.Moment `json:"next_at"`
	Running    bool          `json:"running"`
	Checked    int           `json:"checked"`
	Drifted    int           `json:"drifted"`
	Problem    string        `json:"problem,omitempty"`
}

// Pause says why a desk is not called for a while.
type Pause struct {
	Since  output.Moment `json:"since"`
	Until  output.Moment `json:"until"`
	Reason string        `json:"reason"`
	By     string        `json:"by,omitempty"`          // the admin who has it not be called
	Code   string        `json:"reason_code,omitempty"` // "unauthorized" for one that needs a person
}

// HandOver says why leavers' conversations go to the queue.
type HandOver struct {
	FoundAt output.Moment `json:"found_at"`
	Reason  string        `json:"reason"`
}

// Drift is an account with a reported difference.
type Drift struct {
	Account     string        `json:"account"`
	Person      string        `json:"person"` // id
	Name        string        `json:"name,omitempty"`
	Address     string        `json:"address,omitempty"`
	Desk        string        `json:"desk"`
	FoundAt     output.Moment `json:"found_at"`
	Differences []string      `json:"differences"`

	label string // for people
}

// Termed is somebody of whom an admin has said something, and what.
type Termed struct {
	Person  string        `json:"person"` // id
	Name    string        `json:"name,omitempty"`
	Address string        `json:"address,omitempty"`
	Terms   *output.Terms `json:"terms"`

	label string // for people
}

// Account is one account, and whose it is.
type Account struct {
	Account string         `json:"account"`
	Person  string         `json:"person"` // id
	Name    string         `json:"name,omitempty"`
	Address string         `json:"address,omitempty"`
	Desk    string         `json:"desk"`
	State   string         `json:"state"`
	Reason  string         `json:"reason"`
	Code    string         `json:"reason_code,omitempty"`
	Ending  *output.Moment `json:"ending_since,omitempty"`

	HandOver *output.HandOver `json:"hand_over,omitempty"` // of their conversations, while it is on its way

	label string // for people
}

// Cause is one reason for which accounts wait for a person.
type Cause struct {
	State    string         `json:"state"`
	Reason   string         `json:"reason"`
	Code     string         `json:"reason_code,omitempty"`
	Desks    []string       `json:"desks"`
	People   int            `json:"people"`
	Since    *output.Moment `json:"since,omitempty"` // when the first of them lost access, where they are on hold
	Accounts []string       `json:"accounts"`        // ids

	labels []string
}

// AccessTime is how long it took until desks showed no access, of some days.
type AccessTime struct {
	Desk    string  `json:"desk,omitempty"` // "": all desks
	Days    int     `json:"days"`
	Endings int     `json:"endings"`
	P50     float64 `json:"p50_seconds"`
	P95     float64 `json:"p95_seconds"`
}

// accessTimes adds the time to no access.
func (r *Report) accessTimes(ctx context.Context, s *server.System, names *server.Names) error {
	figures, err := s.Core.Offboarding.Times(ctx)
	if err != nil {
		return err
	}
	for _, f := range figures {
		add := func(desk string, t offboarding.Times) {
			r.Times = append(r.Times, AccessTime{desk, int(f.Over / (24 * time.Hour)), t.Count, t.P50.Seconds(), t.P95.Seconds()})
		}
		add("", f.All)
		for _, d := range names.Desks {
			if t := f.Desks[d.ID]; t.Count > 0 {
				add(d.Name, t)
			}
		}
	}
	return nil
}

// Of returns the state of everything.
func Of(ctx context.Context, s *server.System) (Report, error) {
	found, err := s.Core.Plan.Overview(ctx)
	if err != nil {
		return Report{}, err
	}
	names, err := s.LoadNames(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{NeedsPerson: found.NeedsPerson(), Findings: []Finding{}, Connections: []Connection{}, Desks: []Desk{}, Attention: []Account{}, Causes: []Cause{},
		Leavers: []Account{}, Drifts: []Drift{}, Terms: []Termed{}, Times: []AccessTime{}, at: found.At}
	for _, f := range found.Findings {
		line := Finding{Code: string(f.Code), Connection: f.Connection, Desk: f.Desk, Token: f.Token, Groups: f.Groups, Count: f.Count, Text: f.Text, Do: f.Do}
		if f.At != nil {
			line.At = &output.Moment{At: f.At}
		}
		r.Findings = append(r.Findings, line)
	}
	for _, c := range found.Connections {
		r.Connections = append(r.Connections, Connection{Name: c.Connection.Name, IdP: string(c.Connection.IdP), Active: c.Active,
			LastUsed: output.Moment{At: c.LastUsedAt}, Held: c.Connection.HeldAt != nil})
	}
	for _, d := range found.Desks {
		r.Desks = append(r.Desks, deskOf(d, found.At))
	}
	if err := r.countSeats(ctx, s); err != nil {
		return r, err
	}
	if err := r.countSteps(ctx, s, &names); err != nil {
		return r, err
	}
	for _, c := range found.Causes {
		r.add(c, &names)
	}
	for _, a := range found.Leavers {
		r.Leavers = append(r.Leavers, accountOf(a, &names))
	}
	for _, d := range found.Drifted {
		r.Drifts = append(r.Drifts, Drift{Account: string(d.Account), Person: string(d.Person.ID), Name: d.Person.Name, Address: d.Person.Address,
			Desk: names.DeskName(d.Desk), FoundAt: output.Moment{At: &d.FoundAt}, Differences: d.Differences(), label: output.Plain(d.Person.String())})
	}
	for _, t := range found.Terms {
		r.Terms = append(r.Terms, Termed{Person: string(t.Person.ID), Name: t.Person.Name, Address: t.Person.Address, Terms: output.TermsOf(t.Terms, found.At), label: output.Plain(t.Person.String())})
	}
	return r, r.accessTimes(ctx, s, &names)
}

// countSeats adds how many seats of each desk are taken, by whomever.
func (r *Report) countSeats(ctx context.Context, s *server.System) error {
	uses, err := s.Core.Seats.Uses(ctx)
	for _, u := range uses {
		for i := range r.Desks {
			if d := &r.Desks[i]; d.Name == u.Desk.Name {
				d.Use = seat.LineOf(u)
			}
		}
	}
	return err
}

// countSteps adds how many steps are still to come.
func (r *Report) countSteps(ctx context.Context, s *server.System, names *server.Names) error {
	counts, err := s.Core.Report.CountSteps(ctx)
	for id, n := range counts {
		for i := range r.Desks {
			if d := &r.Desks[i]; d.Name == names.DeskName(id) {
				d.Steps = &Steps{n.Count, n.Asked, output.Moment{At: n.Next}}
			}
		}
	}
	return err
}

// add adds a cause and its accounts.
func (r *Report) add(c plan.Cause, names *server.Names) {
	cause := Cause{State: string(c.State), Reason: c.Reason, Code: string(c.Code), People: c.People}
	if first := c.Since; first != nil {
		cause.Since = &output.Moment{At: first}
	}
	for _, d := range c.Desks {
		cause.Desks = append(cause.Desks, names.DeskName(d))
	}
	named := make(map[provision.IdentityID]bool)
	for _, a := range c.Accounts {
		account := accountOf(a, names)
		r.Attention = append(r.Attention, account)
		cause.Accounts = append(cause.Accounts, account.Account)
		if !named[a.Identity] {
			named[a.Identity] = true
			cause.labels = append(cause.labels, account.label)
		}
	}
	r.Causes = append(r.Causes, cause)
}

func accountOf(a plan.Affected, names *server.Names) Account {
	out := Account{Account: string(a.ID), Person: string(a.Identity), Name: a.Person.Name, Address: a.Person.Address, Desk: names.DeskName(a.Desk),
		State: string(a.State), Reason: a.Reason, Code: string(a.ReasonCode), HandOver: output.HandOverOf(a.Transfer), label: output.Plain(a.Person.String()) + " " + plan.ShortID(a.ID)}
	if a.EndingSince != nil {
		out.Ending = &output.Moment{At: a.EndingSince}
	}
	return out
}

func deskOf(d plan.DeskOverview, now time.Time) Desk {
	h := d.Health
	out := Desk{Name: d.Desk.Name, Kind: string(d.Desk.Kind), Accounts: d.Accounts, Seats: d.Seats, Limit: d.Desk.Seats,
		Drift: string(cmp.Or(d.Desk.Drift, provision.DriftRepair)), Drifted: h.Drifted, Leavers: h.Leavers.Count, Waiting: h.Backlog.Runs, ToDo: toDo(h.Work)}
	if out.Accounts == nil {
		out.Accounts = map[provision.AccountState]int{}
	}
	if h.Backlog.Runs > 0 {
		out.Since = output.Moment{At: &h.Backlog.Since}
	}
	if sw := h.Sweep; sw != nil {
		out.Sweep = &Sweep{FinishedAt: output.Moment{At: sw.FinishedAt}, NextAt: output.Moment{At: &sw.NextAt}, Running: sw.LeaseUntil != nil && now.Before(*sw.LeaseUntil),
			Checked: sw.Checked, Drifted: sw.Drifted, Problem: sw.Problem}
	}
	if p := h.Pause; p != nil {
		out.Pause = &Pause{Since: output.Moment{At: &p.Since}, Until: output.Moment{At: &p.Until}, Reason: p.Reason, By: h.PausedBy, Code: string(p.Code)}
	}
	if p := h.HandOver; p != nil {
		out.HandOver = &HandOver{FoundAt: output.Moment{At: &p.FoundAt}, Reason: p.Reason}
	}
	return out
}

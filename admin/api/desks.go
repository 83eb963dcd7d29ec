package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Desk is a desk, and how it is. Its credentials are never shown.
type Desk struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Kind     string         `json:"kind"`
	URL      string         `json:"url,omitempty"`
	Accounts map[string]int `json:"accounts" doc:"by state"`
	Seats    int            `json:"seats_taken"`
	Limit    int            `json:"seats,omitempty" doc:"how many there are; absent: no limit"`
	Drift    string         `json:"drift" doc:"what becomes of what is changed there by hand"`
	Drifted  int            `json:"drifted_accounts"`

	Profile map[string]string `json:"profile,omitempty" doc:"who keeps which field of a profile: set-once, leave-to-person; the rest is kept in step"`

	Leavers      int          `json:"leavers" doc:"who are still in"`
	StepsToCome  int          `json:"steps_to_come" doc:"of its on_leave, for those who have left"`
	NextStepAt   *time.Time   `json:"next_step_at,omitempty" doc:"the first of those whose day has not come"`
	WaitingRuns  int          `json:"waiting_runs"`
	WaitingSince *time.Time   `json:"waiting_since,omitempty"`
	ToDo         *answer.ToDo `json:"to_do,omitempty" doc:"absent: nothing"`
	Pause        *Pause       `json:"pause,omitempty" doc:"why it is not called for a while"`
	SweptAt      *time.Time   `json:"swept_at,omitempty"`
	SweepProblem string       `json:"sweep_problem,omitempty"`
	HandOver     string       `json:"hand_over_problem,omitempty"`
	Removal      string       `json:"removal,omitempty"`
}

// Pause says why a desk is not called for a while.
type Pause struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty" doc:"the admin who has it not be called; absent: it is paused by itself"`
	Code   string    `json:"reason_code,omitempty"`
}

func deskOf(d plan.DeskOverview) Desk {
	h := d.Health
	out := Desk{ID: string(d.Desk.ID), Name: d.Desk.Name, Kind: string(d.Desk.Kind), URL: d.Desk.URL, Accounts: make(map[string]int), Seats: d.Seats, Limit: d.Desk.Seats,
		Drift: string(cmp.Or(d.Desk.Drift, provision.DriftRepair)), Drifted: h.Drifted, Profile: d.Desk.Profile.Words(), Leavers: h.Leavers.Count, WaitingRuns: h.Backlog.Runs, ToDo: answer.ToDoOf(h.Work), Removal: string(d.Desk.Removal)}
	for state, n := range d.Accounts {
		out.Accounts[string(state)] = n
	}
	if h.Backlog.Runs > 0 {
		out.WaitingSince = &h.Backlog.Since
	}
	if h.Sweep != nil {
		out.SweptAt, out.SweepProblem = h.Sweep.FinishedAt, h.Sweep.Problem
	}
	if p := h.Pause; p != nil {
		out.Pause = &Pause{p.Since, p.Until, p.Reason, h.PausedBy, string(p.Code)}
	}
	if h.HandOver != nil {
		out.HandOver = h.HandOver.Reason
	}
	return out
}

// DeskName is the place of a desk in an address.
type DeskName struct {
	Desk string `path:"desk" maxLength:"64" doc:"name or id"`
}

// Holding is somebody who has access on a desk.
type Holding struct {
	Account     string     `json:"account"`
	Person      string     `json:"person"`
	UserName    string     `json:"user_name,omitempty"`
	Name        string     `json:"name,omitempty"`
	Connection  string     `json:"connection"`
	DeskUser    string     `json:"desk_user,omitempty"`
	State       string     `json:"state"`
	Granted     Access     `json:"granted" doc:"as the desk confirmed it"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	Since       time.Time  `json:"since" doc:"when what is asked for was given"`
	GivenBy     []string   `json:"given_by" doc:"what gives it now; empty when nothing does any more"`
}

func (a *API) deskRoutes() {
	handle(a, route{"list-desks", http.MethodGet, "/desks", admin.DesksRead, "Desks", "Desks, and how they are", 0},
		func(ctx context.Context, who asked, _ *struct{}) (*paged[Desk], error) {
			desks, err := a.desks(ctx, who)
			return all(desks, func(d Desk) Desk { return d }), err
		})
	handle(a, route{"get-desk", http.MethodGet, "/desks/{desk}", admin.DesksRead, "Desks", "A desk, and how it is", 0},
		func(ctx context.Context, who asked, in *DeskName) (*struct{ Body Desk }, error) {
			desks, err := a.desks(ctx, who)
			if err != nil {
				return nil, err
			}
			for _, d := range desks {
				if d.Name == in.Desk || d.ID == in.Desk {
					return &struct{ Body Desk }{d}, nil
				}
			}
			return nil, provision.Errorf(provision.NotFound, "desk", "there is no such desk")
		})
	handle(a, route{"pause-desk", http.MethodPost, "/desks/{desk}/pause", admin.DeskChange, "Desks", "Have a desk not be called until a day: what there is to do waits, and whoever leaves is still in there", 0},
		func(ctx context.Context, who asked, in *struct {
			DeskName
			Body struct {
				Until  string `json:"until" doc:"a day, which counts to its end in UTC, or a moment; at most 31 days from now"`
				Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"why, for other admins"`
			}
		}) (*struct{ Body Pause }, error) {
			d, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			end, err := provision.ParseUntil("until", in.Body.Until)
			if err != nil {
				return nil, err
			}
			p, err := a.core.DeskHealth.PauseDesk(ctx, who.cause, d.ID, end, in.Body.Reason)
			return &struct{ Body Pause }{Pause{Since: p.Since, Until: p.Until, Reason: p.Reason, By: p.By}}, err
		})
	handle(a, route{"resume-desk", http.MethodPost, "/desks/{desk}/resume", admin.DeskChange, "Desks", "End the pause of a desk before its day", 0},
		func(ctx context.Context, who asked, in *DeskName) (*struct{ Body Done }, error) {
			d, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			return done(1), a.core.DeskHealth.ResumeDesk(ctx, who.cause, d.ID)
		})
	handle(a, route{"list-desk-accounts", http.MethodGet, "/desks/{desk}/accounts", admin.AccountsRead, "Desks", "Who has access on a desk, as it confirmed it", 0},
		func(ctx context.Context, _ asked, in *struct {
			DeskName
			Connection string `query:"connection" doc:"name or id"`
			Role       string `query:"role" enum:"limited,agent,admin"`
			Team       string `query:"team"`
			Mailbox    string `query:"mailbox"`
			Paging
		}) (*paged[Holding], error) {
			f := report.AccessFilter{Role: provision.Role(in.Role), Team: in.Team, Mailbox: in.Mailbox}
			var err error
			if f.Desk, err = a.desk(ctx, in.Desk); err != nil {
				return nil, err
			}
			if f.Connection, err = a.connection(ctx, in.Connection); err != nil {
				return nil, err
			}
			page, err := a.reportPage(in.Paging)
			if err != nil {
				return nil, err
			}
			found, next, err := a.core.Report.Access(ctx, f, page)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			if err != nil {
				return nil, err
			}
			return pageOf(a, found, next, n.holding)
		})
}

// desks returns the desks that somebody may see: of a mailbox manager those of
// their reach.
func (a *API) desks(ctx context.Context, who asked) (out []Desk, _ error) {
	o, err := a.core.Plan.Glance(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := a.core.Report.CountSteps(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range o.Desks {
		if !who.LimitedTo(admin.DesksRead) || who.Standing.Reaches(d.Desk.ID, nil, nil) {
			one, to := deskOf(d), steps[d.Desk.ID]
			one.StepsToCome, one.NextStepAt = to.Count, to.Next
			out = append(out, one)
		}
	}
	return out, nil
}

func (n *names) holding(f report.Access) Holding {
	out := Holding{Account: string(f.Account.ID), Person: string(f.Account.Identity), UserName: f.Person.UserName, Name: plan.PersonOf(f.Person).Name, Connection: n.connections[f.Account.Connection],
		DeskUser: string(f.Account.DeskUser), State: string(f.Account.State), Granted: accessOf(f.Account.Confirmed), ConfirmedAt: f.Account.ConfirmedAt, Since: f.Since, GivenBy: []string{}}
	for _, g := range f.By {
		out.GivenBy = append(out.GivenBy, g.Source())
	}
	return out
}

func (a *API) accountRoutes() {
	type accountID struct {
		ID string `path:"id" maxLength:"64" doc:"of an account"`
	}
	handle(a, route{"retry-account", http.MethodPost, "/accounts/{id}/retry", admin.AccountRetry, "Accounts", "Sync an account again", 0},
		func(ctx context.Context, who asked, in *accountID) (*struct{ Body Done }, error) {
			n, err := a.core.Reconcile.Retry(ctx, who.cause, provision.AccountFilter{}, provision.AccountID(in.ID), false)
			return done(n), err
		})
	handle(a, route{"adopt-account", http.MethodPost, "/accounts/{id}/adopt", admin.AccountAdopt, "Accounts", "Agree to adopt the user that the desk has already", 0},
		func(ctx context.Context, who asked, in *accountID) (*struct{ Body Done }, error) {
			n, err := a.core.Reconcile.Retry(ctx, who.cause, provision.AccountFilter{}, provision.AccountID(in.ID), true)
			return done(n), err
		})
}

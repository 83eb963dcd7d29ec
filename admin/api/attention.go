package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Attention is what somebody has to see to.
type Attention struct {
	NeedsPerson bool         `json:"needs_person" doc:"whether anything waits for somebody"`
	At          time.Time    `json:"at"`
	Findings    []Finding    `json:"findings" doc:"what concerns most comes first"`
	Causes      []Cause      `json:"causes" doc:"why accounts wait for somebody, each once"`
	Leavers     []Affected   `json:"leavers" doc:"whose access is to end, and of which the desk has not confirmed it; the oldest first"`
	Drifts      []DriftFound `json:"drifts"`
}

// Finding is one thing that somebody has to see to.
type Finding struct {
	Code       string     `json:"code" doc:"docs/operations.md lists them"`
	Connection string     `json:"connection,omitempty"`
	Desk       string     `json:"desk,omitempty"`
	Token      string     `json:"token,omitempty"`
	Groups     []string   `json:"groups,omitempty"`
	At         *time.Time `json:"at,omitempty" doc:"since when, or when something ends"`
	Count      int        `json:"count,omitempty"`
	Text       string     `json:"text"`
	Do         string     `json:"do,omitempty"`
}

// Cause is one reason for which accounts wait.
type Cause struct {
	State    string     `json:"state"`
	Code     string     `json:"reason_code,omitempty"`
	Reason   string     `json:"reason"`
	Desks    []string   `json:"desks"`
	People   int        `json:"people"`
	Since    *time.Time `json:"since,omitempty" doc:"when the first of them lost access, where they are on hold"`
	Accounts []Affected `json:"accounts" doc:"the first 100"`
	Count    int        `json:"count" doc:"of accounts"`
}

// Affected is an account, and whose it is.
type Affected struct {
	Account     string     `json:"account"`
	Person      string     `json:"person"`
	Connection  string     `json:"connection"`
	Name        string     `json:"name,omitempty"`
	Address     string     `json:"address,omitempty"`
	Desk        string     `json:"desk"`
	State       string     `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	Code        string     `json:"reason_code,omitempty"`
	EndingSince *time.Time `json:"ending_since,omitempty"`
}

// DriftFound is an account that was changed on its desk by hand.
type DriftFound struct {
	Account     string    `json:"account"`
	Person      string    `json:"person"`
	Name        string    `json:"name,omitempty"`
	Desk        string    `json:"desk"`
	FoundAt     time.Time `json:"found_at"`
	Differences []string  `json:"differences"`
}

// mostAccounts is how many accounts are named of one cause.
const mostAccounts = 100

func (a *API) attentionRoutes() {
	handle(a, route{"list-steps", http.MethodGet, "/steps", admin.AttentionRead, "Desks", "What on_leave of desks is still to do with those who have left, the soonest first", 0},
		func(ctx context.Context, _ asked, in *struct {
			Desk string `query:"desk" doc:"name or id"`
			Paging
		}) (*paged[answer.PersonStep], error) {
			desk, err := a.desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			page, err := a.reportPage(in.Paging)
			if err != nil {
				return nil, err
			}
			found, next, err := a.core.Report.Steps(ctx, desk, page)
			if err != nil {
				return nil, err
			}
			return pageOf(a, found, next, answer.PersonStepOf)
		})
	handle(a, route{"attention", http.MethodGet, "/attention", admin.AttentionRead, "Attention", "What needs somebody", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*struct{ Body Attention }, error) {
			o, n, err := a.overview(ctx)
			if err != nil {
				return nil, err
			}
			out := Attention{NeedsPerson: o.NeedsPerson(), At: o.At, Findings: make([]Finding, len(o.Findings)), Causes: make([]Cause, len(o.Causes)), Leavers: n.affected(o.Leavers), Drifts: n.drifted(o.Drifted)}
			for i, f := range o.Findings {
				out.Findings[i] = Finding{Code: string(f.Code), Connection: f.Connection, Desk: f.Desk, Token: f.Token, Groups: f.Groups, At: f.At, Count: f.Count, Text: f.Text, Do: f.Do}
			}
			for i := range o.Causes {
				out.Causes[i] = n.cause(&o.Causes[i])
			}
			return &struct{ Body Attention }{out}, nil
		})
	handle(a, route{"drift", http.MethodGet, "/drift", admin.DriftRead, "Attention", "What was changed on desks by hand, and is not repaired", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[DriftFound], error) {
			o, n, err := a.overview(ctx)
			if err != nil {
				return nil, err
			}
			return &paged[DriftFound]{Page[DriftFound]{Items: n.drifted(o.Drifted)}}, nil
		})
}

func (a *API) overview(ctx context.Context) (o plan.Overview, n names, err error) {
	if o, err = a.core.Plan.Overview(ctx); err != nil {
		return o, n, err
	}
	n, err = a.names(ctx)
	return o, n, err
}

func (n *names) cause(c *plan.Cause) Cause {
	out := Cause{State: string(c.State), Code: string(c.Code), Reason: c.Reason, Desks: []string{}, People: c.People(), Since: c.Since(), Count: len(c.Accounts),
		Accounts: n.affected(c.Accounts[:min(len(c.Accounts), mostAccounts)])}
	for _, d := range c.Desks {
		out.Desks = append(out.Desks, n.desks[d])
	}
	return out
}

func (n *names) affected(accounts []plan.Affected) []Affected {
	out := make([]Affected, len(accounts))
	for i, acc := range accounts {
		out[i] = Affected{Account: string(acc.ID), Person: string(acc.Identity), Connection: n.connections[acc.Connection], Name: acc.Person.Name, Address: acc.Person.Address, Desk: n.desks[acc.Desk],
			State: string(acc.State), Reason: acc.Reason, Code: string(acc.ReasonCode)}
		if acc.State != provision.AccountEnded {
			out[i].EndingSince = acc.EndingSince
		}
	}
	return out
}

func (n *names) drifted(drifts []plan.Drifted) []DriftFound {
	out := make([]DriftFound, len(drifts))
	for i, d := range drifts {
		out[i] = DriftFound{Account: string(d.Account), Person: string(d.Person.ID), Name: d.Person.Name, Desk: n.desks[d.Desk], FoundAt: d.FoundAt, Differences: list(d.Differences())}
	}
	return out
}

package api

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

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
		func(ctx context.Context, _ asked, _ *struct{}) (*struct{ Body answer.Attention }, error) {
			o, n, err := a.overview(ctx, plan.Scope{Most: mostAccounts})
			if err != nil {
				return nil, err
			}
			out := answer.Attention{NeedsPerson: o.NeedsPerson(), At: o.At, Findings: make([]answer.Finding, len(o.Findings)), Causes: make([]answer.Cause, len(o.Causes)), Leavers: n.affected(o.Leavers), Drifts: n.drifted(o.Drifted)}
			for i, f := range o.Findings {
				out.Findings[i] = answer.Finding{Code: string(f.Code), Connection: f.Connection, Desk: f.Desk, Token: f.Token, Groups: f.Groups, At: f.At, Count: f.Count, Text: f.Text, Do: f.Do}
			}
			for i := range o.Causes {
				out.Causes[i] = n.cause(&o.Causes[i])
			}
			for _, d := range o.Desks {
				out.LeaverCount += d.Health.Leavers.Count
			}
			return &struct{ Body answer.Attention }{out}, nil
		})
	handle(a, route{"drift", http.MethodGet, "/drift", admin.DriftRead, "Attention", "What was changed on desks by hand, and is not repaired", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[answer.DriftFound], error) {
			o, n, err := a.overview(ctx, plan.Scope{Most: 1})
			if err != nil {
				return nil, err
			}
			return &paged[answer.DriftFound]{Page[answer.DriftFound]{Items: n.drifted(o.Drifted)}}, nil
		})
}

func (a *API) overview(ctx context.Context, scope plan.Scope) (o plan.Overview, n names, err error) {
	if o, err = a.core.Plan.OverviewOf(ctx, scope); err != nil {
		return o, n, err
	}
	n, err = a.names(ctx)
	return o, n, err
}

func (n *names) cause(c *plan.Cause) answer.Cause {
	out := answer.Cause{State: string(c.State), Code: string(c.Code), Reason: c.Reason, Desks: []string{}, People: c.People, Since: c.Since, Count: c.Count, Accounts: n.affected(c.Accounts)}
	for _, d := range c.Desks {
		out.Desks = append(out.Desks, n.desks[d])
	}
	return out
}

func (n *names) affected(accounts []plan.Affected) []answer.Affected {
	out := make([]answer.Affected, len(accounts))
	for i, acc := range accounts {
		out[i] = answer.Affected{Account: string(acc.ID), Person: string(acc.Identity), Connection: n.connections[acc.Connection], Name: acc.Person.Name, Address: acc.Person.Address, Desk: n.desks[acc.Desk],
			State: string(acc.State), Reason: acc.Reason, Code: string(acc.ReasonCode)}
		if acc.State != provision.AccountEnded {
			out[i].EndingSince = acc.EndingSince
		}
	}
	return out
}

func (n *names) drifted(drifts []plan.Drifted) []answer.DriftFound {
	out := make([]answer.DriftFound, len(drifts))
	for i, d := range drifts {
		out[i] = answer.DriftFound{Account: string(d.Account), Person: string(d.Person.ID), Name: d.Person.Name, Desk: n.desks[d.Desk], FoundAt: d.FoundAt, Differences: list(d.Differences())}
	}
	return out
}

package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Draft is a configuration as docs/access.md has it.
type Draft struct {
	Draft map[string]any `json:"draft" doc:"connections, desks and rules in the form of access.yaml, as JSON; secrets as they are, for neither the environment nor files of the server are read"`
}

// Application is a draft that is to be applied.
type Application struct {
	Draft
	ExpectLosses *int `json:"expect_losses,omitempty" minimum:"0" doc:"so many people lose access, and mass-change protection lets them; when more would, nothing is changed. Needs what hold.release needs"`
}

// Plan is what applying a draft would change, and for whom.
type Plan struct {
	Hash         string              `json:"hash" doc:"the same hash is the same plan"`
	Empty        bool                `json:"empty" doc:"it would change nothing"`
	Changes      []answer.PlanChange `json:"changes"`
	People       []PlanPerson        `json:"people"`
	Consequences plan.Consequences   `json:"consequences"`
	Warnings     []string            `json:"warnings"`
}

// PlanPerson is what a plan changes for somebody on a desk.
type PlanPerson struct {
	ID       string `json:"id"`
	UserName string `json:"user_name"`
	Desk     string `json:"desk"`
	Before   Access `json:"before"`
	After    Access `json:"after"`
}

func planOf(p plan.Plan) Plan {
	out := Plan{Hash: p.Hash, Empty: p.Empty(), Changes: make([]answer.PlanChange, len(p.Changes)), People: make([]PlanPerson, len(p.People)), Consequences: p.Consequences, Warnings: list(p.Warnings)}
	for i, c := range p.Changes {
		out.Changes[i] = answer.PlanChangeOf(c)
	}
	for i, c := range p.People {
		out.People[i] = PlanPerson{string(c.Person), c.UserName, c.Desk, accessOf(c.Before), accessOf(c.After)}
	}
	return out
}

func (a *API) planRoutes() {
	handle(a, route{"plan", http.MethodPost, "/plans", admin.PlanDraft, "Plans", "What applying a draft would change, and for whom; it changes nothing", 0},
		func(ctx context.Context, who asked, in *struct{ Body Draft }) (*struct{ Body Plan }, error) {
			draft, err := a.draft(who, in.Body, admin.PlanDraft)
			if err != nil {
				return nil, err
			}
			p, err := a.planned(ctx, who, draft, admin.PlanDraft)
			return &struct{ Body Plan }{planOf(p)}, err
		})
	handle(a, route{"apply-plan", http.MethodPost, "/plans/{hash}/apply", admin.PlanApply, "Plans", "Apply a draft, if that is still the plan of this hash", 0},
		func(ctx context.Context, who asked, in *struct {
			Hash string `path:"hash" pattern:"^[0-9a-f]{64}$" doc:"of the plan that was reviewed"`
			Body Application
		}) (*struct{ Body Plan }, error) {
			if in.Body.ExpectLosses != nil { // that releases them before they are held
				if err := who.May(admin.HoldRelease); err != nil {
					return nil, err
				}
			}
			draft, err := a.draft(who, in.Body.Draft, admin.PlanApply)
			if err != nil {
				return nil, err
			}
			if who.LimitedTo(admin.PlanApply) { // the hash makes sure that what is applied is what was looked at
				p, err := a.planned(ctx, who, draft, admin.PlanApply)
				if err != nil {
					return nil, err
				}
				if p.Hash != in.Hash {
					return nil, provision.Errorf(provision.Stale, "hash", "something changed since this plan was made; plan again, and review the difference")
				}
			}
			var p plan.Plan
			if losses := in.Body.ExpectLosses; losses != nil {
				p, err = a.core.Plan.ApplyExpecting(ctx, who.cause, draft, in.Hash, *losses)
			} else {
				p, err = a.core.Plan.Apply(ctx, who.cause, draft, in.Hash)
			}
			if err == nil && a.options.Applied != nil {
				err = a.options.Applied(ctx, draft)
			}
			return &struct{ Body Plan }{planOf(p)}, err
		})
}

// planned returns the plan of a draft; Denied when it is beyond the reach of a
// mailbox manager.
func (a *API) planned(ctx context.Context, who asked, draft plan.Draft, verb admin.Verb) (plan.Plan, error) {
	p, err := a.core.Plan.Plan(ctx, draft)
	if err == nil && who.LimitedTo(verb) {
		err = p.Within(who.Standing.Reaches)
	}
	return p, err
}

// draft reads a draft. What a mailbox manager drafts has rules only: a connection or
// a desk in it would be called.
func (a *API) draft(who asked, in Draft, verb admin.Verb) (plan.Draft, error) {
	if answer.Refers(in.Draft) {
		return plan.Draft{}, provision.Errorf(provision.Invalid, "draft", "${env:…} and ${file:…} are of files that a command reads; give secrets themselves, or leave them out to keep them")
	}
	text, err := json.Marshal(in.Draft)
	if err != nil {
		return plan.Draft{}, err
	}
	d, err := a.options.ReadDraft(text)
	if err == nil && who.LimitedTo(verb) && len(d.Connections)+len(d.Desks)+len(d.JITRoles) > 0 {
		err = provision.Refuse(admin.ReasonRole, "a mailbox manager drafts rules only; leave connections and desks out")
	}
	return d, err
}

package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Step is a step of a desk's on_leave that is still to come.
type Step struct {
	Step     string    `json:"step" doc:"delete after 30d"`
	Due      time.Time `json:"due" doc:"of one that is asked about, when the time for an answer is over"`
	Approval string    `json:"approval,omitempty" enum:"needed,asked" doc:"needed: an admin is asked once it is due; asked: an admin has been"`
}

// PersonStep is a step that is still to come, and for whom.
type PersonStep struct {
	Person  string `json:"person"`
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
	Desk    string `json:"desk"`
	Account string `json:"account"`
	Step
}

// StepOf returns the step that is still to come for an account of a desk; nil: none.
func StepOf(on provision.Desk, a *provision.Account) *Step {
	if c, ok := on.Coming(a); ok {
		return new(comingStep(c))
	}
	return nil
}

// PersonStepOf is a line of the list of steps.
func PersonStepOf(s report.Step) PersonStep {
	who := plan.PersonOf(s.Person)
	return PersonStep{string(s.Account.Identity), who.Name, who.Address, s.Desk.Name, string(s.Account.ID), comingStep(s.Coming)}
}

func comingStep(c leave.Coming) Step {
	return Step{Step: c.Step.String(), Due: c.At, Approval: string(c.Consent)}
}

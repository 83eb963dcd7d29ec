package output

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// Coming is a step of a desk's on_leave that is still to come for somebody, for programs.
type Coming struct {
	Step     string `json:"step"`               // delete after 30d
	Due      Moment `json:"due"`                // of one that is asked about, when the time for an answer is over
	Approval string `json:"approval,omitempty"` // needed: an admin is asked when it is due; asked: an admin has been

	text string
}

// ComingOf returns the step that is still to come for an account of a desk; nil: none.
func ComingOf(on *provision.Desk, a *provision.Account) *Coming {
	if c, ok := on.Coming(a); ok {
		return ComingStep(c)
	}
	return nil
}

// ComingStep returns a step that is still to come.
func ComingStep(c leave.Coming) *Coming {
	due := Moment{At: &c.At}
	return &Coming{Step: c.Step.String(), Due: due, Approval: string(c.Consent), text: c.On(due.String())}
}

// String is for people.
func (c *Coming) String() string { return c.text }

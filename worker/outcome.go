package worker

import (
	"errors"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// outcome is what a run that did not fail has reached: without tasks, all is
// as desired.
type outcome struct {
	shown *provision.DeskUser // the account's user as the desk shows it; nil: nobody, as desired
	tasks tasks
	// missing are the teams and mailboxes that the desk does not have. All else is
	// as desired.
	missing tasks
	// residual says that the tasks begin with a leaver who still has access.
	residual bool
}

// tasks is what an admin has to do because the desk's API cannot.
type tasks []string

// String returns the tasks in one line, for an admin.
func (t tasks) String() string { return strings.Join(t, "; ") }

// add adds what a desk cannot do or refuses to.
func (t *tasks) add(err error) {
	what := err.Error()
	if e, ok := errors.AsType[*desk.Error](err); ok {
		what = e.Detail
	}
	if e, ok := errors.AsType[*refusedWrite](err); ok {
		what = e.write.Named() + " was refused: " + what
	}
	if !slices.Contains(*t, what) {
		*t = append(*t, what)
	}
}

// after returns tasks with first before all others; "" is none.
func (t tasks) after(first string) tasks {
	if first == "" {
		return t
	}
	return append(tasks{first}, t...)
}

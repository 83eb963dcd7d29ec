package provision

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DriftPolicy is what happens when a sweep finds that people have changed on a
// desk by hand what rules govern.
type DriftPolicy string

// The policies.
const (
	DriftRepair DriftPolicy = "repair" // default: the account is visited, which puts it right
	DriftReport DriftPolicy = "report" // told once in the audit log, and shown until it is gone
	DriftOff    DriftPolicy = "off"    // nobody looks
)

// Drift is a difference between what a desk confirmed and what it shows now,
// found by a sweep under [DriftReport]. It is gone when the account's Revision
// is another one: a visit has looked since, or will.
type Drift struct {
	Account  AccountID
	Desk     DeskID
	Revision int64 // of the account when the difference was found
	FoundAt  time.Time
	Steps    []Step // what a visit would write; none when it would ask a person first
	Reason   string // what it would ask
}

// Same reports whether d tells of the same difference as other.
func (d *Drift) Same(other Drift) bool {
	return d.Account == other.Account && d.Revision == other.Revision && slices.Equal(d.Words(), other.Words())
}

// Words says what differs, one difference each. They name nobody.
func (d *Drift) Words() []string {
	if d.Reason != "" {
		return []string{d.Reason}
	}
	var words []string
	for _, st := range d.Steps {
		words = append(words, st.undoes()...)
	}
	return words
}

// undoes says which state of the desk makes a step necessary.
func (s Step) undoes() (words []string) {
	say := func(format string, names ...string) {
		if len(names) > 0 {
			words = append(words, fmt.Sprintf(format, strings.Join(names, ", ")))
		}
	}
	switch s.Kind {
	case StepCreate:
		return []string{"the user is gone"}
	case StepActivate:
		return []string{"the user is deactivated"}
	case StepProfile:
		say("other %s", s.Names("fields")...)
	case StepRole:
		say("role %s", fmt.Sprintf("%v instead of %v", s.Detail["from"], s.Detail["to"]))
	case StepTeams:
		say("missing from team %s", s.Names("add")...)
		say("in team %s", s.Names("remove")...)
	case StepMailboxes:
		say("without mailbox %s", s.Names("add")...)
		say("in mailbox %s", s.Names("remove")...)
	case StepDeactivate:
		return []string{"the user is active, although access has ended"}
	case StepDelete, StepAnonymize:
		return []string{"the user is there, although access has ended"}
	}
	return words
}

// Sweep is one desk's place in the round of sweeps, and how the last one went.
type Sweep struct {
	Desk       DeskID
	NextAt     time.Time  // when the next one begins
	LeaseUntil *time.Time // a process is sweeping; nil: nobody is
	After      AccountID  // where one that reads account by account goes on; "" at the beginning

	StartedAt  *time.Time // of the one under way, else of the last
	FinishedAt *time.Time // of the last that came to its end
	Checked    int        // accounts looked at
	Drifted    int        // of those, the ones that differed
	Problem    string     // why the last one did not come to its end; "" when it did
}

// SettledFilter selects accounts of a desk that no visit is due for: ready or
// ended ones that Deskbridge made or adopted.
type SettledFilter struct {
	Desk  DeskID
	Users []DeskUserID // nil: whoever they are
	After AccountID    // with a greater id
	Limit int          // 0: all
}

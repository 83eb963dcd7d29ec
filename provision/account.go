package provision

import (
	"fmt"
	"time"
)

// Origin says how we came to hold an account. Without one it is not ours and
// is never written to.
type Origin string

// The origins.
const (
	OriginNone    Origin = ""
	OriginMade    Origin = "made"    // we created the desk user
	OriginAdopted Origin = "adopted" // it was there before, and a policy or a person let us take it over
)

// AccountState is where an account stands on its way to the wanted access.
type AccountState string

// The states of an account.
const (
	AccountWaiting AccountState = "waiting" // a visit is due
	AccountReady   AccountState = "ready"   // the desk confirmed the wanted access
	AccountEnded   AccountState = "ended"   // the desk confirmed that access is gone
	AccountParked  AccountState = "parked"  // a person is needed; Reason says for what
	AccountHeld    AccountState = "held"    // the mass-change brake holds the destructive steps
)

// Account pairs an identity with its user on a desk. It is level-triggered:
// Wanted is what should be, Granted what the desk last confirmed, and a visit
// is due while Visited < Revision.
type Account struct {
	ID         AccountID
	Identity   IdentityID
	Connection ConnectionID
	Desk       DeskID

	DeskUser DeskUserID // "" until the user is found or made
	Origin   Origin

	Wanted   Access
	Profile  Profile // as wanted on the desk
	Manager  string  // the person's manager as the IdP names them, for hand-over
	Revision int64   // one more with each change of what is wanted
	Visited  int64   // the Revision that the last finished visit brought about

	Granted   Access // zero until the first confirmation; Grants is empty
	GrantedAt *time.Time

	State       AccountState
	Reason      string     // in plain words: why parked, held or still waiting
	Seat        bool       // takes one of the desk's seats
	EndingSince *time.Time // when access was first seen to end; nil while it is wanted

	Attempts   int        // failed visits since the last good one
	RetryAt    *time.Time // not before; nil: at once
	LeaseUntil *time.Time // a worker is visiting; nil: nobody is

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Due reports whether the desk may differ from what is wanted.
func (a *Account) Due() bool { return a.Visited < a.Revision }

// Step is one write that a visit makes on a desk. Steps are journalled before
// they are tried, so that a crash loses none: see [Service.PlanSteps] and
// [Service.Settle].
type Step struct {
	ID      int64
	Account AccountID
	Kind    StepKind
	Detail  map[string]any // what the step is about: team, role, conversation…; never personal data
	Note    string         // why this and not something else, for the audit; may be empty
}

// Names returns a list in the step's detail, whether it is fresh or comes from
// the journal, which keeps JSON.
func (s Step) Names(key string) []string {
	switch list := s.Detail[key].(type) {
	case []string:
		return list
	case []any:
		names := make([]string, len(list))
		for i, name := range list {
			names[i] = fmt.Sprint(name)
		}
		return names
	}
	return nil
}

// StepKind names a write on a desk; it is also the audit action.
type StepKind string

// The writes, in the order in which they come about.
const (
	StepCreate     StepKind = "account.created"
	StepAdopt      StepKind = "account.adopted"
	StepActivate   StepKind = "account.activated"
	StepProfile    StepKind = "account.profile_changed"
	StepRole       StepKind = "account.role_changed"
	StepTeams      StepKind = "account.teams_changed"
	StepMailboxes  StepKind = "account.mailboxes_changed"
	StepHandOver   StepKind = "conversation.handed_over"
	StepDeactivate StepKind = "account.deactivated"
	StepDelete     StepKind = "account.deleted"
	StepAnonymize  StepKind = "account.anonymized"
	StepSessions   StepKind = "account.sessions_ended"
)

package deskwrite

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Write is one write that a run makes on a desk. Writes are journalled before
// they are tried, so that a crash loses none: see package reconcile.
type Write struct {
	ID      int64
	Account provision.AccountID
	Kind    Kind
	Detail  map[string]any // what the write is about: team, role, conversation…; never personal data
	Note    string         // why this and not something else, for the audit; may be empty

	Tried      bool       // it may have reached the desk
	AcceptedAt *time.Time // the desk accepted it then, or may have when Tried, and has not shown it yet
}

// Named says what the write is in words for people, as in "deleting the user was
// refused".
func (s Write) Named() string {
	if s.Kind == Role {
		return fmt.Sprintf("changing the role from %v to %v", s.Detail["from"], s.Detail["to"])
	}
	return cmp.Or(named[s.Kind], string(s.Kind))
}

var named = map[Kind]string{
	Create:     "making the user",
	Adopt:      "adopting the user",
	Activate:   "activating the user",
	Profile:    "changing the user's name or address",
	DeskRoles:  "changing the user's roles on the desk",
	Teams:      "changing the user's teams",
	Mailboxes:  "changing the user's mailboxes",
	Inflow:     "keeping new conversations from the user",
	HandOver:   "handing over a conversation",
	Away:       "telling the desk whether the user is away",
	Deactivate: "deactivating the user",
	Delete:     "deleting the user",
	Anonymize:  "anonymizing the user",
	Sessions:   "ending the user's sessions",
}

// GivesAccess reports whether somebody may have access by the write who had none.
func (s Write) GivesAccess() bool {
	return s.Kind == Create || s.Kind == Activate || s.Kind == Role && fmt.Sprint(s.Detail["to"]) != string(provision.RoleNone)
}

// Names returns a list in the write's detail, whether it is fresh or comes from
// the journal, which keeps JSON.
func (s Write) Names(key string) []string {
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

// Kind names a write on a desk; it is also the audit action.
type Kind string

// The writes, in the order in which they come about.
const (
	Create     = Kind(audit.AccountCreated)
	Adopt      = Kind(audit.AccountAdopted)
	Activate   = Kind(audit.AccountActivated)
	Profile    = Kind(audit.AccountProfileChanged)
	Role       = Kind(audit.AccountRoleChanged)
	DeskRoles  = Kind(audit.AccountDeskRolesChanged)
	Teams      = Kind(audit.AccountTeamsChanged)
	Mailboxes  = Kind(audit.AccountMailboxesChanged)
	Inflow     = Kind(audit.AccountInflowStopped)
	HandOver   = Kind(audit.ConversationHandedOver)
	Away       = Kind(audit.AccountAway)
	GiveBack   = Kind(audit.ConversationGivenBack)
	Deactivate = Kind(audit.AccountDeactivated)
	Delete     = Kind(audit.AccountDeleted)
	Anonymize  = Kind(audit.AccountAnonymized)
	Sessions   = Kind(audit.AccountSessionsEnded)
)

// Shown reports whether have, which may be nobody, is as the write was to make the user
// of an account; want is that user as the desk would show them.
func (s Write) Shown(a *provision.Account, have *provision.DeskUser, want provision.DeskUser) bool {
	switch {
	case s.Kind == Delete:
		return have == nil
	case s.Kind == Anonymize:
		return have == nil || !have.Active && !have.Names(a)
	case have == nil:
		return false
	}
	switch s.Kind {
	case Create:
		return true
	case Activate:
		return have.Active
	case Deactivate:
		return !have.Active
	case Profile:
		left := have.Differs(want)
		return !slices.ContainsFunc(s.Names("fields"), func(f string) bool { return slices.Contains(left, f) })
	case Role:
		return fmt.Sprint(s.Detail["to"]) == string(have.Role)
	case DeskRoles:
		return moved(have.DeskRoles, s)
	case Teams:
		return !have.TeamsHidden && moved(have.Teams, s)
	case Mailboxes:
		return !have.TeamsHidden && moved(have.Mailboxes, s)
	}
	return false
}

// moved reports whether rooms hold what s adds and nothing that it removes.
func moved(rooms []string, s Write) bool {
	for _, name := range s.Names("add") {
		if !provision.ContainsFold(rooms, name) {
			return false
		}
	}
	return !slices.ContainsFunc(s.Names("remove"), func(name string) bool { return provision.ContainsFold(rooms, name) })
}

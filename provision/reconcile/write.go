package reconcile

import (
	"cmp"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Write is one write that a run makes on a desk. Writes are journalled before
// they are tried, so that a crash loses none: see [Run.Journal] and
// [Run.ResolveInterrupted].
type Write struct {
	ID      int64
	Account provision.AccountID
	Kind    WriteKind
	Detail  map[string]any // what the write is about: team, role, conversation…; never personal data
	Note    string         // why this and not something else, for the audit; may be empty

	Tried      bool       // it may have reached the desk; see [Run.Try]
	AcceptedAt *time.Time // the desk accepted it then, or may have when Tried, and has not shown it yet; see [Run.Accepted]
}

// Named says what the write is in words for people, as in "deleting the user was
// refused".
func (s Write) Named() string {
	if s.Kind == WriteRole {
		return fmt.Sprintf("changing the role from %v to %v", s.Detail["from"], s.Detail["to"])
	}
	return cmp.Or(named[s.Kind], string(s.Kind))
}

var named = map[WriteKind]string{
	WriteCreate:     "making the user",
	WriteAdopt:      "adopting the user",
	WriteActivate:   "activating the user",
	WriteProfile:    "changing the user's name or address",
	WriteDeskRoles:  "changing the user's roles on the desk",
	WriteTeams:      "changing the user's teams",
	WriteMailboxes:  "changing the user's mailboxes",
	WriteInflow:     "keeping new conversations from the user",
	WriteHandOver:   "handing over a conversation",
	WriteDeactivate: "deactivating the user",
	WriteDelete:     "deleting the user",
	WriteAnonymize:  "anonymizing the user",
	WriteSessions:   "ending the user's sessions",
}

// GivesAccess reports whether somebody may have access by the write who had none.
func (s Write) GivesAccess() bool {
	return s.Kind == WriteCreate || s.Kind == WriteActivate || s.Kind == WriteRole && fmt.Sprint(s.Detail["to"]) != string(provision.RoleNone)
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

// WriteKind names a write on a desk; it is also the audit action.
type WriteKind string

// The writes, in the order in which they come about.
const (
	WriteCreate     = WriteKind(audit.AccountCreated)
	WriteAdopt      = WriteKind(audit.AccountAdopted)
	WriteActivate   = WriteKind(audit.AccountActivated)
	WriteProfile    = WriteKind(audit.AccountProfileChanged)
	WriteRole       = WriteKind(audit.AccountRoleChanged)
	WriteDeskRoles  = WriteKind(audit.AccountDeskRolesChanged)
	WriteTeams      = WriteKind(audit.AccountTeamsChanged)
	WriteMailboxes  = WriteKind(audit.AccountMailboxesChanged)
	WriteInflow     = WriteKind(audit.AccountInflowStopped)
	WriteHandOver   = WriteKind(audit.ConversationHandedOver)
	WriteDeactivate = WriteKind(audit.AccountDeactivated)
	WriteDelete     = WriteKind(audit.AccountDeleted)
	WriteAnonymize  = WriteKind(audit.AccountAnonymized)
	WriteSessions   = WriteKind(audit.AccountSessionsEnded)
)

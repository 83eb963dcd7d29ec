package reconcile

import (
	"fmt"

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
	WriteTeams      = WriteKind(audit.AccountTeamsChanged)
	WriteMailboxes  = WriteKind(audit.AccountMailboxesChanged)
	WriteHandOver   = WriteKind(audit.ConversationHandedOver)
	WriteDeactivate = WriteKind(audit.AccountDeactivated)
	WriteDelete     = WriteKind(audit.AccountDeleted)
	WriteAnonymize  = WriteKind(audit.AccountAnonymized)
	WriteSessions   = WriteKind(audit.AccountSessionsEnded)
)

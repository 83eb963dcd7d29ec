package reconcile

import (
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// Write is one write that a run makes on a desk. Steps are journalled before
// they are tried, so that a crash loses none: see [Run.Journal] and
// [Run.ResolveInterrupted].
type Write struct {
	ID      int64
	Account provision.AccountID
	Kind    WriteKind
	Detail  map[string]any // what the step is about: team, role, conversation…; never personal data
	Note    string         // why this and not something else, for the audit; may be empty
}

// Names returns a list in the step's detail, whether it is fresh or comes from
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
	WriteCreate     WriteKind = "account.created"
	WriteAdopt      WriteKind = "account.adopted"
	WriteActivate   WriteKind = "account.activated"
	WriteProfile    WriteKind = "account.profile_changed"
	WriteRole       WriteKind = "account.role_changed"
	WriteTeams      WriteKind = "account.teams_changed"
	WriteMailboxes  WriteKind = "account.mailboxes_changed"
	WriteHandOver   WriteKind = "conversation.handed_over"
	WriteDeactivate WriteKind = "account.deactivated"
	WriteDelete     WriteKind = "account.deleted"
	WriteAnonymize  WriteKind = "account.anonymized"
	WriteSessions   WriteKind = "account.sessions_ended"
)

package provision

import (
	"strings"
	"time"
)

// Cause says who or what asked for a change.
type Cause struct {
	Actor   string // "scim:TOKEN-NAME", "cli:USER@HOST", "worker", "system"
	Action  string // the operation in the protocol's words, e.g. "PATCH /Users"
	Request string // request id, as in the log
}

// Who names the actor to people: somebody at the command line without the prefix.
func (c Cause) Who() string { return strings.TrimPrefix(c.Actor, "cli:") }

// Action names what happened, such as user.created: the actions are the
// constants of package audit.
type Action string

// Entry is one line of the audit log. Entries are written in the transaction
// of the change they tell of, are never changed, and are sealed in a block of the
// hash chain within a second ([audit.Service.Seal]). They name people by id only.
type Entry struct {
	ID         int64 // order of writing
	At         time.Time
	Connection ConnectionID
	Cause      Cause
	Action     Action // what happened, one of those in audit
	Subject    string // id of what it happened to
	Desk       DeskID
	Account    AccountID
	Detail     map[string]any

	// Of entries from before there were blocks: position in the chain, from 1, and
	// SHA-256 over the previous hash and this entry. 0 and nil: a block seals it.
	Seal int64
	Hash []byte
}

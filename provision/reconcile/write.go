package reconcile

import "github.com/deskbridge/deskbridge/provision/deskwrite"

// What runs write.
type (
	// Write is described with [deskwrite.Write].
	Write = deskwrite.Write
	// WriteKind is described with [deskwrite.Kind].
	WriteKind = deskwrite.Kind
)

// The writes, in the order in which they come about.
const (
	WriteCreate     = deskwrite.Create
	WriteAdopt      = deskwrite.Adopt
	WriteActivate   = deskwrite.Activate
	WriteProfile    = deskwrite.Profile
	WriteRole       = deskwrite.Role
	WriteDeskRoles  = deskwrite.DeskRoles
	WriteTeams      = deskwrite.Teams
	WriteMailboxes  = deskwrite.Mailboxes
	WriteInflow     = deskwrite.Inflow
	WriteHandOver   = deskwrite.HandOver
	WriteAway       = deskwrite.Away
	WriteGiveBack   = deskwrite.GiveBack
	WriteDeactivate = deskwrite.Deactivate
	WriteDelete     = deskwrite.Delete
	WriteAnonymize  = deskwrite.Anonymize
	WriteSessions   = deskwrite.Sessions
)

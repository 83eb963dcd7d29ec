package provision

// UnitKind says whether a unit of a desk is a team or a mailbox.
type UnitKind string

// The kinds of units.
const (
	UnitTeam    UnitKind = "team"
	UnitMailbox UnitKind = "mailbox"
)

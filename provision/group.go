package provision

import (
	"encoding/json"
	"time"
)

// Group is an IdP group. Its members are rows of their own; see [Member].
type Group struct {
	ID          GroupID
	Connection  ConnectionID
	DisplayName string // unique per connection as [Fold] sees it, caseExact=false: IdPs find groups by it
	ExternalID  string // several may have the same (RFC 7643 §3.1)

	// Document is the resource as the protocol edge keeps it, without members;
	// see [Identity.Document].
	Document json.RawMessage

	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MemberKind tells what a member is.
type MemberKind string

// The kinds of members.
const (
	MemberIdentity MemberKind = "identity"
	MemberGroup    MemberKind = "group"
)

// Member is one direct member of a group.
type Member struct {
	ID      MemberID
	Kind    MemberKind
	Display string // displayName, or userName where there is none
}

// Membership is one group that a person is in, directly or through nested
// groups.
type Membership struct {
	Group GroupID
	Name  string    // the group's displayName
	Via   []GroupID // the nested groups between the person and Group, the person's own first; empty when direct

	// Claimed says that the IdP named the group at a sign-in. There is no such
	// group here: Group is empty.
	Claimed bool
}

// Direct reports whether the person is themselves a member of the group.
func (m Membership) Direct() bool { return len(m.Via) == 0 }

// Person is somebody with every group that they are in, direct ones first, then
// those through nested groups, by name.
type Person struct {
	Identity
	Groups []Membership
}

// Edge is one row of membership: Member is directly in Group.
type Edge struct {
	Member    MemberID
	Group     GroupID
	GroupName string
}

package provision

import (
	"cmp"
	"encoding/json"
	"slices"
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

// MembershipsIn returns what [entitlement.Memberships] does, from edges that hold every way
// up from ids.
func MembershipsIn(edges []Edge, ids []IdentityID) map[IdentityID][]Membership {
	if len(edges) == 0 {
		return nil
	}
	up := make(map[MemberID][]Edge)
	for _, e := range edges {
		up[e.Member] = append(up[e.Member], e)
	}
	out := make(map[IdentityID][]Membership, len(ids))
	for _, id := range ids {
		if found := climb(up, MemberID(id)); len(found) > 0 {
			out[id] = found
		}
	}
	return out
}

// climb walks up from one member, breadth first, so that each group is reached
// on a shortest way; groups that contain each other end the walk.
func climb(up map[MemberID][]Edge, from MemberID) []Membership {
	type place struct {
		at  MemberID
		via []GroupID
	}
	var out []Membership
	seen := map[GroupID]bool{}
	queue := []place{{at: from}}
	for len(queue) > 0 {
		here := queue[0]
		queue = queue[1:]
		edges := up[here.at]
		slices.SortFunc(edges, func(a, b Edge) int { return cmp.Compare(a.Group, b.Group) })
		for _, e := range edges {
			if seen[e.Group] {
				continue
			}
			seen[e.Group] = true
			out = append(out, Membership{Group: e.Group, Name: e.GroupName, Via: here.via})
			queue = append(queue, place{at: MemberID(e.Group), via: append(slices.Clone(here.via), e.Group)})
		}
	}
	slices.SortFunc(out, func(a, b Membership) int {
		return cmp.Or(
			cmp.Compare(len(a.Via), len(b.Via)),
			cmp.Compare(Fold(a.Name), Fold(b.Name)),
			cmp.Compare(a.Group, b.Group),
		)
	})
	return out
}

// Edge is one row of membership: Member is directly in Group.
type Edge struct {
	Member    MemberID
	Group     GroupID
	GroupName string
}

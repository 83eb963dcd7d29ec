package entitlement

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// edgeLister is what looking for memberships needs; see [Store].
type edgeLister interface {
	Edges(ctx context.Context, c provision.ConnectionID, ids []provision.MemberID) ([]provision.Edge, error)
}

// Memberships returns every group that each of ids is in, with the shortest
// way there.
func Memberships(ctx context.Context, store edgeLister, conn provision.ConnectionID, ids []provision.IdentityID) (map[provision.IdentityID][]provision.Membership, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	members := make([]provision.MemberID, len(ids))
	for i, id := range ids {
		members[i] = provision.MemberID(id)
	}
	edges, err := store.Edges(ctx, conn, members)
	if err != nil {
		return nil, err
	}
	return MembershipsIn(edges, ids), nil
}

// MembershipsIn returns what [Memberships] does, from edges that hold every way
// up from ids.
func MembershipsIn(edges []provision.Edge, ids []provision.IdentityID) map[provision.IdentityID][]provision.Membership {
	if len(edges) == 0 {
		return nil
	}
	up := make(map[provision.MemberID][]provision.Edge)
	for _, e := range edges {
		up[e.Member] = append(up[e.Member], e)
	}
	out := make(map[provision.IdentityID][]provision.Membership, len(ids))
	for _, id := range ids {
		if found := climb(up, provision.MemberID(id)); len(found) > 0 {
			out[id] = found
		}
	}
	return out
}

// climb walks up from one member, breadth first, so that each group is reached
// on a shortest way; groups that contain each other end the walk.
func climb(up map[provision.MemberID][]provision.Edge, from provision.MemberID) []provision.Membership {
	type place struct {
		at  provision.MemberID
		via []provision.GroupID
	}
	var out []provision.Membership
	seen := map[provision.GroupID]bool{}
	queue := []place{{at: from}}
	for len(queue) > 0 {
		here := queue[0]
		queue = queue[1:]
		edges := up[here.at]
		slices.SortFunc(edges, func(a, b provision.Edge) int { return cmp.Compare(a.Group, b.Group) })
		for _, e := range edges {
			if seen[e.Group] {
				continue
			}
			seen[e.Group] = true
			out = append(out, provision.Membership{Group: e.Group, Name: e.GroupName, Via: here.via})
			queue = append(queue, place{at: provision.MemberID(e.Group), via: append(slices.Clone(here.via), e.Group)})
		}
	}
	slices.SortFunc(out, func(a, b provision.Membership) int {
		return cmp.Or(
			cmp.Compare(len(a.Via), len(b.Via)),
			cmp.Compare(provision.Fold(a.Name), provision.Fold(b.Name)),
			cmp.Compare(a.Group, b.Group),
		)
	})
	return out
}

package provision

import (
	"cmp"
	"context"
	"slices"
)

// memberships returns every group that each of ids is in, with the shortest
// way there.
func memberships(ctx context.Context, store Store, conn ConnectionID, ids []IdentityID) (map[IdentityID][]Membership, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	members := make([]MemberID, len(ids))
	for i, id := range ids {
		members[i] = MemberID(id)
	}
	edges, err := store.Edges(ctx, conn, members)
	if err != nil {
		return nil, err
	}
	return membershipsIn(edges, ids), nil
}

// membershipsIn returns what [memberships] does, from edges that hold every way
// up from ids.
func membershipsIn(edges []Edge, ids []IdentityID) map[IdentityID][]Membership {
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

package entitlement

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Memberships returns every group that each of ids is in, with the shortest
// way there.
func Memberships(ctx context.Context, store Store, conn provision.ConnectionID, ids []provision.IdentityID) (map[provision.IdentityID][]provision.Membership, error) {
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
	return provision.MembershipsIn(edges, ids), nil
}

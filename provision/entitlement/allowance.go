package entitlement

import (
	"context"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// AllowLosses lets the accounts of people lose access by a change of rules that
// the caller makes in the same transaction, after rules were locked, and before
// [Service.MarkChanged]: an admin has seen who they are. They are not
// counted, and not put on hold. The allowance ends with the evaluation that
// follows; whoever does not lose access by it needs another one. c says who
// allows it. It returns how many accounts with access these are.
func (s *Service) AllowLosses(ctx context.Context, tx Store, c provision.Cause, who map[provision.DeskID][]provision.IdentityID) (n int, _ error) {
	for _, desk := range slices.Sorted(maps.Keys(who)) {
		for some := range slices.Chunk(slices.Sorted(slices.Values(who[desk])), allowAtOnce) {
			allowed, err := tx.AllowLosses(ctx, desk, some, c.Who())
			if n += allowed; err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// allowAtOnce is how many people's losses one statement allows.
const allowAtOnce = 1000

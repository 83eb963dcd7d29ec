package plan

import (
	"context"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// lossesAtOnce is how many people's accounts are read at once.
const lossesAtOnce = 1000

// lossesOf says what mass-change protection would make of it if people of a
// connection lost access on desks now. A connection that there is not yet has
// nobody.
func (s *Service) lossesOf(ctx context.Context, id provision.ConnectionID, name string, people map[provision.IdentityID][]provision.DeskID) (l LossCount, _ error) {
	limit, err := s.reconcile.LimitOf(ctx, id)
	if err != nil {
		return l, err
	}
	l = LossCount{Connection: name, Others: limit.Lost, Of: limit.Had, Limit: limit.Most, OnHold: limit.OnHold}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(people)), lossesAtOnce) {
		accounts, err := s.store.AccountsOf(ctx, some)
		if err != nil {
			return l, err
		}
		losing := make(map[provision.IdentityID]bool)
		for i := range accounts {
			if a := &accounts[i]; a.HasAccess() && slices.Contains(people[a.Identity], a.Desk) {
				losing[a.Identity] = true
			}
		}
		l.People += len(losing)
	}
	l.Held = !limit.Off && l.People > 0 && (l.OnHold || l.Others+l.People > l.Limit)
	return l, nil
}

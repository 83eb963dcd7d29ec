package plan

import (
	"context"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// Losses is what mass-change protection makes of a change by which people of one
// connection lose access.
type Losses struct {
	People int  // who have access now, and lose it by the change
	Others int  // who have begun to lose access lately and count with them
	Of     int  // who have access now, those others included
	Limit  int  // how many may lose access before the protection holds them
	OnHold bool // it holds people of the connection already, and so everybody who loses access
	Off    bool // there is no protection
}

// Held reports whether the protection holds the change.
func (l Losses) Held() bool {
	return !l.Off && l.People > 0 && (l.OnHold || l.Others+l.People > l.Limit)
}

// lossesAtOnce is how many people's accounts are read at once.
const lossesAtOnce = 1000

// lossesOf says what mass-change protection would make of it if people of a
// connection lost access on desks now. A connection that there is not yet has
// nobody.
func (s *Service) lossesOf(ctx context.Context, id provision.ConnectionID, people map[provision.IdentityID][]provision.DeskID) (l Losses, _ error) {
	limit, err := s.reconcile.LimitOf(ctx, id)
	if err != nil {
		return l, err
	}
	l = Losses{Others: limit.Lost, Of: limit.Had, Limit: limit.Most, OnHold: limit.OnHold, Off: limit.Off}
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
	return l, nil
}

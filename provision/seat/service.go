package seat

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Service keeps seats. It is safe for concurrent use, by any number of processes on one
// database.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	brake       *reconcile.Service
	settings    *settings.Service
	now         provision.Clock
}

// New returns a Service on store. It asks brake what mass-change protection allows, and
// configured what desks can do.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, brake *reconcile.Service, configured *settings.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, brake: brake, settings: configured, now: now}
}

// Use is how many seats of a desk are taken.
type Use struct {
	Desk provision.Desk
	Counted
	Free *int // nil: there is no limit, as far as anybody knows
}

// Uses returns how many seats of each desk are taken, by name: as the desk or a sweep has
// last counted them, else as Deskbridge does. The limit is the desk's own or that of its
// settings, whichever is less.
func (s *Service) Uses(ctx context.Context) ([]Use, error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.store.SeatCounts(ctx)
	if err != nil {
		return nil, err
	}
	var uncounted []provision.DeskID
	for _, d := range desks {
		if counts[d.ID].By == "" {
			uncounted = append(uncounted, d.ID)
		}
	}
	taken, err := s.store.SeatsTakenOn(ctx, uncounted)
	if err != nil {
		return nil, err
	}
	uses := make([]Use, len(desks))
	for i, d := range desks {
		u := Use{Desk: d, Counted: counts[d.ID]}
		if u.By == "" {
			u.By, u.At, u.Used = ByAccounts, s.now(), taken[d.ID]
		}
		if u.Limit == 0 || d.Seats > 0 && d.Seats < u.Limit {
			u.Limit = d.Seats
		}
		if u.Limit > 0 {
			free := max(u.Limit-u.Used, 0)
			u.Free = &free
		}
		uses[i] = u
	}
	return uses, nil
}

// Counted notes how many seats of a desk were seen to be taken.
func (s *Service) Counted(ctx context.Context, d provision.DeskID, c Counted) error {
	c.At = s.now()
	return s.store.SaveSeatCount(ctx, d, c)
}

// Untold returns up to limit accounts with access on a desk, of whose users it has not told
// for so long.
func (s *Service) Untold(ctx context.Context, d provision.DeskID, age time.Duration, limit int) ([]provision.Account, error) {
	return s.store.UntoldAccounts(ctx, d, s.now().Add(-age), limit)
}

// Told notes what a desk has just told of when its users were there.
func (s *Service) Told(ctx context.Context, d provision.DeskID, told []Activity) error {
	if len(told) == 0 {
		return nil
	}
	now := s.now()
	for i := range told {
		told[i].ToldAt = now
	}
	return s.store.SaveDeskActivity(ctx, d, told)
}

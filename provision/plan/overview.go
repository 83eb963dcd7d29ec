package plan

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Overview is the state of everything at a glance.
type Overview struct {
	Connections []ConnectionOverview
	Desks       []DeskOverview
	Attention   []provision.Account // those that need attention or are on hold
}

// ConnectionOverview is one connection in an [Overview].
type ConnectionOverview struct {
	Connection provision.Connection
	Active     int        // people
	LastUsedAt *time.Time // newest use of any token; nil: never
}

// DeskOverview is one desk in an [Overview].
type DeskOverview struct {
	Desk     provision.Desk
	Accounts map[provision.AccountState]int
	Seats    int // taken
}

// Overview returns the state of everything at a glance.
func (s *Service) Overview(ctx context.Context) (o Overview, _ error) {
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return o, err
	}
	for _, c := range connections {
		line := ConnectionOverview{Connection: c}
		if line.Active, err = s.store.CountActive(ctx, c.ID); err != nil {
			return o, err
		}
		tokens, err := s.store.Tokens(ctx, c.ID)
		if err != nil {
			return o, err
		}
		for _, t := range tokens {
			if t.LastUsedAt != nil && (line.LastUsedAt == nil || t.LastUsedAt.After(*line.LastUsedAt)) {
				line.LastUsedAt = t.LastUsedAt
			}
		}
		o.Connections = append(o.Connections, line)
	}
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return o, err
	}
	counts, err := s.store.CountAccounts(ctx)
	if err != nil {
		return o, err
	}
	for _, d := range desks {
		line := DeskOverview{Desk: d, Accounts: counts[d.ID]}
		if line.Seats, err = s.store.SeatsTaken(ctx, d.ID); err != nil {
			return o, err
		}
		o.Desks = append(o.Desks, line)
	}
	for _, state := range []provision.AccountState{provision.AccountNeedsAttention, provision.AccountOnHold} {
		accounts, err := s.store.AccountsWhere(ctx, provision.AccountFilter{State: state}, 0)
		if err != nil {
			return o, err
		}
		o.Attention = append(o.Attention, accounts...)
	}
	return o, nil
}

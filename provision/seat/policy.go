package seat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// byPolicy is who does what the policy of a desk says.
var byPolicy = provision.Cause{Actor: "system", Action: "idle policy"}

// policyWindow is for how long what policies did counts against mass-change protection.
const policyWindow = 24 * time.Hour

// Propose looks who is idle by the policy of a desk, and notes how many wait for an
// admin. Without a policy nobody does.
func (s *Service) Propose(ctx context.Context, desk provision.Desk) ([]Holder, error) {
	idle, err := s.proposed(ctx, desk)
	if err != nil {
		return nil, err
	}
	return idle, s.store.SaveProposed(ctx, desk.ID, seating.Proposed{Count: len(idle), At: s.now()})
}

// proposed returns whom the policy of a desk is about.
func (s *Service) proposed(ctx context.Context, desk provision.Desk) ([]Holder, error) {
	if !desk.Idle.Set() {
		return nil, nil
	}
	idle, err := s.Idle(ctx, desk, Question{After: desk.Idle.After, Unused: true})
	return slices.DeleteFunc(idle.Holders, func(h Holder) bool {
		return h.Except != "" || h.Account.Desired.Status != provision.AccessActive ||
			h.Person.Terms.Idle.On(string(desk.ID)) != nil || h.Account.Confirmed.Role == provision.RoleOwner
	}), err
}

// Act does what the policy of a desk says about who is idle, where it says that it acts by
// itself, and notes whom it leaves to an admin. It acts on nobody for whom not the desk
// itself tells, and on nobody at all when there are more of one connection than
// mass-change protection lets lose access: then a person has to look. It returns how many
// seats were taken. Called twice, it does nothing the second time.
func (s *Service) Act(ctx context.Context, desk provision.Desk) (taken int, _ error) {
	idle, err := s.proposed(ctx, desk)
	if err != nil {
		return 0, err
	}
	note := seating.Proposed{Count: len(idle), At: s.now()}
	do, acts := desk.Idle.Acts()
	if !acts || len(idle) == 0 {
		return 0, s.store.SaveProposed(ctx, desk.ID, note)
	}
	byConnection := make(map[provision.ConnectionID][]Holder)
	for _, h := range idle {
		if h.Told {
			byConnection[h.Person.Connection] = append(byConnection[h.Person.Connection], h)
		}
	}
	var failed []error
	for conn, some := range byConnection {
		room, err := s.room(ctx, conn)
		if err != nil {
			return taken, err
		}
		if len(some) > room {
			note.Held = true
			continue
		}
		for _, h := range some {
			_, err := s.take(ctx, byPolicy, Taking{Desk: desk.ID, Person: h.Person.ID, Do: do, After: desk.Idle.After}, true)
			switch {
			case err == nil:
				taken++
				note.Count--
			case !provision.IsConflict(err) && !provision.IsNotFound(err):
				failed = append(failed, err)
			}
		}
	}
	return taken, errors.Join(append(failed, s.store.SaveProposed(ctx, desk.ID, note))...)
}

// room returns of how many people of a connection policies may take seats now.
func (s *Service) room(ctx context.Context, conn provision.ConnectionID) (int, error) {
	limit, err := s.brake.LimitOf(ctx, conn)
	if err != nil || limit.OnHold {
		return 0, err
	}
	if limit.Off {
		return 1 << 30, nil
	}
	people, err := s.store.IdlePeople(ctx)
	room := limit.Most - limit.Lost
	for _, p := range people {
		if p.Connection == conn && slices.ContainsFunc(p.Terms.Idle, func(m seating.Mark) bool { return m.Policy && s.now().Sub(m.At) < policyWindow }) {
			room--
		}
	}
	return max(room, 0), err
}

package reconcile

import (
	"context"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
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

// LossesOf says what mass-change protection would make of it if people of a
// connection lost access on desks now. A connection that there is not yet has
// nobody.
func (s *Service) LossesOf(ctx context.Context, id provision.ConnectionID, people map[provision.IdentityID][]provision.DeskID) (l Losses, _ error) {
	conn, err := s.store.Connection(ctx, string(id))
	if provision.IsNotFound(err) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	l.Off, l.OnHold = s.brakes.Off, conn.HeldAt != nil
	for some := range slices.Chunk(slices.Sorted(maps.Keys(people)), lossesAtOnce) {
		accounts, err := s.store.AccountsOf(ctx, some)
		if err != nil {
			return l, err
		}
		losing := make(map[provision.IdentityID]bool)
		for _, a := range accounts {
			if loses(a) && slices.Contains(people[a.Identity], a.Desk) {
				losing[a.Identity] = true
			}
		}
		l.People += len(losing)
	}
	if l.Others, err = s.store.PeopleEnding(ctx, id, s.massSince(conn)); err != nil {
		return l, err
	}
	staying, err := s.store.PeopleWithAccess(ctx, id)
	l.Of = staying + l.Others
	l.Limit = s.brakes.limit(l.Of)
	return l, err
}

// loses reports whether the end of an account's access is one that mass-change
// protection counts.
func loses(a provision.Account) bool {
	return a.EndingSince == nil && a.State != provision.AccountEnded
}

// AllowLosses lets people lose access at once, by connection, because an admin
// has reviewed that they do: mass-change protection does not hold them, and
// counts anew from now on. They are brought to what the rules grant in this
// transaction, and nobody else is let go. Rules, the connections and desks are
// locked; desks are those whose seats are passed on afterwards. A connection of
// which people are on hold is a Conflict: they would be let go with the others.
func (s *Service) AllowLosses(ctx context.Context, tx Store, c provision.Cause, people map[provision.ConnectionID][]provision.IdentityID, detail map[string]any, desks ...provision.Desk) error {
	connections := make(map[provision.ConnectionID]provision.Connection)
	for id := range people {
		conn, err := tx.LockConnection(ctx, id)
		if err != nil {
			return err
		}
		if conn.HeldAt != nil {
			return provision.Errorf(provision.Conflict, "connection", "mass-change protection holds people of %s already; see to them first: mend it at the identity provider, or run `deskbridge connection release %[1]s`", conn.Name)
		}
		connections[id] = conn
	}
	losing, err := lockPeople(ctx, tx, people)
	if err != nil {
		return err
	}
	if err := s.lockBeside(ctx, tx, slices.Concat(slices.Collect(maps.Values(people))...), desks); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		rules, err := tx.Rules(ctx, id)
		if err != nil {
			return err
		}
		if err := s.entitlement.EvaluateIn(ctx, tx, id, rules, losing[id]); err != nil {
			return err
		}
		conn, now := connections[id], s.now() // not before any of them began to end
		conn.ReleasedAt = &now
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		e := s.audit.Entry(c, id, audit.BrakeReleased, string(id))
		e.Detail = detail
		if err := s.audit.Record(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// lockPeople locks people of several connections by id, and returns them by
// connection.
func lockPeople(ctx context.Context, tx Store, people map[provision.ConnectionID][]provision.IdentityID) (map[provision.ConnectionID][]provision.Identity, error) {
	of := make(map[provision.IdentityID]provision.ConnectionID)
	for conn, ids := range people {
		for _, id := range ids {
			of[id] = conn
		}
	}
	found := make(map[provision.ConnectionID][]provision.Identity)
	ids := slices.Sorted(maps.Keys(of))
	for len(ids) > 0 {
		conn, n := of[ids[0]], 1
		for n < len(ids) && of[ids[n]] == conn {
			n++
		}
		locked, err := tx.LockIdentities(ctx, conn, ids[:n])
		if err != nil {
			return nil, err
		}
		found[conn], ids = append(found[conn], locked...), ids[n:]
	}
	return found, nil
}

// lockBeside locks the accounts of people together with those that wait for a
// seat on desks: accounts are locked by id.
func (s *Service) lockBeside(ctx context.Context, tx Store, people []provision.IdentityID, desks []provision.Desk) error {
	var ids []provision.AccountID
	for some := range slices.Chunk(people, lossesAtOnce) {
		accounts, err := tx.AccountsOf(ctx, some)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			ids = append(ids, a.ID)
		}
	}
	for _, desk := range desks {
		waiting, err := s.seatWaiters(ctx, tx, desk, provision.Account{})
		if err != nil {
			return err
		}
		for _, a := range waiting {
			ids = append(ids, a.ID)
		}
	}
	_, err := tx.LockAccounts(ctx, ids)
	return err
}

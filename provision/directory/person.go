package directory

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Identity returns a person who is not removed.
func (s *Service) Identity(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID) (provision.Identity, error) {
	return s.store.Identity(ctx, conn, id)
}

// Person returns a person who is not removed, with their groups. The identity
// is brief; see [provision.Query].
func (s *Service) Person(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID) (provision.Person, error) {
	found, edges, err := s.store.Person(ctx, conn, id)
	return provision.Person{Identity: found, Groups: entitlement.MembershipsIn(edges, []provision.IdentityID{id})[id]}, err
}

// Identities returns a page of the connection's people.
func (s *Service) Identities(ctx context.Context, conn provision.ConnectionID, q provision.Query) (provision.Page[provision.Identity], error) {
	return s.store.Identities(ctx, conn, q)
}

// UpdatePerson lets change edit a person, in one transaction with the audit
// entry and the jobs that follow, and returns them with their groups, which it
// has read anyway. When change leaves everything as it was, nothing is written
// and the version stays. change may run more than once; its error is returned as
// it is, and nothing is changed.
func (s *Service) UpdatePerson(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID, c provision.Cause, change func(*provision.Identity) error) (updated provision.Person, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		at, err := tx.LoadForUpdate(ctx, conn, id)
		if err != nil {
			return err
		}
		now := at.Identity
		if err := change(&now); err != nil {
			return err
		}
		e, err := decideChange(at.Identity, now, at.IdP, s.now())
		if err != nil {
			return err
		}
		groups := entitlement.MembershipsIn(at.Edges, []provision.IdentityID{id})
		updated = provision.Person{Identity: e.person, Groups: groups[id]}
		return s.apply(ctx, tx, c, facts{rules: at.Rules, complete: true, accounts: at.Accounts, groups: groups}, e)
	})
	return updated, err
}

// SaveIn applies change, which is of a sign-in and takes nobody over, to old, who is
// locked, saves what differs, and evaluates what follows.
func (s *Service) SaveIn(ctx context.Context, tx Store, c provision.Cause, rules []provision.Rule, old provision.Identity, change func(*provision.Identity) error) (provision.Identity, error) {
	now := old
	if err := change(&now); err != nil {
		return provision.Identity{}, err
	}
	e, err := decideChange(old, now, "", s.now())
	if err != nil {
		return provision.Identity{}, err
	}
	return e.person, s.apply(ctx, tx, c, facts{rules: rules}, e)
}

// RemoveIdentity turns a person into a tombstone: gone for the IdP, name free,
// memberships gone, access ending. check, when not nil, sees the person first
// and may refuse.
func (s *Service) RemoveIdentity(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID, c provision.Cause, check func(provision.Identity) error) error {
	return s.inTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, conn)
		if err != nil {
			return err
		}
		person, err := tx.LockIdentity(ctx, conn, id)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(person); err != nil {
				return err
			}
		}
		return s.apply(ctx, tx, c, facts{rules: rules}, decideRemove(person, s.now()))
	})
}

// MembershipsOf returns the groups that people are in, direct ones first, then
// those through nested groups, by name.
func (s *Service) MembershipsOf(ctx context.Context, conn provision.ConnectionID, ids []provision.IdentityID) (map[provision.IdentityID][]provision.Membership, error) {
	return entitlement.Memberships(ctx, s.store, conn, ids)
}

// ForUpdate is a person with everything that decides on their access.
type ForUpdate struct {
	Rules    []provision.Rule // of the connection, as [Rules.Rules] returns them
	IdP      provision.IdP    // of the connection; read of a person only whom SCIM does not manage
	Identity provision.Identity
	Accounts []provision.Account // locked, as the identity is
	Edges    []provision.Edge    // on the way up from the person
}

package directory

import (
	"context"
	"slices"
	"strings"

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
	return provision.Person{Identity: found, Groups: provision.MembershipsIn(edges, []provision.IdentityID{id})[id]}, err
}

// Identities returns a page of the connection's people.
func (s *Service) Identities(ctx context.Context, conn provision.ConnectionID, q provision.Query) (provision.Page[provision.Identity], error) {
	return s.store.Identities(ctx, conn, q)
}

// UpdateIdentity lets change edit a person, in one transaction with the audit
// entry and the jobs that follow. When change leaves everything as it was,
// nothing is written and the version stays. change may run more than once; its
// error is returned as it is, and nothing is changed.
func (s *Service) UpdateIdentity(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID, c provision.Cause, change func(*provision.Identity) error) (provision.Identity, error) {
	p, err := s.UpdatePerson(ctx, conn, id, c, change)
	return p.Identity, err
}

// UpdatePerson is [Service.UpdateIdentity], and returns the person's groups as
// well, which it has read anyway.
func (s *Service) UpdatePerson(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID, c provision.Cause, change func(*provision.Identity) error) (updated provision.Person, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		at, err := tx.LoadForUpdate(ctx, conn, id)
		if err != nil {
			return err
		}
		groups := provision.MembershipsIn(at.Edges, []provision.IdentityID{id})
		now, changed, err := s.saveChange(ctx, tx, c, at.Identity, change)
		if err != nil {
			return err
		}
		updated = provision.Person{Identity: now, Groups: groups[id]}
		if !changed {
			return nil
		}
		return s.entitlement.Update(ctx, tx, conn, at.Rules, []provision.Identity{now}, at.Accounts, groups)
	})
	return updated, err
}

// SaveIn applies change to old, which is locked, saves what differs, and
// evaluates what follows.
func (s *Service) SaveIn(ctx context.Context, tx Store, c provision.Cause, rules []provision.Rule, old provision.Identity, change func(*provision.Identity) error) (provision.Identity, error) {
	now, changed, err := s.saveChange(ctx, tx, c, old, change)
	if err != nil || !changed {
		return now, err
	}
	return now, s.entitlement.EvaluateIn(ctx, tx, now.Connection, rules, []provision.Identity{now})
}

// saveChange applies change to old, which is locked, and saves what differs; it
// reports whether anything does.
func (s *Service) saveChange(ctx context.Context, tx Store, c provision.Cause, old provision.Identity, change func(*provision.Identity) error) (now provision.Identity, changed bool, _ error) {
	now = old
	if err := change(&now); err != nil {
		return provision.Identity{}, false, err
	}
	// What a change may not touch, whatever it tries.
	now.ID, now.Connection, now.Version, now.CreatedAt, now.UpdatedAt = old.ID, old.Connection, old.Version, old.CreatedAt, old.UpdatedAt
	if old.SCIMManaged() && !now.SCIMManaged() {
		now.Source = old.Source // a sign-in takes nobody over
	}
	settle(&now)
	if now.SameDescription(&old) {
		return old, false, nil
	}
	if err := validateIdentity(&now); err != nil {
		return provision.Identity{}, false, err
	}
	now.Version++
	now.UpdatedAt = s.now()
	if err := tx.SaveIdentity(ctx, now); err != nil {
		return provision.Identity{}, false, err
	}
	entry := s.audit.Entry(c, now.Connection, personAction(&old, &now), string(now.ID))
	entry.Detail = map[string]any{"version": now.Version}
	if err := s.audit.Record(ctx, tx, entry); err != nil {
		return provision.Identity{}, false, err
	}
	why, err := endedBy(ctx, tx, &old, &now)
	if err == nil && why != "" {
		err = s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Identity: now.ID}, why)
	}
	if err != nil {
		return provision.Identity{}, false, err
	}
	return now, true, nil
}

// endedBy returns why a change ends a person's sessions; "" when it does not.
func endedBy(ctx context.Context, tx Store, old, now *provision.Identity) (provision.SessionEnd, error) {
	if old.Active() && !now.Active() {
		return provision.EndedByLeaving, nil
	}
	if slices.Equal(old.Domains(), now.Domains()) {
		return "", nil
	}
	all, err := tx.Connections(ctx)
	if err == nil && provision.BelongsElsewhere(now, all) {
		return provision.EndedByDomain, nil
	}
	return "", err
}

func personAction(old, now *provision.Identity) string {
	switch {
	case !old.SCIMManaged() && now.SCIMManaged():
		return "user.taken_over"
	case old.Status == provision.StatusActive && now.Status == provision.StatusSuspended:
		return "user.suspended"
	case old.Status == provision.StatusSuspended && now.Status == provision.StatusActive:
		return "user.restored"
	}
	return "user.changed"
}

// settle takes away what a person of this source cannot have, whoever gives it.
func settle(id *provision.Identity) {
	switch id.Source {
	case provision.SourceSignIn:
		id.Requested = provision.Requested{} // who may become an agent is not for a sign-in to say
	case "":
		id.Source = provision.SourceSCIM
		fallthrough
	default:
		id.ClaimedGroups = nil // real ones count
	}
}

func validateIdentity(id *provision.Identity) error {
	if strings.TrimSpace(id.UserName) == "" {
		return provision.Errorf(provision.Invalid, "userName", "userName is required and cannot be blank")
	}
	if !slices.Contains([]provision.Status{provision.StatusActive, provision.StatusSuspended}, id.Status) {
		return provision.Errorf(provision.Invalid, "active", "a user is either active or not")
	}
	return nil
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
		groups, err := tx.RemoveMemberships(ctx, provision.MemberID(id))
		if err != nil {
			return err
		}
		person.Status = provision.StatusRemoved
		person.Version++
		person.UpdatedAt = s.now()
		if err := tx.SaveIdentity(ctx, person); err != nil {
			return err
		}
		entry := s.audit.Entry(c, conn, "user.removed", string(id))
		if len(groups) > 0 {
			entry.Detail = map[string]any{"left_groups": groups}
		}
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		if err := s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Identity: id}, provision.EndedByLeaving); err != nil {
			return err
		}
		return s.entitlement.EvaluateIn(ctx, tx, conn, rules, []provision.Identity{person})
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
	Identity provision.Identity
	Accounts []provision.Account // locked, as the identity is
	Edges    []provision.Edge    // on the way up from the person
}

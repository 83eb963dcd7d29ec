package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// CreateIdentity adds a person and returns them with id, version and times.
//
// An externalId that belongs to a suspended person of the same connection
// restores that person under the old id, with id's description; restored is
// then true. Any other taken userName or externalId is a Conflict. Somebody
// who was removed before comes back under a new id, and takes up their desk
// accounts again.
func (s *Service) CreateIdentity(ctx context.Context, conn ConnectionID, c Cause, id Identity) (created Identity, restored bool, err error) {
	err = s.store.InTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, conn)
		if err != nil {
			return err
		}
		old, err := s.suspendedTwin(ctx, tx, conn, id.ExternalID)
		if err != nil {
			return err
		}
		if restored = old != nil; restored {
			created, err = s.saveIdentity(ctx, tx, c, rules, *old, func(now *Identity) error {
				describe(now, id)
				return nil
			})
			return err
		}
		created, err = s.insertIdentity(ctx, tx, conn, c, rules, id)
		return err
	})
	if isConflict(err) {
		taken, found, takeErr := s.takeOver(ctx, conn, c, id)
		if found || takeErr != nil {
			return taken, found, takeErr
		}
	}
	return created, restored, err
}

// takeOver gives somebody who is known by a sign-in alone to SCIM, which now
// describes them: one person, one account, whichever came first.
func (s *Service) takeOver(ctx context.Context, conn ConnectionID, c Cause, id Identity) (taken Identity, found bool, _ error) {
	err := s.store.InTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, conn)
		if err != nil {
			return err
		}
		people, err := tx.FindPeople(ctx, id.UserName)
		if err != nil {
			return err
		}
		for _, p := range people {
			if p.Connection != conn || p.Status == StatusRemoved || p.Managed() || Fold(p.UserName) != Fold(id.UserName) {
				continue
			}
			if p, err = tx.LockIdentity(ctx, conn, p.ID); isNotFound(err) || p.Managed() {
				continue
			}
			if err != nil {
				return err
			}
			found = true
			taken, err = s.saveIdentity(ctx, tx, c, rules, p, func(now *Identity) error {
				describe(now, id)
				return nil
			})
			return err
		}
		return nil
	})
	return taken, found, err
}

// suspendedTwin returns the suspended person with this externalId, locked, or
// nil. An active one is a Conflict.
func (s *Service) suspendedTwin(ctx context.Context, tx Store, conn ConnectionID, externalID string) (*Identity, error) {
	if externalID == "" {
		return nil, nil
	}
	old, err := tx.IdentityByExternalID(ctx, conn, externalID)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	old, err = tx.LockIdentity(ctx, conn, old.ID)
	if isNotFound(err) {
		return nil, nil // removed in between
	}
	if err != nil {
		return nil, err
	}
	if old.Status == StatusActive {
		return nil, Errorf(Conflict, "externalId", "externalId is already in use by another user of this connection")
	}
	return &old, nil
}

// describe copies what an IdP says of a person, and leaves what we keep.
func describe(to *Identity, from Identity) {
	to.UserName, to.ExternalID, to.Status = from.UserName, from.ExternalID, from.Status
	to.Profile, to.Emails, to.Attributes, to.Document = from.Profile, from.Emails, from.Attributes, from.Document
}

func (s *Service) insertIdentity(ctx context.Context, tx Store, conn ConnectionID, c Cause, rules []Rule, id Identity) (Identity, error) {
	if err := validateIdentity(&id); err != nil {
		return Identity{}, err
	}
	now := s.now()
	id.ID, id.Connection, id.Version, id.CreatedAt, id.UpdatedAt = NewID[IdentityID](), conn, 1, now, now
	before, err := tx.Tombstone(ctx, conn, id.UserName, id.ExternalID)
	if err != nil && !isNotFound(err) {
		return Identity{}, err
	}
	if err := tx.InsertIdentity(ctx, id); err != nil {
		return Identity{}, err
	}
	entry := s.entry(c, conn, "user.created", string(id.ID))
	if before.ID != "" {
		n, err := tx.MoveAccounts(ctx, before.ID, id.ID)
		if err != nil {
			return Identity{}, err
		}
		if n > 0 {
			entry.Detail = map[string]any{"was": before.ID, "accounts_taken_up": n}
		}
	}
	if err := tx.Append(ctx, entry); err != nil {
		return Identity{}, err
	}
	if before.ID == "" && len(id.claimed()) == 0 && !slices.ContainsFunc(rules, func(r Rule) bool { return r.Attribute != "" }) {
		return id, nil // nobody before them, no groups yet: no rule can give anything
	}
	return id, s.evaluate(ctx, tx, conn, rules, []Identity{id})
}

// Identity returns a person who is not removed.
func (s *Service) Identity(ctx context.Context, conn ConnectionID, id IdentityID) (Identity, error) {
	return s.store.Identity(ctx, conn, id)
}

// Identities returns a page of the connection's people.
func (s *Service) Identities(ctx context.Context, conn ConnectionID, q Query) (Page[Identity], error) {
	return s.store.Identities(ctx, conn, q)
}

// UpdateIdentity lets change edit a person, in one transaction with the audit
// entry and the jobs that follow. When change leaves everything as it was,
// nothing is written and the version stays. change may run more than once; its
// error is returned as it is, and nothing is changed.
func (s *Service) UpdateIdentity(ctx context.Context, conn ConnectionID, id IdentityID, c Cause, change func(*Identity) error) (updated Identity, err error) {
	err = s.store.InTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, conn)
		if err != nil {
			return err
		}
		old, err := tx.LockIdentity(ctx, conn, id)
		if err != nil {
			return err
		}
		updated, err = s.saveIdentity(ctx, tx, c, rules, old, change)
		return err
	})
	return updated, err
}

// saveIdentity applies change to old, which is locked, and saves what differs.
func (s *Service) saveIdentity(ctx context.Context, tx Store, c Cause, rules []Rule, old Identity, change func(*Identity) error) (Identity, error) {
	now := old
	if err := change(&now); err != nil {
		return Identity{}, err
	}
	// What a change may not touch, whatever it tries.
	now.ID, now.Connection, now.Version, now.CreatedAt, now.UpdatedAt = old.ID, old.Connection, old.Version, old.CreatedAt, old.UpdatedAt
	if now.equal(&old) {
		return old, nil
	}
	if err := validateIdentity(&now); err != nil {
		return Identity{}, err
	}
	now.Version++
	now.UpdatedAt = s.now()
	if err := tx.SaveIdentity(ctx, now); err != nil {
		return Identity{}, err
	}
	entry := s.entry(c, now.Connection, identityAction(&old, &now), string(now.ID))
	entry.Detail = map[string]any{"version": now.Version}
	if err := tx.Append(ctx, entry); err != nil {
		return Identity{}, err
	}
	if old.Active() && !now.Active() {
		if err := s.endSessions(ctx, tx, c, SessionFilter{Identity: now.ID}, EndedByLeaving); err != nil {
			return Identity{}, err
		}
	}
	return now, s.evaluate(ctx, tx, now.Connection, rules, []Identity{now})
}

func identityAction(old, now *Identity) string {
	switch {
	case !old.Managed() && now.Managed():
		return "user.taken_over"
	case old.Status == StatusActive && now.Status == StatusSuspended:
		return "user.suspended"
	case old.Status == StatusSuspended && now.Status == StatusActive:
		return "user.restored"
	}
	return "user.changed"
}

func validateIdentity(id *Identity) error {
	if strings.TrimSpace(id.UserName) == "" {
		return Errorf(Invalid, "userName", "userName is required and cannot be blank")
	}
	if !slices.Contains([]Status{StatusActive, StatusSuspended}, id.Status) {
		return Errorf(Invalid, "active", "a user is either active or not")
	}
	return nil
}

// RemoveIdentity turns a person into a tombstone: gone for the IdP, name free,
// memberships gone, access ending. check, when not nil, sees the person first
// and may refuse.
func (s *Service) RemoveIdentity(ctx context.Context, conn ConnectionID, id IdentityID, c Cause, check func(Identity) error) error {
	return s.store.InTx(ctx, func(tx Store) error {
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
		groups, err := tx.RemoveMemberships(ctx, MemberID(id))
		if err != nil {
			return err
		}
		person.Status = StatusRemoved
		person.Version++
		person.UpdatedAt = s.now()
		if err := tx.SaveIdentity(ctx, person); err != nil {
			return err
		}
		entry := s.entry(c, conn, "user.removed", string(id))
		if len(groups) > 0 {
			entry.Detail = map[string]any{"left_groups": groups}
		}
		if err := tx.Append(ctx, entry); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, c, SessionFilter{Identity: id}, EndedByLeaving); err != nil {
			return err
		}
		return s.evaluate(ctx, tx, conn, rules, []Identity{person})
	})
}

// MembershipsOf returns the groups that people are in, direct ones first, then
// those through nested groups, by name.
func (s *Service) MembershipsOf(ctx context.Context, conn ConnectionID, ids []IdentityID) (map[IdentityID][]Membership, error) {
	return memberships(ctx, s.store, conn, ids)
}

func isNotFound(err error) bool { return isCode(err, NotFound) }

func isConflict(err error) bool { return isCode(err, Conflict) }

func isCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

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
// then true. So it is for somebody whom SCIM has never described, but who has
// signed in with the same externalId, userName or address: one person, one
// account, whichever came first. Any other taken userName or externalId is a
// Conflict. Somebody who was removed before comes back under a new id, and
// takes up their desk accounts again.
func (s *Service) CreateIdentity(ctx context.Context, conn ConnectionID, c Cause, id Identity) (created Identity, restored bool, err error) {
	create := func() error {
		return s.inTx(ctx, func(tx Store) error {
			at, err := tx.Arrival(ctx, conn, id.UserName, id.ExternalID, addresses(&id))
			if err != nil {
				return err
			}
			old := at.old(&id)
			if old != nil && old.Active() && old.Managed() {
				return Errorf(Conflict, "externalId", "externalId is already in use by another user of this connection")
			}
			if restored = old != nil; !restored {
				created, err = s.insertArrival(ctx, tx, conn, c, at, id)
				return err
			}
			created, err = s.saveIdentity(ctx, tx, c, at.Rules, *old, func(now *Identity) error {
				describe(now, id)
				return nil
			})
			return err
		})
	}
	if err = create(); isConflict(err) && !restored {
		err = create() // perhaps they signed in for the first time just now
	}
	return created, restored, err
}

// addresses returns every e-mail address of a person, folded.
func addresses(id *Identity) []string {
	list := []string{Fold(id.UserName), Fold(id.Profile.Email)}
	for _, e := range id.Emails {
		list = append(list, Fold(e.Value))
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(a string) bool { return !strings.Contains(a, "@") })
}

// old returns who somebody that is about to be added was before, as far as that
// person is not removed: the twin, else whoever signed in under the same name,
// else the only one who did with one of the addresses.
func (at *Arrival) old(id *Identity) *Identity {
	if at.Twin != nil {
		return at.Twin
	}
	known := slices.DeleteFunc(slices.Clone(at.Undescribed), func(u Identity) bool { return u.Managed() })
	for i, u := range known {
		if Fold(u.UserName) == Fold(id.UserName) {
			return &known[i]
		}
	}
	if len(known) == 1 {
		return &known[0]
	}
	return nil
}

// describe copies what an IdP says of a person, and leaves what we keep.
func describe(to *Identity, from Identity) {
	to.UserName, to.ExternalID, to.Status = from.UserName, from.ExternalID, from.Status
	to.Profile, to.Emails, to.Attributes, to.Document = from.Profile, from.Emails, from.Attributes, from.Document
}

// insertIdentity adds somebody who has no twin.
func (s *Service) insertIdentity(ctx context.Context, tx Store, conn ConnectionID, c Cause, rules []Rule, id Identity) (Identity, error) {
	at := Arrival{Rules: rules}
	before, err := tx.Tombstone(ctx, conn, id.UserName, id.ExternalID)
	if err == nil {
		at.Before = &before
	} else if !isNotFound(err) {
		return Identity{}, err
	}
	return s.insertArrival(ctx, tx, conn, c, at, id)
}

func (s *Service) insertArrival(ctx context.Context, tx Store, conn ConnectionID, c Cause, at Arrival, id Identity) (Identity, error) {
	if err := validateIdentity(&id); err != nil {
		return Identity{}, err
	}
	now := s.now()
	id.ID, id.Connection, id.Version, id.CreatedAt, id.UpdatedAt = NewID[IdentityID](), conn, 1, now, now
	if err := tx.InsertIdentity(ctx, id); err != nil {
		return Identity{}, err
	}
	entry := s.entry(c, conn, "user.created", string(id.ID))
	if at.Before == nil {
		if err := s.record(ctx, tx, entry); err != nil {
			return Identity{}, err
		}
		return id, s.grant(ctx, tx, conn, at.Rules, []Identity{id}, nil, nil) // nobody before them: no accounts, and no groups yet
	}
	n, err := tx.MoveAccounts(ctx, at.Before.ID, id.ID)
	if err != nil {
		return Identity{}, err
	}
	if n > 0 {
		entry.Detail = map[string]any{"was": at.Before.ID, "accounts_taken_up": n}
	}
	if err := s.record(ctx, tx, entry); err != nil {
		return Identity{}, err
	}
	return id, s.evaluate(ctx, tx, conn, at.Rules, []Identity{id})
}

// Identity returns a person who is not removed.
func (s *Service) Identity(ctx context.Context, conn ConnectionID, id IdentityID) (Identity, error) {
	return s.store.Identity(ctx, conn, id)
}

// Person returns a person who is not removed, with their groups. The identity
// is brief; see [Query].
func (s *Service) Person(ctx context.Context, conn ConnectionID, id IdentityID) (Person, error) {
	found, edges, err := s.store.Person(ctx, conn, id)
	return Person{Identity: found, Groups: membershipsIn(edges, []IdentityID{id})[id]}, err
}

// Identities returns a page of the connection's people.
func (s *Service) Identities(ctx context.Context, conn ConnectionID, q Query) (Page[Identity], error) {
	return s.store.Identities(ctx, conn, q)
}

// UpdateIdentity lets change edit a person, in one transaction with the audit
// entry and the jobs that follow. When change leaves everything as it was,
// nothing is written and the version stays. change may run more than once; its
// error is returned as it is, and nothing is changed.
func (s *Service) UpdateIdentity(ctx context.Context, conn ConnectionID, id IdentityID, c Cause, change func(*Identity) error) (Identity, error) {
	p, err := s.UpdatePerson(ctx, conn, id, c, change)
	return p.Identity, err
}

// UpdatePerson is [Service.UpdateIdentity], and returns the person's groups as
// well, which it has read anyway.
func (s *Service) UpdatePerson(ctx context.Context, conn ConnectionID, id IdentityID, c Cause, change func(*Identity) error) (updated Person, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		at, err := tx.Standing(ctx, conn, id)
		if err != nil {
			return err
		}
		groups := membershipsIn(at.Edges, []IdentityID{id})
		now, changed, err := s.saveChange(ctx, tx, c, at.Identity, change)
		if err != nil {
			return err
		}
		updated = Person{Identity: now, Groups: groups[id]}
		if !changed {
			return nil
		}
		return s.grant(ctx, tx, conn, at.Rules, []Identity{now}, at.Accounts, groups)
	})
	return updated, err
}

// saveIdentity applies change to old, which is locked, saves what differs, and
// evaluates what follows.
func (s *Service) saveIdentity(ctx context.Context, tx Store, c Cause, rules []Rule, old Identity, change func(*Identity) error) (Identity, error) {
	now, changed, err := s.saveChange(ctx, tx, c, old, change)
	if err != nil || !changed {
		return now, err
	}
	return now, s.evaluate(ctx, tx, now.Connection, rules, []Identity{now})
}

// saveChange applies change to old, which is locked, and saves what differs; it
// reports whether anything does.
func (s *Service) saveChange(ctx context.Context, tx Store, c Cause, old Identity, change func(*Identity) error) (now Identity, changed bool, _ error) {
	now = old
	if err := change(&now); err != nil {
		return Identity{}, false, err
	}
	// What a change may not touch, whatever it tries.
	now.ID, now.Connection, now.Version, now.CreatedAt, now.UpdatedAt = old.ID, old.Connection, old.Version, old.CreatedAt, old.UpdatedAt
	if now.equal(&old) {
		return old, false, nil
	}
	if err := validateIdentity(&now); err != nil {
		return Identity{}, false, err
	}
	now.Version++
	now.UpdatedAt = s.now()
	if err := tx.SaveIdentity(ctx, now); err != nil {
		return Identity{}, false, err
	}
	entry := s.entry(c, now.Connection, identityAction(&old, &now), string(now.ID))
	entry.Detail = map[string]any{"version": now.Version}
	if err := s.record(ctx, tx, entry); err != nil {
		return Identity{}, false, err
	}
	why, err := endedBy(ctx, tx, &old, &now)
	if err == nil && why != "" {
		err = s.endSessions(ctx, tx, c, SessionFilter{Identity: now.ID}, why)
	}
	if err != nil {
		return Identity{}, false, err
	}
	return now, true, nil
}

// endedBy returns why a change ends a person's sessions; "" when it does not.
func endedBy(ctx context.Context, tx Store, old, now *Identity) (SessionEnd, error) {
	if old.Active() && !now.Active() {
		return EndedByLeaving, nil
	}
	if slices.Equal(old.domains(), now.domains()) {
		return "", nil
	}
	all, err := tx.Connections(ctx)
	if err == nil && belongsElsewhere(now, all) {
		return EndedByDomain, nil
	}
	return "", err
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
		if err := s.record(ctx, tx, entry); err != nil {
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

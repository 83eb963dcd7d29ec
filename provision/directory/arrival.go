package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
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
func (s *Service) CreateIdentity(ctx context.Context, conn provision.ConnectionID, c provision.Cause, id provision.Identity) (created provision.Identity, restored bool, err error) {
	create := func() error {
		return s.inTx(ctx, func(tx Store) error {
			at, err := tx.ExistingMatches(ctx, conn, id.UserName, id.ExternalID, addresses(&id))
			if err != nil {
				return err
			}
			old := at.old(&id)
			if old != nil && old.Active() && old.SCIMManaged() {
				return provision.Errorf(provision.Conflict, "externalId", "externalId is already in use by another user of this connection")
			}
			if restored = old != nil; !restored {
				created, err = s.insert(ctx, tx, conn, c, at, id)
				return err
			}
			created, err = s.SaveIn(ctx, tx, c, at.Rules, *old, func(now *provision.Identity) error {
				describe(now, id)
				return nil
			})
			return err
		})
	}
	if err = create(); provision.IsConflict(err) && !restored {
		err = create() // perhaps they signed in for the first time just now
	}
	return created, restored, err
}

// addresses returns every e-mail address of a person, folded.
func addresses(id *provision.Identity) []string {
	list := []string{provision.Fold(id.UserName), provision.Fold(id.Profile.Email)}
	for _, e := range id.Emails {
		list = append(list, provision.Fold(e.Value))
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(a string) bool { return !strings.Contains(a, "@") })
}

// old returns who somebody that is about to be added was before, as far as that
// person is not removed: the twin, else whoever signed in under the same name,
// else the only one who did with one of the addresses.
func (at *ExistingMatches) old(id *provision.Identity) *provision.Identity {
	if at.SameExternalID != nil {
		return at.SameExternalID
	}
	known := slices.DeleteFunc(slices.Clone(at.SignInOnly), func(u provision.Identity) bool { return u.SCIMManaged() })
	for i, u := range known {
		if provision.Fold(u.UserName) == provision.Fold(id.UserName) {
			return &known[i]
		}
	}
	if len(known) == 1 {
		return &known[0]
	}
	return nil
}

// describe copies what an IdP says of a person, and leaves what we keep.
func describe(to *provision.Identity, from provision.Identity) {
	to.UserName, to.ExternalID, to.Source, to.Status = from.UserName, from.ExternalID, from.Source, from.Status
	to.Profile, to.Emails, to.Attributes, to.Requested, to.Document = from.Profile, from.Emails, from.Attributes, from.Requested, from.Document
}

// InsertIn adds somebody who has no twin.
func (s *Service) InsertIn(ctx context.Context, tx Store, conn provision.ConnectionID, c provision.Cause, rules []provision.Rule, id provision.Identity) (provision.Identity, error) {
	at := ExistingMatches{Rules: rules}
	before, err := tx.Tombstone(ctx, conn, id.UserName, id.ExternalID)
	if err == nil {
		at.Tombstone = &before
	} else if !provision.IsNotFound(err) {
		return provision.Identity{}, err
	}
	return s.insert(ctx, tx, conn, c, at, id)
}

func (s *Service) insert(ctx context.Context, tx Store, conn provision.ConnectionID, c provision.Cause, at ExistingMatches, id provision.Identity) (provision.Identity, error) {
	if err := validateIdentity(&id); err != nil {
		return provision.Identity{}, err
	}
	settle(&id)
	now := s.now()
	id.ID, id.Connection, id.Version, id.CreatedAt, id.UpdatedAt = provision.NewID[provision.IdentityID](), conn, 1, now, now
	if err := tx.InsertIdentity(ctx, id); err != nil {
		return provision.Identity{}, err
	}
	entry := s.audit.Entry(c, conn, "user.created", string(id.ID))
	if at.Tombstone == nil {
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return provision.Identity{}, err
		}
		return id, s.entitlement.Update(ctx, tx, conn, at.Rules, []provision.Identity{id}, nil, nil) // nobody before them: no accounts, and no groups yet
	}
	n, err := tx.MoveAccounts(ctx, at.Tombstone.ID, id.ID)
	if err != nil {
		return provision.Identity{}, err
	}
	if n > 0 {
		entry.Detail = map[string]any{"was": at.Tombstone.ID, "accounts_taken_up": n}
	}
	if err := s.audit.Record(ctx, tx, entry); err != nil {
		return provision.Identity{}, err
	}
	return id, s.entitlement.EvaluateIn(ctx, tx, conn, at.Rules, []provision.Identity{id})
}

// ExistingMatches is who was there before somebody who is about to be added.
type ExistingMatches struct {
	Rules          []provision.Rule    // of the connection, as [Rules.Rules] returns them
	SameExternalID *provision.Identity // with the same externalId, locked; nil: nobody
	Tombstone      *provision.Identity // as [Identities.Tombstone] returns it; nil: nobody
	// SignInOnly are those who came by signing in ([provision.SourceSignIn]), with the same
	// userName or one of the addresses, by id; at most two.
	SignInOnly []provision.Identity
}

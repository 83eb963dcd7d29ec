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
			var e effects
			if e, restored, err = decideCreate(at, id, s.newcomer(conn)); err != nil {
				return err
			}
			created = e.person
			return s.apply(ctx, tx, c, facts{rules: at.Rules}, e)
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

// InsertIn adds somebody who matches nobody.
func (s *Service) InsertIn(ctx context.Context, tx Store, conn provision.ConnectionID, c provision.Cause, rules []provision.Rule, id provision.Identity) (provision.Identity, error) {
	var tombstone *provision.Identity
	before, err := tx.Tombstone(ctx, conn, id.UserName, id.ExternalID)
	if err == nil {
		tombstone = &before
	} else if !provision.IsNotFound(err) {
		return provision.Identity{}, err
	}
	e, err := decideNew(tombstone, id, s.newcomer(conn))
	if err != nil {
		return provision.Identity{}, err
	}
	return e.person, s.apply(ctx, tx, c, facts{rules: rules}, e)
}

func (s *Service) newcomer(conn provision.ConnectionID) newcomer {
	return newcomer{id: provision.NewID[provision.IdentityID](), connection: conn, at: s.now()}
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

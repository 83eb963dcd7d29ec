package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// CreateIdentity adds a person and returns them with id, version and times.
//
// A suspended person of the same connection who has the same externalId, and who
// surely is meant, is restored under the old id, with id's description; restored
// is then true. So it is for somebody whom SCIM has never described, but who has
// signed in with the same externalId, userName or address: one person, one
// account, whichever came first. Any other taken userName is a Conflict. Somebody
// who was removed before comes back under a new id, and takes up their desk
// accounts again. See [ExistingMatches] for who is meant by an externalId.
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

// InsertIn adds somebody who matches nobody, and whose externalId nobody has who
// is not removed.
func (s *Service) InsertIn(ctx context.Context, tx Store, conn provision.Connection, c provision.Cause, rules []provision.Rule, id provision.Identity) (provision.Identity, error) {
	at := ExistingMatches{IdP: conn.IdP}
	var err error
	if at.Tombstones, err = tx.Tombstones(ctx, conn.ID, id.UserName, id.ExternalID); err != nil {
		return provision.Identity{}, err
	}
	e, err := decideNew(at.tombstone(&id), id, s.newcomer(conn.ID))
	if err != nil {
		return provision.Identity{}, err
	}
	return e.person, s.apply(ctx, tx, c, facts{rules: rules}, e)
}

func (s *Service) newcomer(conn provision.ConnectionID) newcomer {
	return newcomer{id: provision.NewID[provision.IdentityID](), connection: conn, at: s.now()}
}

// ExistingMatches is who was there before somebody who is about to be added.
//
// An externalId need not be one person's (RFC 7643 §3.1), and many identity
// providers give it to somebody else one day. So nobody is found by it alone
// unless the identity provider keeps it ([provision.IdP.KeepsExternalID]) and
// nobody else has it; else the userName or the address must be the same, too, and
// the userName where it is known to be given to others ([provision.IdP.RecyclesExternalID]).
// Who has signed in with it did so by a claim
// that an admin has named: they are found by it unless it is known to be given to others.
type ExistingMatches struct {
	Rules []provision.Rule // of the connection, as [Rules.Rules] returns them
	IdP   provision.IdP    // of the connection; not read when SameExternalID and Tombstones are empty
	// SameExternalID are those with the same externalId who are not removed,
	// locked, by id: whoever has the same userName, and of the suspended and of the
	// active ones two each.
	SameExternalID []provision.Identity
	Tombstones     []provision.Identity // as [Store].Tombstones returns them
	// SignInOnly are those who came by signing in ([provision.SourceSignIn]), with the same
	// userName or one of the addresses, by id; at most two.
	SignInOnly []provision.Identity
}

// old returns who somebody that is about to be added was before, as far as that
// person is not removed: the one with the same externalId, else whoever signed in under the same name,
// else the only one who did with one of the addresses.
func (at *ExistingMatches) old(id *provision.Identity) *provision.Identity {
	if found := at.byExternalID(id); found != nil {
		return found
	}
	known := slices.DeleteFunc(slices.Clone(at.SignInOnly), func(u provision.Identity) bool { return u.SCIMManaged() })
	for i := range known {
		if sameUserName(&known[i], id) {
			return &known[i]
		}
	}
	if len(known) == 1 {
		return &known[0]
	}
	return nil
}

// byExternalID returns who of SameExternalID is meant: whoever has the userName as
// well, else the only one who can come back, if that is sure. Whoever is active and
// SCIM-managed is there, and under another name somebody else.
func (at *ExistingMatches) byExternalID(id *provision.Identity) (back *provision.Identity) {
	for i := range at.SameExternalID {
		u := &at.SameExternalID[i]
		switch {
		case sameUserName(u, id):
			return u
		case u.Active() && u.SCIMManaged():
		case back != nil:
			return nil
		default:
			back = u
		}
	}
	if back == nil {
		return nil
	}
	sure := at.IdP.KeepsExternalID(id.ExternalID) ||
		!back.SCIMManaged() && !at.IdP.RecyclesExternalID(id.ExternalID) // by a claim that an admin has named
	if at.addressTells(back, id) || sure && len(at.SameExternalID) == 1 {
		return back
	}
	return nil
}

// addressTells reports whether id is old, who has the same externalId, because the
// address is the same too. Where an externalId is known to be given to others, the
// address goes with it: Exchange makes addresses of mailNicknames. So there the two
// tell nothing of whom SCIM described, and the userName has to be the same: a leaver is
// suspended first, and removed much later. Whoever was renamed while they were
// away is somebody new then, whose user on a desk an admin is asked about.
func (at *ExistingMatches) addressTells(old, id *provision.Identity) bool {
	return sameAddress(old, id) && (!at.IdP.RecyclesExternalID(id.ExternalID) || !old.SCIMManaged() && old.Status != provision.StatusRemoved)
}

// tombstone returns the removed person who somebody that is new was before; nil
// when there is none.
func (at *ExistingMatches) tombstone(id *provision.Identity) *provision.Identity {
	alone := len(at.SameExternalID) == 0 && at.IdP.KeepsExternalID(id.ExternalID)
	for i := range at.Tombstones {
		gone := &at.Tombstones[i]
		same := gone.ExternalID == id.ExternalID
		switch {
		case sameUserName(gone, id) && (same || gone.ExternalID == "" || id.ExternalID == ""),
			same && id.ExternalID != "" && (alone || at.addressTells(gone, id)):
			return gone
		}
	}
	return nil
}

func sameUserName(a, b *provision.Identity) bool {
	return provision.Fold(a.UserName) == provision.Fold(b.UserName)
}

// sameAddress compares the addresses that desks know people by: others may be
// those of a team.
func sameAddress(a, b *provision.Identity) bool {
	return a.Profile.Email != "" && provision.Fold(a.Profile.Email) == provision.Fold(b.Profile.Email)
}

package signin

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// update brings what a sign-in may change to what the IdP says now.
func (d *signInTx) update(ctx context.Context, person provision.Identity) (provision.Identity, error) {
	if d.plain != "" && !d.owned { // not any more, or no more with this address
		return provision.Identity{}, provision.Refuse(provision.RefusedDomain, "addresses at this domain do not sign in here")
	}
	if d.noGroups() == provision.NoGroupsRefuse && !d.login.GroupsKnown {
		return provision.Identity{}, provision.Refuse(provision.RefusedGroups, "the identity provider does not say which groups you are in")
	}
	if !provision.SameName(person.Profile.Email, d.plain) { // otherwise it is theirs
		people, err := d.peopleWith(ctx, d.plain)
		if err != nil {
			return provision.Identity{}, err
		}
		d.taken = slices.ContainsFunc(people, func(id provision.Identity) bool {
			return id.ID != person.ID && id.Status != provision.StatusRemoved && hasEmail(&id, d.plain)
		})
	}
	return d.directory.SaveIn(ctx, d.tx, d.cause, d.rules, person, func(id *provision.Identity) error {
		d.describe(id)
		return nil
	})
}

func (d *signInTx) noGroups() provision.NoGroups {
	if d.conn.SignIn.JIT == nil {
		return ""
	}
	return d.conn.SignIn.JIT.NoGroups
}

// describe copies what the IdP says to somebody whom SCIM has never described.
// An address changes only to one that is proven, and nobody else's: desks go
// by it. Groups change only when the IdP names them.
func (d *signInTx) describe(id *provision.Identity) {
	id.Source = provision.SourceSignIn
	id.Attributes = maps.Clone(d.login.Attributes)
	switch {
	case d.login.GroupsKnown:
		id.ClaimedGroups = provision.Sorted(d.login.Groups)
	case d.noGroups() == provision.NoGroupsEmpty:
		id.ClaimedGroups = nil
	}
	email := id.Profile.Email
	if d.owned && d.vouched() && !d.taken {
		email = d.plain
	}
	id.Profile = d.login.Profile
	id.Profile.Email = email
	if email != "" {
		id.Emails = []provision.Email{{Value: email, Primary: true}}
	}
}

// bind notes that the login is the person's, and when it was used, to the hour.
func (d *signInTx) bind(ctx context.Context, in SignedIn) error {
	now := d.now()
	by, moves := d.by, d.known.Identity != "" && d.known.Subject != d.login.Subject
	if !in.Linked {
		by = d.known.FoundBy
	}
	by = foundBy(by, &in.Person, &d.login)
	if !in.Linked && !moves && by == d.known.FoundBy && now.Sub(d.known.UsedAt) < time.Hour {
		return nil
	}
	for _, l := range d.replaced(in.Person.ID) {
		if err := d.unbind(ctx, l, in.Person.ID); err != nil {
			return err
		}
	}
	if moves {
		if err := d.tx.DeleteLogins(ctx, only(d.known)); err != nil {
			return err
		}
	}
	key := provision.LoginKey{Connection: d.conn.ID, Protocol: d.login.Protocol, Issuer: d.login.Issuer, Subject: d.login.Subject,
		Identity: in.Person.ID, FoundBy: by, CreatedAt: now, UsedAt: now}
	if err := d.tx.SaveLogin(ctx, key); err != nil || !in.Linked {
		return err
	}
	entry := d.audit.Entry(d.cause, d.conn.ID, audit.LoginLinked, string(in.Person.ID))
	entry.Detail = map[string]any{"protocol": d.login.Protocol, "first_sign_in": in.Created, "found_by": by}
	return d.audit.Record(ctx, d.tx, entry)
}

// replaced returns the logins that end with this sign-in: those of the person
// that the new one outdoes, and the same one of somebody else.
func (d *signInTx) replaced(person provision.IdentityID) []provision.LoginKey {
	if d.known.Identity != "" && d.known.Identity != person {
		return append(slices.Clone(d.outdone), d.known)
	}
	return d.outdone
}

// only selects one login.
func only(l provision.LoginKey) provision.LoginFilter {
	return provision.LoginFilter{Connection: l.Connection, Protocol: l.Protocol, Issuer: l.Issuer, Subject: l.Subject}
}

// unbind takes a login from the person that it does not mean any more, ends the
// sessions that came of it, and notes who signs in now.
func (d *signInTx) unbind(ctx context.Context, was provision.LoginKey, now provision.IdentityID) error {
	if err := d.tx.DeleteLogins(ctx, only(was)); err != nil {
		return err
	}
	theirs := provision.SessionFilter{Identity: was.Identity, Connection: was.Connection, Protocol: was.Protocol, Issuer: was.Issuer, Subject: was.Subject}
	if err := d.sessions.EndIn(ctx, d.tx, d.cause, theirs, provision.EndedByRename); err != nil {
		return err
	}
	entry := d.audit.Entry(d.cause, d.conn.ID, audit.LoginRebound, string(now))
	entry.Detail = map[string]any{"protocol": was.Protocol, "was": was.Identity}
	return d.audit.Record(ctx, d.tx, entry)
}

package provision

import (
	"context"
	"maps"
	"slices"
	"time"
)

// update brings what a sign-in may change to what the IdP says now.
func (d *door) update(ctx context.Context, person Identity) (Identity, error) {
	if d.plain != "" && !d.owned { // not any more, or no more with this address
		return Identity{}, refuse(RefusedDomain, "addresses at this domain do not sign in here")
	}
	if d.noGroups() == NoGroupsRefuse && !d.login.GroupsKnown {
		return Identity{}, refuse(RefusedGroups, "the identity provider does not say which groups you are in")
	}
	if !sameName(person.Profile.Email, d.plain) { // otherwise it is theirs
		people, err := d.peopleWith(ctx, d.plain)
		if err != nil {
			return Identity{}, err
		}
		d.taken = slices.ContainsFunc(people, func(id Identity) bool {
			return id.ID != person.ID && id.Status != StatusRemoved && hasEmail(&id, d.plain)
		})
	}
	return d.saveIdentity(ctx, d.tx, d.cause, d.rules, person, func(id *Identity) error {
		d.describe(id)
		return nil
	})
}

func (d *door) noGroups() NoGroups {
	if d.conn.SignIn.JIT == nil {
		return ""
	}
	return d.conn.SignIn.JIT.NoGroups
}

// describe copies what the IdP says to somebody whom SCIM has never described.
// An address changes only to one that is proven, and nobody else's: desks go
// by it. Groups change only when the IdP names them.
func (d *door) describe(id *Identity) {
	attributes := maps.Clone(d.login.Attributes)
	if attributes == nil {
		attributes = Attributes{}
	}
	for _, ours := range []string{AttributeDesk, AttributeDeskRole, AttributeDeskTeams, AttributeDeskMailboxes, AttributeGroups} {
		delete(attributes, ours)
	}
	attributes[AttributeJIT] = []string{"true"}
	switch {
	case d.login.GroupsKnown:
		if groups := sorted(d.login.Groups); groups != nil {
			attributes[AttributeGroups] = groups
		}
	case d.noGroups() != NoGroupsEmpty && len(id.Attributes[AttributeGroups]) > 0:
		attributes[AttributeGroups] = id.Attributes[AttributeGroups]
	}
	id.Attributes = attributes
	email := id.Profile.Email
	if d.owned && d.vouched() && !d.taken {
		email = d.plain
	}
	id.Profile = d.login.Profile
	id.Profile.Email = email
	if email != "" {
		id.Emails = []Email{{Value: email, Primary: true}}
	}
}

// bind notes that the login is the person's, and when it was used, to the hour.
func (d *door) bind(ctx context.Context, in SignedIn) error {
	now := d.now()
	if !in.Linked && now.Sub(d.used) < time.Hour {
		return nil
	}
	key := LoginKey{Connection: d.conn.ID, Protocol: d.login.Protocol, Issuer: d.login.Issuer, Subject: d.login.Subject,
		Identity: in.Person.ID, CreatedAt: now, UsedAt: now}
	if err := d.tx.SaveLogin(ctx, key); err != nil || !in.Linked {
		return err
	}
	entry := d.entry(d.cause, d.conn.ID, "login.linked", string(in.Person.ID))
	entry.Detail = map[string]any{"protocol": d.login.Protocol, "first_sign_in": in.Created}
	return d.record(ctx, d.tx, entry)
}

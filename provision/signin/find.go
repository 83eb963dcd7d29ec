package signin

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// isASCII reports whether s holds nothing that could look like something else.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < ' ' {
			return false
		}
	}
	return true
}

// find returns the person behind the login, locked; nil when there is none yet.
func (d *signInTx) find(ctx context.Context) (person *provision.Identity, linked bool, _ error) {
	removed := false
	if d.known.Identity != "" && d.known.Identity != *d.not {
		if d.holder == nil {
			removed = true // perhaps pushed again under a new id
		} else if err := d.stillMeant(ctx); err != nil {
			return nil, false, err
		} else {
			return d.holder, false, nil
		}
	}
	match, err := d.match(ctx)
	if err != nil {
		return nil, false, err
	}
	if match == nil {
		if removed { // under whatever name and address they come now
			return nil, false, provision.Refuse(provision.RefusedRemoved, "your account was removed by your organisation")
		}
		return nil, false, nil
	}
	id, err := d.tx.LockIdentity(ctx, d.conn.ID, match.ID)
	if provision.IsNotFound(err) {
		return nil, false, provision.Errorf(provision.Conflict, "userName", "removed in between") // look again
	}
	return &id, true, err
}

// stillMeant returns an error unless the known login still means whom it is
// bound to.
func (d *signInTx) stillMeant(ctx context.Context) (err error) {
	id, e := d.holder, evidence{login: &d.login, plain: d.plain}
	result := judge(d.known, id, e)
	if result == unsure {
		if e, err = d.lookUp(ctx, e); err != nil {
			return err
		}
		result = judge(d.known, id, e)
	}
	switch result {
	case passedOn:
		// People are locked by id, and this one is. The next try begins without them.
		*d.not = id.ID
		return provision.Errorf(provision.Conflict, "subject", "this login is somebody else's now")
	case disputed:
		return provision.Refuse(provision.RefusedTaken, "this login is one person's, and the user name that comes with it is another's; "+
			"when the user name is right, an admin can `deskbridge session unlink` the person of before")
	}
	return nil
}

// lookUp looks up whose the login's externalId and userName are, and whether the
// login is still bound as before: the person may have been renamed meanwhile.
func (d *signInTx) lookUp(ctx context.Context, e evidence) (evidence, error) {
	now, err := d.tx.Login(ctx, d.conn.ID, d.login.Protocol, d.login.Issuer, d.known.Subject)
	if provision.IsNotFound(err) || err == nil && now.Identity != d.known.Identity {
		return e, provision.Errorf(provision.Conflict, "subject", "bound anew in between") // look again
	}
	if err != nil {
		return e, err
	}
	if e.external, e.shared, err = d.withExternalID(ctx); err != nil {
		return e, err
	}
	e.named, err = d.withUserName(ctx)
	e.looked = true
	return e, err
}

// withExternalID returns the one person with the login's externalId; nil when
// there is none. shared reports that several have it: then it says of nobody who
// they are.
func (d *signInTx) withExternalID(ctx context.Context) (id *provision.Identity, shared bool, _ error) {
	if d.login.ExternalID == "" {
		return nil, false, nil
	}
	people, err := d.tx.IdentitiesByExternalID(ctx, d.conn.ID, d.login.ExternalID)
	if err != nil || len(people) != 1 {
		return nil, len(people) > 1, err
	}
	return &people[0], false, nil
}

// surely reports whether the login's externalId, which is that person's alone,
// tells that they are meant. The claim that holds it is one that an admin has
// named, or one that stands for people for ever; but where the identity provider
// is known to give such a one to others, the userName or a proven address must be
// the person's, too.
func (d *signInTx) surely(id *provision.Identity) bool {
	return !d.conn.IdP.RecyclesExternalID(d.login.ExternalID) || d.login.UserName != "" && provision.SameName(id.UserName, d.login.UserName) ||
		d.vouched() && d.owned && hasEmail(id, d.plain)
}

// withUserName returns the person with the login's userName, as far as the
// connection may claim it; nil when there is none.
func (d *signInTx) withUserName(ctx context.Context) (*provision.Identity, error) {
	if d.login.UserName == "" {
		return nil, nil
	}
	people, err := d.peopleWith(ctx, d.login.UserName)
	if err != nil {
		return nil, err
	}
	id := live(people, d.login.UserName)
	if id == nil || !d.mayClaimName(ctx, d.login.UserName) {
		return nil, nil
	}
	return id, nil
}

// match finds who among the known people the login is.
func (d *signInTx) match(ctx context.Context) (*provision.Identity, error) {
	id, shared, err := d.withExternalID(ctx)
	if err != nil {
		return nil, err
	}
	if id != nil && d.surely(id) {
		return d.claimable(ctx, id, provision.FoundByExternalID)
	}
	d.held = id != nil || shared
	if id, err = d.withUserName(ctx); err != nil {
		return nil, err
	}
	if id != nil {
		return d.claimable(ctx, id, provision.FoundByUserName)
	}
	if !d.conn.SignIn.Match.Email || !d.vouched() || !d.owned {
		return nil, nil
	}
	people, err := d.peopleWith(ctx, d.plain)
	if err != nil {
		return nil, err
	}
	var found []provision.Identity
	for _, id := range people {
		if id.Status != provision.StatusRemoved && hasEmail(&id, d.plain) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return nil, nil
	}
	administers, err := d.administers(ctx, found[0].ID)
	if err != nil {
		return nil, err
	}
	if administers { // an address is not enough for that, whoever vouches for it
		return nil, provision.Refuse(provision.RefusedTaken, "an administrator of a desk is not found by the address alone; have the identity provider send what equals their userName or externalId")
	}
	return d.claimable(ctx, &found[0], provision.FoundByEmail)
}

// administers reports whether somebody is an administrator of a desk, or
// should be.
func (d *signInTx) administers(ctx context.Context, id provision.IdentityID) (bool, error) {
	accounts, err := d.tx.AccountsOf(ctx, []provision.IdentityID{id})
	return slices.ContainsFunc(accounts, func(a provision.Account) bool {
		return a.Desired.Role == provision.RoleAdmin || a.Confirmed.Role == provision.RoleAdmin
	}), err
}

// mayClaimName reports whether a user name that may be an address belongs to
// the connection, or at least to no other.
func (d *signInTx) mayClaimName(ctx context.Context, name string) bool {
	domain := provision.DomainOf(name)
	if domain == "" || slices.Contains(d.conn.Domains, domain) {
		return true
	}
	_, err := provision.ConnectionOfDomain(ctx, d.tx, domain)
	return provision.IsNotFound(err)
}

// claimable returns id, found by by, unless somebody else signs in as that
// person already: the same issuer gives one person one subject. Logins of before
// that the new one is stronger than are in its way no more; see outdone.
func (d *signInTx) claimable(ctx context.Context, id *provision.Identity, by provision.FoundBy) (*provision.Identity, error) {
	if by != provision.FoundByExternalID && (id.ID == *d.not || otherID(id, &d.login)) {
		return nil, provision.Refuse(provision.RefusedTaken, "the person of this name has another externalId than the login gives; see that SCIM has told of both")
	}
	logins, err := d.tx.LoginsOf(ctx, id.ID)
	if err != nil {
		return nil, err
	}
	d.outdone = nil
	for _, l := range logins {
		if l.Issuer != d.login.Issuer || l.Protocol != d.login.Protocol || l.Subject == d.login.Subject {
			continue
		}
		if !outdone(l, id, &d.login, d.plain, by) {
			return nil, provision.Refuse(provision.RefusedTaken, "this person signs in under another identifier of the same identity provider; an admin can `deskbridge session unlink` it")
		}
		d.outdone = append(d.outdone, l)
	}
	d.by = by
	return id, nil
}

// peopleWith returns the connection's people with this userName or address,
// removed ones included.
func (d *signInTx) peopleWith(ctx context.Context, text string) ([]provision.Identity, error) {
	people, err := d.tx.FindPeople(ctx, text)
	return slices.DeleteFunc(people, func(id provision.Identity) bool { return id.Connection != d.conn.ID }), err
}

func hasEmail(id *provision.Identity, plain string) bool {
	same := func(value string) bool {
		p, ok := provision.PlainEmail(value)
		return ok && provision.SameName(p, plain)
	}
	return same(id.UserName) || same(id.Profile.Email) || slices.ContainsFunc(id.Emails, func(e provision.Email) bool { return same(e.Value) })
}

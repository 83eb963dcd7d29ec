package signin

import (
	"context"
	"slices"
	"strings"

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
	known, err := d.tx.Login(ctx, d.conn.ID, d.login.Protocol, d.login.Issuer, d.login.Subject)
	if err == nil {
		d.used = known.UsedAt
		id, err := d.tx.LockIdentity(ctx, d.conn.ID, known.Identity)
		if err == nil {
			return &id, false, nil
		}
		if !provision.IsNotFound(err) {
			return nil, false, err
		}
		removed = true // perhaps pushed again under a new id
	} else if !provision.IsNotFound(err) {
		return nil, false, err
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

// match finds who among the known people the login is.
func (d *signInTx) match(ctx context.Context) (*provision.Identity, error) {
	if d.login.ExternalID != "" {
		id, err := d.tx.IdentityByExternalID(ctx, d.conn.ID, d.login.ExternalID)
		if err == nil {
			return d.claimable(ctx, &id)
		}
		if !provision.IsNotFound(err) {
			return nil, err
		}
	}
	if name := d.login.UserName; name != "" {
		people, err := d.peopleWith(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, id := range people {
			if sameName(id.UserName, name) && id.Status != provision.StatusRemoved && d.mayClaimName(ctx, name) {
				return d.claimable(ctx, &id)
			}
		}
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
	return d.claimable(ctx, &found[0])
}

// administers reports whether somebody is an administrator of a desk, or
// should be.
func (d *signInTx) administers(ctx context.Context, id provision.IdentityID) (bool, error) {
	accounts, err := d.tx.AccountsOf(ctx, []provision.IdentityID{id})
	return slices.ContainsFunc(accounts, func(a provision.Account) bool {
		return a.Desired.Role == provision.RoleAdmin || a.Confirmed.Role == provision.RoleAdmin
	}), err
}

// sameName compares user names without regard to letter case, as far as
// nothing but ASCII is involved: look-alikes and Unicode folding must not make
// one person another.
func sameName(a, b string) bool {
	return a == b || isASCII(a) && isASCII(b) && strings.EqualFold(a, b)
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

// claimable returns id unless somebody else signs in as that person already:
// the same issuer gives one person one subject.
func (d *signInTx) claimable(ctx context.Context, id *provision.Identity) (*provision.Identity, error) {
	logins, err := d.tx.LoginsOf(ctx, id.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range logins {
		if l.Issuer == d.login.Issuer && l.Protocol == d.login.Protocol && l.Subject != d.login.Subject {
			return nil, provision.Refuse(provision.RefusedTaken, "this person signs in under another identifier of the same identity provider; an admin can `deskbridge session unlink` it")
		}
	}
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
		return ok && sameName(p, plain)
	}
	return same(id.UserName) || same(id.Profile.Email) || slices.ContainsFunc(id.Emails, func(e provision.Email) bool { return same(e.Value) })
}

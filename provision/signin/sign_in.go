package signin

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// SignedIn is the result of a sign-in.
type SignedIn struct {
	Person  provision.Identity
	Created bool // made by this sign-in
	Linked  bool // found among those known, and bound to the login
}

// signInTries is how often a sign-in that lost a race looks again.
const signInTries = 3

// again does what a sign-in does until it has lost no race: somebody else may
// be making the same person.
func (s *Service) again(do func() error) (err error) {
	for range signInTries {
		if err = do(); !provision.IsConflict(err) {
			return err
		}
	}
	return provision.Refuse(provision.RefusedTaken, "somebody else has the user name or the address of this login")
}

// signInTx is one sign-in inside its transaction.
type signInTx struct {
	*Service
	tx    Store
	cause provision.Cause
	login provision.Login
	grant RefreshToken
	dry   bool // taken back in the end: passes where sign-in is switched off, so that it can be tried before

	conn  provision.Connection
	rules []provision.Rule
	plain string // the login's address in the form that is compared; "" when it gives none
	owned bool   // the connection owns its domain
	taken bool   // somebody else is known by it

	known   provision.LoginKey    // as the login is known; zero: it is not
	holder  *provision.Identity   // whom it is bound to, locked; nil: removed, or not meant
	by      provision.FoundBy     // what the person was found by, when not by the login itself
	outdone []provision.LoginKey  // of the person, and in the way of the login no more
	held    bool                  // the login's externalId is somebody's whom it does not tell from others
	not     *provision.IdentityID // whom the login was bound to and does not mean; outlives the try
}

func (d *signInTx) run(ctx context.Context, loaded Loaded) (in SignedIn, err error) {
	if d.login.Issuer == "" || d.login.Subject == "" {
		return in, provision.Errorf(provision.Invalid, "subject", "a login needs an issuer and a subject")
	}
	d.rules, d.conn, d.known, d.holder = loaded.Rules, loaded.Connection, loaded.Known, loaded.Person
	if d.conn.SignIn.Disabled && !d.dry {
		return in, provision.Refuse(provision.RefusedDisabled, "sign-in through this connection is switched off")
	}
	if err := d.readAddress(ctx); err != nil {
		return in, err
	}
	person, linked, err := d.find(ctx)
	if err != nil {
		return in, err
	}
	if person == nil {
		made, err := d.make(ctx)
		if err != nil {
			return in, err
		}
		if err := made.RefuseSignIn(d.now()); err != nil { // they were here before, and an admin's terms bar them
			return in, err
		}
		in, d.by = SignedIn{Person: made, Created: true, Linked: true}, provision.FoundByCreation
	} else {
		if err := person.RefuseSignIn(d.now()); err != nil {
			return in, err
		}
		if err := d.checkAddress(ctx, person); err != nil {
			return in, err
		}
		in = SignedIn{Person: *person, Linked: linked}
		if !person.SCIMManaged() {
			if err := d.renew(ctx, person); err != nil {
				return in, err
			}
			if in.Person, err = d.update(ctx, *person); err != nil {
				return in, err
			}
		}
	}
	if err := d.bind(ctx, in); err != nil {
		return in, err
	}
	return in, d.keepGrant(ctx, in.Person)
}

// readAddress brings the login's address into the form that is compared, and
// refuses one that another connection owns.
func (d *signInTx) readAddress(ctx context.Context) error {
	if d.login.Email == "" {
		return nil
	}
	plain, ok := provision.PlainEmail(d.login.Email)
	if !ok {
		return provision.Refuse(provision.RefusedAddress, "the identity provider gives an address that cannot be used")
	}
	d.plain = plain
	domain := provision.DomainOf(plain)
	if d.owned = slices.Contains(d.conn.Domains, domain); d.owned {
		return nil
	}
	owner, err := provision.ConnectionOfDomain(ctx, d.tx, domain)
	if err == nil && owner.ID != d.conn.ID {
		return provision.Refuse(provision.RefusedDomain, "addresses at this domain sign in elsewhere")
	}
	if provision.IsNotFound(err) {
		return nil
	}
	return err
}

// checkAddress refuses somebody who is known here by an address at a domain that
// another connection owns, whatever address the login gives: desks and proxies
// are told the one that is known.
func (d *signInTx) checkAddress(ctx context.Context, person *provision.Identity) error {
	own := func(domain string) bool { return slices.Contains(d.conn.Domains, domain) }
	if len(slices.DeleteFunc(person.Domains(), own)) == 0 {
		return nil
	}
	all, err := d.tx.Connections(ctx)
	if err == nil && provision.BelongsElsewhere(person, all) {
		err = provision.Refuse(provision.RefusedDomain, "addresses at this domain sign in elsewhere")
	}
	return err
}

// vouched reports whether the login's address can be taken as proven.
func (d *signInTx) vouched() bool {
	switch d.login.Verified {
	case provision.VerifiedYes:
		return d.plain != ""
	case provision.VerifiedDomain:
		return d.owned
	}
	return false
}

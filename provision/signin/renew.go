package signin

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/expiry"
)

// RefreshToken is what the identity provider gave with a login, to be asked by whether it
// still vouches for the person. The zero value is nothing.
type RefreshToken struct {
	Text   string
	Client string // the client id that it was given to
}

// renew gives somebody whose sign-in has expired their access back. They are locked, and
// known by sign-in alone.
func (d *signInTx) renew(ctx context.Context, person *provision.Identity) error {
	was := person.Terms.SignInExpired
	if was == nil {
		return nil
	}
	person.Terms.SignInExpired = nil
	if err := d.tx.SaveTerms(ctx, person.ID, person.Terms, person.TermsDue); err != nil {
		return err
	}
	entry := d.audit.Entry(d.cause, d.conn.ID, audit.PersonRenewed, string(person.ID))
	entry.Detail = map[string]any{"why": was.Why}
	if err := d.audit.Record(ctx, d.tx, entry); err != nil {
		return err
	}
	return d.access.EvaluateIn(ctx, d.tx, d.cause, d.conn.ID, d.rules, []provision.Identity{*person})
}

// keepGrant keeps the refresh token of somebody known by sign-in alone, where the
// connection is to ask by it.
func (d *signInTx) keepGrant(ctx context.Context, person provision.Identity) error {
	every := d.conn.SignIn.Recheck
	if every == 0 || d.dry || d.grant.Text == "" || person.SCIMManaged() {
		return nil
	}
	now := d.now()
	login := provision.LoginKey{Connection: d.conn.ID, Protocol: d.login.Protocol, Issuer: d.login.Issuer, Subject: d.login.Subject, Identity: person.ID}
	return d.tx.SaveGrant(ctx, expiry.Grant{Login: login, Client: d.grant.Client, Token: d.grant.Text, VouchedAt: now, NextAt: now.Add(every)})
}

// Package secrets fills in what a file of access leaves out on purpose: secrets that are
// kept already. A secret stays only for whom it was given: at another address, issuer or
// client it has to be given anew, lest a file that knows no secret send it somewhere else.
package secrets

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Store is what this package needs of a database; look-ups return a NotFound
// [provision.Error] when there is none.
type Store interface {
	Connection(ctx context.Context, name string) (provision.Connection, error)
	Desk(ctx context.Context, name string) (provision.Desk, error)
}

// Keep fills in the secrets of connections and desks as they are kept.
func Keep(ctx context.Context, store Store, connections []provision.Connection, desks []provision.Desk) error {
	for i := range connections {
		if err := keepClientSecret(ctx, store, &connections[i]); err != nil {
			return err
		}
	}
	for i := range desks {
		if err := keepDeskSecrets(ctx, store, &desks[i]); err != nil {
			return err
		}
	}
	return nil
}

// keepClientSecret fills in our client secret at an OpenID provider.
func keepClientSecret(ctx context.Context, store Store, want *provision.Connection) error {
	o := want.SignIn.OIDC
	if o == nil || o.ClientSecret != "" {
		return nil
	}
	have, err := store.Connection(ctx, want.Name)
	if err != nil {
		return unlessNotFound(err)
	}
	known := have.SignIn.OIDC
	if have.Name != want.Name || known.Readable() != nil || known.Issuer != o.Issuer || known.ClientID != o.ClientID || known.AuthMethod != o.AuthMethod {
		return nil
	}
	with := *o
	with.ClientSecret = known.ClientSecret
	want.SignIn.OIDC = &with
	return nil
}

// keepDeskSecrets fills in the credential for a desk's API, and the desk's client
// secret here.
func keepDeskSecrets(ctx context.Context, store Store, want *provision.Desk) error {
	o := want.SignIn.OIDC
	if want.Secret != "" && (o == nil || o.ClientSecret != "" || o.Public) {
		return nil
	}
	have, err := store.Desk(ctx, want.Name)
	if err != nil {
		return unlessNotFound(err)
	}
	if have.Name != want.Name || have.Kind != want.Kind {
		return nil
	}
	if want.Secret == "" && have.URL == want.URL {
		want.Secret = have.Secret
	}
	if known := have.SignIn.OIDC; o != nil && known != nil && o.ClientSecret == "" && !o.Public && known.ClientID == o.ClientID {
		with := *o
		with.ClientSecret = known.ClientSecret
		want.SignIn.OIDC = &with
	}
	return nil
}

func unlessNotFound(err error) error {
	if provision.IsNotFound(err) {
		return nil
	}
	return err
}

package plan

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// keepSecrets returns d with the secrets that it leaves out as they are kept, so
// that a file can do without them. A secret stays only for whom it was given: at
// another address, issuer or client it has to be given anew, lest a file that
// knows no secret send it somewhere else.
func keepSecrets(ctx context.Context, store Store, d Draft) (Draft, error) {
	d.Connections, d.Desks = slices.Clone(d.Connections), slices.Clone(d.Desks)
	for i := range d.Connections {
		if err := keepClientSecret(ctx, store, &d.Connections[i]); err != nil {
			return d, err
		}
	}
	for i := range d.Desks {
		if err := keepDeskSecrets(ctx, store, &d.Desks[i]); err != nil {
			return d, err
		}
	}
	return d, nil
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

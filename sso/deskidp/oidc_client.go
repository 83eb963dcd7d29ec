package deskidp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/ory/fosite"

	"github.com/deskbridge/deskbridge/provision"
)

// client is a desk in fosite's eyes.
type client struct {
	*fosite.DefaultClient
	desk provision.Desk
}

var _ fosite.ResponseModeClient = client{}

func newClient(desk provision.Desk) client {
	o := desk.SignIn.OIDC
	c := &fosite.DefaultClient{
		ID: o.ClientID, Public: o.Public, RedirectURIs: o.RedirectURIs, Scopes: scopes,
		GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"},
	}
	if !o.Public {
		sum := sha256.Sum256([]byte(o.ClientSecret))
		c.Secret = sum[:]
	}
	return client{c, desk}
}

// GetResponseModes implements [fosite.ResponseModeClient].
func (client) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery}
}

// digests compares secrets. They are random and long, so that nothing slow is
// needed to keep somebody from guessing.
type digests struct{}

var errDifferent = errors.New("idp: not the client's secret")

// Compare implements [fosite.Hasher].
func (digests) Compare(_ context.Context, hash, data []byte) error {
	sum := sha256.Sum256(data)
	if subtle.ConstantTimeCompare(hash, sum[:]) != 1 {
		return errDifferent
	}
	return nil
}

// Hash implements [fosite.Hasher].
func (digests) Hash(_ context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	return sum[:], nil
}

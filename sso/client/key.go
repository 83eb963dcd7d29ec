package client

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// ownKeys are keys of ours, and when they were read.
type ownKeys struct {
	keys []settings.Key
	at   time.Time
}

// makers make the first key of each use.
var makers = map[settings.KeyUse]settings.MakeKey{settings.KeySAML: NewSAMLKey, settings.KeyOIDC: NewClientKey}

// keysFor is how long our own keys are not read again. A new one is published
// long before it signs.
const keysFor = 5 * time.Second

// ourKeys returns our keys for a use. The first one signs; there is at least one.
func (cs *Clients) ourKeys(ctx context.Context, use settings.KeyUse) ([]settings.Key, error) {
	cs.mu.Lock()
	own := cs.keys[use]
	cs.mu.Unlock()
	if age := cs.site.Now().Sub(own.at); age >= 0 && age < keysFor {
		return own.keys, nil
	}
	keys, err := cs.core.Settings.Keys(ctx, use, makers[use])
	if err == nil {
		cs.mu.Lock()
		cs.keys[use] = ownKeys{keys, cs.site.Now()}
		cs.mu.Unlock()
	}
	return keys, err
}

// NewSAMLKey makes a key pair for signing requests to identity providers.
func NewSAMLKey() (private, certificate []byte, err error) {
	key, err := saml.NewKey("Deskbridge", time.Now())
	if err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key.Private)
	return private, key.Certificate.Raw, err
}

// samlKeys reads keys of ours; the first one signs.
func samlKeys(keys []settings.Key) ([]saml.Key, error) {
	out := make([]saml.Key, len(keys))
	for i, k := range keys {
		private, err := x509.ParsePKCS8PrivateKey(k.Private)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		signer, ok := private.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("key %s cannot sign", k.ID)
		}
		certificate, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		out[i] = saml.Key{Private: signer, Certificate: certificate}
	}
	return out, nil
}

// NewClientKey makes a key pair for authenticating ourselves at OpenID
// providers. The certificate is for those that want one.
func NewClientKey() (private, certificate []byte, err error) { return NewSAMLKey() }

// clientKeysOf reads keys of ours; the first one signs.
func clientKeysOf(keys []settings.Key) ([]oidc.ClientKey, error) {
	pairs, err := samlKeys(keys)
	if err != nil {
		return nil, err
	}
	out := make([]oidc.ClientKey, len(keys))
	for i, pair := range pairs {
		out[i] = oidc.ClientKey{Signer: pair.Private, ID: string(keys[i].ID), Certificate: keys[i].Certificate}
	}
	return out, nil
}

// clientKey returns the key that signs for us now, where the settings want one.
func (cs *Clients) clientKey(ctx context.Context, s protocol.OIDC) (oidc.ClientKey, error) {
	if s.AuthMethod != oidc.AuthPrivateKey {
		return oidc.ClientKey{}, nil
	}
	keys, err := cs.ourKeys(ctx, settings.KeyOIDC)
	if err != nil {
		return oidc.ClientKey{}, err
	}
	read, err := clientKeysOf(keys[:1])
	if err != nil {
		return oidc.ClientKey{}, err
	}
	return read[0], nil
}

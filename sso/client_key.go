package sso

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// clientKeysPath is where OpenID providers find the public keys by which we
// authenticate ourselves (private_key_jwt, OpenID Connect Core §9). It is the
// same for all connections.
const clientKeysPath = "/sso/jwks"

// NewClientKey makes a key pair for authenticating ourselves at OpenID
// providers. The certificate is for those that want one.
func NewClientKey() (private, certificate []byte, err error) { return newSAMLKey() }

// clientKeys publishes the keys that sign for us, or will, or did until lately.
func (h *Handler) clientKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := h.peers.ourKeys(r.Context(), provision.KeyOIDC)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	read, err := clientKeysOf(keys)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	json.NewEncoder(w).Encode(oidc.PublicKeys(read)) //nolint:errcheck // the client may be gone
}

// clientKeysOf reads keys of ours; the first one signs.
func clientKeysOf(keys []provision.Key) ([]oidc.ClientKey, error) {
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
func (p *peers) clientKey(ctx context.Context, s OIDCSettings) (oidc.ClientKey, error) {
	if s.AuthMethod != oidc.AuthPrivateKey {
		return oidc.ClientKey{}, nil
	}
	keys, err := p.ourKeys(ctx, provision.KeyOIDC)
	if err != nil {
		return oidc.ClientKey{}, err
	}
	read, err := clientKeysOf(keys[:1])
	if err != nil {
		return oidc.ClientKey{}, err
	}
	return read[0], nil
}

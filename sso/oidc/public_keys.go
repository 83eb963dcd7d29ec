package oidc

import (
	"crypto/x509"

	"github.com/go-jose/go-jose/v4"
)

// PublicKeys returns the public halves of keys as a JWKS (RFC 7517 §5), by which
// a provider checks who asks it for tokens.
func PublicKeys(keys []ClientKey) jose.JSONWebKeySet {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, len(keys))}
	for i, k := range keys {
		public := jose.JSONWebKey{Key: k.Signer.Public(), KeyID: k.ID, Use: "sig"}
		if certificate, err := x509.ParseCertificate(k.Certificate); err == nil {
			public.Certificates = []*x509.Certificate{certificate}
		}
		set.Keys[i] = public
	}
	return set
}

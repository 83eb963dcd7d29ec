package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// TestAssertion reads what vouches for the client.
func TestAssertion(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	p256 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		key       crypto.Signer
		supported []string
		algorithm string
	}{
		{"RSA", rsaKey, nil, "RS256"},
		{"RSA where both will do", rsaKey, []string{"PS256", "RS256"}, "RS256"},
		{"RSA where only PSS will do", rsaKey, []string{"PS256", "ES256"}, "PS256"},
		{"P-256", p256, nil, "ES256"},
		{"Ed25519", ed, nil, "EdDSA"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signer, err := newSigner(ClientKey{Signer: tt.key, ID: "mine", Certificate: []byte("certificate")}, tt.supported)
			if err != nil {
				t.Fatal(err)
			}
			options, err := clientAuth{signer: signer}.assertion("client", "https://idp.example/token", noon)
			if err != nil || len(options) != 2 {
				t.Fatalf("%d options, %v", len(options), err)
			}
			again, err := clientAuth{signer: signer}.text("client", "https://idp.example/token", noon)
			if err != nil {
				t.Fatal(err)
			}
			token, err := jwt.ParseSigned(again, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(tt.algorithm)})
			if err != nil {
				t.Fatal(err)
			}
			header := token.Headers[0]
			if header.KeyID != "mine" || header.ExtraHeaders["x5t#S256"] != "A9Zt0Ig1wco_EozOrNHzGslBYwlrIPRFroQoW8CDLXI" {
				t.Errorf("header %+v", header)
			}
			var claims jwt.Claims
			if err := token.Claims(tt.key.Public(), &claims); err != nil {
				t.Fatal(err)
			}
			if claims.Issuer != "client" || claims.Subject != "client" || len(claims.Audience) != 1 || claims.Audience[0] != "https://idp.example/token" ||
				claims.ID == "" || claims.Expiry.Time().Sub(noon) > 5*time.Minute || claims.IssuedAt.Time().After(noon) {
				t.Errorf("claims %+v", claims)
			}
		})
	}
	t.Run("a key that nobody takes", func(t *testing.T) {
		_, err := newSigner(ClientKey{Signer: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))}, nil)
		wantReason(t, err, ReasonConfig)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

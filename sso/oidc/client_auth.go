package oidc

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
)

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2
	assertionLifetime = time.Minute
)

// clientAuth tells the token end point who asks.
type clientAuth struct {
	style  oauth2.AuthStyle
	secret string      // "" with a key
	signer jose.Signer // nil with a secret
}

// newClientAuth chooses the way that the admin named, else one that fits the
// secret or key and the provider.
func newClientAuth(c Config, m metadata) (clientAuth, error) {
	method := c.AuthMethod
	if method == "" {
		method = chooseMethod(c, m)
	}
	if len(m.AuthMethods) > 0 && !slices.Contains(m.AuthMethods, method) && c.AuthMethod == "" {
		return clientAuth{}, refuse(ReasonConfig, "the provider does not list %s among the ways to authenticate; set up the other kind, secret or private key, or name the way", method)
	}
	switch method {
	case AuthPost:
		return clientAuth{style: oauth2.AuthStyleInParams, secret: c.ClientSecret}, nil
	case AuthPrivateKey:
		signer, err := newSigner(c.PrivateKey, m.AuthAlgorithms)
		return clientAuth{style: oauth2.AuthStyleInParams, signer: signer}, err
	}
	return clientAuth{style: oauth2.AuthStyleInHeader, secret: c.ClientSecret}, nil
}

// chooseMethod prefers a key to a secret, and the header to the request, which
// is what a provider takes that says nothing (OpenID Connect Discovery §3).
func chooseMethod(c Config, m metadata) string {
	switch {
	case c.PrivateKey.Signer != nil && (c.ClientSecret == "" || slices.Contains(m.AuthMethods, AuthPrivateKey)):
		return AuthPrivateKey
	case len(m.AuthMethods) > 0 && !slices.Contains(m.AuthMethods, AuthBasic) && slices.Contains(m.AuthMethods, AuthPost):
		return AuthPost
	}
	return AuthBasic
}

// newSigner returns what signs client assertions with key.
func newSigner(key ClientKey, supported []string) (jose.Signer, error) {
	var algorithm jose.SignatureAlgorithm
	switch public := key.Signer.Public().(type) {
	case *rsa.PublicKey:
		algorithm = jose.RS256
		if len(supported) > 0 && !slices.Contains(supported, string(jose.RS256)) && slices.Contains(supported, string(jose.PS256)) {
			algorithm = jose.PS256
		}
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			algorithm = jose.ES256
		}
	case ed25519.PublicKey:
		algorithm = jose.EdDSA
	}
	if algorithm == "" {
		return nil, refuse(ReasonConfig, "the private key is neither RSA, nor P-256, nor Ed25519")
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if key.ID != "" {
		options = options.WithHeader("kid", key.ID)
	}
	if key.Certificate != nil {
		// Entra ID finds the key by its certificate
		// (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
		sum := sha256.Sum256(key.Certificate)
		options = options.WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:]))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: cryptosigner.Opaque(key.Signer)}, options)
	if err != nil {
		return nil, refuse(ReasonConfig, "the private key cannot sign with %s", algorithm)
	}
	return signer, nil
}

// assertion returns the parameters by which a key vouches for the client; none
// with a secret.
func (a clientAuth) assertion(clientID, tokenEndpoint string, now time.Time) ([]oauth2.AuthCodeOption, error) {
	if a.signer == nil {
		return nil, nil
	}
	text, err := a.text(clientID, tokenEndpoint, now)
	if err != nil {
		return nil, refuse(ReasonConfig, "the private key could not sign")
	}
	return []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("client_assertion_type", assertionType),
		oauth2.SetAuthURLParam("client_assertion", text),
	}, nil
}

// text returns the assertion itself (RFC 7523 §3). Its audience is the very
// address that it is sent to, so that nobody who gets it can use it elsewhere.
func (a clientAuth) text(clientID, tokenEndpoint string, now time.Time) (string, error) {
	return jwt.Signed(a.signer).Claims(jwt.Claims{
		Issuer:    clientID,
		Subject:   clientID,
		Audience:  jwt.Audience{tokenEndpoint},
		ID:        secret(),
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now.Add(-assertionLifetime)),
		Expiry:    jwt.NewNumericDate(now.Add(assertionLifetime)),
	}).Serialize()
}

package fetch

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxTokenBytes is how long a token may be. An ID token with 200 groups, which
	// is where Entra ends, takes about 12 kB.
	maxTokenBytes = 64 << 10
	maxKeys       = 100
	minRSABits    = 2048 // NIST SP 800-131A; RFC 7518 §3.3 asks for the same
)

// algorithms are the signature algorithms that are accepted: those of RFC 7518
// §3.1 and RFC 8037 that have a public key.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// fetchKeys returns the keys of the JWKS (RFC 7517 §5) at an address that can
// check signatures, and for how long they are fresh.
func fetchKeys(ctx context.Context, client *http.Client, address string) ([]jose.JSONWebKey, time.Duration, error) {
	document, err := Get(ctx, client, address)
	if err != nil {
		return nil, 0, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document.Body, &set); err != nil {
		return nil, 0, errorf(BadAnswer, host(address), "the answer is no JWKS; is this the right address?")
	}
	if len(set.Keys) > maxKeys {
		return nil, 0, errorf(BadAnswer, host(address), "the JWKS has more than %d keys; is this the right address?", maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, text := range set.Keys {
		// One key of a kind that we do not know must not hide the others.
		if key, ok := readKey(text); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, 0, errorf(BadAnswer, host(address), "the JWKS has no public key that can check signatures (RSA of %d bits or more, P-256, P-384, P-521, Ed25519)", minRSABits)
	}
	return keys, lifetime(document.Header), nil
}

// readKey returns a key that can check signatures. The certificates that may
// stand beside it are not looked at: what makes a key the provider's is the
// address that it stands at.
func readKey(text json.RawMessage) (jose.JSONWebKey, bool) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return jose.JSONWebKey{}, false
	}
	for _, name := range []string{"x5c", "x5u", "x5t", "x5t#S256"} {
		delete(members, name)
	}
	text, err := json.Marshal(members)
	if err != nil {
		return jose.JSONWebKey{}, false
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(text, &key); err != nil || key.Use != "" && key.Use != "sig" {
		return jose.JSONWebKey{}, false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return key, public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return key, true
	}
	return jose.JSONWebKey{}, false // a shared secret, or a private key
}

// lifetime returns for how long an answer is fresh by its Cache-Control
// (RFC 9111 §5.2.2), within bounds.
func lifetime(h http.Header) time.Duration {
	said := keysUnsaid
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return KeysAtLeast
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
			if err != nil {
				return KeysAtLeast // RFC 9111 §4.2.1: what cannot be read counts as stale
			}
			age, _ := strconv.ParseInt(h.Get("Age"), 10, 32)
			said = time.Duration(seconds-max(age, 0)) * time.Second
		}
	}
	return min(max(said, KeysAtLeast), KeysAtMost)
}

// token is a signature to be checked.
type token struct {
	jws *jose.JSONWebSignature
	kid string
	alg string
}

// strict is base64url (RFC 7515 §2) with one text for what it encodes. The
// usual reader skips bits that mean nothing: one signature would be good for
// several tokens. Line breaks, which both skip, are looked for by themselves.
var strict = base64.RawURLEncoding.Strict()

// parse reads a token; an error is ErrSignature.
func parse(text string) (token, error) {
	if len(text) > maxTokenBytes || strings.ContainsAny(text, "\r\n") {
		return token{}, ErrSignature
	}
	for part := range strings.SplitSeq(text, ".") {
		if _, err := strict.DecodeString(part); err != nil {
			return token{}, ErrSignature
		}
	}
	jws, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return token{}, ErrSignature
	}
	header := jws.Signatures[0].Protected
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		// RFC 7519 §5 has no use for either, and RFC 7797 §7 forbids b64 in a JWT.
		if _, has := header.ExtraHeaders[name]; has {
			return token{}, ErrSignature
		}
	}
	return token{jws: jws, kid: header.KeyID, alg: header.Algorithm}, nil
}

// verify returns the payload if one of keys signed it. Without a key id, in the
// token or in the JWKS, any of them may have.
func (t token) verify(keys []jose.JSONWebKey) ([]byte, bool) {
	for i := range keys {
		key := &keys[i]
		if t.kid != "" && key.KeyID != "" && t.kid != key.KeyID || key.Algorithm != "" && key.Algorithm != t.alg {
			continue
		}
		if payload, err := t.jws.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// same reports whether two lists are the same one, as a load leaves it.
func same(a, b []jose.JSONWebKey) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

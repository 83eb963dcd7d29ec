package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// Key signs tokens.
type Key struct {
	ID     string // kid; "": the token names none
	Alg    string // RS256, PS256, ES256, EdDSA
	Signer crypto.Signer
}

// keys are made once for a whole run: RSA takes its time. The first two are
// nobody's that signs honestly here, the others are the providers' in turn.
var keys = sync.OnceValue(func() (k [2 + providerKeys]*rsa.PrivateKey) {
	for i := range k {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // the system has no random numbers
		}
		k[i] = made
	}
	return k
})

// providerKeys are enough for two providers that each change theirs once.
const providerKeys = 4

// newRSA returns a key that the provider before did not get.
func newRSA() Key {
	number := keyNumber.Add(1)
	return Key{ID: "key-" + strconv.FormatInt(number, 10), Alg: "RS256", Signer: keys()[2+number%providerKeys]}
}

// keyNumber numbers keys, so that no two providers have one of the same id.
var keyNumber atomic.Int64

func keyID() string { return "key-" + strconv.FormatInt(keyNumber.Add(1), 10) }

// OtherKey is the key of an honest provider that is not the one at hand.
func OtherKey() Key { return Key{ID: "other", Alg: "RS256", Signer: keys()[0]} }

// AttackerKey is a key that nobody trusts, with an id of the attacker's choice.
func AttackerKey(id string) Key { return Key{ID: id, Alg: "RS256", Signer: keys()[1]} }

// NewES256 returns a new key on P-256.
func NewES256() Key {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return Key{ID: keyID(), Alg: "ES256", Signer: key}
}

// NewEdDSA returns a new Ed25519 key.
func NewEdDSA() Key {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return Key{ID: keyID(), Alg: "EdDSA", Signer: key}
}

// JWK returns the public half as it stands in a JWKS.
func (k Key) JWK() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Signer.Public(), KeyID: k.ID, Algorithm: k.Alg, Use: "sig"}
}

// Header returns the header of a token that k signs.
func (k Key) Header() map[string]any {
	header := map[string]any{"alg": k.Alg, "typ": "JWT"}
	if k.ID != "" {
		header["kid"] = k.ID
	}
	return header
}

// Sign returns a token with the usual header.
func (k Key) Sign(claims map[string]any) string { return Forge(k.Header(), claims, k.Signature) }

// Signature signs the first two parts of a token.
func (k Key) Signature(input []byte) []byte {
	sum := sha256.Sum256(input)
	var signature []byte
	var err error
	switch k.Alg {
	case "EdDSA":
		signature, err = k.Signer.Sign(rand.Reader, input, crypto.Hash(0))
	case "PS256":
		signature, err = k.Signer.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	default:
		signature, err = k.Signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	if err != nil {
		panic(err)
	}
	if k.Alg != "ES256" {
		return signature
	}
	var point struct{ R, S *big.Int } // JWS has both numbers side by side (RFC 7518 §3.4)
	if _, err := asn1.Unmarshal(signature, &point); err != nil {
		panic(err)
	}
	return append(point.R.FillBytes(make([]byte, 32)), point.S.FillBytes(make([]byte, 32))...)
}

// HMAC returns what signs with HS256 and a secret.
func HMAC(secret []byte) func(input []byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

// Forge returns a JWT of any header, claims (or text of claims) and signature.
func Forge(header map[string]any, claims any, sign func(input []byte) []byte) string {
	input := part(header) + "." + part(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

func part(v any) string {
	text, is := v.(string)
	if !is {
		encoded, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		text = string(encoded)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// publicDER returns the public key as anybody can have it.
func publicDER(k Key) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.Signer.Public())
	if err != nil {
		panic(err)
	}
	return der
}

package fetch

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

var _ oidc.KeySet = (*KeySet)(nil)

// provider is an identity provider's JWKS whose answer can be changed.
type provider struct {
	*KeySet
	asked *atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
	clock  time.Time
}

func newProvider(t *testing.T, keys ...jose.JSONWebKey) *provider {
	t.Helper()
	p := &provider{clock: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)}
	p.publish(keys...)
	s, asked := server(t, func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		answer := p.answer
		p.mu.Unlock()
		answer(w, r)
	})
	p.asked = asked
	p.KeySet = NewKeySet(New(Options{AllowHosts: []string{hostOf(t, s.URL)}}), s.URL)
	p.now = func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.clock
	}
	return p
}

func (p *provider) later(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock = p.clock.Add(d)
}

func (p *provider) answers(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

func (p *provider) publish(keys ...jose.JSONWebKey) {
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		panic(err)
	}
	p.says(string(text))
}

func (p *provider) says(text string) {
	p.answers(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
}

func (p *provider) wantAsked(t *testing.T, want int64, when string) {
	t.Helper()
	if got := p.asked.Load(); got != want {
		t.Errorf("%s: the JWKS was asked %d times, want %d", when, got, want)
	}
}

func (p *provider) accepts(t *testing.T, token, what string) {
	t.Helper()
	if payload, err := p.VerifySignature(t.Context(), token); err != nil || string(payload) != `{"sub":"ada"}` {
		t.Errorf("%s: %q, %v; want it accepted", what, payload, err)
	}
}

func (p *provider) refuses(t *testing.T, token, what string) {
	t.Helper()
	if payload, err := p.VerifySignature(t.Context(), token); !errors.Is(err, ErrSignature) || payload != nil {
		t.Errorf("%s: %q, %v; want ErrSignature", what, payload, err)
	}
}

func publicKey(id string, key crypto.Signer) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: "sig"}
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, headers map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for name, value := range headers {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"sub":"ada"}`))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kid(id string) map[string]any { return map[string]any{"kid": id} }

var (
	rsaKey   = must(rsa.GenerateKey(rand.Reader, 2048))
	otherRSA = must(rsa.GenerateKey(rand.Reader, 2048))
	p256Key  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384Key  = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521Key  = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	edKey    = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestEveryAcceptedAlgorithm(t *testing.T) {
	p := newProvider(t, publicKey("rsa", rsaKey), publicKey("256", p256Key), publicKey("384", p384Key), publicKey("521", p521Key), publicKey("ed", edKey))
	for _, tt := range []struct {
		alg jose.SignatureAlgorithm
		key any
		kid string
	}{
		{jose.RS256, rsaKey, "rsa"}, {jose.RS384, rsaKey, "rsa"}, {jose.RS512, rsaKey, "rsa"},
		{jose.PS256, rsaKey, "rsa"}, {jose.PS384, rsaKey, "rsa"}, {jose.PS512, rsaKey, "rsa"},
		{jose.ES256, p256Key, "256"}, {jose.ES384, p384Key, "384"}, {jose.ES512, p521Key, "521"}, {jose.EdDSA, edKey, "ed"},
	} {
		p.accepts(t, sign(t, tt.alg, tt.key, kid(tt.kid)), string(tt.alg))
		p.accepts(t, sign(t, tt.alg, tt.key, nil), string(tt.alg)+" without a key id")
	}
	p.wantAsked(t, 1, "twenty good tokens")
}

func TestForgedTokens(t *testing.T) {
	p := newProvider(t, publicKey("rsa", rsaKey), publicKey("256", p256Key))
	good := sign(t, jose.RS256, rsaKey, kid("rsa"))
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	raw := func(header string) string { return base64.RawURLEncoding.EncodeToString([]byte(header)) }
	secret := must(json.Marshal(publicKey("rsa", rsaKey)))
	var fetched atomic.Int64
	evil, _ := server(t, func(http.ResponseWriter, *http.Request) { fetched.Add(1) })

	for name, token := range map[string]string{
		"nothing":                        "",
		"dots":                           "..",
		"none":                           raw(`{"alg":"none"}`) + "." + payload + ".",
		"None with the real signature":   raw(`{"alg":"None","kid":"rsa"}`) + "." + payload + "." + signature,
		"HS256 with the public key":      sign(t, jose.HS256, secret, kid("rsa")),
		"a shared secret of nothing":     sign(t, jose.HS256, make([]byte, 32), kid("../../dev/null")),
		"somebody else's key":            sign(t, jose.RS256, otherRSA, kid("rsa")),
		"a key that it brings":           sign(t, jose.RS256, otherRSA, map[string]any{"kid": "rsa", "jwk": publicKey("rsa", otherRSA)}),
		"a key that it says where to be": sign(t, jose.RS256, otherRSA, map[string]any{"kid": "rsa", "jku": evil.URL, "x5u": evil.URL}),
		"another kind of key":            sign(t, jose.RS256, rsaKey, kid("256")),
		"another payload":                head + "." + raw(`{"sub":"eve"}`) + "." + signature,
		"no signature":                   head + "." + payload + ".",
		"a header that is critical":      sign(t, jose.RS256, rsaKey, map[string]any{"kid": "rsa", "crit": []string{"x"}, "x": true}),
		"a payload that is not encoded":  sign(t, jose.RS256, rsaKey, map[string]any{"kid": "rsa", "crit": []string{"b64"}, "b64": true}),
		"JSON serialization":             `{"payload":"` + payload + `","protected":"` + head + `","signature":"` + signature + `"}`,
		"headers nested without end":     raw(`{"alg":"RS256","kid":`+strings.Repeat(`[`, 20_000)) + "." + payload + "." + signature,
		"a hundred kilobytes":            head + "." + strings.Repeat("a", 100_000) + "." + signature,
		"a hundred thousand dots":        strings.Repeat(".", 100_000),
	} {
		p.refuses(t, token, name)
	}
	p.accepts(t, good, "the good one")
	if fetched.Load() != 0 {
		t.Error("what a token named was fetched")
	}
}

func TestWhatAKeySetMayHold(t *testing.T) {
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	huge := jose.JSONWebKey{Key: &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 380_000, 1), E: 65537}, KeyID: "rsa"}
	text := func(k jose.JSONWebKey) string { return string(must(json.Marshal(k))) }
	encryption := jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "rsa", Use: "enc"}
	bound := jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "rsa", Use: "sig", Algorithm: "RS512"}
	private := jose.JSONWebKey{Key: rsaKey, KeyID: "rsa"}
	good := text(publicKey("rsa", rsaKey))
	token := sign(t, jose.RS256, rsaKey, kid("rsa"))
	for _, tt := range []struct {
		name, body string
		want       bool
	}{
		{"a key", `{"keys":[` + good + `]}`, true},
		{"a key without an id", `{"keys":[` + text(publicKey("", rsaKey)) + `]}`, true},
		{"a key among what nobody knows", `{"keys":[{"kty":"AKP"},null,7,{"kty":"RSA","n":"!"},` + good + `],"more":1}`, true},
		{"a key with a certificate that is none", `{"keys":[` + strings.Replace(good, `{`, `{"x5c":["nonsense"],"x5t":"no",`, 1) + `]}`, true},
		{"a key for something else", `{"keys":[` + text(encryption) + `,` + text(publicKey("256", p256Key)) + `]}`, false},
		{"a key for another algorithm", `{"keys":[` + text(bound) + `]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider(t)
			p.says(tt.body)
			if tt.want {
				p.accepts(t, token, tt.name)
			} else {
				p.refuses(t, token, tt.name)
			}
		})
	}
	for name, body := range map[string]string{
		"nothing":          ``,
		"nonsense":         `<html>`,
		"no keys":          `{"keys":[]}`,
		"another document": `{"issuer":"https://idp.example"}`,
		"a weak key":       `{"keys":[` + text(publicKey("rsa", weak)) + `]}`,
		"an endless key":   `{"keys":[` + text(huge) + `]}`,
		"a private key":    `{"keys":[` + text(private) + `]}`,
		"a shared secret":  `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"rsa"}]}`,
		"very many keys":   `{"keys":[` + strings.Repeat(good+",", 100) + good + `]}`,
		"deep nesting":     `{"keys":` + strings.Repeat("[", 500_000),
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.says(body)
			_, err := p.VerifySignature(t.Context(), token)
			if reason(t, err) != BadAnswer {
				t.Errorf("%v, want that it is no JWKS", err)
			}
		})
	}
}

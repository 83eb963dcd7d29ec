package oidctest

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// forge returns a change of how the ID token is signed. The claims are made
// the victim's.
func forge(f func(p *Provider, claims map[string]any) string) func(*Provider) {
	return func(p *Provider) {
		p.Sign = func(c map[string]any) string {
			c["sub"], c["email"] = Victim()["sub"], Victim()["email"]
			return f(p, c)
		}
	}
}

// secretly returns a token with HS256 under a key that is none.
func secretly(key func(p *Provider) []byte) func(*Provider) {
	return forge(func(p *Provider, c map[string]any) string {
		header := p.Key.Header()
		header["alg"] = "HS256"
		return Forge(header, c, HMAC(key(p)))
	})
}

// attacker returns a token that the attacker has signed, with more in its
// header.
func attacker(more func(p *Provider) map[string]any) func(*Provider) {
	return forge(func(p *Provider, c map[string]any) string {
		key := AttackerKey(p.Key.ID)
		header := key.Header()
		for name, value := range more(p) {
			header[name] = value
		}
		return Forge(header, c, key.Signature)
	})
}

func unsigned([]byte) []byte { return nil }

// forgedCases are ID tokens that the provider did not sign as they are.
func forgedCases() []Case {
	none := func(alg string) func(*Provider) {
		return forge(func(_ *Provider, c map[string]any) string {
			return Forge(map[string]any{"alg": alg, "typ": "JWT"}, c, unsigned)
		})
	}
	honest := func(change func(token string) string) func(*Provider) {
		return forge(func(p *Provider, c map[string]any) string { return change(p.Key.Sign(c)) })
	}
	return []Case{
		{ID: "OT01", Title: "alg none", Part: SignIn, Reason: oidc.ReasonAlgorithm, Set: none("none")},
		{ID: "OT02", Title: "alg None", Part: SignIn, Reason: oidc.ReasonAlgorithm, Set: none("None")},
		{ID: "OT03", Title: "HS256 with the client secret", Part: SignIn, Reason: oidc.ReasonAlgorithm, Set: secretly(func(*Provider) []byte { return []byte(ClientSecret) })},
		{ID: "OT04", Title: "HS256 with the public key in PEM", Part: SignIn, Reason: oidc.ReasonAlgorithm, Set: secretly(func(p *Provider) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(p.Key)})
		})},
		{ID: "OT05", Title: "HS256 with the public key in DER", Part: SignIn, Reason: oidc.ReasonAlgorithm, Set: secretly(func(p *Provider) []byte { return publicDER(p.Key) })},
		{ID: "OT06", Title: "the attacker's key under the real id", Part: SignIn, Reason: oidc.ReasonSignature, Set: attacker(func(*Provider) map[string]any { return nil })},
		{ID: "OT07", Title: "the attacker's key in the header jwk", Part: SignIn, Reason: oidc.ReasonSignature, Set: attacker(func(*Provider) map[string]any {
			return map[string]any{"jwk": AttackerKey("mine").JWK()}
		})},
		{ID: "OT08", Title: "the attacker's key at jku and x5u", Part: SignIn, Reason: oidc.ReasonSignature, Set: attacker(func(p *Provider) map[string]any {
			return map[string]any{"jku": "http://" + p.Forbidden() + "/jwks", "x5u": "http://" + p.Forbidden() + "/cert"}
		})},
		{ID: "OT09", Title: "the attacker's certificate in x5c", Part: SignIn, Reason: oidc.ReasonSignature, Set: attacker(func(*Provider) map[string]any {
			return map[string]any{"x5c": []string{base64.StdEncoding.EncodeToString(certificate(AttackerKey("mine")))}}
		})},
		{ID: "OT10", Title: "kid that leads to an empty file, and an empty key", Part: SignIn, Reason: oidc.ReasonAlgorithm, Set: forge(func(_ *Provider, c map[string]any) string {
			return Forge(map[string]any{"alg": "HS256", "kid": "../../../../dev/null"}, c, HMAC(nil))
		})},
		{ID: "OT11", Title: "claims changed after signing", Part: SignIn, Reason: oidc.ReasonSignature, Set: forge(func(p *Provider, c map[string]any) string {
			parts := strings.Split(p.Key.Sign(c), ".")
			c["sub"] = "somebody-else"
			return parts[0] + "." + part(c) + "." + parts[2]
		})},
		{ID: "OT12", Title: "signature cut off", Part: SignIn, Reason: oidc.ReasonSignature, Set: honest(func(token string) string { return token[:strings.LastIndex(token, ".")+1] })},
		{ID: "OT12b", Title: "signature and its dot cut off", Part: SignIn, Reason: oidc.ReasonMalformed, Set: honest(func(token string) string { return token[:strings.LastIndex(token, ".")] })},
		{ID: "OT13", Title: "another provider's token", Part: SignIn, Reason: oidc.ReasonSignature, Set: forge(func(_ *Provider, c map[string]any) string {
			c["iss"] = "https://other.example"
			return OtherKey().Sign(c)
		})},
		{ID: "OT14", Title: "another provider's key", Part: SignIn, Reason: oidc.ReasonSignature, Set: forge(func(_ *Provider, c map[string]any) string { return OtherKey().Sign(c) })},
		{ID: "OT31", Title: "no ID token", Part: SignIn, Reason: oidc.ReasonNoIDToken, Set: func(p *Provider) {
			p.Exchange = func(answer map[string]any) { delete(answer, "id_token") }
		}},
		{ID: "OT33", Title: "a token of 3 MB", Part: SignIn, Reason: string(fetch.TooLarge), Set: claim("filling", strings.Repeat("x", 2<<20))},
		{ID: "OT33b", Title: "a token that is cut off at a megabyte", Part: SignIn, Reason: string(fetch.TooLarge), Set: func(p *Provider) {
			p.Exchange = func(answer map[string]any) { answer["zfilling"] = strings.Repeat("x", 1<<20) }
		}},
		{ID: "OT33c", Title: "a token of 100 kB", Part: SignIn, Reason: string(fetch.TooLarge), Set: claim("filling", strings.Repeat("x", 75<<10))},
		{ID: "OR01", Title: "an unknown kid", Part: SignIn, Reason: oidc.ReasonSignature, Set: forge(func(_ *Provider, c map[string]any) string {
			return AttackerKey(rand.Text()).Sign(c)
		})},
	}
}

// certificate returns a certificate that the key has signed for itself.
func certificate(k Key) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "idp.example"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Signer.Public(), k.Signer)
	if err != nil {
		panic(err)
	}
	return der
}

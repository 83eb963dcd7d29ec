package oidc_test

import (
	"crypto"
	"net/url"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
)

// BenchmarkCallback measures a callback whose provider takes no time, and what
// the library takes for nothing but the ID token, with the key at hand. Their
// ratio is what all the rest costs: reading the answer, the exchange, and the
// second look at every claim.
func BenchmarkCallback(b *testing.B) {
	for _, key := range []oidctest.Key{{ID: "k", Alg: "RS256", Signer: oidctest.OtherKey().Signer}, oidctest.NewES256()} {
		b.Run(key.Alg, func(b *testing.B) {
			provider, rp := inMemory(b, key)
			raw := key.Sign(memoryClaims(attempt))
			provider.answer(b, raw)
			query := url.Values{"code": {"c"}, "state": {attempt.State}}
			bare := gooidc.NewVerifier(memoryIssuer, &gooidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Signer.Public()}}, &gooidc.Config{
				ClientID: oidctest.ClientID, SupportedSigningAlgs: []string{key.Alg}, Now: func() time.Time { return noon },
			})
			var library time.Duration
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rp.Callback(b.Context(), query, attempt); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				start := time.Now()
				if _, err := bare.Verify(b.Context(), raw); err != nil {
					b.Fatal(err)
				}
				library += time.Since(start)
				b.StartTimer()
			}
			b.ReportMetric(float64(library.Nanoseconds())/float64(b.N), "library-ns/op")
			b.ReportMetric(b.Elapsed().Seconds()/library.Seconds(), "×library")
		})
	}
}

package sso_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// measured returns what the metrics of a Handler say, as name{label="value"}.
func (h *harness) measured() map[string]float64 {
	h.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(h.sso.Collectors()...)
	families, err := registry.Gather()
	h.must(err)
	out := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			out[strings.TrimPrefix(f.GetName(), "deskbridge_")+"{"+strings.Join(labels, ",")+"}"] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

func (h *harness) measures(want map[string]float64) {
	h.Helper()
	got := h.measured()
	for name, value := range want {
		if got[name] != value {
			h.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	if h.Failed() {
		h.Logf("all: %v", got)
	}
}

// aboutNow fails the test unless a metric is a moment within the last minutes.
func (h *harness) aboutNow(name string) {
	h.Helper()
	if at := time.Unix(int64(h.measured()[name]), 0); time.Since(at) > 10*time.Minute || time.Until(at) > time.Minute {
		h.Errorf("%s is %s", name, at)
	}
}

func TestMetricsOfSAML(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	b := h.browser()
	b.signInSAML(idp, "/")
	b.signInSAML(idp, "/")
	request, relay := b.pending("/sso/acme/login")
	b.answer(idp.Message(request, idp.Person).Form(), relay) // not signed
	b.answer(idp.Message(request, idp.Person).Form(), "made up")
	h.measures(map[string]float64{
		`sign_ins_total{connection="acme",protocol="saml",result="created"}`:        1,
		`sign_ins_total{connection="acme",protocol="saml",result="ok"}`:             1,
		`sign_ins_total{connection="acme",protocol="saml",result="unsigned"}`:       1,
		`sign_ins_refused_total{class="message",connection="acme",protocol="saml"}`: 1,
		`sign_ins_refused_total{class="again",connection="acme",protocol="saml"}`:   1,
	})
	for _, name := range []string{`sign_in_expires_timestamp_seconds{connection="acme",what="idp_certificate"}`, `sign_in_expires_timestamp_seconds{connection="",what="own_certificate"}`} {
		if at := h.measured()[name]; at < float64(time.Now().Unix()) {
			t.Errorf("%s is %v", name, at)
		}
	}
}

func TestMetricsOfOIDC(t *testing.T) {
	h, p := newHarness(t, storetest.SQLite(t)).withProvider(t)
	h.trustsOIDC(p, func(s *protocol.OIDC) { s.SecretExpires = "2100-01-01" })
	b := h.browser()
	p.Handle["/jwks"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	b.signInOIDC(p, "/")
	delete(p.Handle, "/jwks")
	h.measures(map[string]float64{
		`sign_in_fetch_errors_total{connection="acme",document="jwks"}`:                 1,
		`sign_in_expires_timestamp_seconds{connection="acme",what="client_secret"}`:     float64(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()),
		`sign_in_fetched_timestamp_seconds{connection="acme",document="jwks"}`:          0,
		`sign_ins_total{connection="acme",protocol="oidc",result="ok"}`:                 0,
		`sign_ins_refused_total{class="account",connection="acme",protocol="oidc"}`:     0,
		`sign_ins_refused_total{class="made up",connection="acme",protocol="whatever"}`: 0,
	})
	b.signedIn(b.signInOIDC(p, "/"), mallory)
	h.aboutNow(`sign_in_fetched_timestamp_seconds{connection="acme",document="discovery"}`)
	h.aboutNow(`sign_in_fetched_timestamp_seconds{connection="acme",document="jwks"}`)
}

// TestMetricsOfWhatCannotBeFetched has an identity provider that is down: that is
// counted as such, and a sign-in that cannot begin is one that was refused.
func TestMetricsOfWhatCannotBeFetched(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	h.set(func(s *provision.SignIn) {
		s.SAML = &protocol.SAML{MetadataURL: "https://127.0.0.1:9/metadata"}
		s.OIDC = &protocol.OIDC{Issuer: "https://127.0.0.1:9", ClientID: "c", ClientSecret: "s"}
	})
	b := h.browser()
	b.get("/sso/acme/login?via=saml")
	b.get("/sso/acme/login?via=oidc")
	h.measures(map[string]float64{
		`sign_in_fetch_errors_total{connection="acme",document="metadata"}`:       1,
		`sign_in_fetch_errors_total{connection="acme",document="discovery"}`:      1,
		`sign_ins_refused_total{class="setup",connection="acme",protocol="saml"}`: 1,
		`sign_ins_refused_total{class="setup",connection="acme",protocol="oidc"}`: 1,
	})
}

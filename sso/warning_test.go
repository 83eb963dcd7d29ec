package sso_test

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// auditLines returns what the audit log tells under an action, as "what days".
func (h *harness) auditLines(action provision.Action, fields ...string) (out []string) {
	h.Helper()
	h.must(h.core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Action == action {
			var parts []string
			for _, f := range fields {
				parts = append(parts, fmt.Sprint(e.Detail[f]))
			}
			out = append(out, strings.Join(parts, " "))
		}
		return nil
	}))
	return out
}

// TestWarningsBeforeSomethingEnds lets time go by, and has two replicas look
// every day: each of the moments before something runs out is reported once.
func TestWarningsBeforeSomethingEnds(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	metadata, err := saml.ParseMetadata(idp.Metadata(), "", time.Now())
	h.must(err)
	keys, err := h.core.Settings.Keys(t.Context(), settings.KeySAML, sharedKey)
	h.must(err)
	own, err := x509.ParseCertificate(keys[0].Certificate)
	h.must(err)
	secretEnds := time.Now().UTC().AddDate(0, 0, 400).Truncate(24 * time.Hour)
	saml := &protocol.SAML{Metadata: string(idp.Metadata())}
	oidc := &protocol.OIDC{Issuer: "https://idp.example.test", ClientID: "c", ClientSecret: "s", SecretExpires: secretEnds.Format(time.DateOnly)}

	for _, tt := range []struct {
		what   string
		at     time.Time
		signIn provision.SignIn
	}{
		{"client_secret", secretEnds, provision.SignIn{OIDC: oidc}},
		{"idp_certificate", metadata.LastCertificate(), provision.SignIn{SAML: saml}},
		{"own_certificate", own.NotAfter, provision.SignIn{SAML: saml}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			h := newHarness(t, storetest.SQLite(t))
			h.set(func(s *provision.SignIn) { s.SAML, s.OIDC = tt.signIn.SAML, tt.signIn.OIDC })
			now := tt.at.AddDate(0, 0, -90)
			h.now = func() time.Time { return now }
			replicas := []*sso.Handler{h.replica(slog.New(slog.DiscardHandler)), h.replica(slog.New(slog.NewJSONHandler(h.log, nil)))}
			var told []string
			for ; now.Before(tt.at.AddDate(0, 0, 5)); now = now.Add(24 * time.Hour) {
				for _, r := range replicas {
					h.must(r.Housekeep(t.Context()))
				}
			}
			for _, line := range h.auditLines("sign_in.ending", "what", "days") {
				if strings.HasPrefix(line, tt.what) {
					told = append(told, line)
				}
			}
			var want []string
			for _, days := range []int{60, 30, 14, 7, 1, 0} {
				want = append(want, fmt.Sprint(tt.what, " ", days))
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWarningsSkipWhatHasPassed begins to look six days before the end.
func TestWarningsSkipWhatHasPassed(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	ends := time.Now().UTC().AddDate(0, 0, 6)
	settings := &protocol.OIDC{Issuer: "https://idp.example.test", ClientID: "c", ClientSecret: "s", SecretExpires: ends.Format(time.DateOnly)}
	h.set(func(s *provision.SignIn) { s.OIDC = settings })
	h.must(h.sso.Housekeep(t.Context()))
	if diff := cmp.Diff([]string{"client_secret 7"}, h.auditLines("sign_in.ending", "what", "days")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	warned := false
	for _, text := range h.sso.Clients().Warnings(t.Context(), h.conn) {
		warned = warned || strings.HasPrefix(text, "the client secret runs out in 5 days")
	}
	if !warned || !strings.Contains(h.log.String(), "the client secret runs out in 5 days") {
		t.Errorf("warnings: %q\n%s", h.sso.Clients().Warnings(t.Context(), h.conn), h.log)
	}
}

// TestWarningOfFreeMail has a connection own a domain where everybody can get an
// address, since long ago: the test of the connection warns of it.
func TestWarningOfFreeMail(t *testing.T) {
	h := newHarness(t, storetest.SQLite(t))
	h.conn.Domains = []string{"gmail.com", ownDomain}
	want := settings.DomainWarnings([]string{"gmail.com"})
	if diff := cmp.Diff(want, h.sso.Clients().Warnings(t.Context(), h.conn)); diff != "" || len(want) != 1 {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

// TestOverage has identity providers say that there are too many groups: an admin
// is told once a day, and nobody loses anything.
func TestOverage(t *testing.T) {
	check := func(t *testing.T, h *harness, signIn func(b *browser), person string) {
		t.Helper()
		for range 2 {
			b := h.browser()
			signIn(b)
			if who := b.who(); who != person {
				t.Fatalf("%q is signed in, want %q: %s", who, person, tail(h.log))
			}
		}
		if got := h.auditLines("groups.overage", "protocol"); len(got) != 1 {
			t.Errorf("told %d times: %v", len(got), got)
		}
		found := false
		for _, f := range h.sso.Clients().Test(t.Context(), h.conn) {
			found = found || f.What == "warning" && strings.Contains(f.Detail, "more groups than")
		}
		if !found {
			t.Error("`connection test` does not tell an admin")
		}
		people, err := h.core.Directory.FindPeople(t.Context(), person)
		h.must(err)
		if diff := cmp.Diff([]string{"Support"}, people[0].ClaimedGroups); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	}
	t.Run("saml", func(t *testing.T) {
		h := newHarness(t, storetest.SQLite(t))
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		v := h.browser().begins("acme")
		v.signedIn(v.answeredWith(v.changed(idp, idp.Person, inGroup("Support"))), idp.Person)
		check(t, h, func(b *browser) {
			v := b.begins("acme")
			v.answeredWith(v.changed(idp, idp.Person, func(a *etree.Element) {
				for _, e := range a.FindElements(".//Attribute") {
					if name := e.SelectAttrValue("Name", ""); name == "groups" {
						e.CreateAttr("Name", "http://schemas.microsoft.com/claims/groups.link")
					}
				}
			}))
		}, idp.Person)
	})
	t.Run("oidc", func(t *testing.T) {
		h, p := newHarness(t, storetest.SQLite(t)).withProvider(t)
		p.Claims = func(c map[string]any) { c["groups"] = []string{"Support"} }
		b := h.browser()
		b.signedIn(b.signInOIDC(p, "/"), mallory)
		p.Claims = func(c map[string]any) {
			c["_claim_names"], c["_claim_sources"] = map[string]any{"groups": "src1"}, map[string]any{"src1": map[string]any{"endpoint": "https://graph.example.test"}}
		}
		check(t, h, func(b *browser) { b.signInOIDC(p, "/") }, mallory)
	})
}

package session_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/session"
)

func TestDemand(t *testing.T) {
	asked := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	began := func(session, authn time.Duration, p provision.Protocol) provision.Session {
		return provision.Session{Protocol: p, CreatedAt: asked.Add(session), AuthnAt: asked.Add(authn)}
	}
	silent := provision.Session{CreatedAt: asked.Add(time.Minute), Protocol: provision.ProtocolOIDC} // its IdP gives no time
	const (
		oidc = provision.ProtocolOIDC
		saml = provision.ProtocolSAML
	)
	anew, choose, hour := session.Demand{Anew: true}, session.Demand{Choose: true}, session.Demand{MaxAge: time.Hour}
	for _, tt := range []struct {
		name   string
		demand session.Demand
		of     provision.Session
		sent   bool
		want   bool
	}{
		{"nothing is asked for", session.Demand{}, silent, false, true},
		{"anew: who has signed in a second ago is sent all the same", anew, began(-time.Second, -time.Second, oidc), false, false},
		{"anew: signed in since", anew, began(time.Minute, time.Minute, oidc), true, true},
		{"anew: a clock that is a minute behind", anew, began(time.Minute, -time.Minute, oidc), true, true},
		{"anew: a silent answer of hours ago", anew, began(time.Minute, -8*time.Hour, oidc), true, false},
		{"anew: a silent answer of three minutes ago", anew, began(time.Minute, -3*time.Minute, saml), true, false},
		{"anew: it is not said when", anew, silent, true, false},
		{"anew: came back without signing in", anew, began(-time.Minute, -time.Minute, oidc), true, false},
		{"choose: of before", choose, began(-time.Second, -time.Second, oidc), false, false},
		{"choose: chosen, and signed in long ago", choose, began(time.Minute, -8*time.Hour, oidc), true, true},
		{"choose: SAML answers silently", choose, began(time.Minute, -8*time.Hour, saml), true, false},
		{"choose: came back without choosing", choose, began(-time.Minute, -time.Minute, oidc), true, false},
		{"an hour: half an hour ago", hour, began(-time.Minute, -30*time.Minute, oidc), false, true},
		{"an hour: a session of now that rests on a sign-in of long ago", hour, began(-time.Minute, -8*time.Hour, oidc), false, false},
		{"an hour: it is not said when", hour, silent, false, false},
		{"an hour: asked, and answered silently with an old one", hour, began(time.Minute, -8*time.Hour, saml), true, false},
		{"an hour: asked, and a minute older by clocks that differ", hour, began(time.Minute, -61*time.Minute, oidc), true, true},
		{"an hour and anew", session.Demand{Anew: true, MaxAge: time.Hour}, began(time.Minute, -30*time.Minute, oidc), true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.demand.Met(tt.of, asked, tt.sent); got != tt.want {
				t.Errorf("Met = %t, want %t", got, tt.want)
			}
		})
	}
}

// TestAuthnAt has the identity provider say when somebody proved who they are, or
// not, by a clock that may be ahead.
func TestAuthnAt(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		in, err := h.SignIn(provisiontest.LoginOf("ann"))
		h.Must(err)
		told := time.Now().Add(-8 * time.Hour).UTC().Truncate(time.Microsecond)
		for _, tt := range []struct{ said, want time.Time }{{told, told}, {time.Time{}, time.Time{}}, {time.Now().Add(time.Hour), time.Now()}} {
			_, secret, err := h.Core.Sessions.StartSession(h.Context(), provisiontest.ByTest, provision.Session{Identity: in.Person.ID, Connection: h.Conn.ID,
				Protocol: provision.ProtocolOIDC, Issuer: provisiontest.Issuer, Subject: "sub-ann", AuthnAt: tt.said}, time.Time{}, "")
			h.Must(err)
			kept, _, _, err := h.Core.Sessions.Session(h.Context(), secret)
			h.Must(err)
			if kept.AuthnAt.IsZero() != tt.want.IsZero() || kept.AuthnAt.Sub(tt.want).Abs() > time.Minute || kept.AuthnAt.After(kept.CreatedAt) {
				t.Errorf("the IdP said %s, kept is %s", tt.said, kept.AuthnAt)
			}
		}
	})
}

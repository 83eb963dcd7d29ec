package signin_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// TestOneNameInTwoProtocols has an identity provider whose SAML entity ID is its
// OpenID provisiontest.Issuer, and which calls one person in the one protocol what it calls
// another in the other: neither gets in as the other, or is signed out with them.
func TestOneNameInTwoProtocols(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		as := func(p provision.Protocol, name string) provision.Login {
			l := provisiontest.LoginOf(name)
			l.Protocol, l.Subject = p, "1001"
			return l
		}
		enter := func(l provision.Login) (signin.SignedIn, provision.Session) {
			h.Helper()
			in, session, _, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, provisiontest.ByTest, signin.SignInRequest{Login: l, Session: provision.Session{Index: "s1"}})
			h.Must(err)
			return in, session
		}
		ann, _ := enter(as(provision.ProtocolSAML, "ann"))
		ben, bens := enter(as(provision.ProtocolOIDC, "ben"))
		if !ben.Created || ann.Person.ID == ben.Person.ID {
			t.Fatalf("ben came in as %s, ann is %s", ben.Person.UserName, ann.Person.UserName)
		}
		again, _ := enter(as(provision.ProtocolSAML, "ann"))
		if again.Person.ID != ann.Person.ID {
			t.Errorf("ann came back as %s", again.Person.UserName)
		}
		for _, f := range []provision.SessionFilter{{Subject: "1001"}, {Index: "s1"}} {
			f.Connection, f.Protocol, f.Issuer = h.Conn.ID, provision.ProtocolSAML, provisiontest.Issuer
			_, err := h.Core.Sessions.EndByMessage(h.Context(), h.Conn.ID, provisiontest.ByTest, session.LogoutMessage{Key: "logout " + f.Subject, Expires: h.Now().Add(time.Hour)}, f)
			h.Must(err)
		}
		left, err := h.Core.Sessions.Sessions(h.Context(), provision.SessionFilter{Connection: h.Conn.ID}, 0)
		h.Must(err)
		if len(left) != 1 || left[0].ID != bens.ID {
			t.Errorf("after ann signed out by SAML %d sessions are left, want ben's", len(left))
		}
	})
}

package provision_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// TestOneNameInTwoProtocols has an identity provider whose SAML entity ID is its
// OpenID issuer, and which calls one person in the one protocol what it calls
// another in the other: neither gets in as the other, or is signed out with them.
func TestOneNameInTwoProtocols(t *testing.T) {
	each(t, func(h *house) {
		h.open(&provision.JIT{Create: true}, "example.test")
		as := func(p provision.Protocol, name string) provision.Login {
			l := login(name)
			l.Protocol, l.Subject = p, "1001"
			return l
		}
		enter := func(l provision.Login) (provision.SignedIn, provision.Session) {
			h.Helper()
			in, session, _, err := h.core.Enter(h.Context(), h.conn.ID, byTest, provision.Entrance{Login: l, Session: provision.Session{Index: "s1"}})
			h.must(err)
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
			f.Connection, f.Protocol, f.Issuer = h.conn.ID, provision.ProtocolSAML, issuer
			_, err := h.core.EndByMessage(h.Context(), h.conn.ID, byTest, provision.Farewell{Key: "logout " + f.Subject, Expires: h.now().Add(time.Hour)}, f)
			h.must(err)
		}
		left, err := h.core.Sessions(h.Context(), provision.SessionFilter{Connection: h.conn.ID}, 0)
		h.must(err)
		if len(left) != 1 || left[0].ID != bens.ID {
			t.Errorf("after ann signed out by SAML %d sessions are left, want ben's", len(left))
		}
	})
}

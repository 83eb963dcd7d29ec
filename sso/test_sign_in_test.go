package sso_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

func TestTestSignIn(t *testing.T) {
	each(t, func(h *harness) {
		idp := samltest.New("https://idp.example.test/metadata")
		h.trusts(idp, nil)
		desk, err := h.core.Settings.AddDesk(t.Context(), byTest, provision.Desk{Name: "support", Kind: builtin.Kind})
		h.must(err)
		_, err = h.core.Settings.AddRuleUnchecked(t.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: desk.ID, Attribute: provision.AttributeJIT, Role: provision.RoleAgent})
		h.must(err)
		try := func(signature samltest.Signature) page {
			h.Helper()
			address, err := h.sso.Flow().TestURL(t.Context(), h.conn)
			h.must(err)
			b := h.browser()
			request, relay := b.pending(strings.TrimPrefix(address, h.url))
			m := idp.Message(request, idp.Person)
			idp.Sign(m.Assertion(), signature)
			p := b.answer(m.Form(), relay)
			if got := b.who(); got != "" {
				h.Errorf("a test sign-in signed in %q", got)
			}
			if p := b.get(strings.TrimPrefix(address, h.url)); p.status != 400 {
				h.Errorf("the address serves twice: %d", p.status)
			}
			return p
		}
		if p := try(samltest.Signature{}); p.status != 200 || !strings.Contains(p.body, idp.Person) || !strings.Contains(p.body, "role agent") {
			h.Errorf("a test sign-in: %d %s", p.status, p.body)
		}
		if people, err := h.core.Directory.FindPeople(t.Context(), idp.Person); err == nil {
			h.Errorf("a test sign-in made %v", people)
		}
		if p := try(samltest.Signature{By: idp.Attacker}); p.status != 400 || !strings.Contains(p.body, "signature") {
			h.Errorf("a test sign-in with a bad signature: %d %s", p.status, p.body)
		}
	})
}

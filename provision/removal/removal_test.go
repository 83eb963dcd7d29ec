package removal_test

import (
	"context"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestNothingNewOfARemovedConnection: while a connection is being removed, nobody
// can be let in through it again, also not by whoever looked it up before.
func TestNothingNewOfARemovedConnection(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		const domain = "late.test"
		_, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain)
		h.Must(err)
		h.Code(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain, func(context.Context, string) ([]string, error) {
			claim, err := h.Core.Settings.ClaimDomainOf(h.Context(), h.Conn.ID, domain)
			h.Must(err)
			_, err = h.Core.Removal.RemoveConnection(h.Context(), provisiontest.ByTest, h.Conn.ID, false)
			h.Must(err)
			return []string{claim.DomainText()}, nil
		}), provision.Invalid)
		_, _, err = h.Core.Tokens.DraftToken(h.Context(), provisiontest.ByTest, h.Conn.ID, credential.TokenDraft{Name: "late"})
		h.Code(err, provision.Invalid)
		_, err = h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, "later.test")
		h.Code(err, provision.Invalid)
		_, err = h.Core.Settings.SetSignIn(h.Context(), provisiontest.ByTest, string(h.Conn.ID), func(s *provision.SignIn) error { s.Disabled = false; return nil })
		h.Code(err, provision.Invalid)
		left, err := h.Core.Settings.Connection(h.Context(), string(h.Conn.ID))
		h.Must(err)
		tokens, err := h.Core.Tokens.Tokens(h.Context(), h.Conn.ID)
		h.Must(err)
		for _, token := range tokens {
			if token.Usable(h.Core.Now()) {
				t.Errorf("token %s lets somebody in", token.Name)
			}
		}
		glance, err := h.Core.Plan.Glance(h.Context())
		h.Must(err)
		for _, f := range glance.Findings {
			if f.Connection == left.Name {
				t.Errorf("somebody is told to see to it: %s %s", f.Text, f.Do)
			}
		}
		if len(left.Domains) > 0 || !left.SignIn.Disabled {
			t.Errorf("the connection has %+v", left)
		}
	})
}

package settings_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestSetSignInSeesEveryChange lets a change edit what is already there, and
// not only put something new in its place.
func TestSetSignInSeesEveryChange(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		set := func(change func(*provision.SignIn)) {
			h.Helper()
			_, err := h.Core.Settings.SetSignIn(h.Context(), provisiontest.ByTest, h.Conn.Name, func(s *provision.SignIn) error { change(s); return nil })
			h.Must(err)
		}
		set(func(s *provision.SignIn) {
			s.JIT = &provision.JIT{Create: true}
			s.OIDC = &protocol.OIDC{Issuer: "https://one.test", Claims: protocol.Claims{protocol.ClaimEmail: "mail"}}
		})
		set(func(s *provision.SignIn) { s.JIT.Create = false })
		set(func(s *provision.SignIn) { s.OIDC.Issuer = "https://two.test" })
		set(func(s *provision.SignIn) { s.OIDC.Claims[protocol.ClaimEmail] = "email" })
		conn, err := h.Core.Settings.Connection(h.Context(), h.Conn.Name)
		h.Must(err)
		if conn.SignIn.JIT.Create || conn.SignIn.OIDC.Issuer != "https://two.test" || conn.SignIn.OIDC.Claims[protocol.ClaimEmail] != "email" {
			h.Errorf("kept %+v, %+v", conn.SignIn.JIT, conn.SignIn.OIDC)
		}
	})
}

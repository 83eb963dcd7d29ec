package settings_test

import (
	"context"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestDomains(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		claim, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, "Bücher.example")
		h.Must(err)
		if claim.Domain != "xn--bcher-kva.example" {
			t.Errorf("claimed %q", claim.Domain)
		}
		records := map[string][]string{}
		lookup := func(_ context.Context, name string) ([]string, error) { return records[name], nil }
		h.Code(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, claim.Domain, lookup), provision.Invalid)
		records[claim.DomainRecord()] = []string{"else", claim.DomainText()}
		h.Must(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, claim.Domain, lookup))
		owner, err := h.Core.Settings.ConnectionOfEmail(h.Context(), " ann@BÜCHER.example ")
		h.Must(err)
		if owner.ID != h.Conn.ID {
			t.Errorf("the domain belongs to %s", owner.ID)
		}
		other, _, err := h.Core.Settings.AddConnection(h.Context(), provisiontest.ByTest, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
		h.Must(err)
		_, err = h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, other.ID, claim.Domain)
		h.Must(err)
		h.Code(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, other.ID, claim.Domain, nil), provision.Conflict)
		h.Must(h.Core.Settings.RemoveDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, claim.Domain))
		h.Must(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, other.ID, claim.Domain, nil))
		for _, bad := range []string{"", "localhost", "a@b.test", "*.example.test", "exa mple.test", "https://example.test"} {
			_, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, bad)
			h.Code(err, provision.Invalid)
		}
	})
}

package entitlement_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestManagerOfASharedExternalID: a manager is whoever has the id or the userName,
// and by an externalId only whoever alone has it.
func TestManagerOfASharedExternalID(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		people := map[string]provision.Identity{}
		for name, externalID := range map[string]string{"ann": "same", "bo": "same", "cy": "alone", "dee": "ann@example.test"} {
			id := provisiontest.Someone(name, "agent")
			id.ExternalID = externalID
			made, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, id)
			h.Must(err)
			people[name] = made
		}
		h.ReconcileAll()
		for name, want := range map[string]string{"same": "", "alone": "cy", "ANN@example.test": "ann", string(people["bo"].ID): "bo", "nobody": "", "": ""} {
			var user provision.DeskUserID
			if want != "" {
				user = h.Account(people[want].ID).DeskUser
			}
			got, err := h.Core.Entitlement.DeskUserOf(h.Context(), h.Conn.ID, h.Desk.ID, name)
			h.Must(err)
			if got != user || want != "" && got == "" {
				t.Errorf("the manager %q is %q, want %q (%s)", name, got, user, want)
			}
		}
	})
}

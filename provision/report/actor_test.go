package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestActors: of those whom a text calls by id the names are found, of nobody else, and of
// who is forgotten none.
func TestActors(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ada, bob, gone := h.Person("ada"), h.Person("bob"), h.Person("gone")
		_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ada.ID, provisiontest.ByTest, func(i *provision.Identity) error { i.Profile.DisplayName = "Ada Byron"; return nil })
		h.Must(err)
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, gone.ID, provisiontest.ByTest, nil))
		_, err = h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, gone.ID)
		h.Must(err)
		called, err := h.Core.Report.Actors(h.Context(), "kept by person:"+string(ada.ID)+", then by person:"+string(ada.ID)+" and person:"+string(gone.ID)+"; of "+string(bob.ID)+", person:"+string(bob.ID)[:30]+" and person:00000000-0000-0000-0000-000000000000")
		h.Must(err)
		if diff := cmp.Diff(map[string]string{"person:" + string(ada.ID): "Ada Byron"}, called); diff != "" {
			h.Error(diff)
		}
	})
}

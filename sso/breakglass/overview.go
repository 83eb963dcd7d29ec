package breakglass

import (
	"fmt"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/client"
)

// overview shows the break-glass admin whether people can sign in, and why
// somebody could not.
func (h *Handler) overview(w http.ResponseWriter, r *http.Request) {
	type connection struct {
		Name     string
		Findings []client.Finding
	}
	connections, err := h.core.Settings.Connections(r.Context())
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	var states []connection
	for _, c := range connections {
		states = append(states, connection{c.Name, h.clients.Test(r.Context(), c)})
	}
	data := map[string]any{"Connections": states, "Token": h.site.FormToken(w, r)}
	if reference := r.URL.Query().Get("reference"); reference != "" {
		why, err := h.refusalsOf(r, reference, connections)
		if err != nil {
			h.site.Broken(w, r, err)
			return
		}
		data["Looked"], data["Why"] = true, why
	}
	h.site.Show(w, r, http.StatusOK, "overview.html", data)
}

func (h *Handler) refusalsOf(r *http.Request, reference string, connections []provision.Connection) (out []string, _ error) {
	entries, err := h.core.Audit.Refusals(r.Context(), reference)
	for _, e := range entries {
		name := ""
		for _, c := range connections {
			if c.ID == e.Connection {
				name = c.Name
			}
		}
		out = append(out, fmt.Sprintf("%s UTC, connection %s, %v: %v", e.At.UTC().Format(time.DateTime), name, e.Detail["protocol"], e.Detail["reason"]))
	}
	return out, err
}

package portal

import (
	"net/http"
	"slices"
	"strings"
)

// provisioning shows how far somebody's accounts are, until they are ready.
func (h *Handler) provisioning(w http.ResponseWriter, r *http.Request) {
	to := h.site.ReturnPath(r.URL.Query().Get("return_to"))
	_, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, to)
		return
	}
	desks, err := h.desks(r, person)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	waits := slices.ContainsFunc(desks, func(p deskEntry) bool { return !p.ready && !p.stuck })
	stuck := slices.ContainsFunc(desks, func(p deskEntry) bool { return p.stuck })
	if !waits && !stuck || !waits && strings.HasPrefix(to, "/sso/") {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	if waits {
		w.Header().Set("Refresh", "1") // this very page
	}
	h.site.Show(w, r, http.StatusOK, "provisioning.html", map[string]any{"Desks": desks, "Stuck": !waits, "To": to, "Reference": h.site.Reference(r.Context())})
}

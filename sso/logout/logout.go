package logout

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
)

func (h *Handler) askLogout(w http.ResponseWriter, r *http.Request) {
	h.site.Show(w, r, http.StatusOK, "logout.html", map[string]any{})
}

// unconfirmedQuery names the parameter of the page that says that the identity
// provider has not confirmed the sign-out.
const unconfirmedQuery = "unconfirmed"

func (h *Handler) signedOut(w http.ResponseWriter, r *http.Request) {
	h.site.Show(w, r, http.StatusOK, "logout.html", map[string]any{"Done": true, "Unconfirmed": r.URL.Query().Has(unconfirmedQuery)})
}

// logout ends this browser's session, here and, where that can be done, at the
// identity provider.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	session, _, conn, err := h.site.Current(r)
	h.site.ClearSession(w)
	if err != nil {
		http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
		return
	}
	ended, err := h.core.Sessions.EndSessions(r.Context(), h.site.Cause(r, session.Protocol), provision.SessionFilter{ID: session.ID}, provision.EndedBySignOut)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.site.Ended(provision.EndedBySignOut, len(ended))
	switch session.Protocol {
	case provision.ProtocolOIDC:
		if rp, _, err := h.clients.OIDC(r.Context(), conn); err == nil {
			if to, ok := rp.EndSessionURL(session.Hint, h.site.PublicURL+"/sso/signed-out", ""); ok {
				http.Redirect(w, r, to, http.StatusSeeOther)
				return
			}
		}
	case provision.ProtocolSAML:
		if request, ok := h.logoutRequest(r, conn, session); ok {
			h.site.SendSAML(w, r, request)
			return
		}
	}
	http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
}

package flow

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// oidcCallback takes the answer of an OpenID provider.
func (h *Handler) oidcCallback(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	refuse := func(err error) { h.site.RefuseError(w, r, conn, provision.ProtocolOIDC, err) }
	query := r.URL.Query()
	if len(query["state"]) != 1 {
		refuse(&oidc.Refusal{Reason: oidc.ReasonState, Detail: "the answer needs one state"})
		return
	}
	// Before anything is made of the answer: a state serves for one try, in
	// whatever browser.
	var a attempt
	if err := h.core.TakeTicket(r.Context(), ticketOIDC, conn.ID, query.Get("state"), &a); err != nil {
		refuse(err)
		return
	}
	if !h.site.SameBrowser(r, a.Browser) {
		refuse(errOtherBrowser)
		return
	}
	refuse = func(err error) { h.refuseAttempt(w, r, conn, provision.ProtocolOIDC, a, err) }
	rp, settings, err := h.clients.OIDC(r.Context(), conn)
	if err != nil {
		refuse(err)
		return
	}
	token, err := rp.Callback(r.Context(), query, oidc.Attempt{State: query.Get("state"), Nonce: a.Nonce, Verifier: a.Verifier})
	if err != nil {
		refuse(err)
		return
	}
	e := provision.Entrance{Login: oidcLogin(conn, settings.Claims, token), Issued: token.Issued, Session: provision.Session{Index: token.SID, Hint: token.Raw},
		Proof: provision.Proof{Context: token.ACR, Methods: token.AMR, Message: token.JTI}}
	if a.Trial {
		h.showTrial(w, r, conn, e)
		return
	}
	h.enter(w, r, conn, e, a.ReturnTo)
}

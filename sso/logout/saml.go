package logout

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

const tokenLogout session.OneTimeKind = "saml logout"

// logoutLife is how long the identity provider may take to answer a logout of
// ours.
const logoutLife = 15 * time.Minute

// logoutRequest returns the request that ends the session at a SAML identity
// provider, when it takes any.
func (h *Handler) logoutRequest(r *http.Request, conn provision.Connection, session provision.Session) (saml.Request, bool) {
	idp, err := h.clients.SAML(r.Context(), conn)
	if err != nil {
		return saml.Request{}, false
	}
	var id saml.NameID
	if json.Unmarshal([]byte(session.NameID), &id) != nil {
		return saml.Request{}, false
	}
	relay := provision.NewSecret()
	request, err := idp.SendLogoutRequest(id, session.Index, relay)
	if err != nil {
		return saml.Request{}, false
	}
	err = h.core.Sessions.KeepOneTime(r.Context(), tokenLogout, conn.ID, relay, request.ID, logoutLife)
	return request, err == nil
}

// samlLoggedOut takes the identity provider's answer to a logout of ours. The
// session here is over in any case, so that an answer that is no good is no
// reason to tell its person that something failed here: it says only that the
// session at the identity provider may not be over.
func (h *Handler) samlLoggedOut(w http.ResponseWriter, r *http.Request, conn provision.Connection, idp *client.SAMLClient, in saml.Incoming) {
	var id string
	err := h.core.Sessions.TakeOneTime(r.Context(), tokenLogout, conn.ID, in.RelayState, &id)
	if web.IsCode(err, provision.NotFound) {
		err = &saml.Refusal{Reason: saml.ReasonInResponseTo, Detail: "no sign-out is under way that this answers"}
	}
	if err != nil {
		h.site.RefuseError(w, r, conn, provision.ProtocolSAML, err)
		return
	}
	if _, err := h.clients.Judge(r.Context(), conn, idp, func(idp *client.SAMLClient) error { return idp.LogoutAnswer(in, id) }); err != nil {
		h.unconfirmed(w, r, conn, err)
		return
	}
	http.Redirect(w, r, "/sso/signed-out", http.StatusSeeOther)
}

// unconfirmed sends somebody on who is signed out here, and perhaps not at the
// identity provider. err is why.
func (h *Handler) unconfirmed(w http.ResponseWriter, r *http.Request, conn provision.Connection, err error) {
	reason, detail := saml.ReasonInternal, err.Error()
	if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
		reason, detail = refusal.Reason, refusal.Detail
	}
	ctx := r.Context()
	h.site.Log.WarnContext(ctx, "sign-out not confirmed by the identity provider", "request", h.site.Reference(ctx), "connection", conn.Name, "protocol", provision.ProtocolSAML, "reason", reason, "detail", detail)
	http.Redirect(w, r, "/sso/signed-out?"+unconfirmedQuery+"=1", http.StatusSeeOther)
}

// samlLogout takes logout messages: the identity provider's request, and its
// answer to ours.
func (h *Handler) samlLogout(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	refuse := func(err error) {
		if web.IsCode(err, provision.NotFound) {
			err = &saml.Refusal{Reason: saml.ReasonInResponseTo, Detail: "no sign-out is under way that this answers"}
		}
		h.site.RefuseError(w, r, conn, provision.ProtocolSAML, err)
	}
	idp, err := h.clients.SAML(r.Context(), conn)
	if err != nil {
		h.site.RefuseSetup(w, r, conn, provision.ProtocolSAML, err)
		return
	}
	in, err := h.incoming(w, r)
	if err != nil {
		refuse(err)
		return
	}
	if !in.IsRequest {
		h.samlLoggedOut(w, r, conn, idp, in)
		return
	}
	var logout *saml.Logout
	idp, err = h.clients.Judge(r.Context(), conn, idp, func(idp *client.SAMLClient) (err error) {
		logout, err = idp.LogoutRequest(in)
		return err
	})
	if err != nil {
		refuse(err)
		return
	}
	named, err := h.sessionsOf(r, conn, logout)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	ended, err := h.core.Sessions.EndByMessage(r.Context(), conn.ID, h.site.Cause(r, provision.ProtocolSAML), h.messageOf(conn, logout), named...)
	if web.IsCode(err, provision.Denied) {
		err = &saml.Refusal{Reason: provision.RefusedReplay, Detail: "this logout request was used before"}
	}
	if err != nil {
		refuse(err)
		return
	}
	h.ended(r, conn, provision.ProtocolSAML, ended)
	answer, err := idp.LogoutResponse(logout.ID, in.RelayState, saml.LogoutSuccess)
	if err != nil { // it has no address for answers: the session is over all the same
		h.site.Show(w, r, http.StatusOK, "logout.html", map[string]any{"Done": true})
		return
	}
	h.site.SendSAML(w, r, answer)
}

// messageOf is a logout request as the core knows it.
func (h *Handler) messageOf(conn provision.Connection, logout *saml.Logout) session.LogoutMessage {
	f := session.LogoutMessage{Key: "logout " + logout.Issuer + " " + logout.ID, Expires: logout.NotOnOrAfter, Issued: logout.Issued}
	person := provision.SessionFilter{Protocol: provision.ProtocolSAML, Issuer: logout.Issuer, Subject: h.clients.Subject(conn, logout.Issuer, logout.NameID)}
	for _, index := range logout.SessionIndexes {
		person.Index = index
		f.Names = append(f.Names, person)
	}
	if len(f.Names) == 0 {
		f.Names = []provision.SessionFilter{person}
	}
	return f
}

func (h *Handler) incoming(w http.ResponseWriter, r *http.Request) (saml.Incoming, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return saml.IncomingQuery(r.URL.RawQuery)
	}
	form, err := web.ReadForm(w, r, web.MaxSAMLForm)
	if err != nil {
		return saml.Incoming{}, &saml.Refusal{Reason: saml.ReasonSize, Detail: err.Error()}
	}
	return saml.IncomingForm(form)
}

// sessionsOf returns the sessions that a logout request names, whatever their
// account key is.
func (h *Handler) sessionsOf(r *http.Request, conn provision.Connection, logout *saml.Logout) (named []provision.SessionFilter, _ error) {
	theirs := provision.SessionFilter{Connection: conn.ID, Protocol: provision.ProtocolSAML, Issuer: logout.Issuer, NameID: logout.NameID.Value}
	sessions, err := h.core.Sessions.Sessions(r.Context(), theirs, 0)
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		if matches(logout, s) {
			named = append(named, provision.SessionFilter{ID: s.ID})
		}
	}
	return named, nil
}

// matches reports whether a logout request is about the session: same NameID,
// and one of the indexes where it names any.
func matches(logout *saml.Logout, s provision.Session) bool {
	var id saml.NameID
	if json.Unmarshal([]byte(s.NameID), &id) != nil || !sameName(id, logout.NameID) {
		return false
	}
	return len(logout.SessionIndexes) == 0 || s.Index == "" || slices.Contains(logout.SessionIndexes, s.Index)
}

// sameName reports whether two NameIDs of one identity provider name one person:
// same value, letter case aside where it is an address, and no qualifier that
// differs. One that is missing stands for the identity provider or for us (SAML
// core §8.3.7), and many send it in the request only: it tells nobody apart.
func sameName(a, b saml.NameID) bool {
	if a.Value != b.Value && !(strings.Contains(a.Value, "@") && provision.SameWord(a.Value, b.Value)) {
		return false
	}
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return !differ(a.NameQualifier, b.NameQualifier) && !differ(a.SPNameQualifier, b.SPNameQualifier)
}

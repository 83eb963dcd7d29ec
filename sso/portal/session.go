package portal

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// session tells programs who is signed in.
func (h *Handler) session(w http.ResponseWriter, r *http.Request) {
	session, person, conn, err := h.site.Current(r)
	if err != nil {
		if !web.IsCode(err, provision.Denied) {
			h.site.Broken(w, r, err)
			return
		}
		web.JSON(w, http.StatusUnauthorized, map[string]any{"error": "not signed in", "login_url": h.site.PublicURL + "/sso/login"})
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{
		"user": map[string]any{"id": person.ID, "email": person.Profile.Email, "name": nameOf(person), "user_name": person.UserName, "connection": conn.Name},
		"session": map[string]any{"id": session.ID, "protocol": session.Protocol, "created_at": session.CreatedAt,
			"ends_at": session.EndsAt},
	})
}

func nameOf(person provision.Identity) string {
	for _, name := range []string{person.Profile.DisplayName, person.Profile.GivenName + " " + person.Profile.FamilyName, person.UserName} {
		if len(name) > 1 {
			return name
		}
	}
	return person.UserName
}

// endOwn ends one of somebody's own sessions, or all.
func (h *Handler) endOwn(w http.ResponseWriter, r *http.Request) {
	session, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, web.Start{ReturnTo: web.Home})
		return
	}
	form, err := web.ReadForm(w, r, web.MaxForm)
	if err != nil {
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Reason: "form", Detail: err.Error()})
		return
	}
	which := provision.SessionFilter{Identity: person.ID}
	if id := form.Get("session"); id != "all" {
		which.ID = provision.SessionID(id)
		if id == "" {
			which.ID = session.ID
		}
	}
	ended, err := h.core.Sessions.EndSessions(r.Context(), h.site.Cause(r, ""), which, provision.EndedByPerson)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.site.Ended(provision.EndedByPerson, len(ended))
	http.Redirect(w, r, web.Home, http.StatusSeeOther)
}

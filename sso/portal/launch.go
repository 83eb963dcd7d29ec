package portal

import (
	"cmp"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// launch shows somebody their desks, and where they are signed in.
func (h *Handler) launch(w http.ResponseWriter, r *http.Request) {
	session, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, web.Home)
		return
	}
	places, err := h.places(r, person)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	for i := range places {
		switch {
		case !places[i].ready:
			places[i].URL = ""
		case places[i].saml: // straight in, without another question
			places[i].URL = "/sso/idp/saml/" + places[i].Name + "/launch"
		}
	}
	sessions, err := h.core.Sessions(r.Context(), provision.SessionFilter{Identity: person.ID}, maxSessions)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	type row struct {
		ID           provision.SessionID
		Agent, Since string
		Current      bool
	}
	rows := make([]row, len(sessions))
	for i, s := range sessions {
		rows[i] = row{ID: s.ID, Agent: cmp.Or(s.Agent, "a browser"), Since: s.CreatedAt.UTC().Format(time.DateTime) + " UTC", Current: s.ID == session.ID}
	}
	h.site.Show(w, r, http.StatusOK, "launch.html", map[string]any{"Name": nameOf(person), "Desks": places, "Sessions": rows,
		"NoAccount": r.URL.Query().Has("no_account")})
}

// maxSessions is how many of their sessions a person sees.
const maxSessions = 50

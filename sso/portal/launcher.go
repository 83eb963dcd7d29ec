package portal

import (
	"cmp"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/sso/web"
)

// launcher shows somebody their desks, and where they are signed in.
func (h *Handler) launcher(w http.ResponseWriter, r *http.Request) {
	session, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, web.Start{ReturnTo: web.Home})
		return
	}
	desks, err := h.desks(r, person)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	idle, err := h.idle(r, person)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	sessions, err := h.core.Sessions.Sessions(r.Context(), provision.SessionFilter{Identity: person.ID}, maxSessions)
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
	h.site.Show(w, r, http.StatusOK, "launcher.html", map[string]any{"Name": nameOf(person), "Desks": desks, "Idle": idle, "Sessions": rows,
		"NoAccount": r.URL.Query().Has("no_account")})
}

// idle names the desks on which somebody has no access because they did not use it.
func (h *Handler) idle(r *http.Request, person provision.Identity) (names []string, _ error) {
	if len(person.Terms.Idle) == 0 {
		return nil, nil
	}
	accounts, err := h.core.Entitlement.AccountsOf(r.Context(), person.ID)
	for _, a := range accounts {
		if m := person.Terms.Idle.On(string(a.Desk.ID)); m != nil && m.Do == seating.Free && len(a.Account.Desired.Grants) > 0 {
			names = append(names, a.Desk.Name)
		}
	}
	return names, err
}

// maxSessions is how many of their sessions a person sees.
const maxSessions = 50

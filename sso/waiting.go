package sso

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// sendOn has the browser go where it was heading: at once when every account
// that the person should have is there, by the waiting page otherwise.
func (h *Handler) sendOn(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, "/sso/waiting?return_to="+url.QueryEscape(to), http.StatusSeeOther)
}

// place is a desk on a page for people.
type place struct {
	Name, State, URL string
	ready, stuck     bool
	saml             bool // the desk signs people in through us
}

// wait shows how far somebody's accounts are, until they are ready.
func (h *Handler) wait(w http.ResponseWriter, r *http.Request) {
	to := web.LocalPath(r.URL.Query().Get("return_to"))
	_, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, to)
		return
	}
	places, err := h.places(r, person)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	waits := slices.ContainsFunc(places, func(p place) bool { return !p.ready && !p.stuck })
	stuck := slices.ContainsFunc(places, func(p place) bool { return p.stuck })
	if !waits && !stuck || !waits && strings.HasPrefix(to, "/sso/") {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	if waits {
		w.Header().Set("Refresh", "1") // this very page
	}
	h.site.Show(w, r, http.StatusOK, "waiting.html", map[string]any{"Desks": places, "Stuck": !waits, "To": to, "Reference": h.site.Reference(r.Context())})
}

// places returns the desks on which somebody should have an account, by name.
func (h *Handler) places(r *http.Request, person provision.Identity) ([]place, error) {
	accounts, err := h.core.AccountsOf(r.Context(), person.ID)
	if err != nil {
		return nil, err
	}
	var out []place
	for _, a := range accounts {
		if a.Account.Wanted.Status != provision.AccessActive {
			continue
		}
		p := place{Name: a.Desk.Name, URL: a.Desk.URL, State: "being set up", ready: a.Account.Usable(), saml: a.Desk.SignIn.SAML != nil}
		switch {
		case p.ready:
			p.State = "ready"
		case a.Account.State == provision.AccountParked:
			p.State, p.stuck = "waits for an administrator", true
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b place) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

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

package sso

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// forwardAuth tells a reverse proxy who is signed in, at every request that it
// passes on: 200 with the person in headers, or 401. With ?desk=NAME it is
// about that desk: only people with an account there pass, under the name that
// the desk knows them by; 403 for others.
func (h *Handler) forwardAuth(w http.ResponseWriter, r *http.Request) {
	_, person, conn, err := h.current(r)
	if err != nil {
		if !isCode(err, provision.Denied) {
			h.broken(w, r, err)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	header := w.Header()
	user := person.UserName
	if desk := r.URL.Query().Get("desk"); desk != "" {
		account, err := h.core.AccountOn(r.Context(), person.ID, desk)
		if err != nil && !isCode(err, provision.NotFound) {
			h.broken(w, r, err)
			return
		}
		if err != nil || !account.Usable() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if account.Profile.Email != "" {
			user = account.Profile.Email
		}
		header.Set("Remote-Role", string(account.Granted.Role))
		header.Set("Remote-Teams", headerList(account.Granted.Teams))
	}
	groups, err := h.core.GroupsOf(r.Context(), person)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	header.Set("Remote-User", headerText(user))
	header.Set("Remote-Email", headerText(person.Profile.Email))
	header.Set("Remote-Name", headerText(nameOf(person)))
	header.Set("Remote-Groups", headerList(names))
	header.Set("Remote-Connection", conn.Name)
	w.WriteHeader(http.StatusOK)
}

// headerText makes text safe for a header: control characters are left out.
// It is UTF-8, which proxies pass on as it is.
func headerText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// headerList joins names with commas. Commas and per cent signs in names are
// written as %2C and %25.
func headerList(names []string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = headerText(strings.NewReplacer("%", "%25", ",", "%2C").Replace(name))
	}
	return strings.Join(parts, ",")
}

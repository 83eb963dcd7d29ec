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
	desk := r.URL.Query().Get("desk")
	v, err := h.core.Visitor(r.Context(), h.cookie(r, sessionCookie), desk)
	if isCode(err, provision.Denied) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if err != nil {
		h.broken(w, r, err)
		return
	}
	header := w.Header()
	user := v.Person.UserName
	if desk != "" {
		if v.Account == nil || !v.Account.Usable() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if v.Account.Profile.Email != "" {
			user = v.Account.Profile.Email
		}
		header.Set("Remote-Role", string(v.Account.Granted.Role))
		header.Set("Remote-Teams", headerList(v.Account.Granted.Teams))
	}
	header.Set("Remote-User", headerText(user))
	header.Set("Remote-Email", headerText(v.Person.Profile.Email))
	header.Set("Remote-Name", headerText(nameOf(v.Person)))
	header.Set("Remote-Groups", headerList(v.Groups))
	header.Set("Remote-Connection", v.Connection.Name)
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

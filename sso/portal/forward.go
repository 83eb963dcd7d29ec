package portal

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// forwardAuth tells a reverse proxy who is signed in, at every request that it
// passes on: 200 with the person in headers, or 401. With ?desk=NAME it is
// about that desk: only people with an account there pass, under the name that
// the desk knows them by; 403 for others.
//
// Where the browser should go instead stands in Location. nginx reads it from
// there. Caddy and Traefik hand the answer itself to the browser: with
// &sign_in=redirect it is a redirect, as far as the browser shows a page.
func (h *Handler) forwardAuth(w http.ResponseWriter, r *http.Request) {
	desk := r.URL.Query().Get("desk")
	v, err := h.core.Sessions.ForwardAuthSubject(r.Context(), h.site.SessionSecret(r), desk)
	if web.IsCode(err, provision.Denied) {
		h.elsewhere(w, r, http.StatusUnauthorized, "/sso/login", h.original(r))
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	header := w.Header()
	user := v.Person.UserName
	if desk != "" {
		if v.Account == nil || !v.Account.Usable() {
			h.noAccount(w, r, v.Account)
			return
		}
		if v.Account.Profile.Email != "" {
			user = v.Account.Profile.Email
		}
		header.Set("Remote-Role", string(v.Account.Confirmed.Role))
		header.Set("Remote-Teams", headerList(v.Account.Confirmed.Teams))
	}
	header.Set("Remote-User", headerText(user))
	header.Set("Remote-Email", headerText(v.Person.Profile.Email))
	header.Set("Remote-Name", headerText(nameOf(v.Person)))
	header.Set("Remote-Groups", headerList(v.Groups))
	header.Set("Remote-Connection", v.Connection.Name)
	w.WriteHeader(http.StatusOK)
}

// noAccount sends somebody who cannot work on a desk to the page that says why:
// their account is being made, or they should have none.
func (h *Handler) noAccount(w http.ResponseWriter, r *http.Request, a *provision.Account) {
	if a != nil && a.Desired.Status == provision.AccessActive {
		h.elsewhere(w, r, http.StatusForbidden, "/sso/waiting", h.original(r))
		return
	}
	h.elsewhere(w, r, http.StatusForbidden, web.Home+"?no_account=1", "")
}

// elsewhere answers with status, and with where the browser should go instead:
// to path, and from there on to the page of ours that it was asking for.
func (h *Handler) elsewhere(w http.ResponseWriter, r *http.Request, status int, path, original string) {
	to := h.site.PublicURL + path
	if original != "" {
		to += "?return_to=" + url.QueryEscape(original)
	}
	w.Header().Set("Location", to)
	if r.URL.Query().Get("sign_in") == "redirect" && showsPage(r) {
		status = http.StatusFound
	}
	w.WriteHeader(status)
}

// original returns the path that a browser asked the proxy for, as the proxy
// passes it on: nginx in the header that docs/sign-in.md has it set, Caddy and
// Traefik in one of their own. "" when it does not say, or when it was asked on
// another host than ours, from which nobody could come back.
func (h *Handler) original(r *http.Request) string {
	if host := r.Header.Get("X-Forwarded-Host"); host != "" && !h.ourHost(host) {
		return ""
	}
	to := cmp.Or(r.Header.Get("X-Original-Uri"), r.Header.Get("X-Forwarded-Uri"))
	if web.LocalPath(to) != to { // the rule for every way back
		return ""
	}
	return to
}

// ourHost reports whether a Host header, with a port or without, names the host
// that browsers see us on. Proxies differ in whether they pass the port on.
func (h *Handler) ourHost(host string) bool {
	public, err := url.Parse(h.site.PublicURL)
	if err != nil {
		return false
	}
	asked := (&url.URL{Host: host}).Hostname()
	return strings.EqualFold(asked, public.Hostname())
}

// showsPage reports whether the request behind the proxy's is one whose answer
// a browser shows. A script that fetches something could not follow a redirect
// to the identity provider, and what a form has sent would be lost.
func showsPage(r *http.Request) bool {
	switch cmp.Or(r.Header.Get("X-Forwarded-Method"), http.MethodGet) {
	case http.MethodGet, http.MethodHead:
	default:
		return false
	}
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode == "" || mode == "navigate"
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

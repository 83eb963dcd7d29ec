package portal

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso/web"
)

// Bounds of what is said in one header, in bytes. All of an answer fits into the
// 4 kB that nginx has for it by default: with more, it answers 500 to everybody
// who is in many groups.
const (
	maxGroups   = 1800
	maxTeams    = 800
	maxName     = 200
	maxLocation = 3000
)

// forwardAuth tells a reverse proxy who is signed in, at every request that it
// passes on: 200 with the person in headers, or 401. With ?desk=NAME it is
// about that desk: only people with an account there pass, under the name that
// the desk knows them by; 403 for others.
//
// Where the browser should go instead stands in Location. nginx reads it from
// there. Caddy and Traefik hand the answer itself to the browser: with
// &sign_in=redirect it is a redirect, as far as the browser shows a page.
//
// Groups and teams that do not fit are left out, and counted in
// Remote-Groups-Omitted and Remote-Teams-Omitted. With &groups=all or &teams=all
// none is.
func (h *Handler) forwardAuth(w http.ResponseWriter, r *http.Request) {
	desk := r.URL.Query().Get("desk")
	v, err := h.core.Sessions.ForwardAuthSubject(r.Context(), h.site.SessionSecret(r), desk)
	if web.IsCode(err, provision.Denied) {
		h.elsewhere(w, r, http.StatusUnauthorized, "/sso/login", h.original(r), desk)
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	header := w.Header()
	user, email := v.Person.UserName, v.Person.Profile.Email
	if desk != "" {
		if v.Account == nil || !v.Account.Usable() {
			h.noAccount(w, r, v)
			return
		}
		email = v.Account.Names.Email // as the desk has confirmed it, whatever is desired since
		if user = cmp.Or(email, v.Account.Names.UserName); user == "" {
			h.noAccount(w, r, v)
			return
		}
		header.Set("Remote-Role", string(v.Account.Confirmed.Role))
		setList(header, "Remote-Teams", v.Account.Confirmed.Teams, bound(r, "teams", maxTeams))
	}
	header.Set("Remote-User", headerText(user))
	header.Set("Remote-Email", headerText(email))
	header.Set("Remote-Name", clipped(headerText(nameOf(v.Person)), maxName))
	setList(header, "Remote-Groups", v.Groups, bound(r, "groups", maxGroups))
	header.Set("Remote-Connection", v.Connection.Name)
	w.WriteHeader(http.StatusOK)
}

// noAccount sends somebody who cannot work on a desk to the page that says why:
// their account is being made, or they get their seat back there, or they should have none.
func (h *Handler) noAccount(w http.ResponseWriter, r *http.Request, v session.ForwardAuthSubject) {
	if a := v.Account; a != nil && (a.Desired.Status == provision.AccessActive || v.Person.Terms.Idle.On(string(a.Desk)) != nil) {
		h.elsewhere(w, r, http.StatusForbidden, "/sso/waiting", h.original(r), r.URL.Query().Get("desk"))
		return
	}
	h.elsewhere(w, r, http.StatusForbidden, web.Home+"?no_account=1", "", "")
}

// elsewhere answers with status, and with where the browser should go instead:
// to path, and from there on to the page of a desk that it was asking for.
func (h *Handler) elsewhere(w http.ResponseWriter, r *http.Request, status int, path, original, desk string) {
	to := h.site.PublicURL + path
	if original != "" {
		to += "?" + web.Start{ReturnTo: original, Desk: desk}.Params().Encode()
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
	if web.LocalPath(to) != to || len(url.QueryEscape(to)) > maxLocation { // the rule for every way back
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

// bound returns how long a list may be: limit, unless the request asks for all.
func bound(r *http.Request, list string, limit int) int {
	if r.URL.Query().Get(list) == "all" {
		return math.MaxInt
	}
	return limit
}

// setList sets a header to names with commas between them, as far as they fit
// into limit bytes, in their order; and another to how many do not.
func setList(header http.Header, name string, names []string, limit int) {
	var kept []string
	length := 0
	for _, n := range names {
		n = listed(n)
		if length+len(n)+1 > limit {
			continue
		}
		kept, length = append(kept, n), length+len(n)+1
	}
	header.Set(name, strings.Join(kept, ","))
	if omitted := len(names) - len(kept); omitted > 0 {
		header.Set(name+"-Omitted", strconv.Itoa(omitted))
	}
}

// listed is a name in a list: its commas and per cent signs are written as %2C
// and %25.
func listed(name string) string {
	return headerText(strings.NewReplacer("%", "%25", ",", "%2C").Replace(name))
}

// clipped returns the beginning of text, of at most limit bytes and whole
// characters.
func clipped(text string, limit int) string {
	for len(text) > limit {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

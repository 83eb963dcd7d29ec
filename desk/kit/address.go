package kit

import (
	"net"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// Address returns a desk's URL without a slash at its end, or advice on a better
// one: hint, where it is none at all. Credentials would travel in the clear over
// http, so that is for loopback only, unless an administrator says otherwise.
func Address(text, hint string, allowHTTP bool) (u *url.URL, advice string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, hint
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, "give the address alone, without user, query and fragment"
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, "use https, or set allow_http to true if the way there is safe by other means"
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, ""
}

// API returns the address of a desk's API, which is below the desk's URL; nil where that is
// none, as wrong says then. hint and allowHTTP are those of [Address].
func API(text, hint string, allowHTTP bool, wrong *desk.Mistakes, below ...string) *url.URL {
	home, advice := Address(text, hint, allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return nil
	}
	if len(below) == 0 {
		return home // JoinPath would end it in a slash
	}
	return home.JoinPath(below...)
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

package web

import (
	"net/url"
	"strings"
)

// Home is where somebody lands who was going nowhere else.
const Home = "/sso/"

// maxReturn bounds the path that somebody is sent back to.
const maxReturn = 2048

// LocalPath returns to when it is a path of ours, and Home otherwise. Browsers
// take backslashes for slashes and leave out tabs and line breaks, so that
// nothing with these passes.
func LocalPath(to string) string {
	if len(to) > maxReturn || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		return Home
	}
	for _, r := range to {
		if r < ' ' || r == 0x7f || r == '\\' {
			return Home
		}
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\t\r\n") {
		return Home
	}
	return to
}

// ReturnPath returns to when it is a path of ours, or the whole address of one,
// as identity providers are often told; and Home otherwise.
func (s *Site) ReturnPath(to string) string { return LocalPath(withoutOrigin(to, s.PublicURL)) }

// withoutOrigin returns what follows origin in an address that begins with it,
// with the port that goes with the scheme or without; others as they are. What
// it returns is still to be judged.
func withoutOrigin(to, origin string) string {
	const https, http = ":443", ":80"
	port := http
	if strings.HasPrefix(origin, "https:") {
		port = https
	}
	origin = strings.TrimSuffix(origin, port)
	if len(to) < len(origin) || !strings.EqualFold(to[:len(origin)], origin) {
		return to
	}
	rest := strings.TrimPrefix(to[len(origin):], port)
	switch {
	case strings.HasPrefix(rest, "/"):
		return rest
	case rest == "", strings.HasPrefix(rest, "?"):
		return "/" + rest
	}
	return to // the origin is but the beginning of another
}

// OriginOf returns scheme, host and port of a URL, as browsers name them.
func OriginOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

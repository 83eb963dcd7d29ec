package sso

import (
	"net/url"
	"strings"
)

// home is where somebody lands who was going nowhere else.
const home = "/sso/"

// maxReturn bounds the path that somebody is sent back to.
const maxReturn = 2048

// localPath returns to when it is a path of ours, and home otherwise. Browsers
// take backslashes for slashes and leave out tabs and line breaks, so that
// nothing with these passes.
func localPath(to string) string {
	if len(to) > maxReturn || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		return home
	}
	for _, r := range to {
		if r < ' ' || r == 0x7f || r == '\\' {
			return home
		}
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\t\r\n") {
		return home
	}
	return to
}

// originOf returns scheme, host and port of a URL, as browsers name them.
func originOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

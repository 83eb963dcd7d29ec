package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// TooFast counts a request, and reports whether its address asks for more than
// it may.
func (s *Site) TooFast(r *http.Request) bool { return !s.requests.Address(s.ClientAddress(r)) }

// ClientAddress returns where a request comes from: the peer, or behind proxies
// that are trusted the last address that none of them added.
func (s *Site) ClientAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	at = at.Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.trusted(at) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	return at.WithZone("")
}

func (s *Site) trusted(at netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

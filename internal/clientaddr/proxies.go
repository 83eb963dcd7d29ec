// Package clientaddr decides where an HTTP request comes from.
//
// Limits, refusals and the audit log go by that address, so that all doors must
// find the same one, and nobody may choose it. The package does not know what
// the address is for. It stands apart from package ratelimit, which the core
// uses and which knows no HTTP.
package clientaddr

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of reverse proxies whose X-Forwarded-For is believed.
// With none the header counts for nothing.
type Proxies []netip.Prefix

// Of returns where a request comes from: the peer, or behind proxies that are
// trusted the last address that none of them added. The zero address says that
// the server does not know the peer's. One of IPv4 is never in the form of IPv6,
// and has no zone.
func (p Proxies) Of(r *http.Request) netip.Addr {
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
		if !p.trusted(at) {
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

func (p Proxies) trusted(at netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(at) })
}

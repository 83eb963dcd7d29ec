package web

import (
	"net/http"
	"net/netip"
)

// TooFast counts a request, and reports whether its address asks for more than
// it may.
func (s *Site) TooFast(r *http.Request) bool { return !s.requests.Address(s.ClientAddress(r)) }

// ClientAddress returns where a request comes from; see [clientaddr.Proxies.Of].
func (s *Site) ClientAddress(r *http.Request) netip.Addr { return s.proxies.Of(r) }

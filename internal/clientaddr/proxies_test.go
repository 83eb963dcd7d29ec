package clientaddr

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for _, tt := range []struct {
		name      string
		trusted   Proxies
		peer      string
		forwarded []string // X-Forwarded-For, line by line
		want      string   // "": no address
	}{
		{"the peer", nil, "192.0.2.1:40000", nil, "192.0.2.1"},
		{"the peer, with no port", nil, "192.0.2.1", nil, "192.0.2.1"},
		{"IPv4 written in IPv6", nil, "[::ffff:192.0.2.1]:40000", nil, "192.0.2.1"},
		{"IPv6, without its zone", nil, "[fe80::1%eth0]:40000", nil, "fe80::1"},
		{"a peer that is no address", proxies, "@", []string{"192.0.2.1"}, ""},
		{"without proxies the header is nothing", nil, "10.0.0.1:1", []string{"192.0.2.1"}, "10.0.0.1"},
		{"of whoever is no proxy too", proxies, "198.51.100.1:1", []string{"192.0.2.1"}, "198.51.100.1"},
		{"a proxy says who asked it", proxies, "10.0.0.1:1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a proxy written in IPv6", proxies, "[::ffff:10.0.0.1]:1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a proxy of IPv6", proxies, "[2001:db8:1::1]:1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"what the client has sent before is not believed", proxies, "10.0.0.1:1", []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		{"nor in a line of its own", proxies, "10.0.0.1:1", []string{"203.0.113.9", "192.0.2.1"}, "192.0.2.1"},
		{"a chain of proxies", proxies, "10.0.0.1:1", []string{"203.0.113.9, 192.0.2.1 , 10.0.0.2"}, "192.0.2.1"},
		{"nothing but proxies", proxies, "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", proxies, "10.0.0.1:1", nil, "10.0.0.1"},
		{"a proxy that says nonsense", proxies, "10.0.0.1:1", []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		{"nonsense further out", proxies, "10.0.0.1:1", []string{"unknown, 10.0.0.2"}, "10.0.0.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want netip.Addr
			if tt.want != "" {
				want = netip.MustParseAddr(tt.want)
			}
			r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
			if got := tt.trusted.Of(r); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

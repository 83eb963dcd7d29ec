package ratelimit

import (
	"net/netip"
	"testing"
)

func TestNetwork(t *testing.T) {
	for _, tt := range []struct {
		name string
		from netip.Addr
		bits int
		want netip.Addr
	}{
		{"an address of IPv4 is itself", netip.MustParseAddr("192.0.2.1"), Household, netip.MustParseAddr("192.0.2.1")},
		{"written in IPv6 too", netip.MustParseAddr("::ffff:192.0.2.1"), Site, netip.MustParseAddr("192.0.2.1")},
		{"a household is a /64", netip.MustParseAddr("2001:db8:0:7:1::1"), Household, netip.MustParseAddr("2001:db8:0:7::")},
		{"a site is a /48", netip.MustParseAddr("2001:db8:0:7:1::1"), Site, netip.MustParseAddr("2001:db8::")},
		{"the zone does not count", netip.MustParseAddr("fe80::1%eth0"), Household, netip.MustParseAddr("fe80::")},
		{"no address stays none", netip.Addr{}, Household, netip.Addr{}},
	} {
		if got := Network(tt.from, tt.bits); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

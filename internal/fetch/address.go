package fetch

import "net/netip"

// special are the address blocks that are no public unicast addresses, from
// the special-purpose registries of IANA (RFC 6890 and its updates). What is
// outside of globalUnicast need not be listed.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network; Linux takes 0.0.0.0 for itself
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // shared, behind a carrier's NAT; some clouds keep their metadata here
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local; most clouds keep their metadata here
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments; Oracle's metadata
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, among them Teredo, which carries IPv4
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4, which carries IPv4
	netip.MustParsePrefix("3fff::/20"),       // documentation
}

var (
	// globalUnicast is the only block that IANA hands out public IPv6 addresses
	// of. Loopback, link-local, unique local, site-local, multicast, unspecified
	// and IPv4-compatible addresses are outside of it.
	globalUnicast = netip.MustParsePrefix("2000::/3")
	// nat64 carries an IPv4 address in its last 32 bits (RFC 6052). On a network
	// that has IPv6 only, every IPv4 server is reached through it.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// public reports whether a server at addr is somebody's on the internet, and
// not one of this machine, its network or its cloud.
func public(addr netip.Addr) bool {
	if addr.Zone() != "" {
		return false // a zone makes sense within one link only
	}
	addr = addr.Unmap()
	if nat64.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.Is6() && !globalUnicast.Contains(addr) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(addr) {
			return false
		}
	}
	return addr.IsValid()
}

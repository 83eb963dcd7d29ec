package ratelimit

import "net/netip"

// Who controls one address of IPv6 controls the whole network: a household has
// a /64 at least, and anybody can have a /48.
const (
	Household = 64
	Site      = 48
)

// Network returns what addresses are counted by: an address of IPv4, in
// whichever form it comes, or the network of IPv6 of that many bits. No address
// is one like any other.
func Network(from netip.Addr, bits int) netip.Addr {
	from = from.Unmap().WithZone("")
	if !from.Is6() {
		return from
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return from
	}
	return network.Addr()
}

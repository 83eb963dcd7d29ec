package sso

import (
	"net/netip"
	"testing"
	"time"
)

// TestNineInTheMorning has a company of 5,000 behind one address sign in within
// one minute: nobody is kept out by the limits of addresses, or of connections.
func TestNineInTheMorning(t *testing.T) {
	const (
		people   = 5000
		requests = 8 // page, address, start, answer, finish, waiting twice, own desks
	)
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	limits := Limits{}.withDefaults()
	byAddress := newLimiter[netip.Addr](limits.PerSecond, limits.Burst, rememberedAddresses, func() time.Time { return now })
	byConnection := newLimiter[demand](limits.ConnectionPerSecond, limits.ConnectionBurst, rememberedConnections, func() time.Time { return now })
	office := netip.MustParseAddr("192.0.2.1")
	for person := range people {
		for request := range requests {
			if !byAddress.allow(office) {
				t.Fatalf("request %d of person %d is one too many for the address", request, person)
			}
		}
		for _, kind := range []string{"login", "acs"} {
			if !byConnection.allow(demand{"acme", kind}) {
				t.Fatalf("%s of person %d is one too many for the connection", kind, person)
			}
		}
		now = now.Add(time.Minute / people)
	}
}

// TestLimitsTakeBoundedMemory counts more addresses than are remembered.
func TestLimitsTakeBoundedMemory(t *testing.T) {
	l := newLimiter[netip.Addr](1, 1, 100, time.Now)
	at := netip.MustParseAddr("10.0.0.0")
	for range 1000 {
		at = at.Next()
		l.allow(at)
	}
	if n := l.by.Len(); n != 100 {
		t.Errorf("%d addresses are remembered, want 100", n)
	}
}

package limit

import (
	"net/netip"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
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
	byAddress := ratelimit.New[netip.Addr](limits.PerSecond, limits.Burst, Addresses, func() time.Time { return now })
	byConnection := ratelimit.New[demand](limits.ConnectionPerSecond, limits.ConnectionBurst, rememberedConnections, func() time.Time { return now })
	office := netip.MustParseAddr("192.0.2.1")
	for person := range people {
		for request := range requests {
			if !byAddress.Allow(office) {
				t.Fatalf("request %d of person %d is one too many for the address", request, person)
			}
		}
		for _, kind := range []string{"login", "acs"} {
			if !byConnection.Allow(demand{"acme", kind}) {
				t.Fatalf("%s of person %d is one too many for the connection", kind, person)
			}
		}
		now = now.Add(time.Minute / people)
	}
}

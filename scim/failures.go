package scim

import (
	"net/netip"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
)

const (
	// failuresAtOnce and failuresPerSecond are how many requests without a valid
	// token an address may make before it is told to wait.
	failuresAtOnce    = 1000
	failuresPerSecond = 10
	// maxAddresses is of how many addresses failures are counted.
	maxAddresses = 8192
)

// failures counts, for each client address, the requests without a valid
// token. Of IPv6 it counts networks, for everybody has 2⁶⁴ addresses there.
type failures struct {
	by *ratelimit.Limiter[netip.Addr]
}

func newFailures(now func() time.Time) *failures {
	return &failures{ratelimit.New[netip.Addr](failuresPerSecond, failuresAtOnce, maxAddresses, now)}
}

// wait notes a failure of the client at addr, and returns how long it has to
// wait before it may fail again; zero when it may.
func (f *failures) wait(addr netip.Addr) time.Duration {
	return f.by.Wait(ratelimit.Network(addr, ratelimit.Household))
}

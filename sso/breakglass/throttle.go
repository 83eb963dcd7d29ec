package breakglass

import (
	"net/netip"
	"time"

	"github.com/deskbridge/deskbridge/sso/limit"
)

// Tries of the break-glass sign-in. It must stand when strangers try passwords,
// and be open for its owner meanwhile. So no limit over all addresses counts
// for an address that has not failed yet: whoever fails again and again shares
// one with all who do.
const (
	// glassPerMinute is how many tries an address has (of IPv6: a /64).
	glassPerMinute = 5
	// glassFailures is how often an address (of IPv6: a /48) may fail within
	// glassForgets before it counts among those who fail.
	glassFailures = 3
	glassForgets  = 15 * time.Minute
	// glassPerMinuteFailing is how many tries all have together who fail.
	glassPerMinuteFailing = 30
	// glassWait is how long a try waits for others: passwords are checked one at
	// a time.
	glassWait = 30 * time.Second
)

// glass counts tries of the break-glass sign-in.
type glass struct {
	tries    *limit.Limiter[netip.Addr]
	failures *limit.Limiter[netip.Addr]
	failing  *limit.Limiter[struct{}]
}

func newGlass(now func() time.Time) *glass {
	return &glass{
		tries:    limit.New[netip.Addr](glassPerMinute/60.0, glassPerMinute, limit.Addresses, now),
		failures: limit.New[netip.Addr](glassFailures/glassForgets.Seconds(), glassFailures, limit.Addresses, now),
		failing:  limit.New[struct{}](glassPerMinuteFailing/60.0, glassPerMinuteFailing, 1, now),
	}
}

// allow counts a try, and reports whether it may be made.
func (g *glass) allow(from netip.Addr) bool {
	if !g.tries.Allow(limit.Network(from, limit.Household)) {
		return false
	}
	return g.failures.Left(limit.Network(from, limit.Site)) || g.failing.Allow(struct{}{})
}

// failed notes that a try was wrong.
func (g *glass) failed(from netip.Addr) { g.failures.Allow(limit.Network(from, limit.Site)) }

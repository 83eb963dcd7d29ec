package breakglass

import (
	"net/netip"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/sso/limit"
)

// Tries of the break-glass sign-in. It must stand when strangers try passwords,
// and be open for the break-glass admin meanwhile. So no limit over all
// addresses counts for an address that has not failed yet: whoever fails again
// and again shares one with all who do.
const (
	// perMinute is how many tries an address has (of IPv6: a /64).
	perMinute = 5
	// maxFailures is how often an address (of IPv6: a /48) may fail within
	// forgetsAfter before it counts among those who fail.
	maxFailures  = 3
	forgetsAfter = 15 * time.Minute
	// perMinuteFailing is how many tries all have together who fail.
	perMinuteFailing = 30
	// tryWait is how long a try waits for others: passwords are checked one at
	// a time.
	tryWait = 30 * time.Second
)

// throttle counts tries of the break-glass sign-in.
type throttle struct {
	tries    *ratelimit.Limiter[netip.Addr]
	failures *ratelimit.Limiter[netip.Addr]
	failing  *ratelimit.Limiter[struct{}]
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{
		tries:    ratelimit.New[netip.Addr](perMinute/60.0, perMinute, limit.Addresses, now),
		failures: ratelimit.New[netip.Addr](maxFailures/forgetsAfter.Seconds(), maxFailures, limit.Addresses, now),
		failing:  ratelimit.New[struct{}](perMinuteFailing/60.0, perMinuteFailing, 1, now),
	}
}

// allow counts a try, and reports whether it may be made.
func (t *throttle) allow(from netip.Addr) bool {
	if !t.tries.Allow(ratelimit.Network(from, ratelimit.Household)) {
		return false
	}
	return t.failures.Left(ratelimit.Network(from, ratelimit.Site)) || t.failing.Allow(struct{}{})
}

// failed notes that a try was wrong.
func (t *throttle) failed(from netip.Addr) { t.failures.Allow(ratelimit.Network(from, ratelimit.Site)) }

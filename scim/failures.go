package scim

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// failuresAtOnce and failuresPerSecond are how many requests without a valid
	// token an address may make before it is told to wait.
	failuresAtOnce    = 1000
	failuresPerSecond = 10
	// maxAddresses is of how many addresses failures are counted: half of them for
	// certain, the rest while there is room.
	maxAddresses = 8192
)

// failures counts, for each client address, the requests without a valid
// token. Its memory is bounded: when there are too many addresses it forgets
// those that were not seen for longest, which then begin anew.
type failures struct {
	mu            sync.Mutex
	recent, older map[netip.Prefix]*rate.Limiter
}

func newFailures() *failures {
	return &failures{recent: make(map[netip.Prefix]*rate.Limiter)}
}

// wait notes a failure of the client at addr, and returns how long it has to
// wait before it may fail again; zero when it may.
func (f *failures) wait(addr netip.Addr, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	reservation := f.limiter(networkOf(addr)).ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now)
	}
	return delay
}

func (f *failures) limiter(network netip.Prefix) *rate.Limiter {
	limiter, ok := f.recent[network]
	if ok {
		return limiter
	}
	if limiter, ok = f.older[network]; !ok {
		limiter = rate.NewLimiter(failuresPerSecond, failuresAtOnce)
	}
	if len(f.recent) >= maxAddresses/2 {
		f.recent, f.older = make(map[netip.Prefix]*rate.Limiter), f.recent
	}
	f.recent[network] = limiter
	return limiter
}

// networkOf returns whom an address belongs to: of IPv6 a network, for
// everybody has 2⁶⁴ addresses there. No address is one like any other.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// peer returns the address at the other end of a request's connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr()
}

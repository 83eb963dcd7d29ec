package limit

import (
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Addresses is how many addresses are counted at once; the ones that were quiet
// for longest are forgotten first. 2 MiB hold them.
const Addresses = 10_000

// Limiter counts events by key, in bounded memory. It is safe for concurrent
// use.
type Limiter[K comparable] struct {
	perSecond rate.Limit
	burst     int
	now       func() time.Time
	mu        sync.Mutex
	by        *lru.Cache[K, *rate.Limiter]
}

// New returns a Limiter of perSecond events a second and key, burst at once,
// which remembers that many keys.
func New[K comparable](perSecond float64, burst, remembered int, now func() time.Time) *Limiter[K] {
	by, err := lru.New[K, *rate.Limiter](remembered)
	if err != nil {
		panic(err) // the size is positive
	}
	return &Limiter[K]{perSecond: rate.Limit(perSecond), burst: burst, now: now, by: by}
}

func (l *Limiter[K]) bucket(key K) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.by.Get(key)
	if !ok {
		bucket = rate.NewLimiter(l.perSecond, l.burst)
		l.by.Add(key, bucket)
	}
	return bucket
}

// Allow counts one event, and reports whether it is within the limit.
func (l *Limiter[K]) Allow(key K) bool { return l.bucket(key).AllowN(l.now(), 1) }

// Left reports whether one more event would be within the limit, and counts
// nothing.
func (l *Limiter[K]) Left(key K) bool { return l.bucket(key).TokensAt(l.now()) >= 1 }

// Who controls one address of IPv6 controls the whole network: a household has
// a /64 at least, and anybody can have a /48.
const (
	Household = 64
	Site      = 48
)

// Network returns what addresses are counted by: an address of IPv4, a network
// of IPv6 of that many bits.
func Network(from netip.Addr, bits int) netip.Addr {
	if !from.Is6() {
		return from
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return from
	}
	return network.Addr()
}

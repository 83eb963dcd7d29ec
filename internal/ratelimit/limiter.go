package ratelimit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Limiter counts events by key, in bounded memory: of more keys than it
// remembers it forgets those that were quiet for longest, which then begin anew.
// It is safe for concurrent use. A nil Limiter limits nothing.
type Limiter[K comparable] struct {
	perSecond rate.Limit
	burst     int
	now       func() time.Time
	mu        sync.Mutex
	by        *simplelru.LRU[K, *rate.Limiter]
}

// New returns a Limiter of perSecond events a second and key, burst at once,
// which remembers that many keys. It takes memory only for the keys that come.
func New[K comparable](perSecond float64, burst, remembered int, now func() time.Time) *Limiter[K] {
	by, err := simplelru.NewLRU[K, *rate.Limiter](remembered, nil)
	if err != nil {
		panic(err) // the size is positive
	}
	return &Limiter[K]{perSecond: rate.Limit(perSecond), burst: burst, now: now, by: by}
}

// Allow counts one event, and reports whether it is within the limit. One that
// is not takes nothing.
func (l *Limiter[K]) Allow(key K) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bucket(key).AllowN(l.now(), 1)
}

// Wait is [Limiter.Allow] for who is told when to come back: it returns how long
// it is until the event would be within the limit, zero when it is.
func (l *Limiter[K]) Wait(key K) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock() // between taking a token and giving it back nobody else takes one
	defer l.mu.Unlock()
	now := l.now()
	reservation := l.bucket(key).ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now)
	}
	return delay
}

// Charge counts n further events, but no more than may come at once, into debt
// if need be: what comes next waits.
func (l *Limiter[K]) Charge(key K, n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bucket(key).ReserveN(l.now(), min(max(n, 0), l.burst))
}

// Left reports whether one more event would be within the limit. It counts
// nothing, and remembers no new key: whoever is only asked about has nobody
// forgotten.
func (l *Limiter[K]) Left(key K) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, known := l.by.Get(key)
	return !known || bucket.TokensAt(l.now()) >= 1
}

// bucket returns the bucket of a key; l.mu is held.
func (l *Limiter[K]) bucket(key K) *rate.Limiter {
	bucket, known := l.by.Get(key)
	if !known {
		bucket = rate.NewLimiter(l.perSecond, l.burst)
		l.by.Add(key, bucket)
	}
	return bucket
}

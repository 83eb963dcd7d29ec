package scim

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/patch"
)

// Limits bounds what one request, and one connection, may ask for. The zero
// value of a field means its default.
type Limits struct {
	MaxBody              int64         // bytes of a request body; default 1 MiB
	MaxBulkBody          int64         // bytes of the body of a bulk request; default 1 MiB
	MaxOperations        int           // operations in one PATCH, and in one bulk request; default 1,000
	MaxMembersPerRequest int           // members named in one request; default 20,000
	MaxFilterLength      int           // bytes of a filter or path; default 4,096
	MaxFilterDepth       int           // brackets within brackets in a filter; default 32
	MaxResults           int           // resources on one page; default 1,000
	CursorTimeout        time.Duration // how long a cursor can be used; default 24 h
	RatePerSecond        float64       // requests a connection may make for long; default 200; negative: no limit
	Burst                int           // requests it may make at once; default 1,000
}

// defaultCount is how many resources a page holds when the client does not say.
const defaultCount = 100

func (l Limits) withDefaults() Limits {
	set(&l.MaxBody, 1<<20)
	set(&l.MaxBulkBody, 1<<20)
	set(&l.MaxOperations, 1000)
	set(&l.MaxMembersPerRequest, 20_000)
	set(&l.MaxFilterLength, 4096)
	set(&l.MaxFilterDepth, 32)
	set(&l.MaxResults, 1000)
	set(&l.CursorTimeout, 24*time.Hour)
	set(&l.RatePerSecond, 200)
	set(&l.Burst, 1000)
	return l
}

// filter returns the limits of filters and paths.
func (l Limits) filter() filter.Limits {
	return filter.Limits{MaxLength: l.MaxFilterLength, MaxDepth: l.MaxFilterDepth}
}

// patch returns the limits of a PATCH.
func (l Limits) patch() patch.Limits {
	return patch.Limits{Filter: l.filter(), MaxOperations: l.MaxOperations, MaxMembers: l.MaxMembersPerRequest}
}

func set[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}

// limiters keeps one token bucket a connection. There are as many as
// connections, so none is ever dropped.
type limiters struct {
	limits  Limits
	buckets sync.Map // provision.ConnectionID → *rate.Limiter
}

// wait returns how long a request of the connection at now has to wait; zero
// lets it pass.
func (l *limiters) wait(id provision.ConnectionID, now time.Time) time.Duration {
	if l.limits.RatePerSecond < 0 {
		return 0
	}
	bucket, ok := l.buckets.Load(id)
	if !ok {
		fresh := rate.NewLimiter(rate.Limit(l.limits.RatePerSecond), l.limits.Burst)
		bucket, _ = l.buckets.LoadOrStore(id, fresh)
	}
	reservation := bucket.(*rate.Limiter).ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now) // a refused request takes no token
	}
	return delay
}

// charge takes n further tokens, into debt if need be: what comes next waits.
func (l *limiters) charge(id provision.ConnectionID, now time.Time, n int) {
	if bucket, ok := l.buckets.Load(id); ok {
		limiter := bucket.(*rate.Limiter)
		limiter.ReserveN(now, min(n, limiter.Burst()))
	}
}

package scim

import (
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/patch"
)

// Limits bounds what one request, and one connection, may ask for. The zero
// value of a field means its default.
type Limits struct {
	MaxBody              int64         // bytes of a request body; default 8 MiB
	MaxBulkBody          int64         // bytes of the body of a bulk request; default 1 MiB
	MaxOperations        int           // operations in one PATCH, and in one bulk request; default 1,000
	MaxMembersPerRequest int           // members named in one request; default 20,000
	MaxFilterLength      int           // bytes of a filter or path; default 4,096
	MaxFilterDepth       int           // brackets within brackets in a filter; default 32
	MaxFilterTerms       int           // comparisons in a filter; default 50
	MaxResults           int           // resources on one page; default 1,000
	CursorTimeout        time.Duration // how long a cursor can be used; default 24 h
	PageBytes            int           // of resources as they are kept, with which a page ends; default 8 MiB
	QueryTime            time.Duration // how long the database may look at resources one by one for a filter or an order; default 2 s
	RequestsAtOnce       int           // requests of a connection under way; default 16
	SearchesAtOnce       int           // of which such filters and orders; default 2, and twice that of all connections
	Memory               int64         // bytes that large requests and answers under way may take; a connection has a quarter; default 128 MiB
	Wait                 time.Duration // how long a request waits for those before it; default 10 s
	RatePerSecond        float64       // requests a connection may make for long; default 200; negative: no limit
	Burst                int           // requests it may make at once; default 1,000
}

// defaultCount is how many resources a page holds when the client does not say.
const defaultCount = 100

func (l Limits) withDefaults() Limits {
	set(&l.MaxBody, 8<<20)
	set(&l.MaxBulkBody, 1<<20)
	set(&l.MaxOperations, 1000)
	set(&l.MaxMembersPerRequest, 20_000)
	set(&l.MaxFilterLength, 4096)
	set(&l.MaxFilterDepth, 32)
	set(&l.MaxFilterTerms, 50)
	set(&l.MaxResults, 1000)
	set(&l.CursorTimeout, 24*time.Hour)
	set(&l.PageBytes, 8<<20)
	set(&l.QueryTime, 2*time.Second)
	set(&l.RequestsAtOnce, 16)
	set(&l.SearchesAtOnce, 2)
	set(&l.Memory, 128<<20)
	set(&l.Wait, 10*time.Second)
	set(&l.RatePerSecond, 200)
	set(&l.Burst, 1000)
	return l
}

// filter returns the limits of filters and paths.
func (l Limits) filter() filter.Limits {
	return filter.Limits{MaxLength: l.MaxFilterLength, MaxDepth: l.MaxFilterDepth, MaxTerms: l.MaxFilterTerms}
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

// countedConnections is of how many connections requests are counted at once.
// Only who has a valid token is counted, so no stranger can have one forgotten.
const countedConnections = 10_000

// newBuckets returns a limit of so many requests a second and connection, and
// burst at once; nil, which limits nothing, for a negative number.
func newBuckets(perSecond float64, burst int, now func() time.Time) *ratelimit.Limiter[provision.ConnectionID] {
	if perSecond < 0 {
		return nil
	}
	return ratelimit.New[provision.ConnectionID](perSecond, burst, countedConnections, now)
}

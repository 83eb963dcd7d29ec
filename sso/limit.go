package sso

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/deskbridge/deskbridge/provision"
)

// Limits bound what is asked of one process. A company of 5,000 may come from
// one address in the same minute at nine in the morning, and a sign-in is eight
// requests, so they are wide.
type Limits struct {
	PerSecond float64 // requests a second and address; default 400
	Burst     int     // at once; default 20,000

	// Of each kind of request that begins or ends a sign-in or a session, for
	// one connection, from all addresses. Beyond it an address has its modest
	// share.
	ConnectionPerSecond float64 // default 100: within the 15 minutes that they live, no more than 100,000 sign-ins wait for an answer
	ConnectionBurst     int     // default 10,000
}

const (
	// rememberedAddresses is how many addresses are counted at once; the ones that
	// were quiet for longest are forgotten first. 2 MiB hold them.
	rememberedAddresses = 10_000
	// rememberedConnections is the same for kinds of requests to connections.
	rememberedConnections = 10_000

	// modestPerSecond and modestBurst are what each address may go on with while a
	// connection is asked for more than anybody's employees would: whoever floods
	// it must not keep them out.
	modestPerSecond = 1
	modestBurst     = 20
)

func (l Limits) withDefaults() Limits {
	if l.PerSecond == 0 {
		l.PerSecond = 400
	}
	if l.Burst == 0 {
		l.Burst = 20_000
	}
	if l.ConnectionPerSecond == 0 {
		l.ConnectionPerSecond = 100
	}
	if l.ConnectionBurst == 0 {
		l.ConnectionBurst = 10_000
	}
	return l
}

// limiter counts events by key, in bounded memory.
type limiter[K comparable] struct {
	perSecond rate.Limit
	burst     int
	now       func() time.Time
	mu        sync.Mutex
	by        *lru.Cache[K, *rate.Limiter]
}

func newLimiter[K comparable](perSecond float64, burst, remembered int, now func() time.Time) *limiter[K] {
	by, err := lru.New[K, *rate.Limiter](remembered)
	if err != nil {
		panic(err) // the size is positive
	}
	return &limiter[K]{perSecond: rate.Limit(perSecond), burst: burst, now: now, by: by}
}

func (l *limiter[K]) bucket(key K) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.by.Get(key)
	if !ok {
		bucket = rate.NewLimiter(l.perSecond, l.burst)
		l.by.Add(key, bucket)
	}
	return bucket
}

// allow counts one event, and reports whether it is within the limit.
func (l *limiter[K]) allow(key K) bool { return l.bucket(key).AllowN(l.now(), 1) }

// left reports whether one more event would be within the limit, and counts
// nothing.
func (l *limiter[K]) left(key K) bool { return l.bucket(key).TokensAt(l.now()) >= 1 }

// Who controls one address of IPv6 controls the whole network: a household has
// a /64 at least, and anybody can have a /48.
const (
	household = 64
	site      = 48
)

// networkOf returns what addresses are counted by: an address of IPv4, a network
// of IPv6.
func networkOf(from netip.Addr, bits int) netip.Addr {
	if !from.Is6() {
		return from
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return from
	}
	return network.Addr()
}

// uncounted reports whether a path is asked for at every page view of a desk,
// for everybody by one reverse proxy.
func uncounted(path string) bool {
	return path == "/sso/forward-auth" || path == "/sso/session" || strings.HasPrefix(path, "/sso/static/")
}

// tooFast reports whether an address asks for more than it may.
func (h *Handler) tooFast(r *http.Request) bool {
	return !uncounted(r.URL.Path) && !h.byAddress.allow(networkOf(h.ClientAddress(r), household))
}

// demand is one kind of request to one connection.
type demand struct {
	conn provision.ConnectionID
	kind string
}

// crowded answers with 429 when a connection is asked for more of one kind than
// all its people together would, by an address that has had its modest share.
func (h *Handler) crowded(w http.ResponseWriter, r *http.Request, conn provision.Connection, kind string) bool {
	if h.byConnection.allow(demand{conn.ID, kind}) || h.modest.allow(networkOf(h.ClientAddress(r), household)) {
		return false
	}
	w.Header().Set("Retry-After", "5")
	h.fail(w, r, refusal{status: http.StatusTooManyRequests, connection: conn, reason: "rate", detail: "too many requests to one connection: " + kind,
		person: "Very many people are signing in at this moment. Please try again in a few seconds."})
	return true
}

// ClientAddress returns where a request comes from: the peer, or behind proxies
// that are trusted the last address that none of them added.
func (h *Handler) ClientAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	at = at.Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !h.trusted(at) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	return at.WithZone("")
}

func (h *Handler) trusted(at netip.Addr) bool {
	return slices.ContainsFunc(h.options.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

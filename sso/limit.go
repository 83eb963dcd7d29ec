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
)

// Limits bound what one address may ask. A whole company may come from one
// address at nine in the morning, so they are wide.
type Limits struct {
	PerSecond float64 // requests a second and address; default 50
	Burst     int     // at once; default 500
}

// rememberedAddresses is how many addresses are counted at once; the ones that
// were quiet for longest are forgotten first.
const rememberedAddresses = 10_000

// limiter counts requests by address.
type limiter struct {
	limits Limits
	now    func() time.Time
	mu     sync.Mutex
	by     *lru.Cache[netip.Addr, *rate.Limiter]
}

func newLimiter(l Limits, now func() time.Time) *limiter {
	if l.PerSecond == 0 {
		l.PerSecond = 50
	}
	if l.Burst == 0 {
		l.Burst = 500
	}
	by, err := lru.New[netip.Addr, *rate.Limiter](rememberedAddresses)
	if err != nil {
		panic(err) // the size is positive
	}
	return &limiter{limits: l, now: now, by: by}
}

// allow reports whether the address may ask once more. What is asked at every
// page view of a desk is not counted: the reverse proxy asks for everybody.
func (l *limiter) allow(from netip.Addr, path string) bool {
	if path == "/sso/forward-auth" || path == "/sso/session" || strings.HasPrefix(path, "/sso/static/") {
		return true
	}
	if from.Is6() { // a household, or an attacker, has 2^64 of them
		if network, err := from.Prefix(64); err == nil {
			from = network.Addr()
		}
	}
	l.mu.Lock()
	bucket, ok := l.by.Get(from)
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(l.limits.PerSecond), l.limits.Burst)
		l.by.Add(from, bucket)
	}
	l.mu.Unlock()
	return bucket.AllowN(l.now(), 1)
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

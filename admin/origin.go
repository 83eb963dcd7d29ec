package admin

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
)

// Policy is the Content-Security-Policy of every answer: nothing from outside, no
// script and no style but ours, in files.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// PolicyTo is [Policy] for a page whose form may lead to a program on the same machine
// as the browser, too.
func PolicyTo(port int) string {
	return strings.Replace(Policy, "form-action 'self'", "form-action 'self' "+Loopback(port), 1)
}

// Loopback is the origin of what listens on a port of the machine that a browser runs
// on: the address itself, for a name may lead elsewhere (RFC 8252 section 8.3).
func Loopback(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }

// MaxBody is how many bytes a request may have.
const MaxBody = 8 << 20

const (
	addresses = 10_000 // that are remembered

	perSecond, atOnce             = 20, 200    // requests of an address (of IPv6: a /64)
	wrongPerSecond, wrongAtOnce   = 0.1, 10    // tokens and links that are not accepted
	changesPerSecond, changesOnce = 5.0, 100.0 // changes of one actor
)

// limits counts who asks how much, in this process.
type limits struct {
	requests, wrong *ratelimit.Limiter[netip.Addr]
	changes         *ratelimit.Limiter[string]
}

func newLimits(now func() time.Time) limits {
	return limits{requests: ratelimit.New[netip.Addr](perSecond, atOnce, addresses, now),
		wrong:   ratelimit.New[netip.Addr](wrongPerSecond, wrongAtOnce, addresses, now),
		changes: ratelimit.New[string](changesPerSecond, changesOnce, addresses, now)}
}

// setHeaders sets what every answer has.
func (h *Handler) setHeaders(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", Policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin") // with less, browsers hide where our own forms come from
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if strings.HasPrefix(h.options.PublicURL, "https://") {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// changes reports whether a request may change something.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

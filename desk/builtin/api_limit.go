package builtin

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const defaultUnitsPerMinute = 4000

// limiter counts what each desk has used in the current minute. Every process
// counts for itself: with several, a desk may use as many times the limit.
type limiter struct {
	perMinute int
	mu        sync.Mutex
	used      map[provision.DeskID]int
	minute    time.Time // of what used counts
}

func newLimiter(perMinute int) *limiter {
	if perMinute <= 0 {
		perMinute = defaultUnitsPerMinute
	}
	return &limiter{perMinute: perMinute, used: make(map[provision.DeskID]int)}
}

// take uses up what a request costs and tells so in the answer's header. It
// refuses what is too much, which costs nothing.
func (l *limiter) take(on provision.DeskID, method string, now time.Time, header http.Header) error {
	units := 1
	if method != http.MethodGet && method != http.MethodHead {
		units = 2
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(l.minute) {
		l.minute = minute
		clear(l.used)
	}
	ok := l.used[on]+units <= l.perMinute
	if ok {
		l.used[on] += units
	}
	header.Set("X-RateLimit-Limit-Minute", strconv.Itoa(l.perMinute))
	header.Set("X-RateLimit-Remaining-Minute", strconv.Itoa(l.perMinute-l.used[on]))
	if ok {
		return nil
	}
	wait := l.minute.Add(time.Minute).Sub(now)
	seconds := int((wait + time.Second - 1) / time.Second)
	header.Set("X-RateLimit-Retry-After", strconv.Itoa(seconds))
	header.Set("Retry-After", strconv.Itoa(seconds)) // RFC 9110 §10.2.3, for clients that know no other
	return refuse(http.StatusTooManyRequests, "Too many requests")
}

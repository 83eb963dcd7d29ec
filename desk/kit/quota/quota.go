// Package quota keeps calls within what a desk takes a minute of all who use its account:
// units, of which a write may cost more than a read, and besides so many writes in some
// seconds.
//
// How much there is, the desk tells in the header of each answer. 70 % of it are used
// steadily and the rest as a burst, so that a minute never sees more than all. What others
// have used, who share the account, is not used again.
package quota

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	steadyShare = 0.7
	minBurst    = 5
)

// Terms are what a desk takes.
type Terms struct {
	Vendor      kit.Vendor
	Assumed     int // units a minute, before the first answer
	Read, Write int // units of a call

	// Names of the headers that tell the units a minute, and how many are left of this one.
	PerMinute, Remaining string

	Writes  int           // that may be sent within some time; 0: as many as there are units
	Within  time.Duration // that time
	Longest time.Duration // that a call waits for its turn: whoever would wait longer comes again
}

// Quota is a [kit.Limit]. It is safe for concurrent use.
type Quota struct {
	terms Terms
	units *rate.Limiter

	mu     sync.Mutex
	limit  int         // units a minute, as last learnt
	paused time.Time   // no call before
	writes []time.Time // the last ones, as they are or will be sent; at most terms.Writes
}

var _ kit.Limit = (*Quota)(nil)

// New returns a Quota of which nothing is used.
func New(t Terms) *Quota {
	steady, burst := shares(t.Assumed)
	return &Quota{terms: t, units: rate.NewLimiter(steady, burst), limit: t.Assumed}
}

// shares returns what is used of a number of units a minute.
func shares(units int) (steady rate.Limit, burst int) {
	share := steadyShare * float64(units)
	return rate.Limit(share / 60), max(units-int(share), minBurst)
}

// set takes over how many units a minute there are.
func (q *Quota) set(units int) {
	if q.limit == units {
		return
	}
	q.limit = units
	steady, burst := shares(units)
	q.units.SetLimit(steady)
	q.units.SetBurst(burst)
}

// Wait returns when a call may be sent. When that is not soon, or not before ctx ends, it
// returns a Retryable error at once: its RetryAfter says when, and its cause is
// [desk.ErrNotAsked].
func (q *Quota) Wait(ctx context.Context, call kit.Call) error {
	delay, giveBack, err := q.reserve(ctx, call.Method != http.MethodGet && !call.Read)
	if err != nil || delay == 0 {
		return cmp.Or(err, ctx.Err())
	}
	if err := kit.Wait(ctx, delay); err != nil {
		giveBack()
		return err
	}
	return nil
}

// reserve says how long to wait until a call may be sent. giveBack is for who does not send
// it.
func (q *Quota) reserve(ctx context.Context, write bool) (delay time.Duration, giveBack func(), _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, n := time.Now(), q.terms.Read
	if write {
		n = q.terms.Write
	}
	if pause := q.paused.Sub(now); pause > 0 {
		return 0, nil, q.notAsked(pause)
	}
	r := q.units.ReserveN(now, n)
	delay = r.DelayFrom(now)
	counts := write && q.terms.Writes > 0
	if counts && len(q.writes) == q.terms.Writes {
		delay = max(delay, q.writes[0].Add(q.terms.Within).Sub(now))
	}
	most := q.terms.Longest
	if end, ok := ctx.Deadline(); ok {
		most = min(most, end.Sub(now))
	}
	if delay > most {
		r.CancelAt(now)
		return 0, nil, q.notAsked(delay)
	}
	if counts {
		q.writes = append(q.writes, now.Add(delay))
		q.writes = q.writes[max(0, len(q.writes)-q.terms.Writes):]
	}
	return delay, r.Cancel, nil
}

// Learn takes over what an answer tells about the limit: what is left of the minute is the
// most that is used at once.
func (q *Quota) Learn(a *kit.Answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if limit, err := strconv.ParseUint(a.Header.Get(q.terms.PerMinute), 10, 24); err == nil && limit > 0 {
		q.set(int(limit))
	}
	if left, err := strconv.ParseUint(a.Header.Get(q.terms.Remaining), 10, 24); err == nil {
		if over := int(q.units.TokensAt(now)) - int(left); over > 0 {
			q.units.AllowN(now, over)
		}
	}
	if a.Status == http.StatusTooManyRequests { // which alone tells when the minute ends
		q.paused = now.Add(kit.RetryAfter(a.Header, now))
	}
}

// UsedUp is the error for a call that a desk refused for its limit.
func UsedUp(v kit.Vendor, after time.Duration) *desk.Error {
	return &desk.Error{Kind: desk.Retryable, RetryAfter: after,
		Detail: "the rate limit of the " + v.Name + " account, which all its integrations share, is used up for now; Deskbridge goes on by itself"}
}

// notAsked is the error for one that is not sent for it.
func (q *Quota) notAsked(after time.Duration) *desk.Error {
	e := UsedUp(q.terms.Vendor, after)
	e.Err = desk.ErrNotAsked
	return e
}

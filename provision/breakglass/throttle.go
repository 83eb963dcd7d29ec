package breakglass

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/deskbridge/deskbridge/provision"
)

// codeGuesses is how many wrong one-time codes an hour are borne of somebody who
// has the password of an owner, wherever they come from. A million codes, three
// of them good at any time, make that three chances in a hundred thousand.
const codeGuesses = 10

// throttle counts wrong one-time codes beside a right password, in this process.
// Only who has the password can use them up.
type throttle struct {
	mu sync.Mutex
	by map[provision.AdminID]*rate.Limiter // no more than there are owners
}

func (g *throttle) of(id provision.AdminID) *rate.Limiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by[id] == nil {
		g.by[id] = rate.NewLimiter(codeGuesses/rate.Limit(time.Hour.Seconds()), codeGuesses)
	}
	return g.by[id]
}

// left reports whether one-time codes of the owner are still taken.
func (g *throttle) left(id provision.AdminID, now time.Time) bool {
	return id != "" && g.of(id).TokensAt(now) >= 1
}

// spend notes a wrong one.
func (g *throttle) spend(id provision.AdminID, now time.Time) { g.of(id).AllowN(now, 1) }

package provision

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// codeGuesses is how many wrong one-time codes an hour are borne of somebody who
// has the password of an owner, wherever they come from. A million codes, three
// of them good at any time, make that three chances in a hundred thousand.
const codeGuesses = 10

// guesses counts wrong one-time codes beside a right password, in this process.
// Only who has the password can use them up.
type guesses struct {
	mu sync.Mutex
	by map[OwnerID]*rate.Limiter // no more than there are owners
}

func (g *guesses) of(id OwnerID) *rate.Limiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by[id] == nil {
		g.by[id] = rate.NewLimiter(codeGuesses/rate.Limit(time.Hour.Seconds()), codeGuesses)
	}
	return g.by[id]
}

// left reports whether one-time codes of the owner are still taken.
func (g *guesses) left(id OwnerID, now time.Time) bool {
	return id != "" && g.of(id).TokensAt(now) >= 1
}

// spend notes a wrong one.
func (g *guesses) spend(id OwnerID, now time.Time) { g.of(id).AllowN(now, 1) }

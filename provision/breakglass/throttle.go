package breakglass

import (
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/provision"
)

// codeGuesses is how many wrong one-time codes an hour are borne of somebody who
// has the password of a break-glass admin, wherever they come from. A million codes, three
// of them good at any time, make that three chances in a hundred thousand.
const codeGuesses = 10

// countedAdmins is how many admins wrong codes are counted of: more than have a
// password, so that none is ever forgotten.
const countedAdmins = 1000

// newThrottle returns a count of wrong one-time codes beside a right password, in
// this process. Only who has the password can use them up.
func newThrottle(now provision.Clock) *ratelimit.Limiter[provision.AdminID] {
	return ratelimit.New[provision.AdminID](codeGuesses/time.Hour.Seconds(), codeGuesses, countedAdmins, now)
}

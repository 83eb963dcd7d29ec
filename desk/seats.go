package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Seats is a [Desk] that counts its seats itself, those of users who were made by
// hand included.
type Seats interface {
	// Seats returns how many seats are taken, and how many there are; limit 0
	// is no limit, or one that the desk does not tell.
	Seats(ctx context.Context) (used, limit int, err error)
}

// Logins says how a desk tells when its users were last there, by LastLogin or
// LastActive. Where it tells, zero is never.
type Logins string

// How it tells.
const (
	LoginsUntold Logins = ""       // it does not
	LoginsFound  Logins = "found"  // Find tells; a list leaves it out, or tells what was
	LoginsListed Logins = "listed" // a list tells as well, as it is now
)

// Counter is a [Desk] that counts conversations without listing them.
type Counter interface {
	// CountOpen returns how many conversations OpenConversations would return
	// without a limit. It is the proof after a hand-over that no list was cut
	// short: a number that the desk takes from the same list proves nothing, and
	// a connector that has no other leaves this interface out.
	CountOpen(ctx context.Context, id provision.DeskUserID) (int, error)
}

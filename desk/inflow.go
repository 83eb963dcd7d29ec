package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// InflowStopper is a [Desk] that deals out new conversations by itself, and
// can be told not to.
type InflowStopper interface {
	// StopInflow keeps the desk from giving the user new conversations: away,
	// out of routing. Doing it twice succeeds. It is called before a hand-over.
	StopInflow(ctx context.Context, id provision.DeskUserID) error
}

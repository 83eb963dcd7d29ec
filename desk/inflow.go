package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// InflowStopper is a [Desk] that deals out new conversations by itself, and
// can be told not to.
type InflowStopper interface {
	// StopInflow keeps the desk from giving the user new conversations for good:
	// away, out of every rotation. Doing it twice succeeds. It is called before
	// the hand-over of a leaver.
	StopInflow(ctx context.Context, id provision.DeskUserID) error

	// SetAway keeps the desk from giving the user new conversations for a while,
	// and with away false has it give them again, as before. It touches nothing
	// that the desk itself would not restore then. Doing it twice succeeds.
	SetAway(ctx context.Context, id provision.DeskUserID, away bool) error
}

package edit

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Later is the removal of records R, such as users, on a desk that removes some time after it was
// asked to.
type Later[ID ~string, R any] struct {
	Read     func(context.Context, ID) (R, error)
	Patience kit.Patience // with which it is looked whether a record is gone
	// Ask asks for the removal of a record. What it returns says whether the desk has failed at it,
	// which is an error; nil: the desk does not tell.
	Ask func(context.Context, R) (failed func(context.Context) error, _ error)
	// Waits is the error for a record that is still there at the last look: NotShown.
	Waits func(ID) error
}

// Remove ends a record for good. One that is gone already is no error.
func (l Later[ID, R]) Remove(ctx context.Context, id ID) error {
	r, err := l.Read(ctx, id)
	if err != nil {
		return Gone(err)
	}
	failed, err := l.Ask(ctx, r)
	if Gone(err) != nil {
		return err
	}
	gone, err := l.Patience.Until(ctx, func(ctx context.Context) (bool, error) {
		if _, err := l.Read(ctx, id); err != nil {
			return desk.KindOf(err) == desk.NotFound, Gone(err)
		}
		if failed == nil {
			return false, nil
		}
		return false, failed(ctx)
	})
	if gone || err != nil {
		return err
	}
	return l.Waits(id)
}

package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// FindBy finds a user as [Desk].Find has to: by id, else by our mark, else by
// e-mail address, with what key holds. nil is nobody. byID answers with
// NotFound where there is no such user; byMark is nil for a desk that has no
// place for our mark.
func FindBy[R any](ctx context.Context, key Key, byID func(context.Context, provision.DeskUserID) (*R, error), byMark, byEmail func(context.Context, string) (*R, error)) (*R, error) {
	if key.ID != "" {
		r, err := byID(ctx, key.ID)
		if err == nil || KindOf(err) != NotFound {
			return r, err
		}
	}
	if key.ExternalID != "" && byMark != nil {
		r, err := byMark(ctx, key.ExternalID)
		if r != nil || err != nil {
			return r, err
		}
	}
	if key.Email != "" {
		return byEmail(ctx, key.Email)
	}
	return nil, nil
}

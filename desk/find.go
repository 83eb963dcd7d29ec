package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// FindBy finds a user as [Desk].Find has to: by id, else by our external id, else by
// e-mail address, with what key holds. nil is nobody. byID answers with
// NotFound where there is no such user; byExternalID is nil for a desk that has no
// field for our external id.
func FindBy[R any](ctx context.Context, key Key, byID func(context.Context, provision.DeskUserID) (*R, error), byExternalID, byEmail func(context.Context, string) (*R, error)) (*R, error) {
	if key.ID != "" {
		r, err := byID(ctx, key.ID)
		if err == nil || KindOf(err) != NotFound {
			return r, err
		}
	}
	if key.ExternalID != "" && byExternalID != nil {
		r, err := byExternalID(ctx, key.ExternalID)
		if r != nil || err != nil {
			return r, err
		}
	}
	if key.Email != "" {
		return byEmail(ctx, key.Email)
	}
	return nil, nil
}

package audit

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	Appender

	// Unsealed returns up to limit entries without a seal, by id, and keeps
	// other sealers out until the transaction ends.
	Unsealed(ctx context.Context, limit int) ([]provision.Entry, error)
	LastSealed(ctx context.Context) (provision.Entry, error) // NotFound on an empty chain
	Seal(ctx context.Context, entries []provision.Entry) error
	// Entries returns up to limit entries with an id above after, by id.
	Entries(ctx context.Context, after int64, limit int) ([]provision.Entry, error)
	// Refusals returns the entries of sign-ins that were refused under this
	// reference.
	Refusals(ctx context.Context, reference string) ([]provision.Entry, error)
}

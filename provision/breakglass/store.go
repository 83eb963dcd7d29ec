package breakglass

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	audit.Appender

	Owner(ctx context.Context, name string) (Admin, error)
	LockOwner(ctx context.Context, name string) (Admin, error)
	Owners(ctx context.Context) ([]Admin, error) // by name
	SaveOwner(ctx context.Context, o Admin) error
	DeleteOwner(ctx context.Context, id provision.AdminID) error
}

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

	// LockBreakGlass keeps others from making admins until the transaction ends.
	LockBreakGlass(ctx context.Context) error
	BreakGlassAdmin(ctx context.Context, name string) (Admin, error)
	LockBreakGlassAdmin(ctx context.Context, name string) (Admin, error)
	BreakGlassAdmins(ctx context.Context) ([]Admin, error) // by name
	SaveBreakGlassAdmin(ctx context.Context, o Admin) error
	DeleteBreakGlassAdmin(ctx context.Context, id provision.AdminID) error
}

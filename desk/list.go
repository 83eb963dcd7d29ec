package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Lister is a [Desk] that can be read in bulk: at a fraction of what asking for
// each user costs. It is for finding who differs; what is then done rests on
// Find.
type Lister interface {
	// List returns some users, deactivated ones included, each as Find shows
	// them, and the cursor with which to go on; "" begins a list, and ends it.
	// Whoever is there from the first page to the last is on one of them,
	// unless others are removed meanwhile, or Find would fail on them; nobody
	// who is not there at all is on any. What a page tells may be as old as the
	// beginning of its list, and may leave out where a deactivated user is. A
	// cursor that is not from List is a Permanent error; CannotDo for the first
	// page says that this desk must be asked for one user at a time.
	List(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error)
}

// NoCursor returns the error for a cursor that is not from [Lister.List].
func NoCursor() *Error {
	return Errorf(Permanent, "this is no position in a list of users; begin the list anew")
}

package condition

import "context"

type rehearsalKey struct{}

// Rehearse returns ctx under which changes are rehearsed: each is made in its transaction,
// with all that checks it, and is then rolled back. Who asks for it gets the answer that the
// change would have had, of the database as it is: what was rehearsed before is not there.
//
// It is for changes that are one transaction each and leave nothing in memory. The
// condition of ctx is not looked at: nothing is changed.
func Rehearse(ctx context.Context) context.Context {
	return context.WithValue(ctx, rehearsalKey{}, true)
}

// Rehearsing reports whether changes under ctx are rehearsed.
func Rehearsing(ctx context.Context) bool {
	is, _ := ctx.Value(rehearsalKey{}).(bool)
	return is
}

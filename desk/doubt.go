package desk

import "context"

// Doubter is a [Desk] that shows what somebody said, and not what is there.
type Doubter interface {
	// Doubt returns why what Find shows of somebody is not to be relied on before a
	// person has looked: CannotDo, with what to look at. nil: it is, for now.
	Doubt(ctx context.Context, key Key) error
}

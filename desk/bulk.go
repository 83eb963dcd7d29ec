package desk

import "context"

// BulkAssigner is a [Desk] that assigns many conversations in few requests.
type BulkAssigner interface {
	// AssignMany is Assign for each of the conversations. When it fails some
	// may have been assigned; callers read again what is open.
	AssignMany(ctx context.Context, conversations []string, to Assignee) error
}

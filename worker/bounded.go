package worker

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// callTimeout bounds one call of a connector; the lease outlives it.
const callTimeout = 30 * time.Second

// bounded gives every call that a visit makes beside its steps a time limit.
type bounded struct{ desk.Desk }

// Find implements [desk.Desk].
func (b bounded) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.Desk.Find(ctx, key)
}

// OpenConversations implements [desk.Desk].
func (b bounded) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.Desk.OpenConversations(ctx, id, limit)
}

// Assign implements [desk.Desk].
func (b bounded) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.Desk.Assign(ctx, conversation, to)
}

// Admins implements [desk.Desk].
func (b bounded) Admins(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.Desk.Admins(ctx)
}

// TeamMembers implements [desk.Desk].
func (b bounded) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.Desk.TeamMembers(ctx, team)
}

package worker

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// session is a desk as one run or sweep calls it: behind the desk's guard.
type session struct {
	desk.Desk // the connector
	open      *openDesk
	options   *callOptions
}

// ask is [deskGuard.call] for calls that answer.
func ask[T any](ctx context.Context, s *session, do func(ctx context.Context) (T, error)) (answer T, err error) {
	err = s.open.guard.call(ctx, s.options, false, func(ctx context.Context) (err error) {
		answer, err = do(ctx)
		return err
	})
	return answer, err
}

// tell is [deskGuard.call] for calls that change the desk.
func (s *session) tell(ctx context.Context, do func(ctx context.Context) error) error {
	return s.open.guard.call(ctx, s.options, true, do)
}

// own returns the id of our own account on the desk.
func (s *session) own(ctx context.Context) (provision.DeskUserID, error) {
	return s.open.own(ctx, s.Check)
}

// Check implements [desk.Desk].
func (s *session) Check(ctx context.Context) (desk.Profile, error) {
	return ask(ctx, s, s.Desk.Check)
}

// Find implements [desk.Desk].
func (s *session) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return ask(ctx, s, func(ctx context.Context) (*provision.DeskUser, error) { return s.Desk.Find(ctx, key) })
}

// Create implements [desk.Desk].
func (s *session) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	var made *provision.DeskUser
	err := s.tell(ctx, func(ctx context.Context) (err error) {
		made, err = s.Desk.Create(ctx, want)
		return err
	})
	return made, err
}

// SetProfile implements [desk.Desk].
func (s *session) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.SetProfile(ctx, id, want) })
}

// SetRole implements [desk.Desk].
func (s *session) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.SetRole(ctx, id, role) })
}

// ChangeTeams implements [desk.Desk].
func (s *session) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.ChangeTeams(ctx, id, add, remove) })
}

// ChangeMailboxes implements [desk.Desk].
func (s *session) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.ChangeMailboxes(ctx, id, add, remove) })
}

// SetActive implements [desk.Desk].
func (s *session) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.SetActive(ctx, id, active) })
}

// Delete implements [desk.Desk].
func (s *session) Delete(ctx context.Context, id provision.DeskUserID) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.Delete(ctx, id) })
}

// Anonymize implements [desk.Desk].
func (s *session) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.Anonymize(ctx, id) })
}

// EndSessions implements [desk.Desk].
func (s *session) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.EndSessions(ctx, id) })
}

// OpenConversations implements [desk.Desk].
func (s *session) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	return ask(ctx, s, func(ctx context.Context) ([]desk.Conversation, error) {
		return s.Desk.OpenConversations(ctx, id, limit)
	})
}

// Assign implements [desk.Desk].
func (s *session) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.Assign(ctx, conversation, to) })
}

// Admins implements [desk.Desk].
func (s *session) Admins(ctx context.Context) (int, error) { return ask(ctx, s, s.Desk.Admins) }

// TeamMembers implements [desk.Desk].
func (s *session) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	return ask(ctx, s, func(ctx context.Context) ([]provision.DeskUserID, error) { return s.Desk.TeamMembers(ctx, team) })
}

// list returns the desk as one that is read in bulk; nil where it cannot be.
func (s *session) list() func(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
	lister, ok := s.Desk.(desk.Lister)
	if !ok {
		return nil
	}
	return func(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
		err = s.open.guard.call(ctx, s.options, false, func(ctx context.Context) (err error) {
			users, next, err = lister.List(ctx, cursor)
			return err
		})
		return users, next, err
	}
}

package guard

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Session is a desk as one run or sweep calls it: behind the desk's guard.
type Session struct {
	desk.Desk // the connector
	open      *openDesk
	options   *Caller
}

// Ask is [deskGuard.call] for calls that answer.
func Ask[T any](ctx context.Context, s *Session, do func(ctx context.Context) (T, error)) (answer T, err error) {
	err = s.open.guard.call(ctx, s.options, false, func(ctx context.Context) (err error) {
		answer, err = do(ctx)
		return err
	})
	return answer, err
}

// tell is [deskGuard.call] for calls that change the desk.
func (s *Session) tell(ctx context.Context, do func(ctx context.Context) error) error {
	return s.open.guard.call(ctx, s.options, true, do)
}

// Own returns the id of our own account on the desk.
func (s *Session) Own(ctx context.Context) (provision.DeskUserID, error) {
	return s.open.own(ctx, s.Check)
}

// Check implements [desk.Desk].
func (s *Session) Check(ctx context.Context) (desk.Profile, error) {
	return Ask(ctx, s, s.Desk.Check)
}

// Find implements [desk.Desk].
func (s *Session) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	have, err := Ask(ctx, s, func(ctx context.Context) (*provision.DeskUser, error) { return s.Desk.Find(ctx, key) })
	if err != nil {
		return nil, err
	}
	return s.user(ctx, have)
}

// Create implements [desk.Desk].
func (s *Session) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	var made *provision.DeskUser
	err := s.told(ctx, func() (err error) {
		there := want
		if there.Teams, err = s.onDesk(desk.Permanent, provision.UnitTeam, want.Teams); err != nil {
			return err
		}
		if there.Mailboxes, err = s.onDesk(desk.Permanent, provision.UnitMailbox, want.Mailboxes); err != nil {
			return err
		}
		if there.DeskRoles, err = s.onDesk(desk.Permanent, provision.UnitRole, want.DeskRoles); err != nil {
			return err
		}
		names, called := slices.Concat(want.Teams, want.Mailboxes, want.DeskRoles), slices.Concat(there.Teams, there.Mailboxes, there.DeskRoles)
		return s.tellOf(ctx, names, called, func(ctx context.Context) (err error) {
			made, err = s.Desk.Create(ctx, there)
			return err
		})
	})
	if err != nil && (made == nil || desk.AcceptedOnly(err) == nil) {
		return nil, err
	}
	if shown, failed := s.user(ctx, made); failed == nil {
		made = shown
	}
	return made, err // that it is made must be known, by whatever names
}

// SetProfile implements [desk.Desk].
func (s *Session) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.SetProfile(ctx, id, want) })
}

// SetRole implements [desk.Desk].
func (s *Session) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.SetRole(ctx, id, role) })
}

// ChangeTeams implements [desk.Desk].
func (s *Session) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return s.move(ctx, provision.UnitTeam, add, remove, func(ctx context.Context, add, remove []string) error {
		return s.Desk.ChangeTeams(ctx, id, add, remove)
	})
}

// ChangeMailboxes implements [desk.Desk].
func (s *Session) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return s.move(ctx, provision.UnitMailbox, add, remove, func(ctx context.Context, add, remove []string) error {
		return s.Desk.ChangeMailboxes(ctx, id, add, remove)
	})
}

// ChangeRoles implements [desk.RoleChanger], of whose roles alone rules may speak.
func (s *Session) ChangeRoles(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	changer, ok := desk.As[desk.RoleChanger](s.Desk)
	if !ok {
		return desk.Unsupported("change roles", s.open.settings.Name+" has no roles of its own that Deskbridge could give; take desk_roles out of the rule")
	}
	return s.move(ctx, provision.UnitRole, add, remove, func(ctx context.Context, add, remove []string) error {
		return changer.ChangeRoles(ctx, id, add, remove)
	})
}

// RankOf returns what the desk's own roles amount to, by folded name in rules; nil where
// the desk has none. It fails when that is not known and names, which are to be given,
// are roles: nobody is given what may be too much. One of names that the desk did not
// have when it was last read has it read again.
func (s *Session) RankOf(ctx context.Context, names []string) (map[string]provision.Role, error) {
	if _, ok := desk.As[desk.RoleChanger](s.Desk); !ok {
		return nil, nil
	}
	if err := s.refresh(ctx, unitsAge); err != nil {
		return nil, err
	}
	ranks := s.open.units.ranksInRules()
	if slices.ContainsFunc(names, func(name string) bool { return ranks[provision.Fold(name)] == "" }) {
		if _, err := s.reread(ctx); err != nil {
			return nil, err
		}
		if ranks = s.open.units.ranksInRules(); ranks == nil {
			return nil, desk.Errorf(desk.Retryable, "it does not tell what its own roles amount to, and nobody is given one before")
		}
	}
	return ranks, nil
}

// SetActive implements [desk.Desk].
func (s *Session) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.SetActive(ctx, id, active) })
}

// Delete implements [desk.Desk].
func (s *Session) Delete(ctx context.Context, id provision.DeskUserID) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.Delete(ctx, id) })
}

// Anonymize implements [desk.Desk].
func (s *Session) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.Anonymize(ctx, id) })
}

// EndSessions implements [desk.Desk].
func (s *Session) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	return s.tell(ctx, func(ctx context.Context) error { return s.Desk.EndSessions(ctx, id) })
}

// Doubt asks a [desk.Doubter]; any other desk shows what is there.
func (s *Session) Doubt(ctx context.Context, key desk.Key) error {
	doubter, ok := desk.As[desk.Doubter](s.Desk)
	if !ok {
		return nil
	}
	_, err := Ask(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, doubter.Doubt(ctx, key) })
	return err
}

// OpenConversations implements [desk.Desk].
func (s *Session) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	open, err := Ask(ctx, s, func(ctx context.Context) ([]desk.Conversation, error) {
		return s.Desk.OpenConversations(ctx, id, limit)
	})
	kind := s.Desk.Capabilities().ConversationsIn
	for i := range open {
		if open[i].Mailbox != "" {
			names, _ := s.open.units.inRules(kind, []string{open[i].Mailbox})
			open[i].Mailbox = names[0]
		}
	}
	return open, err
}

// Assign implements [desk.Desk].
func (s *Session) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	return s.assign(ctx, to, func(ctx context.Context, to desk.Assignee) error { return s.Desk.Assign(ctx, conversation, to) })
}

// AssignsMany reports whether the desk is a [desk.BulkAssigner].
func (s *Session) AssignsMany() bool {
	_, ok := desk.As[desk.BulkAssigner](s.Desk)
	return ok
}

// AssignMany implements [desk.BulkAssigner], where [Session.AssignsMany].
func (s *Session) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	many, _ := desk.As[desk.BulkAssigner](s.Desk)
	return s.assign(ctx, to, func(ctx context.Context, to desk.Assignee) error { return many.AssignMany(ctx, conversations, to) })
}

// StopInflow keeps a desk that deals out conversations from dealing any to the
// user; where the desk is no [desk.InflowStopper] it does nothing.
func (s *Session) StopInflow(ctx context.Context, id provision.DeskUserID) error {
	stopper, ok := desk.As[desk.InflowStopper](s.Desk)
	if !ok {
		return nil
	}
	return s.tell(ctx, func(ctx context.Context) error { return stopper.StopInflow(ctx, id) })
}

// SetAway keeps new conversations from a user for a while, or has the desk give them
// again; where the desk is no [desk.InflowStopper] it is CannotDo.
func (s *Session) SetAway(ctx context.Context, id provision.DeskUserID, away bool) error {
	stopper, ok := desk.As[desk.InflowStopper](s.Desk)
	if !ok {
		return desk.Unsupported("set away", s.open.settings.Name+" deals out no conversations by itself, or has no API call to keep them from somebody")
	}
	return s.tell(ctx, func(ctx context.Context) error { return stopper.SetAway(ctx, id, away) })
}

// CountOpen implements [desk.Counter]; 0 where the desk is none, or has no such user.
func (s *Session) CountOpen(ctx context.Context, id provision.DeskUserID) (int, error) {
	counter, ok := desk.As[desk.Counter](s.Desk)
	if !ok {
		return 0, nil
	}
	n, err := Ask(ctx, s, func(ctx context.Context) (int, error) { return counter.CountOpen(ctx, id) })
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return 0, nil
	}
	return n, err
}

// Admins implements [desk.Desk].
func (s *Session) Admins(ctx context.Context) (int, error) { return Ask(ctx, s, s.Desk.Admins) }

// TeamMembers implements [desk.Desk].
func (s *Session) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	if err := s.refresh(ctx, unitsAge); err != nil {
		return nil, err
	}
	there, err := s.onDesk(desk.NotFound, provision.UnitTeam, []string{team})
	if err != nil {
		return nil, err
	}
	return Ask(ctx, s, func(ctx context.Context) ([]provision.DeskUserID, error) { return s.Desk.TeamMembers(ctx, there[0]) })
}

// Lister returns the desk as one that is read in bulk; nil where it cannot be.
func (s *Session) Lister() func(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
	lister, ok := desk.As[desk.Lister](s.Desk)
	if !ok {
		return nil
	}
	return func(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
		err = s.open.guard.call(ctx, s.options, false, func(ctx context.Context) (err error) {
			users, next, err = lister.List(ctx, cursor)
			return err
		})
		for i := range users {
			if err != nil {
				break
			}
			var shown *provision.DeskUser
			if shown, err = s.user(ctx, &users[i]); err == nil {
				users[i] = *shown
			}
		}
		return users, next, err
	}
}

// MailboxesOf implements [desk.TeamMailboxes]; ok is false where the desk is none.
func (s *Session) MailboxesOf(ctx context.Context, team string) (mailboxes []string, ok bool, _ error) {
	tells, ok := desk.As[desk.TeamMailboxes](s.Desk)
	if !ok {
		return nil, false, nil
	}
	if err := s.refresh(ctx, unitsAge); err != nil {
		return nil, true, err
	}
	there, err := s.onDesk(desk.NotFound, provision.UnitTeam, []string{team})
	if err != nil {
		return nil, true, err
	}
	names, err := Ask(ctx, s, func(ctx context.Context) ([]string, error) { return tells.MailboxesOf(ctx, there[0]) })
	mailboxes, _ = s.open.units.inRules(s.Desk.Capabilities().ConversationsIn, names)
	return mailboxes, true, err
}

// BeginHandOver takes one of the turns to hand conversations over to the desk, so
// that runs which end somebody's access find a worker; false when all are taken.
// Whoever has one calls [Session.EndHandOver].
func (s *Session) BeginHandOver() bool { return s.open.handingOver.TryAcquire(1) }

// EndHandOver gives back what [Session.BeginHandOver] took.
func (s *Session) EndHandOver() { s.open.handingOver.Release(1) }

package faulty

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Desk returns the desk with its faults. By [desk.As] it has the optional parts of the
// contract that the desk behind has.
func (d *Desk) Desk() desk.Desk {
	w := wrapped{d}
	return struct {
		wrapped
		parts
	}{w, parts{d}}
}

// wrapped is the part of a desk that every one has.
type wrapped struct{ d *Desk }

// Behind returns the desk behind, which says what this one can do.
func (w wrapped) Behind() desk.Desk { return w.d.inner }

// Capabilities are the desk's own.
func (w wrapped) Capabilities() desk.Capabilities { return w.d.inner.Capabilities() }

// Fit is the desk's own.
func (w wrapped) Fit(want provision.DeskUser) provision.DeskUser { return w.d.inner.Fit(want) }

// Check implements [desk.Desk].
func (w wrapped) Check(ctx context.Context) (p desk.Profile, err error) {
	f, err := w.d.call(ctx, Call{Method: Check}, answer{}, func(ctx context.Context) (err error) {
		p, err = w.d.inner.Check(ctx)
		return err
	})
	if err != nil {
		return desk.Profile{}, err
	}
	p.Teams, p.Mailboxes = half(f, w.d.shown(p.Teams)), half(f, w.d.shown(p.Mailboxes))
	return p, nil
}

// Find implements [desk.Desk].
func (w wrapped) Find(ctx context.Context, key desk.Key) (u *provision.DeskUser, err error) {
	find := func(key desk.Key) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			u, err = w.d.inner.Find(ctx, key)
			return err
		}
	}
	byOthers := key
	byOthers.ID = ""
	f, err := w.d.call(ctx, Call{Method: Find, User: key.ID, Key: key}, answer{missing: find(byOthers)}, find(key))
	if err != nil {
		return nil, err
	}
	if f.Kind != Missing {
		u = w.d.lateFind(key, u)
	}
	if u = w.d.shownUser(u); u != nil {
		u.Teams, u.Mailboxes = half(f, u.Teams), half(f, u.Mailboxes)
	}
	return u, nil
}

// OpenConversations implements [desk.Desk].
func (w wrapped) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) (open []desk.Conversation, err error) {
	f, err := w.d.call(ctx, Call{Method: OpenConversations, User: id}, answer{}, func(ctx context.Context) (err error) {
		open, err = w.d.inner.OpenConversations(ctx, id, limit)
		return err
	})
	if err != nil && (f.Kind != "" || desk.KindOf(err) != desk.NotFound) {
		return nil, err
	}
	shown := w.d.lateOpen(id, open, limit)
	if err != nil && len(shown) == 0 { // nobody is there, and nothing old is left to show
		return nil, err
	}
	for i := range shown {
		if shown[i].Mailbox != "" {
			shown[i].Mailbox = w.d.shown([]string{shown[i].Mailbox})[0]
		}
	}
	return half(f, shown), nil
}

// Admins implements [desk.Desk].
func (w wrapped) Admins(ctx context.Context) (n int, err error) {
	_, err = w.d.call(ctx, Call{Method: Admins}, answer{}, func(ctx context.Context) (err error) {
		n, err = w.d.inner.Admins(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	return w.d.lateAdmins(ctx, n), nil
}

// TeamMembers implements [desk.Desk].
func (w wrapped) TeamMembers(ctx context.Context, team string) (members []provision.DeskUserID, err error) {
	var own string
	f, err := w.d.call(ctx, Call{Method: TeamMembers}, answer{}, func(ctx context.Context) (err error) {
		var ok bool
		if own, ok = w.d.own(team); !ok {
			return desk.Errorf(desk.NotFound, "the desk has no team %q", team)
		}
		members, err = w.d.inner.TeamMembers(ctx, own)
		return err
	})
	if err != nil {
		return nil, err
	}
	return half(f, w.d.lateMembers(own, members)), nil
}

// Create implements [desk.Desk].
func (w wrapped) Create(ctx context.Context, want provision.DeskUser) (made *provision.DeskUser, err error) {
	late := func(context.Context) func(delay) {
		return func(l delay) { w.d.views.users = append(w.d.views.users, &oldUser{delay: l, id: made.ID}) }
	}
	_, err = w.d.call(ctx, Call{Method: Create, Want: want}, answer{late: late}, func(ctx context.Context) (err error) {
		own := want
		if own.Teams, err = w.d.owns(want.Teams); err != nil {
			return err
		}
		if own.Mailboxes, err = w.d.owns(want.Mailboxes); err != nil {
			return err
		}
		made, err = w.d.inner.Create(ctx, own)
		return err
	})
	if err != nil && desk.AcceptedOnly(err) == nil {
		return nil, err
	}
	return w.d.shownUser(made), err
}

// change makes a write that concerns a user.
func (d *Desk) change(ctx context.Context, c Call, do func(ctx context.Context) error) error {
	late := func(ctx context.Context) func(delay) { return d.rememberUser(ctx, c.User) }
	_, err := d.call(ctx, c, answer{late: late}, do)
	return err
}

// SetProfile implements [desk.Desk].
func (w wrapped) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	return w.d.change(ctx, Call{Method: SetProfile, User: id, Want: want}, func(ctx context.Context) error { return w.d.inner.SetProfile(ctx, id, want) })
}

// SetRole implements [desk.Desk].
func (w wrapped) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	return w.d.change(ctx, Call{Method: SetRole, User: id, Role: role}, func(ctx context.Context) error { return w.d.inner.SetRole(ctx, id, role) })
}

// ChangeTeams implements [desk.Desk].
func (w wrapped) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return w.d.changePlaces(ctx, Call{Method: ChangeTeams, User: id, Add: add, Remove: remove}, w.d.inner.ChangeTeams)
}

// ChangeMailboxes implements [desk.Desk].
func (w wrapped) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return w.d.changePlaces(ctx, Call{Method: ChangeMailboxes, User: id, Add: add, Remove: remove}, w.d.inner.ChangeMailboxes)
}

func (d *Desk) changePlaces(ctx context.Context, c Call, do func(ctx context.Context, id provision.DeskUserID, add, remove []string) error) error {
	return d.change(ctx, c, func(ctx context.Context) error {
		add, err := d.owns(c.Add)
		if err != nil {
			return err
		}
		return do(ctx, c.User, add, d.left(c.Remove))
	})
}

// SetActive implements [desk.Desk].
func (w wrapped) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return w.d.change(ctx, Call{Method: SetActive, User: id, Active: active}, func(ctx context.Context) error { return w.d.inner.SetActive(ctx, id, active) })
}

// Delete implements [desk.Desk].
func (w wrapped) Delete(ctx context.Context, id provision.DeskUserID) error {
	return w.d.change(ctx, Call{Method: Delete, User: id}, func(ctx context.Context) error { return w.d.inner.Delete(ctx, id) })
}

// Anonymize implements [desk.Desk].
func (w wrapped) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return w.d.change(ctx, Call{Method: Anonymize, User: id}, func(ctx context.Context) error { return w.d.inner.Anonymize(ctx, id) })
}

// EndSessions implements [desk.Desk].
func (w wrapped) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	return w.d.change(ctx, Call{Method: EndSessions, User: id}, func(ctx context.Context) error { return w.d.inner.EndSessions(ctx, id) })
}

// Assign implements [desk.Desk].
func (w wrapped) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	return w.d.assign(ctx, Call{Method: Assign, Conversations: []string{conversation}, To: to},
		func(ctx context.Context, conversations []string, to desk.Assignee) error {
			return w.d.inner.Assign(ctx, conversations[0], to)
		})
}

func (d *Desk) assign(ctx context.Context, c Call, do func(ctx context.Context, conversations []string, to desk.Assignee) error) error {
	give := func(conversations []string) func(context.Context) error {
		return func(ctx context.Context) error {
			to := c.To
			if to.Team != "" {
				own, err := d.owns([]string{to.Team})
				if err != nil {
					return err
				}
				to.Team = own[0]
			}
			return do(ctx, conversations, to)
		}
	}
	_, err := d.call(ctx, c, answer{
		half: give(c.Conversations[:len(c.Conversations)/2]),
		late: func(context.Context) func(delay) { return d.rememberConversations(c.Conversations) },
	}, give(c.Conversations))
	return err
}

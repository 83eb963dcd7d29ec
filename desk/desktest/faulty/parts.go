package faulty

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// parts are the optional parts of the contract. Each is called only where the desk behind
// has it: [desk.As] looks.
type parts struct{ d *Desk }

var (
	_ desk.Lister        = parts{}
	_ desk.BulkAssigner  = parts{}
	_ desk.InflowStopper = parts{}
	_ desk.Counter       = parts{}
	_ desk.Seats         = parts{}
	_ desk.RoleChanger   = parts{}
	_ desk.RuleChecker   = parts{}
	_ desk.Numbered      = parts{}
	_ desk.TeamMailboxes = parts{}
	_ desk.Doubter       = parts{}
)

// List implements [desk.Lister].
func (p parts) List(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
	f, err := p.d.call(ctx, Call{Method: List}, answer{}, func(ctx context.Context) (err error) {
		users, next, err = p.d.inner.(desk.Lister).List(ctx, cursor)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	users = p.d.lateList(users, next == "")
	for i := range users {
		users[i] = *p.d.shownUser(&users[i])
	}
	if f.Kind == Half {
		next = ""
	}
	return half(f, users), next, nil
}

// AssignMany implements [desk.BulkAssigner].
func (p parts) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	return p.d.assign(ctx, Call{Method: AssignMany, Conversations: conversations, To: to}, p.d.inner.(desk.BulkAssigner).AssignMany)
}

// StopInflow implements [desk.InflowStopper].
func (p parts) StopInflow(ctx context.Context, id provision.DeskUserID) error {
	return p.d.change(ctx, Call{Method: StopInflow, User: id}, func(ctx context.Context) error { return p.d.inner.(desk.InflowStopper).StopInflow(ctx, id) })
}

// SetAway implements [desk.InflowStopper].
func (p parts) SetAway(ctx context.Context, id provision.DeskUserID, away bool) error {
	return p.d.change(ctx, Call{Method: SetAway, User: id, Active: !away}, func(ctx context.Context) error {
		return p.d.inner.(desk.InflowStopper).SetAway(ctx, id, away)
	})
}

// CountOpen implements [desk.Counter]. It counts what is shown late as it is shown.
func (p parts) CountOpen(ctx context.Context, id provision.DeskUserID) (n int, err error) {
	_, err = p.d.call(ctx, Call{Method: CountOpen, User: id}, answer{}, func(ctx context.Context) (err error) {
		n, err = p.d.inner.(desk.Counter).CountOpen(ctx, id)
		return err
	})
	if err != nil {
		return 0, err
	}
	open, err := p.d.inner.OpenConversations(ctx, id, many)
	if err != nil {
		return 0, err
	}
	return n + len(p.d.lateOpen(id, open, many)) - len(open), nil
}

// Seats implements [desk.Seats].
func (p parts) Seats(ctx context.Context) (used, limit int, err error) {
	_, err = p.d.call(ctx, Call{Method: Seats}, answer{}, func(ctx context.Context) (err error) {
		used, limit, err = p.d.inner.(desk.Seats).Seats(ctx)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return used, limit, nil
}

// Roles implements [desk.RoleChanger].
func (p parts) Roles(ctx context.Context) (roles []desk.RoleInfo, err error) {
	f, err := p.d.call(ctx, Call{Method: Roles}, answer{}, func(ctx context.Context) (err error) {
		roles, err = p.d.inner.(desk.RoleChanger).Roles(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return half(f, roles), nil
}

// ChangeRoles implements [desk.RoleChanger].
func (p parts) ChangeRoles(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return p.d.change(ctx, Call{Method: ChangeRoles, User: id, Add: add, Remove: remove}, func(ctx context.Context) error {
		return p.d.inner.(desk.RoleChanger).ChangeRoles(ctx, id, add, remove)
	})
}

// CheckRule is the desk's own.
func (p parts) CheckRule(r provision.Rule) []desk.Problem {
	return p.d.inner.(desk.RuleChecker).CheckRule(r)
}

// Units implements [desk.Numbered].
func (p parts) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	f, err := p.d.call(ctx, Call{Method: Units}, answer{}, func(ctx context.Context) (err error) {
		teams, mailboxes, err = p.d.inner.(desk.Numbered).Units(ctx)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	shown := func(units []desk.Unit) (renamed []desk.Unit) {
		for _, u := range units {
			renamed = append(renamed, desk.Unit{ID: u.ID, Name: p.d.shown([]string{u.Name})[0]})
		}
		return half(f, renamed)
	}
	return shown(teams), shown(mailboxes), nil
}

// MailboxesOf implements [desk.TeamMailboxes].
func (p parts) MailboxesOf(ctx context.Context, team string) (names []string, err error) {
	f, err := p.d.call(ctx, Call{Method: MailboxesOf}, answer{}, func(ctx context.Context) (err error) {
		own, ok := p.d.own(team)
		if !ok {
			return desk.Errorf(desk.NotFound, "the desk has no team %q", team)
		}
		names, err = p.d.inner.(desk.TeamMailboxes).MailboxesOf(ctx, own)
		return err
	})
	if err != nil {
		return nil, err
	}
	return half(f, p.d.shown(names)), nil
}

// Doubt implements [desk.Doubter]. What it says is an answer, and no failure.
func (p parts) Doubt(ctx context.Context, key desk.Key) (doubt error) {
	_, err := p.d.call(ctx, Call{Method: Doubt, User: key.ID, Key: key}, answer{}, func(ctx context.Context) error {
		if doubt = p.d.inner.(desk.Doubter).Doubt(ctx, key); desk.KindOf(doubt) == desk.CannotDo {
			return nil
		}
		return doubt
	})
	if err != nil {
		return err
	}
	return doubt
}

package zammad

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a conversation.
type ticket struct {
	ID    int64 `json:"id"`
	Owner int64 `json:"owner_id"` // systemUser: nobody
	Group int64 `json:"group_id"`
	State int64 `json:"state_id"`
}

// OpenConversations returns the tickets that the user owns and that are neither
// closed nor merged nor removed, in order of number. Zammad leaves out, without a
// word, tickets of groups that our own account has no access to: it must have all. A
// user that Zammad does not know owns none.
func (d *zammad) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	found, err := d.OpenOf(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	if err := d.seesAll(ctx); err != nil {
		return nil, err
	}
	of, open, err := d.openTickets(ctx, id)
	if err != nil {
		return nil, err
	}
	err = search(d.client, "/tickets", of, func(t ticket) int64 { return t.ID }).Each(ctx, func(t ticket) (more bool) {
		return !slices.Contains(open, t.State) || found.Add(t.shown())
	})
	return found.Found, err
}

// seesAll fails where tickets are not shown to our own account.
func (d *zammad) seesAll(ctx context.Context) error {
	me, err := d.me(ctx)
	if err != nil {
		return err
	}
	unseen, err := d.unseen(ctx, me)
	if err == nil && len(unseen) > 0 {
		err = desk.Errorf(desk.Permanent, "%s, then run `deskbridge retry`", blind(unseen))
	}
	return err
}

func blind(groups []string) string {
	return "the service account does not see the tickets of the groups " + strings.Join(groups, ", ") + ", so that those of a leaver would be overlooked: give it the role Agent, and FULL for these groups, at Manage > Users > (the service account)"
}

// openTickets returns the condition of a user's open tickets, and the states in which
// a ticket is open.
func (d *book) openTickets(ctx context.Context, id provision.DeskUserID) (of condition, open []int64, _ error) {
	states, err := d.states.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, s := range states {
		if !s.done() {
			open, ids = append(open, s.ID), append(ids, number(s.ID))
		}
	}
	if len(open) == 0 {
		return nil, nil, desk.Errorf(desk.Retryable, "Zammad shows no state in which a ticket is open")
	}
	return condition{"ticket.owner_id": {string(id)}, "ticket.state_id": ids}, open, nil
}

// shown translates a ticket.
func (t *ticket) shown() handover.Ticket {
	out := handover.Ticket{ID: t.ID, Assignee: t.Owner, Group: t.Group}
	if t.Owner == systemUser {
		out.Assignee = 0
	}
	return out
}

// owner returns a user, and the groups in which the user may own tickets. In place of
// anybody else Zammad would take nobody, and the owner away, without a word.
func (d *zammad) owner(ctx context.Context, id provision.DeskUserID) (t kit.Target, _ error) {
	r, err := d.users.Assignee(ctx, id)
	if err != nil {
		return t, err
	}
	roles, err := d.rolesOf(ctx, r)
	if err != nil {
		return t, err
	}
	t.User = r.ID
	for _, of := range append(slices.Clone(roles), role{Groups: r.Groups}) {
		for group := range of.Groups {
			if r.ID != systemUser && d.owns(r, roles, group) {
				t.In = append(t.In, group)
			}
		}
	}
	return t, nil
}

// writeTicket changes a ticket.
func (d *zammad) writeTicket(ctx context.Context, id string, t kit.Target) error {
	fields := t.Fields("owner_id", "group_id")
	if t.User == 0 {
		fields["owner_id"] = systemUser
	}
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPut, Path: "/tickets/" + id, Body: fields, Want: http.StatusOK}, nil)
	return err
}

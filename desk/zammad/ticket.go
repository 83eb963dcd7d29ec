package zammad

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a conversation.
type ticket struct {
	ID    int64 `json:"id"`
	Owner int64 `json:"owner_id"` // systemUser: nobody
	Group int64 `json:"group_id"`
	State int64 `json:"state_id"`
}

const ticketPage = 100

// OpenConversations returns the tickets that the user owns and that are neither
// closed nor merged nor removed, in order of number. Zammad leaves out, without a
// word, tickets of groups that our own account has no access to: it must have all. A
// user that Zammad does not know owns none.
func (d *zammad) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Zammad has no user %q: its ids are numbers", string(id))
	}
	if err := d.seesAll(ctx); err != nil {
		return nil, err
	}
	of, open, err := d.openTickets(ctx, id)
	if err != nil {
		return nil, err
	}
	var (
		found []desk.Conversation
		pages kit.Pages
		seen  = make(map[int64]bool)
	)
	for n := 1; n <= maxPages; n++ {
		p, err := search[ticket](ctx, d.client, "/tickets/search", of, n, ticketPage)
		if err != nil {
			return nil, err
		}
		var ids []int64
		for _, t := range p.Records {
			ids = append(ids, t.ID)
			if !seen[t.ID] && provision.DeskUserID(number(t.Owner)) == id && slices.Contains(open, t.State) && len(found) < limit {
				c, err := d.conversation(ctx, &t)
				if err != nil {
					return nil, err
				}
				found = append(found, c)
			}
			seen[t.ID] = true
		}
		if more, err := pages.Next(vendor, "tickets", ids, p.total()); err != nil || !more || len(found) >= limit {
			if len(found) >= limit {
				err = nil
			}
			return found, err
		}
	}
	return nil, desk.Errorf(desk.Permanent, "the list of tickets has more than %d pages", maxPages)
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

// conversation translates a ticket.
func (d *book) conversation(ctx context.Context, t *ticket) (desk.Conversation, error) {
	c := desk.Conversation{ID: number(t.ID), Assignee: provision.DeskUserID(number(t.Owner))}
	names, err := d.groupNames(ctx, access{t.Group: {full}})
	if len(names) > 0 {
		c.Mailbox = names[0]
	}
	return c, err
}

// ticket reads a ticket.
func (d *zammad) ticket(ctx context.Context, id string) (*ticket, error) {
	gone := desk.Errorf(desk.NotFound, "Zammad has no ticket %s", id)
	if !kit.IsNumber(id) {
		return nil, gone
	}
	var t ticket
	err := d.client.Get(ctx, "/tickets/"+id, nil, &t)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, gone
	case err == nil && (number(t.ID) != id || t.Group <= 0):
		err = desk.Errorf(desk.Retryable, "Zammad answered a question about ticket %s with another record", id)
	}
	return &t, err
}

// Assign gives a ticket to a user, to a group without an owner, or takes its owner
// away. What is taken from an owner stays in its group.
func (d *zammad) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	t, err := d.ticket(ctx, conversation)
	if err != nil {
		return err
	}
	switch {
	case to.Team != "":
		return d.assignTeam(ctx, t, to.Team)
	case to.User != "":
		return d.assignUser(ctx, t, to.User)
	case t.Owner <= systemUser:
		return nil
	}
	return d.assign(ctx, t, map[string]int64{"owner_id": systemUser}, func(now *ticket) bool { return now.Owner != t.Owner })
}

// assignUser gives a ticket to who may own it. In place of anybody else Zammad
// would take nobody, and the owner away, without a word.
func (d *zammad) assignUser(ctx context.Context, t *ticket, to provision.DeskUserID) error {
	r, err := d.users.read(ctx, to)
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Permanent, "Zammad has no user %q to assign tickets to", string(to))
		}
		return err
	}
	roles, err := d.rolesOf(ctx, r)
	switch {
	case err != nil:
		return err
	case r.ID == systemUser || !d.owns(r, roles, t.Group):
		return desk.Errorf(desk.Permanent, "user %s of Zammad may not own ticket %s: the user is inactive, no agent, or has no full access to its group; give FULL at Manage > Users > (the user), or hand over to somebody else", to, number(t.ID))
	case t.Owner == r.ID:
		return nil
	}
	return d.assign(ctx, t, map[string]int64{"owner_id": r.ID}, func(now *ticket) bool { return now.Owner == r.ID })
}

// assignTeam moves a ticket to a group, where nobody owns it.
func (d *zammad) assignTeam(ctx context.Context, t *ticket, team string) error {
	g, err := d.groups.Get(ctx, desk.Permanent, team)
	if err != nil || t.Group == g.ID && t.Owner <= systemUser {
		return err
	}
	return d.assign(ctx, t, map[string]int64{"group_id": g.ID, "owner_id": systemUser}, func(now *ticket) bool {
		return now.Group == g.ID && (now.Owner != t.Owner || t.Owner <= systemUser)
	})
}

// assign changes a ticket, and reads it back.
func (d *zammad) assign(ctx context.Context, t *ticket, to map[string]int64, done func(*ticket) bool) error {
	id := number(t.ID)
	if _, err := d.client.Do(ctx, kit.Call{Method: http.MethodPut, Path: "/tickets/" + id, Body: to, Want: http.StatusOK}, nil); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.NotFound, "Zammad has no ticket %s", id)
		}
		return err
	}
	return kit.ReadBack(ctx, id, d.ticket, func(now *ticket) error {
		if !done(now) {
			return disobeyed("assign ticket %s", id)
		}
		return nil
	})
}

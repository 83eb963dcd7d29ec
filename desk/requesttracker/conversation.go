package requesttracker

import (
	"context"
	"errors"
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a ticket in a list that was asked for with [ticketQuery].
type ticket struct {
	ID    text `json:"id"`
	Owner struct {
		ID   text   `json:"id"`
		Name string `json:"Name"`
	} `json:"Owner"`
	Queue struct {
		Name string `json:"Name"`
	} `json:"Queue"`
}

// ticketQuery asks for tickets with their owners' numbers and names: left to
// itself, RT gives an owner's name as "id".
func ticketQuery(condition string) url.Values {
	return url.Values{
		"query":         {condition},
		"fields":        {"Owner,Queue"},
		"fields[Owner]": {"id,Name"},
		"fields[Queue]": {"Name"},
	}
}

func (d *rt) tickets(ctx context.Context, condition string, limit int) ([]ticket, error) {
	return collect[ticket](ctx, ticketQuery(condition), limit, func(ctx context.Context, query url.Values, answer any) error {
		return d.client.Get(ctx, "/tickets", query, answer)
	})
}

// OpenConversations returns tickets in new, open, stalled and whatever other
// states RT counts as active. A user that RT does not know owns none.
func (d *rt) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, noNumber("user", string(id))
	}
	tickets, err := d.tickets(ctx, "Owner.id = "+string(id)+" AND Status = '__Active__'", limit)
	if err != nil {
		return nil, err
	}
	var open []desk.Conversation
	for _, t := range tickets {
		if t.Owner.ID != text(id) {
			continue // handed over while we read
		}
		open = append(open, desk.Conversation{ID: string(t.ID), Assignee: id, Mailbox: t.Queue.Name})
	}
	return open, nil
}

// nobody is the Name of the user that owns what nobody owns.
const nobody = "Nobody"

// Assign changes the owner of a ticket. It takes two requests and no more: a
// leaver keeps access until the last ticket is handed over.
func (d *rt) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	owner := nobody
	switch {
	case to.Team != "":
		return desk.Unsupported("assign to a team", "in Request Tracker a ticket belongs to a queue and to one user; hand over to an agent, to round_robin, or to unassign")
	case !kit.IsNumber(conversation):
		return noNumber("ticket", conversation)
	case to.User != "" && !kit.IsNumber(to.User):
		return desk.Errorf(desk.Permanent, "RT has no user %q to own tickets: its ids are numbers", to.User)
	case to.User != "":
		owner = string(to.User)
	}
	said, err := d.client.change(ctx, "/ticket/"+conversation, map[string]any{"Owner": owner})
	switch {
	case errors.Is(err, kit.ErrForbidden):
		return missingRight("ShowTicket", "to hand conversations over")
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return desk.Errorf(desk.NotFound, "RT has no ticket %s", conversation)
	case err != nil:
		return err
	}
	return d.confirmOwner(ctx, conversation, owner, said)
}

// confirmOwner fails unless a ticket belongs to the user with a number, or to
// Nobody.
func (d *rt) confirmOwner(ctx context.Context, conversation, owner string, said []string) error {
	tickets, err := d.tickets(ctx, "id = "+conversation, 1)
	switch {
	case err != nil:
		return err
	case len(tickets) != 1 || string(tickets[0].ID) != conversation:
		return desk.Errorf(desk.NotFound, "RT shows no ticket %s any more; it may have been merged", conversation)
	case owner == nobody && tickets[0].Owner.Name != nobody, owner != nobody && string(tickets[0].Owner.ID) != owner:
		return disobeyed("change the owner of ticket "+conversation, said,
			"the new owner must be enabled and needs OwnTicket in the ticket's queue (Admin > Queues > (the queue) > Group Rights), the service account ModifyTicket and ReassignTicket (Admin > Global > User Rights)")
	}
	return nil
}

package requesttracker

import (
	"context"
	"errors"
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a ticket, in a list with the name of its queue.
type ticket struct {
	ID    text `json:"id"`
	Owner ref  `json:"Owner"`
	Queue struct {
		Name string `json:"Name"`
	} `json:"Queue"`
}

// OpenConversations returns tickets in new, open, stalled and whatever other
// states RT counts as active.
func (d *rt) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	r, err := d.read(ctx, id)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"query":         {"Owner.id = " + string(r.ID) + " AND Status = '__Active__'"},
		"fields":        {"Owner,Queue"},
		"fields[Queue]": {"Name"},
	}
	tickets, err := collect[ticket](ctx, query, limit, func(ctx context.Context, query url.Values, answer any) error {
		return d.client.get(ctx, "/tickets", query, answer)
	})
	if err != nil {
		return nil, err
	}
	var open []desk.Conversation
	for _, t := range tickets {
		if string(t.Owner.ID) != r.Name {
			continue // handed over while we read
		}
		open = append(open, desk.Conversation{ID: string(t.ID), Assignee: id, Mailbox: t.Queue.Name})
	}
	return open, nil
}

// nobody is the Name of the user that owns what nobody owns.
const nobody = "Nobody"

// Assign changes the owner of a ticket.
func (d *rt) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if to.Team != "" {
		return desk.Unsupported("assign to a team", "in Request Tracker a ticket belongs to a queue and to one user; hand over to an agent, to round_robin, or to unassign")
	}
	if !number.MatchString(conversation) {
		return desk.Errorf(desk.NotFound, "RT has no ticket %q: its ids are numbers", conversation)
	}
	owner, err := d.owner(ctx, to.User)
	if err != nil {
		return err
	}
	now, err := d.ownerOf(ctx, conversation)
	if err != nil || now == owner {
		return err
	}
	said, err := d.client.put(ctx, "/ticket/"+conversation, map[string]any{"Owner": owner})
	if err != nil {
		return err
	}
	if now, err = d.ownerOf(ctx, conversation); err != nil {
		return err
	}
	if now != owner {
		return disobeyed("change the owner of ticket "+conversation, said,
			"the new owner needs OwnTicket in the ticket's queue (Admin > Queues > (the queue) > Group Rights), the service account ModifyTicket and ReassignTicket (Admin > Global > User Rights)")
	}
	return nil
}

// owner returns the Name of a user who may be made owner.
func (d *rt) owner(ctx context.Context, id provision.DeskUserID) (string, error) {
	if id == "" {
		return nobody, nil
	}
	r, err := d.read(ctx, id)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return "", desk.Errorf(desk.Permanent, "RT has no user %s to own tickets; hand over to somebody else", id)
	}
	if err != nil {
		return "", err
	}
	if r.disabled() {
		return "", desk.Errorf(desk.Permanent, "user %s of RT is disabled and cannot own tickets; hand over to somebody else", id)
	}
	return r.Name, nil
}

// ownerOf returns the Name of a ticket's owner.
func (d *rt) ownerOf(ctx context.Context, conversation string) (string, error) {
	var t ticket
	err := d.client.get(ctx, "/ticket/"+conversation, nil, &t)
	switch {
	case errors.Is(err, errForbidden):
		return "", missingRight("ShowTicket", "to hand conversations over")
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return "", desk.Errorf(desk.NotFound, "RT has no ticket %s", conversation)
	}
	return string(t.Owner.ID), err
}

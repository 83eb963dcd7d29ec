package requesttracker

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a ticket in a list.
type ticket struct {
	ID    kit.Scalar `json:"id"`
	Owner struct {
		ID   kit.Scalar `json:"id"`
		Name string     `json:"Name"`
	} `json:"Owner"`
	Queue struct {
		Name string `json:"Name"`
	} `json:"Queue"`
}

// tickets returns tickets of a condition, with their owners' numbers and names: left to itself, RT
// gives an owner's name as "id".
func (d *rt) tickets(ctx context.Context, condition string, limit int) ([]ticket, error) {
	query := url.Values{"query": {condition}, "fields": {"Owner,Queue"}, "fields[Owner]": {"id,Name"}, "fields[Queue]": {"Name"}}
	return list[ticket](d.client, "/tickets", query, min(limit, pageSize)).First(ctx, limit)
}

// OpenConversations returns tickets in new, open, stalled and whatever other
// states RT counts as active. A user that RT does not know owns none.
func (d *rt) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, vendor.NoNumber("user", string(id))
	}
	tickets, err := d.tickets(ctx, "Owner.id = "+string(id)+" AND Status = '__Active__'", limit)
	if err != nil {
		return nil, err
	}
	var open []desk.Conversation
	for _, t := range tickets {
		if t.Owner.ID == kit.Scalar(id) { // else it was handed over while we read
			open = append(open, desk.Conversation{ID: string(t.ID), Assignee: id, Mailbox: t.Queue.Name})
		}
	}
	return open, nil
}

// nobody is the Name of the user that owns what nobody owns.
const nobody = "Nobody"

// assignAtOnce is how many tickets are given away in one request. RT takes a
// tenth of a second and more for each, and an answer may take 30 seconds.
const assignAtOnce = 25

// AssignMany implements [desk.BulkAssigner] with two requests for 25 tickets: PUT
// /tickets/bulk, whose answer says nothing that can be relied on, and a look at
// who owns them now. It is in REST 2.0 of RT 5 (RT::REST2::Resource::TicketsBulk).
func (d *rt) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	owner, err := ownerOf(to)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(conversations, assignAtOnce) {
		changes := make([]kit.Fields, len(some))
		for i, c := range some {
			if !kit.IsNumber(c) {
				return vendor.NoNumber("ticket", c)
			}
			changes[i] = kit.Fields{"id": c, "Owner": owner}
		}
		if err := d.client.Put(ctx, "/tickets/bulk", changes, nil); err != nil {
			return err
		}
		_, owned, err := d.look(ctx, some, owner)
		if err == nil && owned < len(some) {
			err = desk.Errorf(desk.Permanent, "RT gave %d of %d tickets to the new owner; give the rest one by one", owned, len(some))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look returns how many of some tickets RT shows, and how many of those an owner has.
func (d *rt) look(ctx context.Context, numbers []string, owner string) (shown, owned int, _ error) {
	tickets, err := d.tickets(ctx, "id = "+strings.Join(numbers, " OR id = "), len(numbers))
	for _, t := range tickets {
		if !slices.Contains(numbers, string(t.ID)) {
			continue
		}
		shown++
		if t.Owner.Name == nobody && owner == nobody || owner != nobody && string(t.Owner.ID) == owner {
			owned++
		}
	}
	return shown, owned, err
}

// ownerOf returns an assignee as RT wants an owner.
func ownerOf(to desk.Assignee) (string, error) {
	switch {
	case to.Team != "":
		return "", desk.Unsupported("assign to a team", "in Request Tracker a ticket belongs to a queue and to one user; hand over to an agent, to round_robin, or to unassign")
	case to.User == "":
		return nobody, nil
	case !kit.IsNumber(to.User):
		return "", desk.Errorf(desk.Permanent, "RT has no user %q to own tickets: its ids are numbers", to.User)
	}
	return string(to.User), nil
}

// Assign changes the owner of a ticket. It takes two requests and no more: a
// leaver keeps access until the last ticket is handed over.
func (d *rt) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	owner, err := ownerOf(to)
	if err != nil {
		return err
	}
	if !kit.IsNumber(conversation) {
		return vendor.NoNumber("ticket", conversation)
	}
	said, err := d.client.change(ctx, "/ticket/"+conversation, kit.Fields{"Owner": owner})
	switch {
	case errors.Is(err, kit.ErrForbidden):
		return missingRight("ShowTicket", "to hand conversations over")
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return desk.Errorf(desk.NotFound, "RT has no ticket %s", conversation)
	case err != nil:
		return err
	}
	shown, owned, err := d.look(ctx, []string{conversation}, owner)
	switch {
	case err != nil:
		return err
	case shown == 0:
		return desk.Errorf(desk.NotFound, "RT shows no ticket %s any more; it may have been merged", conversation)
	case owned == 0:
		return disobeyed("change the owner of ticket "+conversation, said,
			"the new owner must be enabled and needs OwnTicket in the ticket's queue (Admin > Queues > (the queue) > Group Rights), the service account ModifyTicket and ReassignTicket (Admin > Global > User Rights)")
	}
	return nil
}

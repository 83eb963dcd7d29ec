package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a conversation.
type ticket struct {
	ID       int64  `json:"id"`
	Status   string `json:"status"`
	Assignee int64  `json:"assignee_id"` // null is 0: nobody
	Group    int64  `json:"group_id"`    // null is 0: none
}

// states are those of tickets, in the order in which a list that goes by state has
// them. Custom ones stand for one of these each.
var states = []string{"new", "open", "pending", "hold", "solved", "closed"}

// rank returns the place of a ticket in such a list.
func (t *ticket) rank() int { return slices.Index(states, t.Status) }

// shown translates a ticket. Nobody has to do anything with one that is solved or closed; a
// state that we do not know is none of those.
func (t *ticket) shown() handover.Ticket {
	out := handover.Ticket{ID: t.ID, Assignee: t.Assignee, Group: t.Group}
	if t.Status == "solved" || t.Status == "closed" {
		out.Done = t.Status
	}
	return out
}

// OpenConversations returns what is assigned to the user and neither solved nor
// closed, by the list of what is assigned: a search would be behind. It has what is
// solved, too, at its end, where reading stops if Zendesk is seen to sort it. A user
// that Zendesk does not know has none.
func (d *zendesk) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	open, err := d.OpenOf(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	err = d.assigned(id, "status").Each(ctx, func(page []ticket, end bool) (more bool, err error) {
		last := handover.Ticket{}
		more = true
		for i := range page {
			last = page[i].shown()
			more = open.Add(last)
		}
		if more && !end && last.Done != "" {
			sorted, err := d.sorted(ctx, id)
			return !sorted, err
		}
		return more, nil
	})
	if err != nil && desk.KindOf(err) == desk.NotFound {
		err = nil
	}
	return open.Found, err
}

// assigned is the list of what is assigned to a user.
func (d *zendesk) assigned(id provision.DeskUserID, sort string) kit.CursorList[ticket] {
	return list(d.client, "/users/"+string(id)+"/tickets/assigned", "tickets", url.Values{"sort": {sort}}, (*ticket).whole)
}

func (t *ticket) whole() bool { return t.ID > 0 && t.Status != "" }

// sorted reports whether Zendesk sorts what is assigned to a user, who has more than
// a page of it: the other way round, what is closed or solved comes first, and nothing
// that is open before it. Once is enough to know.
func (d *zendesk) sorted(ctx context.Context, id provision.DeskUserID) (bool, error) {
	if d.sorts.Load() {
		return true, nil
	}
	first, _, err := d.assigned(id, "status").Page(ctx, "")
	if err != nil {
		return false, err
	}
	last, _, err := d.assigned(id, "-status").Page(ctx, "")
	if err != nil || len(first) == 0 || len(last) == 0 {
		return false, err
	}
	up := func(a, b ticket) int { return a.rank() - b.rank() }
	sorted := up(first[0], last[0]) < 0 && slices.IsSortedFunc(first, up) && slices.IsSortedFunc(last, func(a, b ticket) int { return up(b, a) })
	if sorted {
		d.sorts.Store(true)
	}
	return sorted, nil
}

// handOver returns how tickets are given away here: one by one, or by jobs of up to a hundred.
func (d *zendesk) handOver() handover.Bulk {
	fields := func(t kit.Target) map[string]any {
		return map[string]any{"ticket": t.Fields("assignee_id", "group_id")}
	}
	return handover.Bulk{
		Tickets: handover.Tickets{Vendor: vendor, What: "user", Join: "put the user into it, at Admin Center > People > Team > Groups", Groups: d.groups, Owner: d.owner,
			Read: handover.One(kit.One[ticket]{Client: d.client.Client, What: "ticket", Path: "/tickets/", Key: "ticket", Is: func(t *ticket, _ string) bool { return t.whole() }}, (*ticket).shown),
			Write: func(ctx context.Context, number string, t kit.Target) error {
				return refusedTo(d.client.Put(ctx, "/tickets/"+number, fields(t), nil), "assign ticket %s", number)
			}},
		Size: pageSize, Before: d.tickets,
		WriteMany: func(ctx context.Context, numbers []string, t kit.Target) error {
			err := d.client.carry(ctx, kit.Call{Method: http.MethodPut, Path: "/tickets/update_many", Query: url.Values{"ids": {strings.Join(numbers, ",")}}, Body: fields(t)})
			return refusedTo(err, "assign %d tickets", len(numbers))
		},
	}
}

// owner returns a user who may own tickets.
func (d *zendesk) owner(ctx context.Context, id provision.DeskUserID) (t kit.Target, _ error) {
	r, err := d.users.Assignee(ctx, id)
	if err != nil {
		return t, err
	}
	limited, err := d.limited(ctx)
	if err == nil && !d.works(r, limited) {
		err = desk.Errorf(desk.Permanent, "user %s of Zendesk is suspended, or no agent who may own tickets", id)
	}
	if err != nil {
		return t, err
	}
	memberships, err := d.memberships(ctx, r)
	return kit.Target{User: r.ID, In: groupsIn(memberships)}, err
}

// tickets reads up to a hundred tickets.
func (d *zendesk) tickets(ctx context.Context, numbers []string) (all []handover.Ticket, _ error) {
	var answer struct{ Tickets []ticket }
	if err := d.client.Get(ctx, "/tickets/show_many", url.Values{"ids": {strings.Join(numbers, ",")}}, &answer); err != nil {
		return nil, err
	}
	if answer.Tickets == nil || slices.ContainsFunc(answer.Tickets, func(t ticket) bool { return !t.whole() }) {
		return nil, vendor.NoList("tickets")
	}
	for _, t := range answer.Tickets {
		all = append(all, t.shown())
	}
	return all, nil
}

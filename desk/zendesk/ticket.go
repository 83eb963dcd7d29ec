package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
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

// open reports whether somebody still has to do with it. A state that we do not know
// is one of those.
func (t *ticket) open() bool { return t.Status != "solved" && t.Status != "closed" }

func (t *ticket) number() string { return strconv.FormatInt(t.ID, 10) }

// OpenConversations returns what is assigned to the user and neither solved nor
// closed, by the list of what is assigned: a search would be behind. It has what is
// solved, too, at its end, where reading stops if Zendesk is seen to sort it. A user
// that Zendesk does not know has none.
func (d *zendesk) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Zendesk has no user %q: its ids are numbers", id)
	}
	groups, err := d.groups.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []desk.Conversation
	seen, cursor := make(map[int64]bool), ""
	for range maxPages {
		p, err := d.assigned(ctx, id, "status", cursor)
		if err != nil && desk.KindOf(err) == desk.NotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, t := range p.items {
			if strconv.FormatInt(t.Assignee, 10) == string(id) && t.open() && !seen[t.ID] && len(found) < limit {
				seen[t.ID] = true
				c := desk.Conversation{ID: t.number(), Assignee: id}
				if names := kit.NamesOf(groups, t.Group); len(names) > 0 {
					c.Mailbox = names[0]
				}
				found = append(found, c)
			}
		}
		cursor = p.next
		if cursor == "" || len(found) == limit {
			return found, nil
		}
		if last := p.items[len(p.items)-1]; !last.open() {
			sorted, err := d.sorted(ctx, id)
			if err != nil || sorted {
				return found, err
			}
		}
	}
	return nil, desk.Errorf(desk.Permanent, "Zendesk's list of what is assigned to user %s has more than %d pages", id, maxPages)
}

// assigned reads a page of what is assigned to a user.
func (d *zendesk) assigned(ctx context.Context, id provision.DeskUserID, sort, cursor string) (page[ticket], error) {
	p, err := pageAt[ticket](ctx, d.client, "/users/"+string(id)+"/tickets/assigned", "tickets", url.Values{"sort": {sort}}, cursor)
	if err == nil && slices.ContainsFunc(p.items, func(t ticket) bool { return t.ID <= 0 || t.Status == "" }) {
		err = vendor.NoList("tickets")
	}
	return p, err
}

// sorted reports whether Zendesk sorts what is assigned to a user, who has more than
// a page of it: the other way round, what is closed or solved comes first, and nothing
// that is open before it. Once is enough to know.
func (d *zendesk) sorted(ctx context.Context, id provision.DeskUserID) (bool, error) {
	if d.sorts.Load() {
		return true, nil
	}
	first, err := d.assigned(ctx, id, "status", "")
	if err != nil {
		return false, err
	}
	last, err := d.assigned(ctx, id, "-status", "")
	if err != nil || len(first.items) == 0 || len(last.items) == 0 {
		return false, err
	}
	up := func(a, b ticket) int { return a.rank() - b.rank() }
	sorted := up(first.items[0], last.items[0]) < 0 && slices.IsSortedFunc(first.items, up) && slices.IsSortedFunc(last.items, func(a, b ticket) int { return up(b, a) })
	if sorted {
		d.sorts.Store(true)
	}
	return sorted, nil
}

// ticket reads a ticket.
func (d *zendesk) ticket(ctx context.Context, number string) (*ticket, error) {
	if !kit.IsNumber(number) {
		return nil, desk.Errorf(desk.NotFound, "Zendesk has no ticket %q: its ids are numbers", number)
	}
	var answer struct{ Ticket *ticket }
	err := d.client.Get(ctx, "/tickets/"+number, nil, &answer)
	switch t := answer.Ticket; {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.NotFound, "Zendesk has no ticket %s", number)
	case err != nil:
		return nil, err
	case t == nil || t.number() != number || t.Status == "":
		return nil, desk.Errorf(desk.Retryable, "Zendesk answered a question about ticket %s with something else", number)
	}
	return answer.Ticket, nil
}

// target looks an assignee up. One that may own nothing is a Permanent error.
func (d *zendesk) target(ctx context.Context, to desk.Assignee) (kit.Target, error) {
	return d.groups.Target(ctx, to, func(ctx context.Context) (t kit.Target, _ error) {
		r, err := d.read(ctx, to.User)
		if err != nil && desk.KindOf(err) == desk.NotFound {
			return t, desk.Errorf(desk.Permanent, "Zendesk has no user %q to assign tickets to", to.User)
		}
		if err != nil {
			return t, err
		}
		limited, err := d.limited(ctx)
		if err == nil && !d.works(r, limited) {
			err = desk.Errorf(desk.Permanent, "user %s of Zendesk is suspended, or no agent who may own tickets", to.User)
		}
		if err != nil {
			return t, err
		}
		memberships, err := d.memberships(ctx, r)
		return kit.Target{User: r.ID, In: groupsIn(memberships)}, err
	})
}

// refuses says why a ticket cannot be given so; nil: it can. Zendesk would move
// it to another group for somebody who is not in its own.
func refuses(t kit.Target, now *ticket) error {
	switch {
	case !now.open():
		return desk.Errorf(desk.NotFound, "ticket %d of Zendesk is %s by now", now.ID, now.Status)
	case t.Outside(now.Group):
		return desk.Errorf(desk.Permanent, "user %d of Zendesk is not in the group of ticket %d; put the user into it, at Admin Center > People > Team > Groups, or hand over to somebody who is", t.User, now.ID)
	}
	return nil
}

// Assign gives a ticket to an agent, to a group without an agent, or takes its agent
// away. What is taken from an agent stays with its group.
func (d *zendesk) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	before, err := d.ticket(ctx, conversation)
	if err != nil {
		return err
	}
	t, err := d.target(ctx, to)
	if err == nil {
		err = refuses(t, before)
	}
	if err != nil || t.Has(before.Assignee, before.Group) {
		return err
	}
	if err := d.client.Put(ctx, "/tickets/"+conversation, map[string]any{"ticket": t.Fields("assignee_id", "group_id")}, nil); err != nil {
		return refusedTo(err, "assign ticket %s", conversation)
	}
	return kit.ReadBack(ctx, conversation, d.ticket, func(now *ticket) error {
		if !t.Has(now.Assignee, now.Group) {
			return vendor.Disobeyed("assign ticket %s", conversation)
		}
		return nil
	})
}

var _ desk.BulkAssigner = (*zendesk)(nil)

// AssignMany implements [desk.BulkAssigner], by jobs of up to a hundred tickets.
func (d *zendesk) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	if len(conversations) == 0 {
		return nil
	}
	t, err := d.target(ctx, to)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(conversations, pageSize) {
		before, err := d.tickets(ctx, some)
		if err != nil {
			return err
		}
		var ids []string
		for i := range before {
			if err := refuses(t, &before[i]); err != nil {
				return err
			}
			if !t.Has(before[i].Assignee, before[i].Group) {
				ids = append(ids, before[i].number())
			}
		}
		if len(ids) == 0 {
			continue
		}
		err = d.client.carry(ctx, kit.Call{Method: http.MethodPut, Path: "/tickets/update_many", Query: url.Values{"ids": {strings.Join(ids, ",")}}, Body: map[string]any{"ticket": t.Fields("assignee_id", "group_id")}})
		if err != nil {
			return refusedTo(err, "assign %d tickets", len(ids))
		}
		after, err := d.tickets(ctx, ids)
		if err != nil {
			return err
		}
		for i := range after {
			if !t.Has(after[i].Assignee, after[i].Group) {
				return vendor.Disobeyed("assign ticket %d", after[i].ID)
			}
		}
	}
	return nil
}

// tickets reads up to a hundred tickets. One that is not there is NotFound.
func (d *zendesk) tickets(ctx context.Context, numbers []string) ([]ticket, error) {
	for _, n := range numbers {
		if !kit.IsNumber(n) {
			return nil, desk.Errorf(desk.NotFound, "Zendesk has no ticket %q: its ids are numbers", n)
		}
	}
	var answer struct{ Tickets []ticket }
	if err := d.client.Get(ctx, "/tickets/show_many", url.Values{"ids": {strings.Join(numbers, ",")}}, &answer); err != nil {
		return nil, err
	}
	if answer.Tickets == nil || slices.ContainsFunc(answer.Tickets, func(t ticket) bool { return !slices.Contains(numbers, t.number()) || t.Status == "" }) {
		return nil, vendor.NoList("tickets")
	}
	for _, n := range numbers {
		if !slices.ContainsFunc(answer.Tickets, func(t ticket) bool { return t.number() == n }) {
			return nil, desk.Errorf(desk.NotFound, "Zendesk does not show ticket %s", n)
		}
	}
	return answer.Tickets, nil
}

package helpy

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a conversation. The list of tickets is that of forum 1.
type ticket struct {
	ID       int64    `json:"id"`
	Forum    int64    `json:"forum_id"`
	Status   string   `json:"current_status"`
	Private  *bool    `json:"private"`
	Assignee int64    `json:"assigned_user_id"` // null is 0: nobody
	Priority string   `json:"priority"`
	Groups   []string `json:"team_list"`
}

// ticketStatuses are those of tickets that somebody has to answer; the others are
// closed, spam and trash. An agent's answer makes a ticket open, a customer's pending,
// at any time: in this order it is seen all the same.
var ticketStatuses = []string{"new", "open", "pending", "open"}

func (t *ticket) open() bool { return slices.Contains(ticketStatuses, t.Status) }

func (t *ticket) number() string { return strconv.FormatInt(t.ID, 10) }

const (
	ticketPage = 100
	// scans is how often the tickets of a status are read until no other has come
	// between: Helpy shows them in no order, and one that changes may slip from a page
	// to one that was read before.
	scans = 4
)

// OpenConversations returns the tickets that are new, open or pending. Helpy does
// not list them by assignee, so that all are read; to an agent's key it would list
// some as if they were all. A user that Helpy does not know has none.
func (d *helpy) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if !isNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Helpy has no user %q: its ids are numbers", id)
	}
	self, err := d.users.owner(ctx, 0)
	if err != nil {
		return nil, err
	}
	if self.role() != provision.RoleAdmin {
		return nil, desk.Errorf(desk.Permanent, "%s, then run `deskbridge retry`", notAdmin)
	}
	var open []desk.Conversation
	seen := make(map[int64]bool)
	for _, status := range ticketStatuses {
		err := d.scan(ctx, status, func(t *ticket) bool {
			if t.assignedTo(id) && t.open() && !seen[t.ID] && len(open) < limit {
				seen[t.ID] = true
				open = append(open, desk.Conversation{ID: t.number(), Assignee: id})
			}
			return len(open) < limit
		})
		if err != nil || len(open) == limit {
			return open, err
		}
	}
	return open, nil
}

// scan calls do with every ticket in a status, some of them more than once, until
// do returns false.
func (d *helpy) scan(ctx context.Context, status string, do func(*ticket) (more bool)) error {
	for range scans {
		seen, last, shrank := make(map[int64]bool), 0, false
		for n := 1; n <= maxPages; n++ {
			tickets, total, err := d.page(ctx, status, n)
			if err != nil {
				return err
			}
			before := len(seen)
			for i := range tickets {
				seen[tickets[i].ID] = true
				if !do(&tickets[i]) {
					return nil
				}
			}
			shrank, last = shrank || 0 <= total && total < last, total
			end := len(seen) == before // there is no other on this page
			if !shrank && (len(seen) >= total && total >= 0 || end && total < 0) {
				return nil
			}
			if end || shrank { // where one left a page, another has slipped to it
				break
			}
		}
	}
	return desk.Errorf(desk.Retryable, "Helpy shows fewer %s tickets than it says there are, or they change faster than they can be read", status)
}

// page returns the tickets on a page, and how many there are on all pages; -1 is
// not said.
func (d *helpy) page(ctx context.Context, status string, n int) ([]ticket, int, error) {
	var tickets []ticket
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodGet, Path: "/tickets/status/" + status,
		Query: url.Values{"page": {strconv.Itoa(n)}, "per_page": {strconv.Itoa(ticketPage)}}}, &tickets)
	if err != nil {
		return nil, 0, err
	}
	if tickets == nil || slices.ContainsFunc(tickets, func(t ticket) bool { return t.ID <= 0 }) {
		return nil, 0, vendor.NoList("tickets")
	}
	total, err := strconv.Atoi(a.Header.Get("X-Total"))
	if err != nil {
		total = -1
	}
	return tickets, total, nil
}

// Assign gives a ticket to a user, or to nobody. Helpy would give it to anybody:
// to customers, and to who is deactivated.
func (d *helpy) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if to.Team != "" {
		return desk.Unsupported("assign to a team", "Helpy's API cannot give a ticket to a group; go to Tickets > (ticket "+conversation+") > Group/Team, or hand over to an agent, to round_robin, or to unassign")
	}
	t, err := d.ticket(ctx, conversation)
	if err != nil {
		return err
	}
	if !t.open() { // an assignment would open it again
		return desk.Errorf(desk.NotFound, "ticket %s of Helpy is %s by now", conversation, kit.OneLine(t.Status))
	}
	if to.User == "" {
		return d.unassign(ctx, t)
	}
	if err := d.mayOwn(ctx, t, to.User); err != nil || t.assignedTo(to.User) {
		return err
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/tickets/assign/" + t.number(),
		Body: map[string]any{"assigned_user_id": json.Number(to.User)}, Want: http.StatusCreated}, nil)
	if err != nil {
		return ticketError(err, conversation)
	}
	return kit.ReadBack(ctx, conversation, d.ticket, func(now *ticket) error {
		if !now.assignedTo(to.User) {
			return disobeyed("assign ticket " + conversation)
		}
		return nil
	})
}

func (t *ticket) assignedTo(id provision.DeskUserID) bool {
	return strconv.FormatInt(t.Assignee, 10) == string(id)
}

// mayOwn refuses an assignee who would not see the ticket, or could not answer it.
func (d *helpy) mayOwn(ctx context.Context, t *ticket, id provision.DeskUserID) error {
	r, err := d.users.read(ctx, id)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return desk.Errorf(desk.Permanent, "Helpy has no user %q to assign tickets to", id)
	case err != nil:
		return err
	case !r.works():
		return desk.Errorf(desk.Permanent, "user %s of Helpy is deactivated, or no agent, and cannot answer ticket %s", id, t.number())
	case !r.sees(t.Groups):
		return desk.Errorf(desk.Permanent, "user %s of Helpy is in other groups than ticket %s and does not see it; change the group of one of them, at Users > (the user) > Edit User > Group/Team or Tickets > (the ticket) > Group/Team", id, t.number())
	}
	return nil
}

// unassign takes the assignee away, by the only call that can. It is one for topics
// of the community, finds tickets as well, and writes all that it can change: what
// is to stay is sent as it was read a moment before. Without private, the ticket would
// be open to the public.
func (d *helpy) unassign(ctx context.Context, t *ticket) error {
	if t.Assignee == 0 {
		return nil
	}
	if t.Private == nil || t.Forum <= 0 {
		return desk.Errorf(desk.Permanent, "Helpy does not show whether ticket %s is private, and without that it cannot be unassigned safely; unassign it at Tickets > (the ticket) > Unassign Agent", t.number())
	}
	body := map[string]any{"forum_id": t.Forum, "current_status": t.Status, "private": *t.Private, "assigned_user_id": nil}
	if t.Priority != "" {
		body["priority"] = t.Priority
	}
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPatch, Path: "/topics/" + t.number(), Body: body, Want: http.StatusOK}, nil)
	if err != nil {
		return ticketError(err, t.number())
	}
	return kit.ReadBack(ctx, t.number(), d.ticket, func(now *ticket) error {
		switch {
		case *t.Private && (now.Private == nil || !*now.Private || now.Forum != t.Forum):
			return desk.Errorf(desk.Permanent, "ticket %s was private and is not any more; make it so again at once, at Tickets > (the ticket) > private", t.number())
		case now.Assignee != 0:
			return disobeyed("unassign ticket " + t.number())
		}
		return nil
	})
}

// ticket reads a ticket. Helpy sends the whole thread with it, which is left unread.
func (d *helpy) ticket(ctx context.Context, number string) (*ticket, error) {
	if !isNumber(number) {
		return nil, desk.Errorf(desk.NotFound, "Helpy has no ticket %q: its ids are numbers", number)
	}
	var t ticket
	if err := d.client.Get(ctx, "/tickets/"+number, nil, &t); err != nil {
		return nil, ticketError(err, number)
	}
	if t.number() != number || t.Status == "" {
		return nil, desk.Errorf(desk.Retryable, "Helpy answered a question about ticket %s with another record", number)
	}
	return &t, nil
}

func ticketError(err error, number string) error {
	if desk.KindOf(err) == desk.NotFound {
		return desk.Errorf(desk.NotFound, "Helpy has no ticket %s", number)
	}
	return err
}

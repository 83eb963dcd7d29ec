package freshdesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/handover"
	"github.com/deskbridge/deskbridge/provision"
)

// ticket is a conversation.
type ticket struct {
	ID       int64 `json:"id"`
	Status   int   `json:"status"`
	Assignee int64 `json:"responder_id"` // null is 0: nobody
	Group    int64 `json:"group_id"`     // null is 0: none
	Deleted  bool  `json:"deleted"`
	Spam     bool  `json:"spam"`
}

// States in which nobody has to do anything with a ticket. Others than these and the
// ones below are an administrator's.
const resolved, closed = 4, 5

// usualStates are open ones as Freshdesk comes: open, pending, waiting on customer,
// waiting on third party.
var usualStates = []string{"2", "3", "6", "7"}

// shown translates a ticket.
func (t *ticket) shown() handover.Ticket {
	out := handover.Ticket{ID: t.ID, Assignee: t.Assignee, Group: t.Group}
	if t.Status == resolved || t.Status == closed || t.Deleted || t.Spam {
		out.Done = "resolved, closed, spam or deleted"
	}
	return out
}

const (
	// statesAge is how long it is believed in which states a ticket can be.
	statesAge = 10 * time.Minute
	// lag is how long a change may take to be found by a search: minutes, says Freshdesk.
	lag = 15 * time.Minute

	searchPage  = 30
	mostResults = 300 // that a search shows
	scans       = 3   // how often what changes while it is read is read
)

// openStates returns the states in which a ticket is open, by number. Where Freshdesk
// does not show them they are the usual ones.
func (d *freshdesk) openStates(ctx context.Context) ([]string, error) {
	return d.states.Get(ctx, statesAge, func(ctx context.Context) ([]string, error) {
		type field struct {
			Name    string          `json:"name"`
			Choices json.RawMessage `json:"choices"`
		}
		fields, err := list[field](ctx, d.client, "/ticket_fields", nil)
		switch {
		case errors.Is(err, kit.ErrForbidden), err != nil && desk.KindOf(err) == desk.NotFound:
			return usualStates, nil
		case err != nil:
			return nil, err
		}
		var open []string
		for _, f := range fields {
			var choices map[string]json.RawMessage
			if f.Name != "status" || json.Unmarshal(f.Choices, &choices) != nil {
				continue
			}
			for number := range choices {
				if kit.IsNumber(number) && number != strconv.Itoa(resolved) && number != strconv.Itoa(closed) {
					open = append(open, number)
				}
			}
		}
		if len(open) == 0 {
			return usualStates, nil
		}
		slices.SortFunc(open, kit.ByNumber)
		return open, nil
	})
}

// seen keeps tickets as they were shown lately, for who assigns many of them. The
// zero value has none.
type seen struct {
	mu      sync.Mutex
	tickets map[string]handover.Ticket
	at      time.Time
}

const seenAge, mostSeen = 2 * time.Minute, 50_000

func (s *seen) keep(tickets []handover.Ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tickets == nil || time.Since(s.at) > seenAge || len(s.tickets) > mostSeen {
		s.tickets, s.at = make(map[string]handover.Ticket), time.Now()
	}
	for _, t := range tickets {
		s.tickets[t.Number()] = t
	}
}

// of returns a ticket as it was shown not long ago, if it was.
func (s *seen) of(number string) (t handover.Ticket, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known = s.tickets[number]
	return t, known && time.Since(s.at) <= seenAge
}

// OpenConversations returns what is assigned to the agent and neither resolved nor
// closed. A search finds it as it was some minutes ago; what was changed since is listed
// besides, and counts. An agent that Freshdesk does not know has none.
func (d *freshdesk) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	open, err := d.OpenOf(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	states, err := d.openStates(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[int64]ticket)
	for _, state := range states {
		found, err := d.search(ctx, fmt.Sprintf("agent_id:%s AND status:%s", id, state), time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), time.Now().AddDate(0, 0, 2), true)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			all[t.ID] = t
		}
	}
	changed, err := d.changedSince(ctx, lag)
	if err != nil {
		return nil, err
	}
	for _, t := range changed {
		all[t.ID] = t
	}
	var mine []handover.Ticket
	for _, t := range all {
		if shown := t.shown(); strconv.FormatInt(t.Assignee, 10) == string(id) && shown.Done == "" {
			mine = append(mine, shown)
		}
	}
	slices.SortFunc(mine, func(a, b handover.Ticket) int { return int(a.ID - b.ID) })
	d.seen.keep(mine)
	for _, t := range mine {
		open.Add(t)
	}
	return open.Found, nil
}

// search returns what a query finds. Freshdesk shows 300 tickets: more are looked for by
// the days on which they were opened, in halves. whole says that from and to are no part
// of the question yet.
func (d *freshdesk) search(ctx context.Context, query string, from, to time.Time, whole bool) ([]ticket, error) {
	asked := query
	if !whole {
		asked += fmt.Sprintf(" AND created_at:>'%s' AND created_at:<'%s'", from.Format(time.DateOnly), to.Format(time.DateOnly))
	}
	for range scans {
		found, total, err := d.shown(ctx, asked)
		switch {
		case err != nil:
			return nil, err
		case total <= mostResults && found != nil:
			return found, nil
		case total <= mostResults: // it changed while it was read
			continue
		}
		days := int(to.Sub(from).Hours() / 24)
		if days < 1 {
			return nil, desk.Errorf(desk.Permanent, "more than %d open tickets of one agent of Freshdesk were opened on one day, and a search shows no more: reassign some of them at Tickets, then run `deskbridge retry`", mostResults)
		}
		middle := from.AddDate(0, 0, days/2)
		first, err := d.search(ctx, query, from, middle, false)
		if err != nil {
			return nil, err
		}
		second, err := d.search(ctx, query, middle.AddDate(0, 0, 1), to, false)
		return append(first, second...), err
	}
	return nil, desk.Errorf(desk.Retryable, "Freshdesk shows fewer tickets than it says there are, or they change faster than they can be read")
}

// shown returns what a search shows, and how many it says there are; nil for a search
// that changed while it was read.
func (d *freshdesk) shown(ctx context.Context, query string) (found []ticket, total int, _ error) {
	found = []ticket{}
	for n := 1; ; n++ {
		var answer struct {
			Total   *int     `json:"total"`
			Results []ticket `json:"results"`
		}
		a, err := d.client.Do(ctx, kit.Call{Method: http.MethodGet, Path: "/search/tickets", Query: url.Values{"query": {`"` + query + `"`}, "page": {strconv.Itoa(n)}}}, &answer)
		if err == nil && (answer.Total == nil || answer.Results == nil) {
			err = vendor.NoList("tickets")
		}
		if err != nil {
			return nil, 0, err
		}
		d.client.setClock(a.Header)
		found = append(found, answer.Results...)
		switch {
		case n == 1:
			total = *answer.Total
		case total != *answer.Total:
			return nil, min(total, *answer.Total), nil
		}
		switch {
		case total > mostResults, len(found) >= total:
			return found, total, nil
		case len(answer.Results) == 0:
			return nil, 0, desk.Errorf(desk.Retryable, "Freshdesk shows %d tickets fewer than it says there are", total-len(found))
		}
	}
}

// changedSince returns all tickets that were changed not longer ago than that, by
// Freshdesk's clock.
func (d *freshdesk) changedSince(ctx context.Context, ago time.Duration) ([]ticket, error) {
	now := time.Now().Add(time.Duration(d.client.ahead.Load()))
	changed, err := list[ticket](ctx, d.client, "/tickets", url.Values{
		"updated_since": {now.Add(-ago).UTC().Format(time.RFC3339)}, "order_by": {"updated_at"}, "order_type": {"asc"},
	})
	if err == nil && slices.ContainsFunc(changed, func(t ticket) bool { return t.ID <= 0 || t.Status == 0 }) {
		err = vendor.NoList("tickets")
	}
	return changed, err
}

// handOver returns how tickets are given away here: one by one, or by jobs of up to a
// hundred.
func (d *freshdesk) handOver() handover.Bulk {
	return handover.Bulk{
		Tickets: handover.Tickets{Vendor: vendor, What: "agent", Join: "put the agent into it, at Admin > Team > Groups", Groups: d.groups, Owner: d.owner,
			Read: handover.One(kit.One[ticket]{Client: d.client.Client, What: "ticket", Path: "/tickets/", Is: func(t *ticket, _ string) bool { return t.Status != 0 }}, (*ticket).shown),
			Write: func(ctx context.Context, number string, t kit.Target) error {
				return refusedTo(d.client.Put(ctx, "/tickets/"+number, t.Fields("responder_id", "group_id"), nil), "assign ticket %s", number)
			}},
		Size: pageSize, Before: d.before, Stale: true, WriteMany: d.assignMany, After: d.after,
	}
}

// owner returns an agent who may own tickets.
func (d *freshdesk) owner(ctx context.Context, id provision.DeskUserID) (t kit.Target, _ error) {
	r, err := d.agents.Assignee(ctx, id)
	if err != nil {
		return t, err
	}
	roles, err := d.rolesOf(ctx, r)
	if err == nil && !d.works(r, roles) {
		err = desk.Errorf(desk.Permanent, "agent %s of Freshdesk is deactivated, or none who may own tickets", id)
	}
	return kit.Target{User: r.ID, In: r.Groups}, err
}

// before returns tickets as they were shown lately, or reads them.
func (d *freshdesk) before(ctx context.Context, numbers []string) (all []handover.Ticket, _ error) {
	for _, number := range numbers {
		t, known := d.seen.of(number)
		if !known {
			var err error
			if t, err = d.Read(ctx, number); err != nil {
				return nil, err
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// assignMany starts a job, and waits for it.
func (d *freshdesk) assignMany(ctx context.Context, numbers []string, t kit.Target) error {
	var ids []int64
	for _, number := range numbers {
		id, _ := strconv.ParseInt(number, 10, 64)
		ids = append(ids, id)
	}
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/tickets/bulk_update", Body: map[string]any{"bulk_action": map[string]any{"ids": ids, "properties": t.Fields("responder_id", "group_id")}}}, nil)
	if err != nil {
		return refusedTo(err, "assign %d tickets", len(ids))
	}
	var started struct {
		Job json.RawMessage `json:"job_id"`
	}
	_ = json.Unmarshal(a.Body, &started) // without a job, what came of it is read all the same
	d.client.setClock(a.Header)
	return d.client.await(ctx, strings.Trim(string(started.Job), `"`))
}

// after returns tickets as they are by now: by the list of what was changed lately, and those
// that are not on it as they are to be one by one.
func (d *freshdesk) after(ctx context.Context, numbers []string, t kit.Target) (all []handover.Ticket, _ error) {
	changed, err := d.changedSince(ctx, lag)
	if err != nil {
		return nil, err
	}
	now := make(map[string]handover.Ticket)
	for _, c := range changed {
		now[c.shown().Number()] = c.shown()
	}
	for _, number := range numbers {
		shown, listed := now[number]
		if !listed || !t.Has(shown.Assignee, shown.Group) {
			if shown, err = d.Read(ctx, number); err != nil {
				return nil, err
			}
		}
		all = append(all, shown)
	}
	return all, nil
}

package freshdesk

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// ticket reads a ticket.
func (d *freshdesk) ticket(ctx context.Context, number string) (*ticket, error) {
	if !kit.IsNumber(number) {
		return nil, desk.Errorf(desk.NotFound, "Freshdesk has no ticket %q: its ids are numbers", number)
	}
	var t ticket
	err := d.client.Get(ctx, "/tickets/"+number, nil, &t)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.NotFound, "Freshdesk has no ticket %s", number)
	case err != nil:
		return nil, err
	case t.number() != number || t.Status == 0:
		return nil, desk.Errorf(desk.Retryable, "Freshdesk answered a question about ticket %s with something else", number)
	}
	return &t, nil
}

// target looks an assignee up. One that may own nothing is a Permanent error.
func (d *freshdesk) target(ctx context.Context, to desk.Assignee) (kit.Target, error) {
	return d.groups.Target(ctx, to, func(ctx context.Context) (t kit.Target, _ error) {
		r, err := d.read(ctx, to.User)
		if err != nil && desk.KindOf(err) == desk.NotFound {
			return t, desk.Errorf(desk.Permanent, "Freshdesk has no agent %q to assign tickets to", to.User)
		}
		if err != nil {
			return t, err
		}
		roles, err := d.rolesOf(ctx, r)
		if err == nil && !d.works(r, roles) {
			err = desk.Errorf(desk.Permanent, "agent %s of Freshdesk is deactivated, or none who may own tickets", to.User)
		}
		return kit.Target{User: r.ID, In: r.Groups}, err
	})
}

// refuses says why a ticket cannot be given so; nil: it can.
func refuses(t kit.Target, now *ticket) error {
	switch {
	case !now.open():
		return desk.Errorf(desk.NotFound, "ticket %d of Freshdesk is resolved, closed, spam or deleted by now", now.ID)
	case t.Outside(now.Group):
		return desk.Errorf(desk.Permanent, "agent %d of Freshdesk is not in the group of ticket %d; put the agent into it, at Admin > Team > Groups, or hand over to somebody who is", t.User, now.ID)
	}
	return nil
}

// Assign gives a ticket to an agent, to a group without an agent, or takes its agent
// away. What is taken from an agent stays with its group.
func (d *freshdesk) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
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
	if err := d.client.Put(ctx, "/tickets/"+conversation, t.Fields("responder_id", "group_id"), nil); err != nil {
		return refusedTo(err, "assign ticket %s", conversation)
	}
	return kit.ReadBack(ctx, conversation, d.ticket, func(now *ticket) error {
		if !t.Has(now.Assignee, now.Group) {
			return vendor.Disobeyed("assign ticket %s", conversation)
		}
		return nil
	})
}

var _ desk.BulkAssigner = (*freshdesk)(nil)

// AssignMany implements [desk.BulkAssigner], by jobs of up to a hundred tickets.
func (d *freshdesk) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	if len(conversations) == 0 {
		return nil
	}
	t, err := d.target(ctx, to)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(conversations, pageSize) {
		var ids []int64
		for _, number := range some {
			before := d.seen.of(number)
			if before == nil {
				if before, err = d.ticket(ctx, number); err != nil {
					return err
				}
			}
			if err := refuses(t, before); err != nil {
				return err
			}
			ids = append(ids, before.ID)
		}
		var started struct {
			Job json.RawMessage `json:"job_id"`
		}
		a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/tickets/bulk_update", Body: map[string]any{"bulk_action": map[string]any{"ids": ids, "properties": t.Fields("responder_id", "group_id")}}}, nil)
		if err != nil {
			return refusedTo(err, "assign %d tickets", len(ids))
		}
		_ = json.Unmarshal(a.Body, &started) // without a job, what came of it is read all the same
		d.client.setClock(a.Header)
		if err := d.client.await(ctx, strings.Trim(string(started.Job), `"`)); err != nil {
			return err
		}
		if err := d.assigned(ctx, ids, t); err != nil {
			return err
		}
	}
	return nil
}

// assigned makes sure that tickets are as they are to be: by the list of what was
// changed lately, and those that are not on it one by one.
func (d *freshdesk) assigned(ctx context.Context, ids []int64, t kit.Target) error {
	changed, err := d.changedSince(ctx, lag)
	if err != nil {
		return err
	}
	now := make(map[int64]ticket)
	for _, c := range changed {
		now[c.ID] = c
	}
	for _, id := range ids {
		shown, listed := now[id]
		if !listed || !t.Has(shown.Assignee, shown.Group) {
			single, err := d.ticket(ctx, strconv.FormatInt(id, 10))
			if err != nil {
				return err
			}
			shown = *single
		}
		if !t.Has(shown.Assignee, shown.Group) {
			return vendor.Disobeyed("assign ticket %d", id)
		}
	}
	return nil
}

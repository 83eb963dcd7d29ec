package zammad

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Delete removes a user for good, with all tickets of which the user is the
// customer, by a task of Zammad's data privacy. What the user wrote on tickets of
// others stays, in nobody's name, and what they own is nobody's.
func (d *zammad) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.erase(ctx, id)
}

// Anonymize does the same: Zammad has no other way to take a name away.
func (d *zammad) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return d.erase(ctx, id)
}

// privacyTask is one of Zammad's data privacy, which works them off every ten minutes.
type privacyTask struct {
	ID    int64  `json:"id"`
	State string `json:"state"` // in process, completed or failed
}

func (d *zammad) erase(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.users.read(ctx, id)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil
	case err != nil:
		return err
	}
	if err := notSystem(r); err != nil {
		return err
	}
	var t privacyTask
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/data_privacy_tasks", Want: http.StatusCreated,
		Body: map[string]any{"deletable_type": "User", "deletable_id": r.ID}}, &t)
	d.users.agents.Doubt()
	if queued := errors.Is(err, errRefused) && strings.Contains(said(a), "already queued"); err != nil && !queued {
		return err
	}
	gone, err := d.patience.Until(ctx, func(ctx context.Context) (bool, error) { return d.erased(ctx, id, t.ID) })
	if gone || err != nil {
		return err
	}
	e := desk.Errorf(desk.Permanent, "Zammad has accepted to delete user %s and has not done it yet: it works off such tasks every ten minutes, see System > Data Privacy", id)
	e.NotShown = true
	return e
}

// erased reports whether a user is gone. It fails when the task has.
func (d *zammad) erased(ctx context.Context, id provision.DeskUserID, task int64) (bool, error) {
	_, err := d.users.read(ctx, id)
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			return true, nil
		}
		return false, err
	}
	if task <= 0 {
		return false, nil
	}
	var t privacyTask
	if err := d.client.Get(ctx, "/data_privacy_tasks/"+number(task), nil, &t); err != nil {
		return false, err
	}
	if t.ID == task && t.State == "failed" {
		return false, desk.Errorf(desk.Permanent, "Zammad has failed to delete user %s; System > Data Privacy > (the task) says why", id)
	}
	return false, nil
}

package redmine

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// SetProfile writes what differs, in one request. An empty field of want stays
// as it is.
//
// A login that was the old address follows the new one. Any other login is left
// alone: on an adopted account it may be what people type to sign in.
func (d *redmine) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	want = d.Fit(want)
	changes := differences(r, want)
	if len(changes) == 0 {
		return nil
	}
	if err := d.client.Put(ctx, r.path(), map[string]any{"user": changes}, nil); err != nil {
		if changes["mail"] == "" {
			return err
		}
		return d.takenError(ctx, err, r, want.Email)
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		left := differences(r, want)
		if len(left) == 0 {
			return nil
		}
		e := disobeyed("change the profile of user " + string(id))
		e.Field = left.String()
		return e
	})
}

// differences returns the fields in which r is not as desired, with the desired
// values.
func differences(r *record, want provision.DeskUser) kit.Fields {
	changes := kit.Fields{}
	if !sameText(r.Mail, want.Email) {
		changes["mail"] = want.Email
		if sameText(r.Login, loginFor(r.Mail)) {
			changes["login"] = loginFor(want.Email)
		}
	}
	changes.Want("firstname", r.First, want.GivenName)
	changes.Want("lastname", r.Last, want.FamilyName)
	return changes
}

// SetActive unlocks or locks a user. What it is assigned, and the groups and
// projects it is in, stay. Locking ends its sessions, and turns its API key away
// until it is unlocked.
func (d *redmine) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	status, what := statusLocked, "lock"
	if active {
		status, what = statusActive, "unlock"
	}
	if r.Status == status {
		return nil
	}
	if err := d.client.Put(ctx, r.path(), map[string]any{"user": map[string]any{"status": status}}, nil); err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		if r.Status != status {
			return disobeyed(what + " user " + string(id))
		}
		return nil
	})
}

// Delete removes a user for good. Redmine unassigns the user's issues and puts
// "Anonymous" in the place of the name wherever the person wrote something; who
// it was cannot be found out any more.
func (d *redmine) Delete(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.read(ctx, id)
	if err == nil {
		err = d.client.Delete(ctx, r.path())
	}
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil
	case err != nil:
		return err
	}
	if _, err = d.read(ctx, id); err == nil {
		return disobeyed("delete user " + string(id))
	}
	if desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

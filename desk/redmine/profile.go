package redmine

import (
	"context"

	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// write writes some fields of a user, and no others.
func (d *redmine) write(ctx context.Context, r *record, _ string, fields edit.Values) error {
	err := d.client.Put(ctx, r.path(), map[string]any{"user": fields}, nil)
	if email, is := fields["mail"].(string); is && err != nil {
		return d.taken(ctx, err, r.id(), email)
	}
	return err
}

// SetProfile writes what differs, in one request. An empty field of want stays
// as it is.
//
// A login that was the old address follows the new one. Any other login is left
// alone: on an adopted account it may be what people type to sign in.
func (d *redmine) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	_, err := d.changes.Change(ctx, id, "change the profile of", func(r *record) (edit.Values, error) {
		fields := edit.Values{}
		if !people.SameText(r.Mail, want.Email) {
			fields["mail"] = want.Email
			if people.SameText(r.Login, loginFor(r.Mail)) {
				fields["login"] = loginFor(want.Email)
			}
		}
		fields.Want("firstname", r.First, want.GivenName)
		fields.Want("lastname", r.Last, want.FamilyName)
		return fields, nil
	})
	return err
}

// SetActive unlocks or locks a user. What it is assigned, and the groups and
// projects it is in, stay. Locking ends its sessions, and turns its API key away
// until it is unlocked.
func (d *redmine) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	status, what := statusLocked, "lock"
	if active {
		status, what = statusActive, "unlock"
	}
	_, err := d.changes.Change(ctx, id, what, func(r *record) (edit.Values, error) {
		if r.Status == status {
			return nil, nil
		}
		return edit.Values{"status": status}, nil
	})
	return err
}

// Delete removes a user for good. Redmine unassigns the user's issues and puts
// "Anonymous" in the place of the name wherever the person wrote something; who
// it was cannot be found out any more.
func (d *redmine) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.users.Remove(ctx, id, func() error {
		r, err := d.read(ctx, id)
		if err != nil {
			return err
		}
		return d.client.Delete(ctx, r.path())
	})
}

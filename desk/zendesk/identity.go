package zendesk

import (
	"context"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// identity is something by which Zendesk knows a user, such as an e-mail address.
type identity struct {
	ID       int64  `json:"id"`
	User     int64  `json:"user_id"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	Primary  bool   `json:"primary"`
	Verified bool   `json:"verified"`
}

// changeEmail changes the primary address where it is, as verified, which has no mail sent:
// the old one is gone in the same moment, and may be another's tomorrow. Where the new one
// is a second address of the user that one is taken away before. Other addresses, that
// somebody added by hand, stay.
func (d *zendesk) changeEmail(ctx context.Context, r *record, email string) error {
	if sameText(r.Email, email) {
		return nil
	}
	defer func() { d.people.Doubt() }() // whatever comes of it
	all, err := d.addresses(ctx, r)
	if err != nil {
		return err
	}
	path := func(i *identity) string { return r.path() + "/identities/" + strconv.FormatInt(i.ID, 10) }
	second := slices.IndexFunc(all, func(i identity) bool { return !i.Primary && sameText(i.Value, email) })
	if second >= 0 {
		if err := d.client.Delete(ctx, path(&all[second])); err != nil && desk.KindOf(err) != desk.NotFound {
			return refusedTo(err, "take a second e-mail address of user %d away, which is to be the primary one", r.ID)
		}
	}
	fields := map[string]any{"value": email, "verified": true}
	if primary := slices.IndexFunc(all, func(i identity) bool { return i.Primary }); primary >= 0 {
		err = d.client.Put(ctx, path(&all[primary]), map[string]any{"identity": fields}, nil)
	} else {
		fields["type"], fields["primary"], fields["skip_verify_email"] = "email", true, true
		err = d.client.Post(ctx, r.path()+"/identities", map[string]any{"identity": fields}, nil)
	}
	if err != nil {
		return refusedTo(err, "change the e-mail address of user %d", r.ID)
	}
	if all, err = d.addresses(ctx, r); err != nil {
		return err
	}
	is := slices.IndexFunc(all, func(i identity) bool { return i.Primary && sameText(i.Value, email) })
	if is < 0 {
		return vendor.Disobeyed("change the e-mail address of user %d", r.ID)
	}
	if !all[is].Verified {
		if err := d.client.Put(ctx, path(&all[is])+"/verify", map[string]any{}, nil); err != nil {
			return refusedTo(err, "verify the new e-mail address of user %d", r.ID)
		}
	}
	return kit.ReadBack(ctx, r.id(), d.read, func(now *record) error {
		if !sameText(now.Email, email) {
			return vendor.Disobeyed("change the e-mail address of user %d", r.ID)
		}
		return nil
	})
}

// addresses returns the e-mail addresses of a user.
func (d *zendesk) addresses(ctx context.Context, r *record) ([]identity, error) {
	all, err := list[identity](ctx, d.client, r.path()+"/identities", "identities", nil)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(all, func(i identity) bool { return i.ID <= 0 || i.User != r.ID }) {
		return nil, desk.Errorf(desk.Retryable, "Zendesk answered a question about the addresses of user %d with something else", r.ID)
	}
	return slices.DeleteFunc(all, func(i identity) bool { return i.Type != "email" }), nil
}

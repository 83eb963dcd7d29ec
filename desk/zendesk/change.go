package zendesk

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// mayChange returns a user who is to be changed, and refuses one who must not be.
func (d *zendesk) mayChange(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := d.read(ctx, id)
	if err == nil && r.foreign() != "" {
		err = desk.Errorf(desk.Permanent, "user %s of Zendesk %s, and is left alone", id, r.foreign())
	}
	return r, err
}

// write writes some fields of a user in one request. An address is written before, in a way of
// its own.
func (d *zendesk) write(ctx context.Context, r *record, what string, fields edit.Values) error {
	defer func() { d.people.Doubt() }() // whatever comes of it
	if email, is := fields["email"].(string); is {
		if err := d.changeEmail(ctx, r, email); err != nil {
			return d.takenBy(ctx, err, email)
		}
		delete(fields, "email")
	}
	if len(fields) == 0 {
		return nil
	}
	return refusedTo(d.client.Put(ctx, r.path(), map[string]any{"user": fields}, nil), "%s", what)
}

// refusedTo says in a refusal what was refused.
func refusedTo(err error, format string, args ...any) error {
	return vendor.RefusedTo(err, errRefused, format, args...)
}

// SetProfile writes address, name and phone number. An empty field of want stays as it is.
func (d *zendesk) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	_, err := d.changes.Change(ctx, id, "change the profile of", func(r *record) (edit.Values, error) {
		fields := edit.Values{}
		if !people.SameText(r.Email, want.Email) || d.unproven(r) {
			fields["email"] = want.Email
		}
		fields.Want("name", r.Name, want.DisplayName)
		fields.Want("phone", kit.E164(r.Phone), want.Phone)
		return fields, nil
	})
	return err
}

// maxEmailLength is that of RFC 5321 §4.5.3.1.3.
const maxEmailLength = 254

func checkEmail(email string) error {
	return people.CheckEmail(vendor, email, maxEmailLength, ", and an agent needs one")
}

// SetRole changes the role. Whoever has a role of the same strength by hand keeps it.
// An agent who becomes an end user leaves all groups, and frees the seat; Zendesk gives
// what is open then to the service account, so that conversations are handed over before.
func (d *zendesk) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	if d.Capabilities().RoleNames[role] == "" {
		return d.noRole(role)
	}
	limited, err := d.limited(ctx)
	if err != nil {
		return err
	}
	defer func() { d.members.Doubt() }() // whatever comes of it
	_, err = d.changes.Change(ctx, id, "give the role "+d.Capabilities().RoleNames[role]+" to", func(r *record) (edit.Values, error) {
		has := d.roleOf(r, limited)
		if has == role {
			return nil, nil
		}
		fields, err := d.roleFields(ctx, role, limited)
		if _, named := fields["custom_role_id"]; !named && role == provision.RoleAgent && has == provision.RoleLimited && err == nil {
			fields["custom_role_id"] = nil
		}
		return fields, err
	})
	return err
}

// roleFields returns what makes somebody have a role.
func (d *zendesk) roleFields(ctx context.Context, role provision.Role, limited *customRole) (edit.Values, error) {
	words := map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent, provision.RoleLimited: agent, provision.RoleNone: endUser, "": endUser}
	if words[role] == "" || role == provision.RoleLimited && limited == nil {
		return nil, d.noRole(role)
	}
	fields, custom := edit.Values{"role": words[role]}, limited
	if role == provision.RoleAgent {
		var err error
		if custom, err = d.role(ctx, role); err != nil {
			return nil, err
		}
	}
	if custom != nil && words[role] == agent {
		fields["custom_role_id"] = custom.ID
	}
	return fields, nil
}

func (d *zendesk) noRole(role provision.Role) error {
	if role == provision.RoleNone {
		return desk.Errorf(desk.Permanent, "nobody becomes an end user of Zendesk here: set downgrade_leavers on the desk")
	}
	return people.NoRole(vendor, role)
}

// SetActive suspends a user or ends that. Who is suspended cannot sign in, keeps
// conversations and groups, and keeps the seat.
func (d *zendesk) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	_, err := d.changes.Change(ctx, id, map[bool]string{false: "suspend", true: "unsuspend"}[active], func(r *record) (edit.Values, error) {
		if r.Suspended == !active {
			return nil, nil
		}
		return edit.Values{"suspended": !active}, nil
	})
	return err
}

// EndSessions signs a user out everywhere.
func (d *zendesk) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.mayChange(ctx, id)
	if err != nil {
		return err
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodDelete, Path: r.path() + "/sessions", Want: http.StatusNoContent}, nil)
	return edit.Gone(err) // there were none
}

// identity is something by which Zendesk knows a user, such as an e-mail address.
type identity struct {
	ID       int64  `json:"id"`
	User     int64  `json:"user_id"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	Primary  bool   `json:"primary"`
	Verified bool   `json:"verified"`
}

func (i *identity) path() string {
	return "/users/" + strconv.FormatInt(i.User, 10) + "/identities/" + strconv.FormatInt(i.ID, 10)
}

// changeEmail changes the primary address in its place, as verified, which has no mail sent:
// the old one is gone in the same moment, and may be another's tomorrow. Where the new one
// is a second address of the user that one is taken away before. Other addresses, that
// somebody added by hand, stay.
func (d *zendesk) changeEmail(ctx context.Context, r *record, email string) error {
	all, err := d.addresses(ctx, r)
	if err == nil && !people.SameText(r.Email, email) {
		all, err = d.replace(ctx, r, all, email)
	}
	if err != nil {
		return err
	}
	is := slices.IndexFunc(all, func(i identity) bool { return i.Primary && people.SameText(i.Value, email) })
	if is < 0 {
		return vendor.Disobeyed("change the e-mail address of user %d", r.ID)
	}
	if all[is].Verified {
		return nil
	}
	return refusedTo(d.client.Put(ctx, all[is].path()+"/verify", map[string]any{}, nil), "verify the new e-mail address of user %d", r.ID)
}

// replace puts an address in the place of the primary one, and returns which there are then.
func (d *zendesk) replace(ctx context.Context, r *record, all []identity, email string) ([]identity, error) {
	second := slices.IndexFunc(all, func(i identity) bool { return !i.Primary && people.SameText(i.Value, email) })
	if second >= 0 {
		if err := d.client.Delete(ctx, all[second].path()); err != nil && desk.KindOf(err) != desk.NotFound {
			return nil, refusedTo(err, "take a second e-mail address of user %d away, which is to be the primary one", r.ID)
		}
	}
	var err error
	fields := map[string]any{"value": email, "verified": true}
	if primary := slices.IndexFunc(all, func(i identity) bool { return i.Primary }); primary >= 0 {
		err = d.client.Put(ctx, all[primary].path(), map[string]any{"identity": fields}, nil)
	} else {
		fields["type"], fields["primary"], fields["skip_verify_email"] = "email", true, true
		err = d.client.Post(ctx, r.path()+"/identities", map[string]any{"identity": fields}, nil)
	}
	if err != nil {
		return nil, refusedTo(err, "change the e-mail address of user %d", r.ID)
	}
	return d.addresses(ctx, r)
}

// addresses returns the e-mail addresses of a user.
func (d *zendesk) addresses(ctx context.Context, r *record) ([]identity, error) {
	all, err := list(d.client, r.path()+"/identities", "identities", nil, func(i *identity) bool { return i.ID > 0 && i.User == r.ID }).All(ctx)
	return slices.DeleteFunc(all, func(i identity) bool { return i.Type != "email" }), err
}

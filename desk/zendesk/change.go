package zendesk

import (
	"context"
	"fmt"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
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

// update writes some fields of a user in one request, and reads back what judge
// looks at.
func (d *zendesk) update(ctx context.Context, r *record, what string, fields map[string]any, judge func(now *record) bool) error {
	what = fmt.Sprintf("%s user %d", what, r.ID)
	err := d.client.Put(ctx, r.path(), map[string]any{"user": fields}, nil)
	d.people.Doubt() // whatever came of it
	if err != nil {
		return refusedTo(err, "%s", what)
	}
	return kit.ReadBack(ctx, r.id(), d.read, func(now *record) error {
		if !judge(now) {
			return vendor.Disobeyed("%s", what)
		}
		return nil
	})
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
	r, err := d.mayChange(ctx, id)
	if err != nil {
		return err
	}
	if err := d.changeEmail(ctx, r, want.Email); err != nil {
		return d.takenBy(ctx, err, want.Email)
	}
	differs := func(r *record) kit.Fields {
		fields := kit.Fields{}
		fields.Want("name", r.Name, want.DisplayName)
		fields.Want("phone", phoneNumber(r.Phone), want.Phone)
		return fields
	}
	fields := map[string]any{}
	for name, value := range differs(r) {
		fields[name] = value
	}
	if len(fields) == 0 {
		return nil
	}
	return d.update(ctx, r, "change the profile of", fields, func(now *record) bool { return len(differs(now)) == 0 })
}

// maxEmailLength is that of RFC 5321 §4.5.3.1.3.
const maxEmailLength = 254

func checkEmail(email string) error {
	if !kit.IsEmail(email, maxEmailLength) {
		return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address that Zendesk takes, and an agent needs one"}
	}
	return nil
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
	r, err := d.mayChange(ctx, id)
	if err != nil || d.roleOf(r, limited) == role {
		return err
	}
	fields, err := d.roleFields(ctx, role, limited)
	if err != nil {
		return err
	}
	if _, named := fields["custom_role_id"]; !named && role == provision.RoleAgent && d.roleOf(r, limited) == provision.RoleLimited {
		fields["custom_role_id"] = nil
	}
	defer func() { d.members.Doubt() }() // whatever comes of it
	return d.update(ctx, r, "give the role "+d.Capabilities().RoleNames[role]+" to", fields, func(now *record) bool { return d.roleOf(now, limited) == role })
}

// roleFields returns what makes somebody have a role.
func (d *zendesk) roleFields(ctx context.Context, role provision.Role, limited *customRole) (map[string]any, error) {
	switch role {
	case provision.RoleAdmin:
		return map[string]any{"role": admin}, nil
	case provision.RoleLimited:
		if limited != nil {
			return map[string]any{"role": agent, "custom_role_id": limited.ID}, nil
		}
	case provision.RoleAgent:
		custom, err := d.role(ctx, d.settings.agentRole, "agent_role")
		if custom == nil || err != nil {
			return map[string]any{"role": agent}, err
		}
		return map[string]any{"role": agent, "custom_role_id": custom.ID}, nil
	case provision.RoleNone, "":
		return map[string]any{"role": endUser}, nil
	}
	return nil, d.noRole(role)
}

func (d *zendesk) noRole(role provision.Role) error {
	if role == provision.RoleNone {
		return desk.Errorf(desk.Permanent, "nobody becomes an end user of Zendesk here: set downgrade_leavers on the desk")
	}
	return desk.Errorf(desk.Permanent, "no role of Zendesk stands for %s here: let the rule grant agent or admin, or limited once limited_role is set on the desk", role)
}

// SetActive suspends a user or ends that. Who is suspended cannot sign in, keeps
// conversations and groups, and keeps the seat.
func (d *zendesk) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	r, err := d.mayChange(ctx, id)
	if err != nil || r.Suspended == !active {
		return err
	}
	return d.update(ctx, r, map[bool]string{false: "suspend", true: "unsuspend"}[active], map[string]any{"suspended": !active},
		func(now *record) bool { return now.Suspended == !active })
}

// EndSessions signs a user out everywhere.
func (d *zendesk) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	r, err := d.mayChange(ctx, id)
	if err != nil {
		return err
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodDelete, Path: r.path() + "/sessions", Want: http.StatusNoContent}, nil)
	if err != nil && desk.KindOf(err) == desk.NotFound { // there were none
		return nil
	}
	return err
}

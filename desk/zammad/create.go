package zammad

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user without a password. Roles and groups are looked for before.
// So is the address: where a setting of Zammad allows it, it would be given to a
// second user.
func (d *zammad) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	fit := d.Fit(want)
	local, _, _ := strings.Cut(want.Email, "@")
	if fit.GivenName == "" {
		fit.GivenName = capitalized(kit.CutRunes(kit.OneLine(local), maxNameLength))
	}
	body := map[string]any{"email": strings.ToLower(fit.Email), "firstname": fit.GivenName, "lastname": fit.FamilyName, "active": want.Active}
	if fit.Phone != "" {
		body["phone"] = fit.Phone
	}
	if d.settings.invite {
		body["invite"] = true
	}
	if err := d.mark(ctx, body, want.ExternalID); err != nil {
		return nil, err
	}
	roles, err := d.granted(ctx, want.Role)
	if err != nil {
		return nil, err
	}
	body["role_ids"] = roles
	join, err := d.groups.Resolve(ctx, want.Teams, nil)
	if err != nil {
		return nil, err
	}
	if len(join.Join) > 0 && want.Role.Rank() >= provision.RoleAgent.Rank() { // of others it would be stored, and not shown
		groups := access{}
		for _, g := range join.Join {
			groups[g.ID] = d.settings.levels
		}
		body["group_ids"] = groups
	}
	if err := d.free(ctx, want.Email, ""); err != nil {
		return nil, err
	}
	return d.insert(ctx, want, body)
}

// mark puts our external id into a new user. Zammad leaves attributes out that it
// does not have.
func (d *zammad) mark(ctx context.Context, body map[string]any, externalID string) error {
	if d.settings.mark == "" || externalID == "" {
		return nil
	}
	me, err := d.me(ctx)
	if err != nil {
		return err
	}
	there, err := d.marks(ctx, me)
	if err == nil && !there {
		err = desk.Errorf(desk.Permanent, "%s", noAttribute(d.settings.mark))
	}
	body[d.settings.mark] = externalID
	return err
}

// marks reports whether users have the attribute for our external id, or need none.
// Where nobody has a value, a release may show it in the list of attributes alone.
func (d *zammad) marks(ctx context.Context, me *record) (bool, error) {
	if d.settings.mark == "" || me.has(d.settings.mark) {
		return true, nil
	}
	var all []struct {
		Object string `json:"object"`
		Name   string `json:"name"`
		Active *bool  `json:"active"`
	}
	err := d.client.Get(ctx, "/object_manager_attributes", nil, &all)
	if kind := desk.KindOf(err); err != nil && (kind == desk.Permanent || kind == desk.NotFound || errors.Is(err, kit.ErrForeign)) {
		return false, nil // nor is it shown to us
	}
	for _, a := range all {
		if a.Object == "User" && a.Name == d.settings.mark && (a.Active == nil || *a.Active) {
			return true, err
		}
	}
	return false, err
}

func noAttribute(name string) string {
	return fmt.Sprintf("users of Zammad have no attribute %q for our external id: make it at System > Objects > User > New Attribute, with that name and the format Text, choose Update Database there, or correct the setting external_id_attribute", name)
}

// granted returns the roles that stand for one of ours. An admin of Zammad is no
// agent, and would be in no group: so they get both roles.
func (d *book) granted(ctx context.Context, of provision.Role) (ids []int64, _ error) {
	of = cmp.Or(of, provision.RoleNone)
	names := map[string]provision.Role{d.settings.roles[of]: of}
	switch {
	case of == provision.RoleNone:
		names = map[string]provision.Role{d.settings.customer: ""}
	case of == provision.RoleAdmin:
		names[d.settings.roles[provision.RoleAgent]] = provision.RoleAgent
	case d.settings.roles[of] == "":
		return nil, desk.Errorf(desk.Permanent, "no role of Zammad stands for %s here: let the rule grant agent or admin, or limited once limited_role is set on the desk", of)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		r, err := d.role(ctx, name, names[name])
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// free fails when another user has an e-mail address.
func (d *zammad) free(ctx context.Context, email string, self provision.DeskUserID) error {
	look := &look{users: d.users}
	holder, err := look.byEmail(ctx, email)
	if err == nil && holder != nil && holder.id() != self {
		err = &desk.Error{Kind: desk.Conflict, Field: "email", Detail: fmt.Sprintf("user %d of Zammad has this e-mail address already", holder.ID)}
	}
	return err
}

// taken finds out whether a failed write met another user with the address.
func (d *zammad) taken(ctx context.Context, failure error, self provision.DeskUserID, email string) error {
	if !errors.Is(failure, errRefused) && !errors.Is(failure, errInternal) {
		return failure
	}
	if err := d.free(ctx, email, self); err != nil && desk.KindOf(err) == desk.Conflict {
		return err
	}
	return failure
}

// insert makes a user and reads them back.
func (d *zammad) insert(ctx context.Context, want provision.DeskUser, body map[string]any) (*provision.DeskUser, error) {
	var answer json.RawMessage
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: body, Want: http.StatusCreated}, &answer)
	d.users.agents.Doubt()
	if err != nil {
		return nil, d.taken(ctx, err, "", want.Email)
	}
	var made record
	if json.Unmarshal(answer, &made) != nil || made.ID <= systemUser {
		return nil, desk.Errorf(desk.Retryable, "Zammad's answer to a creation names no number")
	}
	r, err := d.users.read(ctx, made.id())
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Retryable, "the new user %d of Zammad is not there", made.ID)
		}
		return nil, err
	}
	got, err := d.user(ctx, r)
	if err != nil {
		return nil, err
	}
	switch marked := d.settings.mark != ""; {
	case marked && got.ExternalID != want.ExternalID:
		return nil, disobeyed("give the new user %d our external id", made.ID) // it may be anybody
	case !sameEmail(got.Email, want.Email):
		e := disobeyed("give the new user %d its e-mail address", made.ID)
		if !marked {
			return nil, e
		}
		return got, e
	case got.Role != cmp.Or(want.Role, provision.RoleNone):
		return got, disobeyed("give the new user %d the role %s", made.ID, d.Capabilities().RoleNames[cmp.Or(want.Role, provision.RoleNone)])
	case got.Active != want.Active:
		return got, disobeyed("give the new user %d its active or inactive state", made.ID)
	}
	return got, nil
}

package zammad

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
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
	body := edit.Values{"email": strings.ToLower(fit.Email), "firstname": fit.GivenName, "lastname": fit.FamilyName, "active": want.Active}
	body.Want("phone", "", fit.Phone)
	if d.settings.invite {
		body["invite"] = true
	}
	if err := d.mark(ctx, body, want.ExternalID); err != nil {
		return nil, err
	}
	var err error
	if body["role_ids"], err = d.granted(ctx, want.Role); err != nil {
		return nil, err
	}
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
	if err := d.users.Free(ctx, want.Email, ""); err != nil {
		return nil, err
	}
	return d.insert(ctx, want, body)
}

// mark puts our external id into a new user. Zammad leaves attributes out that it
// does not have.
func (d *zammad) mark(ctx context.Context, body edit.Values, externalID string) error {
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
	r, err := d.standing.Find(ctx, d.settings.roles, of)
	if err != nil {
		return nil, err
	}
	if of == provision.RoleAdmin {
		ids, err = d.granted(ctx, provision.RoleAgent)
	}
	return append(ids, r.ID), err
}

// insert makes a user and reads them back.
func (d *zammad) insert(ctx context.Context, want provision.DeskUser, body edit.Values) (*provision.DeskUser, error) {
	var answer struct {
		ID int64 `json:"id"`
	}
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: body, Want: http.StatusCreated}, &answer)
	d.users.agents.Doubt()
	if err != nil {
		return nil, d.users.Taken(ctx, err, want.Email, "")
	}
	return d.users.Created(ctx, kit.Patience{Looks: 1}, answer.ID, want, people.Made{Marked: d.settings.mark != "", SameEmail: sameEmail, RoleNames: d.Capabilities().RoleNames}, d.user)
}

// Delete removes a user for good, with all tickets of which the user is the
// customer, by a task of Zammad's data privacy. What the user wrote on tickets of
// others stays, in nobody's name, and what they own is nobody's.
func (d *zammad) Delete(ctx context.Context, id provision.DeskUserID) error {
	return edit.Later[provision.DeskUserID, *record]{Read: d.users.read, Patience: d.patience, Ask: d.askErasure, Waits: func(id provision.DeskUserID) error {
		return desk.NotShownf("Zammad has accepted to delete user %s and has not done it yet: it works off such tasks every ten minutes, see System > Data Privacy", id)
	}}.Remove(ctx, id)
}

// Anonymize does the same: Zammad has no other way to take a name away.
func (d *zammad) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return d.Delete(ctx, id)
}

// privacyTask is one of Zammad's data privacy, which works them off every ten minutes.
type privacyTask struct {
	ID    int64  `json:"id"`
	State string `json:"state"` // in process, completed or failed
}

func (d *zammad) askErasure(ctx context.Context, r *record) (failed func(context.Context) error, _ error) {
	if err := notSystem(r); err != nil {
		return nil, err
	}
	var asked privacyTask
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/data_privacy_tasks", Want: http.StatusCreated,
		Body: map[string]any{"deletable_type": "User", "deletable_id": r.ID}}, &asked)
	d.users.agents.Doubt()
	if errors.Is(err, errRefused) && strings.Contains(said(a), "already queued") {
		return nil, nil
	}
	return func(ctx context.Context) error {
		var t privacyTask
		err := d.client.Get(ctx, "/data_privacy_tasks/"+number(asked.ID), nil, &t)
		if err == nil && t.ID == asked.ID && t.State == "failed" {
			err = desk.Errorf(desk.Permanent, "Zammad has failed to delete user %s; System > Data Privacy > (the task) says why", r.id())
		}
		return err
	}, err
}

package redmine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user without a password that anybody knows. Teams and mailboxes
// come after: Redmine takes none at creation.
func (d *redmine) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	if err := d.checkRole(want.Role); err != nil {
		return nil, err
	}
	fields, err := d.fields(ctx, want)
	if err != nil {
		return nil, err
	}
	var group *entry
	if want.Role == provision.RoleLimited {
		if group, err = d.limitedGroup(ctx); err != nil {
			return nil, err
		}
	}
	var made struct {
		User record `json:"user"`
	}
	if err := d.client.Post(ctx, "/users", map[string]any{"user": fields}, &made); err != nil {
		return nil, d.takenError(ctx, err, nil, want.Email)
	}
	if made.User.ID == 0 {
		return nil, desk.Errorf(desk.Retryable, "Redmine's answer to a creation names no number")
	}
	if err := d.yield(ctx, &made.User, want.Email); err != nil {
		return nil, err
	}
	if group != nil {
		if err := d.join(ctx, group, &made.User); err != nil && desk.AcceptedOnly(err) == nil {
			return nil, err
		}
	}
	return d.created(ctx, made.User.id(), want)
}

// fields returns what Redmine is asked to make.
func (d *redmine) fields(ctx context.Context, want provision.DeskUser) (map[string]any, error) {
	fit := d.Fit(want)
	local, _, _ := strings.Cut(kit.OneLine(want.Email), "@")
	fields := map[string]any{
		"login":             loginFor(want.Email),
		"mail":              want.Email,
		"firstname":         cmp.Or(fit.GivenName, kit.CutRunes(local, maxNameLength), noName),
		"lastname":          cmp.Or(fit.FamilyName, noName),
		"admin":             want.Role == provision.RoleAdmin,
		"generate_password": true,
	}
	if want.ExternalID != "" {
		field, err := d.externalIDField(ctx)
		if err != nil {
			return nil, err
		}
		fields["custom_fields"] = []any{map[string]any{"id": field.ID, "value": want.ExternalID}}
	}
	return fields, nil
}

// yield deletes the user that was just made if another has the same address and
// is older. Redmine looks whether an address is taken and then writes, and its
// database does not object: of two creations at once both may pass.
func (d *redmine) yield(ctx context.Context, made *record, email string) error {
	hits, err := d.search(ctx, email, statusActive) // both were made a moment ago
	if err != nil {
		return err
	}
	for _, r := range hits {
		if r.ID >= made.ID || !sameText(r.Mail, email) {
			continue
		}
		if err := d.client.Delete(ctx, made.path()); err != nil && desk.KindOf(err) != desk.NotFound {
			return fmt.Errorf("redmine: delete user %d, a double of user %d: %w", made.ID, r.ID, err)
		}
		return taken(r.ID)
	}
	return nil
}

// takenError finds out whether a refusal met another user with the address, as
// e-mail or login. Redmine's words for it are in the service account's language.
func (d *redmine) takenError(ctx context.Context, refusal error, self *record, email string) error {
	if !errors.Is(refusal, errRefused) {
		return refusal
	}
	hits, err := d.search(ctx, email, statuses[:]...)
	if err != nil {
		return refusal
	}
	hits = slices.DeleteFunc(hits, func(r record) bool { return self != nil && r.ID == self.ID })
	for _, r := range hits {
		if sameText(r.Mail, email) || sameText(r.Login, email) {
			return taken(r.ID)
		}
	}
	for _, r := range hits {
		if shown := r.Login + "\n" + r.Mail + "\n" + shownName(r.First, r.Last); !strings.Contains(provision.Fold(shown), provision.Fold(email)) {
			// Redmine matched something that it does not show.
			e := taken(r.ID)
			e.Detail += ", as an additional e-mail address; remove it at Administration > Users > (the user) > Emails"
			return e
		}
	}
	return d.loginTaken(ctx, refusal, self, email)
}

// loginTaken finds out the same of the login that an address leads to where it
// cannot be one itself.
func (d *redmine) loginTaken(ctx context.Context, refusal error, self *record, email string) error {
	login := loginFor(email)
	if login == provision.Fold(email) {
		return refusal
	}
	hits, err := d.search(ctx, login, statuses[:]...)
	if err != nil {
		return refusal
	}
	for _, r := range hits {
		if sameText(r.Login, login) && (self == nil || r.ID != self.ID) {
			return taken(r.ID)
		}
	}
	return refusal
}

func taken(id int64) *desk.Error {
	return &desk.Error{Kind: desk.Conflict, Field: "mail", Detail: fmt.Sprintf("user %d of Redmine has this e-mail address or login already", id)}
}

// created reads a new user back.
func (d *redmine) created(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) (*provision.DeskUser, error) {
	got, err := d.Find(ctx, desk.Key{ID: id})
	switch {
	case err != nil:
		return nil, err
	case got == nil:
		return nil, desk.Errorf(desk.Retryable, "the new user %s of Redmine is not there", id)
	case got.ExternalID != want.ExternalID:
		return nil, desk.Errorf(desk.Permanent, "Redmine does not show the custom field %q of the new user %s; tick \"Visible\" at Administration > Custom fields > Users > %[1]s", d.settings.externalIDField, id)
	case !sameText(got.Email, want.Email):
		return got, disobeyed("give the new user " + string(id) + " its e-mail address")
	case got.Role != want.Role:
		return got, disobeyed(fmt.Sprintf("give the new user %s the role %s", id, want.Role))
	}
	return got, nil
}

package scim

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"

// Create makes a user whose userName is the e-mail address, without a password.
// Teams come afterwards.
func (p *provider) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	fit := p.Fit(want)
	attributes := edits{
		simple("userName", want.Email), simple("active", want.Active),
		simple("emails", []any{object{"value": want.Email, "type": "work", "primary": true}}),
		simple("name", map[string]any{"givenName": fit.GivenName, "familyName": fit.FamilyName, "formatted": shownName(fit.GivenName, fit.FamilyName)}),
	}
	for name, value := range map[string]string{"externalId": want.ExternalID, "title": fit.Title, "timezone": fit.Timezone} {
		if value != "" {
			attributes = append(attributes, simple(name, value))
		}
	}
	if p.settings.keeps["display_name"] {
		attributes = append(attributes, simple("displayName", fit.DisplayName))
	}
	if fit.Phone != "" {
		attributes = append(attributes, simple("phoneNumbers", []any{object{"value": fit.Phone, "type": "work", "primary": true}}))
	}
	if p.settings.role.name != "" {
		value, err := p.settings.roleValue(record{}, want.Role)
		if err != nil {
			return nil, err
		}
		if value != nil {
			attributes = append(attributes, edit{p.settings.role, value})
		}
	}
	o, _, err := p.client.call(ctx, http.MethodPost, "/Users", nil, "", attributes.apply(object{"schemas": []any{userSchema}}))
	p.changed()
	if err != nil {
		return nil, err
	}
	id := provision.DeskUserID(o.text("id"))
	if id == "" {
		return nil, desk.Errorf(desk.Retryable, "the desk says that it made a user, and does not show it")
	}
	return p.created(ctx, id, want)
}

// created reads a new user back. One with another's mark, or another's address, is
// somebody else: some desks answer with a user whom they had.
func (p *provider) created(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) (*provision.DeskUser, error) {
	r, err := p.read(ctx, id)
	switch {
	case desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.Retryable, "the new user %s of the desk is not there", id)
	case err != nil:
		return nil, err
	}
	external := r.text("externalId")
	switch {
	case external != "" && external != want.ExternalID, external == "" && !r.goesBy(want.Email):
		return nil, disobeyed("externalId", "make a new user, and shows user %s,", id)
	}
	u, err := p.whole(ctx, r)
	if err != nil {
		return nil, err
	}
	wrong := p.settings.lacks(r, p.Fit(want))
	if u.Role != want.Role && p.settings.role.name != "" && want.Role != "" {
		wrong = append(wrong, p.settings.role.path())
	}
	if u.Active != want.Active {
		wrong = append(wrong, "active")
	}
	if len(wrong) > 0 {
		return u, disobeyed(sorted(wrong), "make user %s as asked for", id)
	}
	return u, nil
}

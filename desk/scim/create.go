package scim

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user whose userName is the e-mail address, without a password.
// Teams come afterwards.
func (p *provider) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	fit := p.Fit(want)
	attributes := scimclient.Edits{
		scimclient.Simple("userName", want.Email), scimclient.Simple("active", want.Active),
		scimclient.Simple("emails", scimclient.OnePrimary(want.Email)),
		scimclient.Simple("name", map[string]any{"givenName": fit.GivenName, "familyName": fit.FamilyName, "formatted": shownName(fit.GivenName, fit.FamilyName)}),
	}
	for name, value := range map[string]string{"externalId": want.ExternalID, "title": fit.Title, "timezone": fit.Timezone} {
		if value != "" {
			attributes = append(attributes, scimclient.Simple(name, value))
		}
	}
	if p.settings.keeps["display_name"] {
		attributes = append(attributes, scimclient.Simple("displayName", fit.DisplayName))
	}
	if fit.Phone != "" {
		attributes = append(attributes, scimclient.Simple("phoneNumbers", scimclient.OnePrimary(fit.Phone)))
	}
	if p.settings.role.Name != "" {
		value, err := p.settings.roleValue(record{}, want.Role)
		if err != nil {
			return nil, err
		}
		if value != nil {
			attributes = append(attributes, scimclient.Edit{Of: p.settings.role, Value: value})
		}
	}
	o, _, err := p.client.Call(ctx, http.MethodPost, "/Users", nil, "", attributes.Apply(scimclient.Object{"schemas": []any{scimclient.UserSchema}}))
	p.changed()
	if err != nil {
		return nil, err
	}
	id := provision.DeskUserID(o.Text("id"))
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
	external := r.Text("externalId")
	switch {
	case external != "" && external != want.ExternalID, external == "" && !r.goesBy(want.Email):
		return nil, disobeyed("externalId", "make a new user, and shows user %s,", id)
	}
	u, err := p.whole(ctx, *r)
	if err != nil {
		return nil, err
	}
	wrong := p.settings.lacks(*r, p.Fit(want))
	if u.Role != want.Role && p.settings.role.Name != "" && want.Role != "" {
		wrong = append(wrong, p.settings.role.Path())
	}
	if u.Active != want.Active {
		wrong = append(wrong, "active")
	}
	if len(wrong) > 0 {
		return u, disobeyed(sorted(wrong), "make user %s as asked for", id)
	}
	return u, nil
}

package scim

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/mail"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// change writes what plan says of a user who was read, and reads the user back,
// who is returned.
func (p *provider) change(ctx context.Context, id provision.DeskUserID, plan func(record) (scimclient.Edits, error)) (record, error) {
	after, err := p.client.Change(ctx, path(id), func(ctx context.Context) (scimclient.Resource, error) { return p.resource(ctx, id) },
		func(o scimclient.Object) (scimclient.Edits, error) { return plan(record{o}) }, p.changed)
	return record{after}, err
}

// changed has everybody be read anew, whatever came of a write.
func (p *provider) changed() { p.everyone.Doubt() }

// SetProfile writes name, e-mail and what else the desk keeps. A userName that is
// the old address becomes the new one; any other stays. What is empty in want
// stays as it is.
func (p *provider) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = p.Fit(want)
	r, err := p.change(ctx, id, func(r record) (scimclient.Edits, error) { return p.settings.profile(r, want), nil })
	if err != nil {
		return err
	}
	if fields := p.settings.lacks(r, want); len(fields) > 0 {
		return disobeyed(strings.Join(fields, ", "), "change the profile of user %s", id)
	}
	return nil
}

// profile returns what differs from want.
func (s *settings) profile(r record, want provision.DeskUser) (all scimclient.Edits) {
	have := s.user(r)
	if !sameText(have.Email, want.Email) {
		if sameText(r.Text("userName"), have.Email) || r.Text("userName") == "" {
			all = append(all, scimclient.Simple("userName", want.Email))
		}
		all = append(all, scimclient.Simple("emails", r.WithPrimary("emails", want.Email, sameText)))
	}
	if want.GivenName != "" && (have.GivenName != want.GivenName || have.FamilyName != want.FamilyName) {
		name := scimclient.Object{}
		maps.Copy(name, r.Sub("name"))
		name.Set("givenName", want.GivenName)
		name.Set("familyName", want.FamilyName)
		if name.Text("formatted") != "" {
			name.Set("formatted", shownName(want.GivenName, want.FamilyName))
		}
		all = append(all, scimclient.Simple("name", map[string]any(name)))
	}
	kept := func(key, name, have, want string) {
		if s.keeps[key] && want != "" && have != want {
			all = append(all, scimclient.Simple(name, want))
		}
	}
	kept("display_name", "displayName", have.DisplayName, want.DisplayName)
	kept("title", "title", have.Title, want.Title)
	kept("timezone", "timezone", have.Timezone, want.Timezone)
	if s.keeps["phone"] && want.Phone != "" && have.Phone != want.Phone {
		all = append(all, scimclient.Simple("phoneNumbers", r.WithPrimary("phoneNumbers", want.Phone, sameText)))
	}
	return all
}

// lacks names the fields in which a record is not as wanted.
func (s *settings) lacks(r record, want provision.DeskUser) (fields []string) {
	have := s.user(r)
	for _, f := range []struct{ name, have, want string }{
		{"emails", provision.Fold(have.Email), provision.Fold(want.Email)},
		{"name.givenName", have.GivenName, want.GivenName}, {"name.familyName", have.FamilyName, want.FamilyName},
		{"displayName", have.DisplayName, want.DisplayName}, {"title", have.Title, want.Title},
		{"phoneNumbers", have.Phone, want.Phone}, {"timezone", have.Timezone, want.Timezone},
	} {
		if f.want != "" && f.have != f.want {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// checkEmail refuses what nobody could sign in with.
func checkEmail(email string) error {
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return &desk.Error{Kind: desk.Permanent, Field: "emails", Detail: "the person has no e-mail address that could be a userName on the desk"}
	}
	return nil
}

// SetActive activates or deactivates a user. On some desks whoever is deactivated
// is gone: so be it.
func (p *provider) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	r, err := p.change(ctx, id, func(r record) (scimclient.Edits, error) {
		if is, said := r.Flag("active"); said && is == active {
			return nil, nil
		}
		return scimclient.Edits{scimclient.Simple("active", active)}, nil
	})
	switch {
	case !active && errors.Is(err, scimclient.ErrGone):
		return nil
	case err != nil:
		return err
	case r.active() != active:
		return disobeyed("active", "%s user %s", map[bool]string{true: "activate", false: "deactivate"}[active], id)
	}
	return nil
}

// Delete removes a user.
func (p *provider) Delete(ctx context.Context, id provision.DeskUserID) error {
	if !scimclient.IsID(string(id)) {
		return nil
	}
	defer p.changed()
	return edit.Remove(ctx, id, p.read, func() error {
		_, _, err := p.client.Call(ctx, http.MethodDelete, path(id), nil, "", nil)
		return err
	}, func() error { return disobeyed("", "delete user %s", id) })
}

// disobeyed is the error for a write that the desk accepted and that does not
// show.
func disobeyed(fields string, format string, args ...any) *desk.Error {
	e := vendor.Disobeyed(format, args...)
	e.Detail += "; did somebody change it back, or has the desk no place for it? The settings attributes and role_attribute say what is written"
	e.Field = fields
	return e
}

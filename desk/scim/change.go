package scim

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// rewrites is how often a change is begun anew that met another one.
const rewrites = 3

// errGone is the cause of an error for a user who is gone after a change.
var errGone = errors.New("gone after a change")

// edit is what an attribute is to be; nil takes it away.
type edit struct {
	of    attribute
	value any
}

type edits []edit

// simple is an edit of an attribute of the core schema.
func simple(name string, value any) edit { return edit{attribute{name: name}, value} }

// patch returns the operations of a PATCH (RFC 7644 §3.5.2). To activate and to
// deactivate has the form in which Okta sends it, with the attribute in the value, as
// every service provider is tested with. All else has a path: without one, scimmy
// 1.3.5 adds to a list that is to be replaced (tried 2026-11-30).
func (all edits) patch() any {
	var operations []any
	for _, e := range all {
		switch {
		case e.value == nil:
			operations = append(operations, object{"op": "remove", "path": e.of.path()})
		case e.of.path() == "active":
			operations = append(operations, object{"op": "replace", "value": object{"active": e.value}})
		default:
			operations = append(operations, object{"op": "replace", "path": e.of.path(), "value": e.value})
		}
	}
	return patchOf(operations...)
}

func patchOf(operations ...any) object {
	return object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

// apply makes a whole resource of one that was read: what is not changed is sent
// back as it came, but for what only the desk writes.
func (all edits) apply(to object) object {
	out := maps.Clone(to)
	out.set("meta", nil)
	out.set("groups", nil)
	for _, e := range all {
		if e.of.schema == "" {
			out.set(e.of.name, e.value)
			continue
		}
		extension := object{}
		maps.Copy(extension, out.sub(e.of.schema))
		extension.set(e.of.name, e.value)
		out.set(e.of.schema, map[string]any(extension))
		schemas, _ := out["schemas"].([]any)
		if !slices.Contains(schemas, any(e.of.schema)) {
			out.set("schemas", append(slices.Clone(schemas), e.of.schema))
		}
	}
	return out
}

// change writes what plan says of a user who was read, and reads the user back,
// who is returned. Whoever has changed meanwhile is planned for anew, where the
// desk tells that by ETags.
func (p *provider) change(ctx context.Context, id provision.DeskUserID, plan func(record) (edits, error)) (record, error) {
	for n := 1; ; n++ {
		r, err := p.read(ctx, id)
		if err != nil {
			return record{}, err
		}
		todo, err := plan(r)
		if err != nil || len(todo) == 0 {
			return r, err
		}
		err = p.write(ctx, resource("/Users", string(id)), r.object, r.etag, todo.patch(), func() object { return todo.apply(r.object) })
		if errors.Is(err, errChanged) && n < rewrites {
			continue
		}
		if err != nil {
			return record{}, err
		}
		after, err := p.read(ctx, id)
		if desk.KindOf(err) == desk.NotFound {
			err = &desk.Error{Kind: desk.NotFound, Detail: "the desk has no user " + string(id) + " any more", Err: errGone}
		}
		return after, err
	}
}

// write changes a resource: by PATCH, or by PUT of the whole where the desk has no
// PATCH, by its own word or as it turns out.
func (p *provider) write(ctx context.Context, path string, was object, etag string, patch any, whole func() object) error {
	found, err := p.discover(ctx)
	if err != nil {
		return err
	}
	if !found.etag {
		etag = ""
	}
	defer p.changed()
	if found.patch && !p.client.noPatch.Load() {
		_, _, err := p.client.call(ctx, http.MethodPatch, path, nil, etag, patch)
		if !errors.Is(err, errCannot) {
			return err
		}
		p.client.noPatch.Store(true)
	}
	_, _, err = p.client.call(ctx, http.MethodPut, path, nil, etag, whole())
	return err
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
	r, err := p.change(ctx, id, func(r record) (edits, error) { return p.settings.profile(r, want), nil })
	if err != nil {
		return err
	}
	if fields := p.settings.lacks(r, want); len(fields) > 0 {
		return disobeyed(strings.Join(fields, ", "), "change the profile of user %s", id)
	}
	return nil
}

// profile returns what differs from want.
func (s *settings) profile(r record, want provision.DeskUser) (all edits) {
	have := s.user(r)
	if !sameText(have.Email, want.Email) {
		if sameText(r.text("userName"), have.Email) || r.text("userName") == "" {
			all = append(all, simple("userName", want.Email))
		}
		all = append(all, simple("emails", r.withPrimary("emails", want.Email)))
	}
	if want.GivenName != "" && (have.GivenName != want.GivenName || have.FamilyName != want.FamilyName) {
		name := object{}
		maps.Copy(name, r.sub("name"))
		name.set("givenName", want.GivenName)
		name.set("familyName", want.FamilyName)
		if name.text("formatted") != "" {
			name.set("formatted", shownName(want.GivenName, want.FamilyName))
		}
		all = append(all, simple("name", map[string]any(name)))
	}
	kept := func(key, name, have, want string) {
		if s.keeps[key] && want != "" && have != want {
			all = append(all, simple(name, want))
		}
	}
	kept("display_name", "displayName", have.DisplayName, want.DisplayName)
	kept("title", "title", have.Title, want.Title)
	kept("timezone", "timezone", have.Timezone, want.Timezone)
	if s.keeps["phone"] && want.Phone != "" && have.Phone != want.Phone {
		all = append(all, simple("phoneNumbers", r.withPrimary("phoneNumbers", want.Phone)))
	}
	return all
}

// withPrimary returns the values of a multi-valued attribute with another primary
// one.
func (r record) withPrimary(name, value string) []any {
	values := r.objects(name)
	at := primary(values)
	if at < 0 {
		return []any{object{"value": value, "type": "work", "primary": true}}
	}
	var all []any
	for i, v := range values {
		if i == at {
			v = maps.Clone(v)
			v.set("value", value)
			v.set("primary", true)
			v.set("display", nil)
		}
		if i == at || !sameText(v.text("value"), value) {
			all = append(all, map[string]any(v))
		}
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
	r, err := p.change(ctx, id, func(r record) (edits, error) {
		if is, said := r.flag("active"); said && is == active {
			return nil, nil
		}
		return edits{simple("active", active)}, nil
	})
	switch {
	case !active && errors.Is(err, errGone):
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
	if !isID(string(id)) {
		return nil
	}
	defer p.changed()
	_, _, err := p.client.call(ctx, http.MethodDelete, resource("/Users", string(id)), nil, "", nil)
	if err == nil {
		if _, err = p.read(ctx, id); err == nil {
			return disobeyed("", "delete user %s", id)
		}
	}
	if desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

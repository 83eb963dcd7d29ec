package scim

import (
	"encoding/json"
	"strings"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// object is a resource or a part of one, as it came. Names of attributes are
// compared without regard to letter case (RFC 7643 §2.1).
type object map[string]any

// at returns the value of an attribute, and the key by which it stands there.
func (o object) at(name string) (value any, key string) {
	if v, ok := o[name]; ok {
		return v, name
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v, k
		}
	}
	return nil, name
}

func (o object) text(name string) string {
	v, _ := o.at(name)
	s, _ := v.(string)
	return s
}

func (o object) number(name string) (int, bool) {
	v, _ := o.at(name)
	n, _ := v.(json.Number)
	i, err := n.Int64()
	return int(i), err == nil && i >= 0
}

func (o object) sub(name string) object {
	v, _ := o.at(name)
	m, _ := v.(map[string]any)
	return m
}

// objects returns the values of a complex multi-valued attribute; a simple value
// counts as one with that value.
func (o object) objects(name string) (all []object) {
	v, _ := o.at(name)
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	for _, e := range list {
		switch e := e.(type) {
		case map[string]any:
			all = append(all, e)
		case string:
			all = append(all, object{"value": e})
		}
	}
	return all
}

// set writes an attribute under the key by which it stands there already.
func (o object) set(name string, value any) {
	_, key := o.at(name)
	if value == nil {
		delete(o, key)
		return
	}
	o[key] = value
}

// flag reads a boolean; some service providers send it as text.
func (o object) flag(name string) (value, ok bool) {
	switch v, _ := o.at(name); v := v.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

// primary returns the value of a multi-valued attribute that is primary, else the
// first one; -1 when there is none.
func primary(values []object) int {
	for i, v := range values {
		if is, _ := v.flag("primary"); is {
			return i
		}
	}
	if len(values) == 0 {
		return -1
	}
	return 0
}

// record is a User.
type record struct {
	object
	etag string // "": none was given
}

func (r record) id() provision.DeskUserID { return provision.DeskUserID(r.text("id")) }

// active reports whether a user can sign in. Where a desk does not say so, it can.
func (r record) active() bool {
	active, said := r.flag("active")
	return active || !said
}

// email returns the primary address; a userName that is one serves where no
// address is told.
func (r record) email() string {
	emails := r.objects("emails")
	if i := primary(emails); i >= 0 {
		return emails[i].text("value")
	}
	if name := r.text("userName"); strings.Contains(name, "@") {
		return name
	}
	return ""
}

// goesBy reports whether somebody is called so, by userName or by any address.
func (r record) goesBy(name string) bool {
	if sameText(r.text("userName"), name) {
		return true
	}
	for _, e := range r.objects("emails") {
		if sameText(e.text("value"), name) {
			return true
		}
	}
	return false
}

func (r record) phone() string {
	phones := r.objects("phoneNumbers")
	if i := primary(phones); i >= 0 {
		return strings.TrimPrefix(phones[i].text("value"), "tel:") // RFC 7643 §4.1.2 recommends RFC 3966
	}
	return ""
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// user translates a record, but for its teams. What the settings leave out is not
// shown: nobody writes it.
func (s *settings) user(r record) *provision.DeskUser {
	name := r.sub("name")
	u := &provision.DeskUser{
		ID: r.id(), ExternalID: r.text("externalId"), Email: r.email(), UserName: r.text("userName"),
		GivenName: name.text("givenName"), FamilyName: name.text("familyName"),
		Active: r.active(), Role: s.roleOf(r),
	}
	u.DisplayName = shownName(u.GivenName, u.FamilyName)
	if s.keeps["display_name"] {
		u.DisplayName = r.text("displayName")
	}
	if s.keeps["title"] {
		u.Title = r.text("title")
	}
	if s.keeps["phone"] {
		u.Phone = r.phone()
	}
	if s.keeps["timezone"] {
		u.Timezone = r.text("timezone")
	}
	return u
}

func shownName(given, family string) string { return strings.TrimSpace(given + " " + family) }

// Fit returns want as a service provider keeps it: it cuts nothing, and is asked
// for one line of text. Where no display name is written, it is made of the two
// others.
func (p *provider) Fit(want provision.DeskUser) provision.DeskUser {
	given, family, display := kit.OneLine(want.GivenName), kit.OneLine(want.FamilyName), kit.OneLine(want.DisplayName)
	if given == "" && family == "" {
		given = display
		if i := strings.LastIndexByte(display, ' '); i >= 0 {
			given, family = strings.TrimSpace(display[:i]), display[i+1:]
		}
	}
	if display == "" || !p.settings.keeps["display_name"] {
		display = shownName(given, family)
	}
	want.GivenName, want.FamilyName, want.DisplayName = given, family, display
	for name, value := range map[string]*string{"title": &want.Title, "phone": &want.Phone, "timezone": &want.Timezone} {
		if *value = kit.OneLine(*value); !p.settings.keeps[name] {
			*value = ""
		}
	}
	return want
}

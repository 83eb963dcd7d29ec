package scim

import (
	"strings"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// record is a User.
type record struct{ scimclient.Object }

func (r record) id() provision.DeskUserID { return provision.DeskUserID(r.Text("id")) }

// active reports whether a user can sign in. Where a desk does not say so, it can.
func (r record) active() bool {
	active, said := r.Flag("active")
	return active || !said
}

// email returns the primary address; a userName that is one serves where no
// address is told.
func (r record) email() string {
	if first := r.Primary("emails"); first != nil {
		return first.Text("value")
	}
	if name := r.Text("userName"); strings.Contains(name, "@") {
		return name
	}
	return ""
}

// goesBy reports whether somebody is called so, by userName or by any address.
func (r record) goesBy(name string) bool {
	if sameText(r.Text("userName"), name) {
		return true
	}
	for _, e := range r.Objects("emails") {
		if sameText(e.Text("value"), name) {
			return true
		}
	}
	return false
}

func (r record) phone() string {
	return strings.TrimPrefix(r.Primary("phoneNumbers").Text("value"), "tel:") // RFC 7643 §4.1.2 recommends RFC 3966
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// user translates a record, but for its teams. What the settings leave out is not
// shown: nobody writes it.
func (s *settings) user(r record) *provision.DeskUser {
	name := r.Sub("name")
	u := &provision.DeskUser{
		ID: r.id(), ExternalID: r.Text("externalId"), Email: r.email(), UserName: r.Text("userName"),
		GivenName: name.Text("givenName"), FamilyName: name.Text("familyName"),
		Active: r.active(), Role: s.roleOf(r),
	}
	u.DisplayName = shownName(u.GivenName, u.FamilyName)
	if s.keeps["display_name"] {
		u.DisplayName = r.Text("displayName")
	}
	if s.keeps["title"] {
		u.Title = r.Text("title")
	}
	if s.keeps["phone"] {
		u.Phone = r.phone()
	}
	if s.keeps["timezone"] {
		u.Timezone = r.Text("timezone")
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

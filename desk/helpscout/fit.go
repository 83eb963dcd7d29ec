package helpscout

import (
	"cmp"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// What Help Scout keeps, in characters: "Create User" in the reference.
const (
	maxNameRunes  = 40 // first and last name, each
	maxTitleRunes = 50
)

// Fit returns want as Help Scout keeps it: first and last name, both required
// and cut to 40 characters, a display name made of the two, and a title cut to
// 50. A missing name is taken from the display name, then from the e-mail
// address, then from the setting missing_name.
func (d *helpScout) Fit(want provision.DeskUser) provision.DeskUser {
	given, family := kit.BothNames{Given: maxNameRunes, Family: maxNameRunes}.Of(want.GivenName, want.FamilyName, want.DisplayName, want.Email)
	want.GivenName, want.FamilyName = cmp.Or(given, d.settings.missingName), cmp.Or(family, d.settings.missingName)
	want.DisplayName = want.GivenName + " " + want.FamilyName

	want.Title, want.Phone = kit.Tidy(want.Title, maxTitleRunes), kit.Tidy(want.Phone, len(want.Phone))
	if !kit.IsTimeZone(want.Timezone) {
		want.Timezone = "" // the company's
	}
	if !d.settings.details {
		want.Title, want.Phone, want.Timezone = "", "", ""
	}
	if want.Role == "" {
		want.Role = provision.RoleNone
	}
	return want
}

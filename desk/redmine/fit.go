package redmine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Redmine's limits on users, in characters. It refuses what is longer.
const (
	maxNameLength  = 30
	maxEmailLength = 254
	maxLoginLength = 60
)

// noName stands for the half of a name that a person does not have: Redmine
// demands both.
const noName = "-"

// Fit returns want as Redmine keeps it: a first and a last name that are never
// empty and never longer than its limit, shown one after the other. It has no
// place for title and phone, and does not show a user's time zone.
//
// Somebody whose name is not said at all keeps the one on the desk.
func (d *redmine) Fit(want provision.DeskUser) provision.DeskUser {
	first, last := kit.BothNames{Given: maxNameLength, Family: maxNameLength}.Of(want.GivenName, want.FamilyName, want.DisplayName, "")
	if first+last != "" {
		first, last = cmp.Or(first, noName), cmp.Or(last, noName)
	}
	want.GivenName, want.FamilyName, want.DisplayName = first, last, shownName(first, last)
	want.Title, want.Phone, want.Timezone = "", "", ""
	return want
}

// shownName is how this connector shows a name. Redmine's own way is a setting
// of its administrator, which no call tells.
func shownName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// notInLogin matches what Redmine does not take in a login name.
var notInLogin = regexp.MustCompile(`[^a-z0-9_\-@.]`)

// loginFor returns the login name for an address: the address in lower case. An
// address that Redmine does not take as login is cleaned and gets a piece of its
// checksum, so that each address has one login name, and no two the same.
func loginFor(email string) string {
	address := provision.Fold(email)
	login := notInLogin.ReplaceAllLiteralString(address, "-")
	if login == address && len(login) <= maxLoginLength {
		return login
	}
	sum := sha256.Sum256([]byte(address))
	suffix := "-" + hex.EncodeToString(sum[:4])
	return login[:min(len(login), maxLoginLength-len(suffix))] + suffix
}

// checkEmail refuses what cannot become a user.
func checkEmail(email string) error {
	if strings.Contains(email, "@") && utf8.RuneCountInString(email) <= maxEmailLength {
		return nil
	}
	return &desk.Error{Kind: desk.Permanent, Field: "mail", Detail: "the person has no e-mail address of at most 254 characters, which Redmine demands"}
}

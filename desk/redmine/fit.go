package redmine

import (
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
	want.Title, want.Phone, want.Timezone = "", "", ""
	first, last := halves(kit.OneLine(want.GivenName), kit.OneLine(want.FamilyName), kit.OneLine(want.DisplayName))
	want.GivenName, want.FamilyName, want.DisplayName = kit.CutRunes(first, maxNameLength), kit.CutRunes(last, maxNameLength), ""
	if first+last == "" {
		return want
	}
	if want.GivenName == "" {
		want.GivenName = noName
	}
	if want.FamilyName == "" {
		want.FamilyName = noName
	}
	want.DisplayName = shownName(want.GivenName, want.FamilyName)
	return want
}

// shownName is how this connector shows a name. Redmine's own way is a setting
// of its administrator, which no call tells.
func shownName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// halves returns first and last name; what is missing is looked for in the name
// to be shown.
func halves(first, last, shown string) (string, string) {
	switch {
	case first != "" && last != "":
	case first != "":
		last = strings.TrimSpace(strings.TrimPrefix(shown, first))
		if last == shown {
			last = ""
		}
	case last != "":
		first = strings.TrimSpace(strings.TrimSuffix(shown, last))
		if first == shown {
			first = ""
		}
	default:
		i := strings.LastIndexByte(shown, ' ')
		if i < 0 {
			return shown, ""
		}
		first, last = strings.TrimSpace(shown[:i]), shown[i+1:]
	}
	return first, last
}

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
	switch {
	case !strings.Contains(email, "@"):
		return &desk.Error{Kind: desk.Permanent, Field: "mail", Detail: "the person has no e-mail address, which Redmine demands"}
	case utf8.RuneCountInString(email) > maxEmailLength:
		return &desk.Error{Kind: desk.Permanent, Field: "mail", Detail: "the e-mail address is longer than the 254 characters that Redmine takes"}
	}
	return nil
}

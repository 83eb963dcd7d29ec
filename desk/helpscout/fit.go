package helpscout

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

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
	given, family := tidy(want.GivenName, maxNameRunes), tidy(want.FamilyName, maxNameRunes)
	given, family = complete(given, family, strings.Fields(oneLine(want.DisplayName)))
	given, family = complete(given, family, wordsOf(want.Email))
	want.GivenName, want.FamilyName = cmp.Or(given, d.settings.missingName), cmp.Or(family, d.settings.missingName)
	want.DisplayName = want.GivenName + " " + want.FamilyName

	want.Title, want.Phone = tidy(want.Title, maxTitleRunes), oneLine(want.Phone)
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

// complete fills in the given or the family name, if it is missing, from words
// that hold both. One word alone says nothing about a family name.
func complete(given, family string, words []string) (string, string) {
	join := func(words []string) string { return tidy(strings.Join(words, " "), maxNameRunes) }
	if given == "" && family == "" && len(words) > 0 {
		last := max(len(words)-1, 1)
		return join(words[:last]), join(words[last:])
	}
	for i := 1; i < len(words); i++ {
		first, rest := join(words[:i]), join(words[i:])
		switch {
		case family == "" && strings.EqualFold(first, given):
			family = rest
		case given == "" && strings.EqualFold(rest, family):
			given = first
		}
	}
	return given, family
}

// wordsOf returns the words before the @ of an address: "ada.byron@…" is Ada
// Byron.
func wordsOf(email string) []string {
	local, _, _ := strings.Cut(email, "@")
	local, _, _ = strings.Cut(local, "+") // what follows is a label
	words := strings.FieldsFunc(oneLine(local), func(r rune) bool { return strings.ContainsRune("._- ", r) })
	for i, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		words[i] = string(unicode.ToUpper(first)) + word[size:]
	}
	return words
}

// tidy returns text on one line, in at most n characters; "" when it shows
// nothing.
func tidy(text string, n int) string {
	text = kit.CutRunes(oneLine(text), n)
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return ""
	}
	return text
}

// oneLine returns text without control characters and without space that
// nobody sees.
func oneLine(text string) string {
	return strings.Join(strings.Fields(kit.OneLine(strings.ToValidUTF8(text, ""))), " ")
}

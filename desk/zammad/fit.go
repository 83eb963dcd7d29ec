package zammad

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Zammad's limits, in characters.
const (
	maxNameLength  = 100
	maxEmailLength = 255
	maxPhoneLength = 100
)

// Fit returns want as Zammad keeps it: a first name and a last name, which may be
// empty, a phone number, and the address with its domain as people read it. It has no
// place for a title, and shows no time zone.
//
// Somebody whose name is not said at all keeps the one on the desk.
func (d *zammad) Fit(want provision.DeskUser) provision.DeskUser {
	want.Title, want.Timezone = "", ""
	want.Phone = kit.CutRunes(kit.OneLine(want.Phone), maxPhoneLength)
	want.Email = kit.UnicodeDomain(want.Email)
	want = people.TwoNames(want, func(name string) string { return kit.CutRunes(noScheme(name), maxNameLength) })
	if want.FamilyName == "" {
		want.GivenName = capitalized(want.GivenName)
		want.DisplayName = want.GivenName
	}
	return want
}

// noScheme returns a name without what Zammad drops from a word that is an
// address of the web.
func noScheme(name string) string {
	words := strings.Split(name, " ")
	for i, word := range words {
		if u, err := url.Parse(word); err == nil && u.Scheme != "" && u.Hostname() != "" {
			words[i] = u.Hostname() + u.EscapedPath()
		}
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// capitalized returns a name of one word as Zammad writes it, where all letters
// are large or all are small.
func capitalized(word string) string {
	not := func(is func(rune) bool) bool {
		return strings.ContainsFunc(word, func(r rune) bool { return !is(r) })
	}
	if word == "" || not(unicode.IsUpper) && not(unicode.IsLower) {
		return word
	}
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToTitle(first)) + strings.ToLower(word[size:])
}

func sameEmail(a, b string) bool { return people.SameText(kit.UnicodeDomain(a), kit.UnicodeDomain(b)) }

func isEmail(text string) bool {
	return kit.IsEmail(text, maxEmailLength)
}

func checkEmail(email string) error {
	return people.CheckEmail(vendor, email, maxEmailLength, ": something before and after one @, at most 255 characters")
}

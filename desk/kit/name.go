package kit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tidy returns text on one line, without space that nobody sees, in at most n characters;
// "" when it shows nothing.
func Tidy(text string, n int) string {
	text = CutRunes(squeeze(text), n)
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return ""
	}
	return text
}

func squeeze(text string) string {
	return strings.Join(strings.Fields(OneLine(strings.ToValidUTF8(text, ""))), " ")
}

// BothNames makes both names of a person of what is known of them, for desks that keep both.
type BothNames struct{ Given, Family int } // how many characters each may have

// Of returns given and family name. One that is missing is taken from the display name,
// then from the e-mail address; it is "" where those do not tell it.
func (n BothNames) Of(given, family, display, email string) (string, string) {
	given, family = Tidy(given, n.Given), Tidy(family, n.Family)
	given, family = n.complete(given, family, strings.Fields(squeeze(display)))
	return n.complete(given, family, wordsOf(email))
}

// complete fills in the given or the family name, if it is missing, from words
// that hold both. One word alone says nothing about a family name.
func (n BothNames) complete(given, family string, words []string) (string, string) {
	split := func(i int) (string, string) {
		return Tidy(strings.Join(words[:i], " "), n.Given), Tidy(strings.Join(words[i:], " "), n.Family)
	}
	if given == "" && family == "" && len(words) > 0 {
		return split(max(len(words)-1, 1))
	}
	for i := 1; i < len(words); i++ {
		first, rest := split(i)
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
	words := strings.FieldsFunc(squeeze(local), func(r rune) bool { return strings.ContainsRune("._- ", r) })
	for i, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		words[i] = string(unicode.ToUpper(first)) + word[size:]
	}
	return words
}

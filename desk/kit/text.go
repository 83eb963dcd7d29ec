package kit

import (
	"net/mail"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own
	"unicode"
	"unicode/utf8"
)

// OneLine returns text with a space for each control character and for what is
// no UTF-8, and without space around it.
func OneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text))
}

// CutRunes returns at most n characters of text, for desks that count
// characters. What was cut does not end in space.
func CutRunes(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return strings.TrimSpace(string(runes[:n]))
	}
	return text
}

// CutBytes returns at most n bytes of text in whole characters, for desks that
// count bytes of UTF-8. What was cut does not end in space.
func CutBytes(text string, n int) string {
	for len(text) > n {
		_, size := utf8.DecodeLastRuneInString(text)
		text = strings.TrimSpace(text[:len(text)-size])
	}
	return text
}

// IsTimeZone reports whether name is a time zone of the IANA database, such as
// Europe/London.
func IsTimeZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// IsEmail reports whether text is an e-mail address and nothing else, of at most so many
// characters.
func IsEmail(text string, most int) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Name == "" && address.Address == text && utf8.RuneCountInString(text) <= most
}

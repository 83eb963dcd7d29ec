package kit

import (
	"net/mail"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
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

// E164 returns a phone number as ITU-T E.164 writes it, "+" and up to 15 digits, for desks
// that take no other; "" is no such number. Without its country, a number is none.
func E164(text string) string {
	text = strings.TrimSpace(text)
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case strings.ContainsRune(" +-.()/\u00a0", r):
			return -1
		}
		return 'x'
	}, text)
	if !strings.HasPrefix(text, "+") || strings.Contains(digits, "x") || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		return ""
	}
	return "+" + digits
}

// UnicodeDomain returns an address whose domain is written for machines (RFC 3492) with the
// domain in small letters, as people write it, for desks that keep it so.
func UnicodeDomain(email string) string {
	local, domain, is := strings.Cut(email, "@")
	if !is || !strings.Contains(strings.ToLower(domain), "xn--") {
		return email
	}
	unicoded, err := idna.ToUnicode(strings.ToLower(domain))
	if err != nil {
		return email
	}
	return local + "@" + unicoded
}

// LastWordApart cuts a name before its last word; all of it is first where it is one word.
func LastWordApart(name string) (first, last string) {
	i := strings.LastIndexFunc(name, unicode.IsSpace)
	if i < 0 {
		return name, ""
	}
	_, size := utf8.DecodeRuneInString(name[i:])
	return strings.TrimSpace(name[:i]), strings.TrimSpace(name[i+size:])
}

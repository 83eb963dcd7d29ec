package provision

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// NormalDomain returns domain as it is compared: ASCII, lower case. What cannot
// be the domain of a company's mail is Invalid.
func NormalDomain(domain string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if err != nil || !strings.Contains(ascii, ".") || strings.ContainsAny(ascii, "*@/: ") || len(ascii) > 253 {
		return "", Errorf(Invalid, "domains", "%q is no e-mail domain, e.g. example.com", Clip(domain))
	}
	return strings.ToLower(ascii), nil
}

// PlainEmail returns email in the form in which it is compared and stored at a
// sign-in, and whether it can be one at all: one @, no spaces or controls, all
// ASCII once the domain is encoded. Look-alikes must not pass for somebody.
func PlainEmail(email string) (string, bool) {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || len(email) > 254 || strings.Contains(domain, "@") {
		return "", false
	}
	for _, r := range local {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return "", false
		}
	}
	normal, err := NormalDomain(domain)
	if err != nil || !spelt(domain, normal) {
		return "", false
	}
	return local + "@" + normal, true
}

// spelt reports whether a domain is its normal form as people write it, letter
// case aside. What only turns into it (full-width letters, the Kelvin sign,
// spaces, characters of no width, a dot at the end) looks alike and is another.
func spelt(domain, normal string) bool {
	lower := strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
			return l
		}
		return utf8.RuneError // a letter that becomes one of ASCII's
	}, domain)
	written, err := idna.Lookup.ToUnicode(normal)
	return lower == normal || err == nil && lower == written
}

// BelongsElsewhere reports whether somebody goes by an address at a domain that
// another connection owns: by userName, or by the address that desks know them
// by. Whoever may push people must not make somebody else's of them.
func BelongsElsewhere(id *Identity, all []Connection) bool {
	for _, domain := range id.Domains() {
		for _, c := range all {
			if c.ID != id.Connection && slices.Contains(c.Domains, domain) {
				return true
			}
		}
	}
	return false
}

// Domains returns where the addresses are that a person goes by, in the form of
// [Connection.Domains].
func (id *Identity) Domains() (out []string) {
	for _, name := range []string{id.UserName, id.Profile.Email} {
		domain := DomainOf(name)
		if normal, err := NormalDomain(domain); err == nil {
			domain = normal // what only looks like one that somebody owns is taken for it
		}
		if domain != "" && !slices.Contains(out, domain) {
			out = append(out, domain)
		}
	}
	return out
}

// connectionLister is what looking for the owner of a domain needs.
type connectionLister interface {
	Connections(ctx context.Context) ([]Connection, error)
}

// ConnectionOfDomain returns the connection that owns an e-mail domain.
func ConnectionOfDomain(ctx context.Context, store connectionLister, domain string) (Connection, error) {
	all, err := store.Connections(ctx)
	if err != nil {
		return Connection{}, err
	}
	for _, c := range all {
		if slices.Contains(c.Domains, Fold(domain)) {
			return c, nil
		}
	}
	return Connection{}, Errorf(NotFound, "domain", "no connection owns this domain")
}

// DomainOf returns the folded domain of an e-mail address; "" when it is none.
func DomainOf(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return ""
	}
	return Fold(email[at+1:])
}

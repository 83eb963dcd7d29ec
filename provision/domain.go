package provision

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// DomainClaim is an e-mail domain that a connection says is its own, and that
// is not verified yet. Verified ones stand in [Connection.Domains].
type DomainClaim struct {
	Connection ConnectionID
	Domain     string
	Token      string // what a TXT record of the domain must say
	CreatedAt  time.Time
}

// DomainRecord is where the TXT record of a claim is looked for.
func (d *DomainClaim) DomainRecord() string { return "_deskbridge." + d.Domain }

// DomainText is what that record must say.
func (d *DomainClaim) DomainText() string { return "deskbridge-verification=" + d.Token }

// normalDomain returns domain as it is compared: ASCII, lower case. What cannot
// be the domain of a company's mail is Invalid.
func normalDomain(domain string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if err != nil || !strings.Contains(ascii, ".") || strings.ContainsAny(ascii, "*@/: ") || len(ascii) > 253 {
		return "", Errorf(Invalid, "domains", "%q is no e-mail domain, e.g. example.com", clip(domain))
	}
	return strings.ToLower(ascii), nil
}

// plainEmail returns email in the form in which it is compared and stored at a
// sign-in, and whether it can be one at all: one @, no spaces or controls, all
// ASCII once the domain is encoded. Look-alikes must not pass for somebody.
func plainEmail(email string) (string, bool) {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || len(email) > 254 || strings.Contains(domain, "@") {
		return "", false
	}
	for _, r := range local {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return "", false
		}
	}
	normal, err := normalDomain(domain)
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

// belongsElsewhere reports whether somebody goes by an address at a domain that
// another connection owns: by userName, or by the address that desks know them
// by. Whoever may push people must not make somebody else's of them.
func belongsElsewhere(id *Identity, all []Connection) bool {
	for _, domain := range id.domains() {
		for _, c := range all {
			if c.ID != id.Connection && slices.Contains(c.Domains, domain) {
				return true
			}
		}
	}
	return false
}

// domains returns where the addresses are that a person goes by, in the form of
// [Connection.Domains].
func (id *Identity) domains() (out []string) {
	for _, name := range []string{id.UserName, id.Profile.Email} {
		domain := domainOf(name)
		if normal, err := normalDomain(domain); err == nil {
			domain = normal // what only looks like one that somebody owns is taken for it
		}
		if domain != "" && !slices.Contains(out, domain) {
			out = append(out, domain)
		}
	}
	return out
}

// isASCII reports whether s holds nothing that could look like something else.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < ' ' {
			return false
		}
	}
	return true
}

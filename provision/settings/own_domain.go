package settings

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/deskbridge/deskbridge/provision"
)

// ownDomain returns domain as it is kept, when it can be one organisation's own.
// Below a public suffix (co.uk, github.io) everybody registers names: such a
// suffix is Invalid, and so is what cannot be the domain of a company's mail.
// The list is that of publicsuffix.org, as of the library's release.
func ownDomain(domain string) (string, error) {
	plain, err := provision.NormalDomain(domain)
	if err != nil {
		return "", err
	}
	if suffix, _ := publicsuffix.PublicSuffix(plain); suffix == plain {
		return "", provision.Errorf(provision.Invalid, "domains", "%s is a public suffix: everybody can have a domain below it, so that it is nobody's own (publicsuffix.org)", plain)
	}
	return plain, nil
}

// Domains at which everybody can get an address: the large ones, and those that
// a provider has in many countries, by the name before the suffix. A domain that
// is missing here costs a warning, and nothing else.
var (
	freeMail = []string{
		"126.com", "163.com", "aol.com", "att.net", "comcast.net", "fastmail.com", "free.fr", "freenet.de", "gmail.com", "googlemail.com",
		"icloud.com", "laposte.net", "libero.it", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "orange.fr", "pm.me",
		"proton.me", "protonmail.com", "qq.com", "t-online.de", "tuta.com", "tutanota.com", "verizon.net", "wanadoo.fr", "web.de", "ymail.com",
		"zohomail.com",
	}
	freeMailNames = []string{"gmx", "hotmail", "live", "outlook", "yahoo", "yandex"}
)

// IsFreeMail reports whether everybody can get an address at a domain, as far as
// is known here.
func IsFreeMail(domain string) bool {
	plain, err := provision.NormalDomain(domain)
	if err != nil {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(plain)
	return slices.Contains(freeMail, plain) || slices.Contains(freeMailNames, strings.TrimSuffix(plain, "."+suffix))
}

// DomainWarnings returns what an admin should know of the domains of a
// connection, a sentence each.
func DomainWarnings(domains []string) (warnings []string) {
	for _, d := range domains {
		if IsFreeMail(d) {
			warnings = append(warnings, fmt.Sprintf("everybody can get an address at %s, so that it is no company's own: whoever has one counts as one of the connection's people", d))
		}
	}
	return warnings
}

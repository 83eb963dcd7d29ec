package adoption

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// roleNames are the local parts of addresses that stand for a role or a program and
// for no person: those of RFC 2142, and what help desks use beside them.
var roleNames = []string{
	"abuse", "admin", "administrator", "api", "billing", "bot", "contact", "daemon", "do-not-reply", "donotreply", "ftp", "hello", "help", "helpdesk", "hostmaster", "info",
	"integration", "integrations", "it", "jobs", "list", "mail", "mailer-daemon", "marketing", "news", "no-reply", "noc", "noreply", "office", "postmaster", "root", "sales", "security",
	"service", "servicedesk", "support", "system", "team", "usenet", "uucp", "webmaster", "www",
}

// aside says why a user of a desk is left alone; "" when nothing says so. self is
// our own user there.
func aside(d *provision.Desk, self provision.DeskUserID, u *provision.DeskUser) string {
	if u.ID == self {
		return "Deskbridge's own user there"
	}
	if u.Role == provision.RoleOwner {
		return "the owner of the desk"
	}
	if u.NotPerson != "" {
		return "the desk says: " + u.NotPerson
	}
	for _, pattern := range d.AdoptIgnore {
		if Ignores(pattern, u) {
			return "adopt_ignore: " + pattern
		}
	}
	if !u.Active {
		return "deactivated there"
	}
	local, _, _ := strings.Cut(provision.Fold(u.Email), "@")
	if local, _, _ = strings.Cut(local, "+"); slices.Contains(roleNames, local) {
		return local + "@ is the address of a role or a program, and not of a person"
	}
	return ""
}

// idPrefix begins a pattern that names a desk user.
const idPrefix = "id:"

// Ignores reports whether a pattern of adopt_ignore is about a user: id: with the
// desk's id of one, or an address, without regard to letter case, in which * stands for
// any text.
func Ignores(pattern string, u *provision.DeskUser) bool {
	if id, ok := strings.CutPrefix(pattern, idPrefix); ok {
		return id == string(u.ID)
	}
	parts := strings.Split(provision.Fold(strings.TrimSpace(pattern)), "*")
	return u.Email != "" && fits(parts, provision.Fold(u.Email)) || u.UserName != "" && fits(parts, provision.Fold(u.UserName))
}

// fits reports whether text is parts with any text between them.
func fits(parts []string, text string) bool {
	rest, ok := strings.CutPrefix(text, parts[0])
	if len(parts) == 1 || !ok {
		return ok && rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

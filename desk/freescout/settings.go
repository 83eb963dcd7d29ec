package freescout

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api     *url.URL // without a slash at the end
	key     string
	by      provision.DeskUserID // in whose name things are changed: our own account
	details bool                 // job title, phone and time zone are ours to give and to compare
	heirs   map[int64]string     // who gets what a deleted user has left, by number of the mailbox; 0: of all others
}

// key is the form of API keys, with room for other releases.
var key = kit.Token{Least: 16, Most: 256, Marks: "_-"}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{key: d.Secret, details: true}
	var wrong desk.Mistakes
	var by, heirs string
	allowHTTP := false
	kit.ReadSettings(d.Settings, []kit.Setting{
		{Key: "by_user", Text: &by}, {Key: "heirs", Text: &heirs}, {Key: "details", Flag: &s.details}, {Key: "allow_http", Flag: &allowHTTP},
	}, &wrong)
	if s.by = provision.DeskUserID(by); !kit.IsNumber(by) {
		wrong.Add("settings.by_user", "give the number of the administrator in whose name Deskbridge acts: it is in the address of the profile, as 4 in /users/profile/4")
	}
	var ok bool
	if s.heirs, ok = parseHeirs(heirs); !ok {
		wrong.Add("settings.heirs", "give addresses of users, divided by commas: boss@example.com gets what is left in any mailbox, 2=ada@example.com what is left in the mailbox number 2")
	}
	if !key.Is(d.Secret) {
		wrong.Add("secret", "give the API key: Manage > API & Webhooks")
	}
	home, advice := kit.Address(d.URL, "give FreeScout's address, such as https://desk.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return settings{}, wrong.Err()
	}
	s.api = home.JoinPath("api")
	return s, wrong.Err()
}

// parseHeirs reads a list such as "boss@example.com, 2=ada@example.com".
func parseHeirs(text string) (heirs map[int64]string, ok bool) {
	if text == "" {
		return nil, true
	}
	heirs = make(map[int64]string)
	for part := range strings.SplitSeq(text, ",") {
		mailbox, address, named := strings.Cut(strings.TrimSpace(part), "=")
		var id int64
		if !named {
			address = mailbox
		} else if mailbox = strings.TrimSpace(mailbox); kit.IsNumber(mailbox) {
			id, _ = strconv.ParseInt(mailbox, 10, 64)
		} else {
			return nil, false
		}
		address = strings.TrimSpace(address)
		if heirs[id] != "" || !kit.IsEmail(address, maxEmailLength) {
			return nil, false
		}
		heirs[id] = address
	}
	return heirs, true
}

package helpy

import (
	"cmp"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Helpy has no limits of its own on texts. These keep its pages readable, and
// are counted in characters.
const (
	maxTextLength  = 255
	maxEmailLength = 254
)

// notInName matches what Helpy drops from a name before it keeps it, once.
var notInName = regexp.MustCompile(`^['"]|[0-9]|['"]$`)

// noName stands for a name of which Helpy would keep nothing.
const noName = "-"

// Fit returns want as Helpy keeps it: one name for the whole person, without
// digits, and without a quotation mark at either end. It does not show a user's
// time zone.
//
// Somebody whose name is not said at all keeps the one on the desk.
func (d *helpy) Fit(want provision.DeskUser) provision.DeskUser {
	shown := kit.OneLine(want.DisplayName)
	if shown == "" {
		shown = kit.OneLine(want.GivenName + " " + want.FamilyName)
	}
	want.GivenName, want.FamilyName, want.Timezone = "", "", ""
	want.DisplayName = shown
	if shown != "" {
		want.DisplayName = cmp.Or(nameFor(shown), noName)
	}
	want.Title, want.Phone = kit.CutRunes(kit.OneLine(want.Title), maxTextLength), kit.CutRunes(kit.OneLine(want.Phone), maxTextLength)
	return want
}

// nameFor returns what is left of a name when Helpy has nothing more to drop.
func nameFor(text string) string {
	for {
		clean := kit.CutRunes(strings.TrimSpace(notInName.ReplaceAllString(text, "")), maxTextLength)
		if clean == text {
			return clean
		}
		text = clean
	}
}

// emailForm is the form of address that Helpy takes.
var emailForm = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

func isEmail(text string) bool {
	return emailForm.MatchString(text) && kit.OneLine(text) == text && utf8.RuneCountInString(text) <= maxEmailLength
}

// checkEmail refuses what cannot become a user.
func checkEmail(address string) error {
	if isEmail(address) {
		return nil
	}
	return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address that Helpy takes: something before and after one @, without spaces, at most 254 characters"}
}

// CheckRule implements [desk.RuleChecker]: an agent in no group sees the tickets of
// all groups, and mailboxes follow from groups.
func (d *helpy) CheckRule(r provision.Rule) (problems []desk.Problem) {
	if len(r.Mailboxes) > 0 {
		problems = append(problems, desk.Problem{Detail: "Helpy has no mailboxes that people could be let into: what an agent sees follows from groups; name a group as a team instead"})
	}
	if r.Role == provision.RoleAgent && len(r.Teams) == 0 {
		problems = append(problems, desk.Problem{Warning: true, Detail: "an agent in no group sees the tickets of all groups of Helpy; name a team, unless that is meant or another rule names one for the same people"})
	}
	return problems
}

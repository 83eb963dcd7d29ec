// Package opened is for desks on which a team opens mailboxes for its members, and whose API
// does not show which: an administrator says so in a setting, such as
// "Support Agents: Support, Returns; Billing Agents: Billing".
package opened

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// Mailboxes are what teams open, in the order in which they were said.
type Mailboxes []team

type team struct {
	name      string
	mailboxes []string // sorted, each once
}

// Fold says what counts of a name when two are compared.
type Fold func(string) string

// Parse reads "Team: Mailbox, Mailbox; Team: Mailbox". ok is false when text has another form,
// or a team twice.
func Parse(text string, fold Fold) (all Mailboxes, ok bool) {
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, list, found := strings.Cut(part, ":")
		t := team{name: strings.TrimSpace(name)}
		for mailbox := range strings.SplitSeq(list, ",") {
			t.mailboxes = append(t.mailboxes, strings.TrimSpace(mailbox))
		}
		if !found || t.name == "" || all.of(t.name, fold) != nil || slices.Contains(t.mailboxes, "") {
			return nil, false
		}
		slices.Sort(t.mailboxes)
		t.mailboxes = slices.Compact(t.mailboxes)
		all = append(all, t)
	}
	return all, true
}

func (all Mailboxes) of(name string, fold Fold) []string {
	for _, t := range all {
		if fold(t.name) == fold(name) {
			return t.mailboxes
		}
	}
	return nil
}

// Of returns what a team opens; nil where nothing is said.
func (all Mailboxes) Of(name string, fold Fold) []string { return slices.Clone(all.of(name, fold)) }

// Check adds a problem for each team and each mailbox that the desk does not show. setting is
// what they are said in; what is what the desk calls a team and a mailbox.
func (all Mailboxes) Check(p *desk.Profile, fold Fold, setting, vendor string, what [2]string, teams []string) {
	shown := func(names []string, name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(name) })
	}
	note := func(what, name string) {
		p.Problemf("the setting %s names the %s %q, which %s does not show; correct the setting", setting, what, name, vendor)
	}
	for _, t := range all {
		if !shown(teams, t.name) {
			note(what[0], t.name)
		}
		for _, mailbox := range t.mailboxes {
			if !shown(p.Mailboxes, mailbox) {
				note(what[1], mailbox)
			}
		}
	}
}

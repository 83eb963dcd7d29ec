package handover

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Policy says who takes over a leaver's open conversations. At most one of Agent, Team
// and To is set; none of them is the same as To: "unassign". A conversation in a mailbox
// that has a rule of its own goes by that, every other one by these three.
type Policy struct {
	Agent     string          `json:"agent,omitempty"` // e-mail of a desk user
	Team      string          `json:"team,omitempty"`  // name of a team: the team itself, where the desk can assign to teams; else its active members in turn
	To        To              `json:"to,omitempty"`
	Cap       int             `json:"cap,omitempty"`       // how many open conversations one person may have by it, whatever their mailboxes; what is beyond goes to the queue. 0: no limit
	Mailboxes map[string]Rule `json:"mailboxes,omitempty"` // by the name of a mailbox, without regard to letter case
}

// Rule is who takes over, without regard to the mailbox. Exactly one of its fields is
// set in a rule of a mailbox; they mean what those of [Policy] do.
type Rule struct {
	Agent string `json:"agent,omitempty"`
	Team  string `json:"team,omitempty"`
	To    To     `json:"to,omitempty"`
}

// To names a rule for choosing the new assignee.
type To string

// The rules. Where nobody fits, conversations are unassigned, so that the
// queue shows them to everybody.
const (
	Manager    To = "manager"     // the leaver's manager, if active on the desk
	OwnTeam    To = "team"        // the leaver's first team itself, where the desk can assign to teams; else as round_robin
	RoundRobin To = "round_robin" // the active members of the leaver's teams, in turn
	Unassign   To = "unassign"
)

const (
	maxCap       = 10_000 // more conversations than anybody has
	maxMailboxes = 500    // with a rule of their own
)

// General returns the rule for mailboxes that have none of their own.
func (p Policy) General() Rule { return Rule{Agent: p.Agent, Team: p.Team, To: p.To} }

// Of returns the rule for conversations in a mailbox, and the mailbox that it is of, as it
// is written here; "" of the general one. Names that fold makes the same are one.
func (p Policy) Of(mailbox string, fold func(string) string) (of string, r Rule) {
	for name, r := range p.Mailboxes {
		if mailbox != "" && fold(name) == fold(mailbox) {
			return name, r
		}
	}
	return "", p.General()
}

// Equal reports whether two policies say the same.
func (p Policy) Equal(o Policy) bool {
	return p.General() == o.General() && p.Cap == o.Cap && maps.Equal(p.Mailboxes, o.Mailboxes)
}

// Rules yields the general rule, by "", and then those of mailboxes, by name.
func (p Policy) Rules() iter.Seq2[string, Rule] {
	return func(yield func(string, Rule) bool) {
		if !yield("", p.General()) {
			return
		}
		for _, mailbox := range slices.Sorted(maps.Keys(p.Mailboxes)) {
			if !yield(mailbox, p.Mailboxes[mailbox]) {
				return
			}
		}
	}
}

// Teams returns the names of teams that rules have, each once, sorted.
func (p Policy) Teams() (teams []string) {
	for _, r := range p.Rules() {
		if r.Team != "" {
			teams = append(teams, r.Team)
		}
	}
	slices.Sort(teams)
	return slices.Compact(teams)
}

// String says the policy in one line, as "manager, at most 40 each; Billing: team Billing".
func (p Policy) String() string {
	var said []string
	for mailbox, r := range p.Rules() {
		switch {
		case mailbox != "":
			said = append(said, mailbox+": "+r.String())
		case p.Cap > 0:
			said = append(said, fmt.Sprintf("%s, at most %d each", r, p.Cap))
		default:
			said = append(said, r.String())
		}
	}
	return strings.Join(said, "; ")
}

// String says the rule in one word or two, as [ReadRule] reads it.
func (r Rule) String() string {
	switch {
	case r.Agent != "":
		return r.Agent
	case r.Team != "":
		return "team " + r.Team
	case r.To != "":
		return string(r.To)
	}
	return string(Unassign)
}

// ReadRule reads a rule as the command line has it: the e-mail address of an agent, "team" and the
// name of a team, or a word of [To].
func ReadRule(text string) Rule {
	team, named := strings.CutPrefix(text, "team ")
	switch {
	case named:
		return Rule{Team: strings.TrimSpace(team)}
	case strings.Contains(text, "@"):
		return Rule{Agent: text}
	}
	return Rule{To: To(text)}
}

// Mistake is what is wrong with a policy, and with which field of it.
type Mistake struct{ Field, Detail string }

// Validate returns every mistake in p. Names of mailboxes that fold makes the same are
// one.
func (p Policy) Validate(fold func(string) string) (mistakes []Mistake) {
	wrong := func(field, format string, args ...any) {
		mistakes = append(mistakes, Mistake{"hand_over" + field, fmt.Sprintf(format, args...)})
	}
	if p.Cap < 0 || p.Cap > maxCap {
		wrong(".cap", "cap is how many open conversations one person may have, from 1 to %d; 0 is no limit", maxCap)
	}
	if len(p.Mailboxes) > maxMailboxes {
		wrong(".mailboxes", "hand_over has rules for %d mailboxes, of at most %d", len(p.Mailboxes), maxMailboxes)
		return mistakes
	}
	seen := make(map[string]string)
	for mailbox, r := range p.Rules() {
		field, of := "", ""
		if mailbox != "" {
			field, of = ".mailboxes", fmt.Sprintf("mailbox %q: ", mailbox)
		}
		if !slices.Contains([]To{"", Manager, OwnTeam, RoundRobin, Unassign}, r.To) {
			wrong(cmp.Or(field, ".to"), "%sunknown hand_over %q; use manager, team, round_robin or unassign, or agent: an e-mail address, or team: a name", of, r.To)
		}
		given := 0
		for _, s := range []string{r.Agent, r.Team, string(r.To)} {
			if s != "" {
				given++
			}
		}
		switch {
		case given > 1:
			wrong(field, "%sgive one of agent, team and to, not several", of)
		case given == 0 && mailbox != "":
			wrong(field, "%sthe rule says nobody; give one of agent, team and to", of)
		}
		if other, twice := seen[fold(mailbox)]; twice && mailbox != "" {
			wrong(field, "%sthere is a rule for %q, too, and letter case makes no difference", of, other)
		}
		if seen[fold(mailbox)] = mailbox; mailbox == "" {
			continue
		}
		if strings.TrimSpace(mailbox) == "" {
			wrong(field, "%sgive the name of a mailbox", of)
		}
	}
	if _, nameless := p.Mailboxes[""]; nameless {
		wrong(".mailboxes", "a rule has no mailbox; what holds for all others is agent, team or to of hand_over itself")
	}
	return mistakes
}

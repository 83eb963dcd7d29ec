package apply

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// manyPeople is beyond how many people a plan sums up.
const manyPeople = 100

// printed is a plan on its way to people.
type printed struct {
	plan.Plan
	all     bool // list everybody
	losses  int  // that are expected; noLosses: nobody said
	applied bool
}

func (p printed) print(w io.Writer) {
	p.printConsequences(w)
	if p.Empty() {
		fmt.Fprintln(w, map[bool]string{false: "Nothing would change.", true: "Nothing to change."}[p.applied])
		return
	}
	signs := map[string]string{"add": "+", "change": "~", "remove": "-"}
	for _, c := range p.Changes {
		fmt.Fprintf(w, "%s %s %s%s\n", signs[c.Action], c.Kind, output.Plain(c.Name), detailOf(c))
	}
	fmt.Fprintf(w, "\n%s change for %s", strings.ToUpper(p.would()[:1])+p.would()[1:], output.Count(len(p.People), "person", "people"))
	switch {
	case len(p.People) == 0:
		fmt.Fprintln(w)
	case len(p.People) > manyPeople && !p.all:
		fmt.Fprintln(w, ":")
		printSums(w, p.People)
	default:
		fmt.Fprintln(w, ":")
		for _, c := range p.People {
			fmt.Fprintf(w, "  %s on %s: %s → %s\n", output.Plain(c.UserName), c.Desk, output.Access(c.Before), output.Access(c.After))
		}
	}
	fmt.Fprintf(w, "\nPlan %s\n", p.Hash)
}

// would is the word for what a plan does: desks follow after it was applied.
func (p printed) would() string {
	if p.applied {
		return "will"
	}
	return "would"
}

// detailOf says what of an object changes, or what a rule grants.
func detailOf(c plan.Change) string {
	switch {
	case len(c.Fields) > 0:
		return " (" + output.List(c.Fields) + ")"
	case c.Before != nil && c.After != nil:
		return ": " + granted(c.Before) + " → " + granted(c.After)
	case c.After != nil:
		return ": " + granted(c.After)
	case c.Before != nil:
		return ": " + granted(c.Before)
	}
	return ""
}

func granted(g *plan.Granted) string {
	role := g.Role
	if role.Rank() == 0 {
		role = ""
	}
	text := strings.TrimPrefix(output.Grant(role, g.DeskRoles, g.Teams, g.Mailboxes), "role ")
	if g.Until != "" {
		text += ", until " + g.Until
	}
	return text
}

// printConsequences prints what is expensive in a plan, a line each.
func (p printed) printConsequences(w io.Writer) {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, r := range p.Consequences.Roles {
		people := output.Count(r.People, "person", "people")
		if r.Role == "" {
			say("%s %s lose access to %s", people, p.would(), r.Desk)
		} else {
			say("%s %s become %s on %s", people, p.would(), r.Role, r.Desk)
		}
	}
	for _, c := range p.Consequences.Seats {
		say("%s", seats(c))
		if p.all && len(c.Names) > 0 {
			say("  who waits, if seats go by the order of people: %s", output.List(output.PlainAll(c.Names)))
		}
	}
	for _, c := range p.Consequences.Steps {
		for _, line := range c.Says(p.would()) {
			say("%s", line)
		}
	}
	for _, c := range p.Consequences.Profiles {
		say("%s", p.profiles(c))
	}
	for _, e := range p.Consequences.SignIn {
		say("%s", signInEnd(e))
	}
	if !p.applied { // there it is a warning
		for _, g := range p.Consequences.Groups {
			say("%s", unknownGroup(g))
		}
	}
	for _, l := range p.Consequences.Losses {
		if text := p.held(l); text != "" {
			say("%s", text)
		}
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(w, "Look at this first:")
	for _, line := range lines {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintln(w)
}

// profiles says who keeps a field of profiles on a desk by a plan, and for how many.
func (p printed) profiles(c plan.ProfileCount) string {
	text := fmt.Sprintf("%s on %s: %s → %s; %s there", c.Field, c.Desk, c.Before, c.After, output.Count(c.People, "person has a user", "people have a user"))
	switch {
	case c.People == 0:
	case c.After == keeping.Person || c.Before == keeping.InStep:
		text += fmt.Sprintf(", and what the desk shows of %d %s be put right any more", c.Said, map[bool]string{false: "would not", true: "will not"}[p.applied])
	case c.After == keeping.Once:
		text += fmt.Sprintf("; %d %s get what the identity provider says, if the desk shows nothing", c.Said, p.would())
	default:
		text += fmt.Sprintf("; what the desk shows of %d %s be written over where it differs", c.Said, p.would())
	}
	return text
}

// seats says how the seats of a desk would be taken.
func seats(c plan.SeatCount) string {
	limit := limitOf(c.After)
	if c.Before != c.After {
		limit = limitOf(c.Before) + " → " + limit
	}
	text := fmt.Sprintf("seats on %s: %s; %d taken now, %d needed", c.Desk, limit, c.Taken, c.Needed)
	if kept := c.Kept(); c.After > 0 && kept > c.After {
		text += fmt.Sprintf("; %s a seat beyond the limit, and nobody new gets one until they are fewer", output.Count(kept-c.After, "person keeps", "people keep"))
	}
	if c.Wait > 0 {
		text += fmt.Sprintf("; %s will wait for a seat", output.Count(c.Wait, "person", "people"))
	}
	return text
}

func limitOf(seats int) string {
	if seats == 0 {
		return "no limit"
	}
	return fmt.Sprint(seats)
}

func signInEnd(e plan.SignInEnd) string {
	if e.Domain != "" {
		return fmt.Sprintf("%s is no domain of %s any more: people with addresses there cannot sign in through it", e.Domain, e.Connection)
	}
	by := map[provision.Protocol]string{provision.ProtocolSAML: "SAML", provision.ProtocolOIDC: "OIDC"}[e.Protocol]
	if e.SignedIn == 0 {
		return fmt.Sprintf("sign-in by %s through %s ends; nobody is signed in by it", by, e.Connection)
	}
	return fmt.Sprintf("sign-in by %s through %s ends; %s signed in by it, and will be signed out", by, e.Connection, output.Count(e.SignedIn, "person is", "people are"))
}

func unknownGroup(g plan.UnknownGroup) string {
	if g.Group == "" {
		return fmt.Sprintf("%s has pushed no groups yet: rules on groups grant nothing until it does", g.Connection)
	}
	text := fmt.Sprintf("group %s has not been pushed by %s: its rule grants nothing", output.Plain(g.Group), g.Connection)
	if g.Meant != "" {
		text += fmt.Sprintf("; did you mean %q?", output.Plain(g.Meant))
	}
	return text
}

// held says what mass-change protection makes of people who lose access; "" when
// nothing.
func (p printed) held(l plan.LossCount) string {
	if !l.Held {
		return ""
	}
	of := fmt.Sprintf("%d of %s of %s %s lose access", l.People, output.Count(l.Of, "person", "people"), l.Connection, p.would())
	if l.Others > 0 {
		of += fmt.Sprintf(", beside %d who have begun to", l.Others)
	}
	switch {
	case l.OnHold && p.losses == noLosses && p.applied:
		return fmt.Sprintf("is held by mass-change protection, which holds people of it already: %s; see to them as `deskbridge status` says", of)
	case l.OnHold && p.losses == noLosses:
		return fmt.Sprintf("would be held: %s, and mass-change protection holds people of it already; see to them first, as `deskbridge status` says, or expect it with --expect-losses %d", of, p.Consequences.LostPeople())
	case p.applied && p.losses != noLosses:
		return fmt.Sprintf("expected: %s; mass-change protection lets them go", of)
	case p.applied:
		return fmt.Sprintf("is held by mass-change protection, which lets %d go: %s; `deskbridge connection release %s --all` lets them go, too", l.Limit, of, l.Connection)
	case p.losses != noLosses:
		return fmt.Sprintf("would be held by mass-change protection without --expect-losses: %s", of)
	}
	return fmt.Sprintf("would be held by mass-change protection, which lets %d go: %s; expect it with --expect-losses %d", l.Limit, of, p.Consequences.LostPeople())
}

// printSums prints one line for all people of whom a plan would change the same:
// new admins first, then those of whom there are most.
func printSums(w io.Writer, people []plan.PersonChange) {
	type sum struct {
		text  string
		admin bool
		names []string
	}
	by := make(map[string]*sum)
	for _, c := range people {
		text := fmt.Sprintf("on %s: %s → %s", c.Desk, output.Access(c.Before), output.Access(c.After))
		if by[text] == nil {
			by[text] = &sum{text: text, admin: c.After.Role == provision.RoleAdmin && c.Before.Role != provision.RoleAdmin}
		}
		by[text].names = append(by[text].names, output.Plain(c.UserName))
	}
	sums := slices.SortedFunc(maps.Values(by), func(a, b *sum) int {
		if a.admin != b.admin {
			return map[bool]int{true: -1, false: 1}[a.admin]
		}
		return cmp.Or(cmp.Compare(len(b.names), len(a.names)), cmp.Compare(a.text, b.text))
	})
	for _, s := range sums {
		names, more := s.names, ""
		if len(names) > 3 {
			names, more = names[:3], ", …"
		}
		fmt.Fprintf(w, "  %d %s (%s%s)\n", len(s.names), s.text, output.List(names), more)
	}
	fmt.Fprintln(w, "`deskbridge plan --all` lists each of them.")
}

package explanation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/spelling"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Question asks why somebody has something on a desk, or has not. Empty fields
// of it ask about access at all.
type Question struct {
	Desk    string // name or id; "": each desk that the answer may be about
	Team    string
	Mailbox string
}

// what returns the part that is asked for: "team" or "mailbox" and its name, ""
// for access at all.
func (q Question) what() (kind provision.UnitKind, name string) {
	switch {
	case q.Team != "":
		return provision.UnitTeam, q.Team
	case q.Mailbox != "":
		return provision.UnitMailbox, q.Mailbox
	}
	return "", ""
}

// String is for people: "mailbox Invoices", "access".
func (q Question) String() string {
	kind, name := q.what()
	if kind == "" {
		return "access"
	}
	return string(kind) + " " + name
}

// in reports whether an access has what is asked for.
func (q Question) in(a provision.Access) bool {
	kind, name := q.what()
	switch {
	case a.Status != provision.AccessActive:
		return false
	case kind == provision.UnitTeam:
		return provision.ContainsFold(a.Teams, name)
	case kind == provision.UnitMailbox:
		return provision.ContainsFold(a.Mailboxes, name)
	}
	return true
}

// givenBy reports whether a rule may give what is asked for.
func (q Question) givenBy(r provision.Rule) bool {
	kind, name := q.what()
	list := r.Mailboxes
	switch kind {
	case "":
		return r.Role.Rank() > 0
	case provision.UnitTeam:
		list = r.Teams
	}
	asks := provision.Fold(r.Attribute) == provision.AttributeDesk // it hands on what the identity provider asks for
	return provision.ContainsFold(list, name) || asks && len(list) == 0
}

// WhyCode says in a word why somebody has not what is asked for.
type WhyCode string

// Why not. The first are about the person, then about rules, then about the desk.
const (
	WhySuspended      WhyCode = "suspended"
	WhyRemoved        WhyCode = "removed"
	WhyBlocked        WhyCode = "blocked"         // by an admin
	WhyEnded          WhyCode = "ended"           // the end that an admin has set for the person has passed
	WhySignInExpired  WhyCode = "sign-in-expired" // of somebody known by sign-in only
	WhyIdle           WhyCode = "idle"            // their seat was taken because they did not use it
	WhyRuleEnded      WhyCode = "rule-ended"
	WhyNotInGroup     WhyCode = "not-in-group"
	WhyNotPushed      WhyCode = "group-not-pushed" // no group of the rule's name has come from the identity provider
	WhyGroupGone      WhyCode = "group-removed"
	WhyAttribute      WhyCode = "attribute"
	WhyNoRole         WhyCode = "no-role" // rules give it, and none gives a role: that alone makes no account
	WhyNoRule         WhyCode = "no-rule"
	WhyOtherRule      WhyCode = "other-connection" // a rule gives it to people of another connection
	WhyNoSuchUnit     WhyCode = "no-such-unit"     // the desk has no team or mailbox of that name
	WhyNotConfirmed   WhyCode = "not-confirmed"    // it is given, and the desk does not show it yet
	WhyNeedsAttention WhyCode = "needs-attention"
	WhyOnHold         WhyCode = "on-hold"
	WhyNoSeat         WhyCode = "seat"
	WhyDeskNotAsked   WhyCode = "desk-not-asked" // whether the desk has it could not be seen
)

// Why is one reason why somebody has not what is asked for.
type Why struct {
	Code  WhyCode
	Text  string // a sentence for people
	Rule  provision.RuleID
	Group string
}

// Answer says whether somebody has what is asked for on one desk, and if not,
// why.
type Answer struct {
	Explanation
	Has     bool // by the desk's last word
	Desired bool // rules give it now
	Why     []Why
}

// Givers returns the grants that give what q asks for.
func (e *Explanation) Givers(q Question) []provision.Grant {
	if e.Desired.Status != provision.AccessActive {
		return nil
	}
	kind, name := q.what()
	return e.grants(func(g provision.Grant) bool {
		switch kind {
		case provision.UnitTeam:
			return provision.ContainsFold(g.Teams, name)
		case "mailbox":
			return provision.ContainsFold(g.Mailboxes, name)
		}
		return true
	})
}

// WhyNot answers q for a person, of whom all is known. It asks the desks what
// they have where q names a team or a mailbox.
func (s *Service) WhyNot(ctx context.Context, person provision.Identity, q Question) ([]Answer, error) {
	all, err := s.Explain(ctx, person)
	if err != nil {
		return nil, err
	}
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	if all, err = s.desksAsked(ctx, person, q, all, rules); err != nil {
		return nil, err
	}
	answers := make([]Answer, len(all))
	for i, e := range all {
		a := Answer{Explanation: e, Desired: q.in(e.Desired)}
		a.Has = e.Account != nil && q.in(e.Account.Confirmed) && e.Account.State != provision.AccountEnded
		if !a.Has {
			if a.Why, err = s.why(ctx, &a, q, rules); err != nil {
				return nil, err
			}
		}
		answers[i] = a
	}
	return answers, nil
}

// desksAsked returns the explanations of the desks that q is about: the one that
// it names; else, of a team or mailbox, those where somebody may get it; else all.
func (s *Service) desksAsked(ctx context.Context, person provision.Identity, q Question, all []Explanation, rules []provision.Rule) ([]Explanation, error) {
	if q.Desk != "" {
		desk, err := s.store.Desk(ctx, q.Desk)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(all, func(e Explanation) bool { return e.Desk.ID == desk.ID }); i >= 0 {
			return all[i : i+1], nil
		}
		conn, err := s.store.Connection(ctx, string(person.Connection))
		return []Explanation{{Person: person, Connection: conn, Desk: desk, Desired: provision.Evaluate(nil, person, nil, desk.ID, s.now())}}, err
	}
	if kind, _ := q.what(); kind == "" {
		return all, nil
	}
	some := slices.DeleteFunc(slices.Clone(all), func(e Explanation) bool {
		named := slices.ContainsFunc(rules, func(r provision.Rule) bool { return r.Desk == e.Desk.ID && q.givenBy(r) })
		return !named && !q.in(e.Desired) && (e.Account == nil || !q.in(e.Account.Confirmed))
	})
	if len(some) == 0 { // no rule anywhere: why is the same on each
		return all, nil
	}
	return some, nil
}

// why says why a person has not what q asks for on the desk of a.
func (s *Service) why(ctx context.Context, a *Answer, q Question, rules []provision.Rule) ([]Why, error) {
	if why, is := barred(&a.Person, s.now()); is {
		return []Why{why}, nil
	}
	switch a.Person.Status {
	case provision.StatusSuspended:
		return []Why{{Code: WhySuspended, Text: "they are suspended: connection " + a.Connection.Name + " says that they are not active; make them active at the identity provider"}}, nil
	case provision.StatusRemoved:
		return []Why{{Code: WhyRemoved, Text: "they were removed: connection " + a.Connection.Name + " has deleted them; assign them to the app at the identity provider again"}}, nil
	case provision.StatusActive:
	}
	if a.Desired {
		return []Why{notYet(a, q)}, nil
	}
	if m := a.Person.Terms.Idle.On(string(a.Desk.ID)); m != nil && m.Do == seating.Free && len(a.Explanation.Desired.Grants) > 0 {
		return []Why{{Code: WhyIdle, Text: IdleText(&a.Explanation)}}, nil
	}
	var out []Why
	given := false
	for _, r := range rules {
		if r.Desk != a.Desk.ID || r.Connection != a.Person.Connection || !q.givenBy(r) {
			continue
		}
		given = true
		why, err := s.whyRule(ctx, a, q, r)
		if err != nil {
			return nil, err
		}
		out = append(out, why)
	}
	if !given {
		out = append(out, noRule(a, q, rules)...)
	}
	units, err := s.noUnit(ctx, a, q)
	return append(out, units...), err
}

// barred says why the terms of a person keep them from having what is asked for;
// false when they do not.
func barred(p *provision.Identity, now time.Time) (Why, bool) {
	switch b := p.Terms.Block; {
	case b != nil:
		return Why{Code: WhyBlocked, Text: fmt.Sprintf("they are blocked, by %s since %s: %s; whatever the identity provider says, until `deskbridge person unblock %s`", b.By, b.At.Format(time.DateOnly), b.Reason, p.ID)}, true
	case p.Terms.Ended(now) && p.Active() && (p.Terms.Until == nil || now.Before(p.Terms.Until.At)):
		return Why{Code: WhyEnded, Text: fmt.Sprintf("their access ended on %s, as %s says; a later date there prolongs it", provision.LastDay(p.Terms.End().At), p.Terms.End().By)}, true
	case p.Terms.Ended(now) && p.Active():
		return Why{Code: WhyEnded, Text: fmt.Sprintf("their access ended on %s, as %s had set; `deskbridge person valid-until %s DATE` prolongs it", provision.LastDay(p.Terms.Until.At), p.Terms.Until.By, p.ID)}, true
	case p.Terms.SignInExpired != nil && p.Active():
		return Why{Code: WhySignInExpired, Text: fmt.Sprintf("their sign-in expired on %s: %s; they have it back when they sign in", p.Terms.SignInExpired.At.Format(time.DateOnly), p.Terms.SignInExpired.Why.Words())}, true
	}
	return Why{}, false
}

// IdleText says why somebody has less than rules grant on a desk, because they did not use
// their seat there; "" when that is not so.
func IdleText(e *Explanation) string {
	m := e.Person.Terms.Idle.On(string(e.Desk.ID))
	if m == nil {
		return ""
	}
	what := "their seat was freed"
	if m.Do == seating.Downgrade {
		what = "they were given role limited"
	}
	return fmt.Sprintf("rules give more, and %s on %s by %s: %s; they get it back when they sign in to %s, or by `deskbridge seat give-back %s --desk %s`",
		what, m.At.UTC().Format(time.DateOnly), m.By, m.Words(), e.Desk.Name, e.Person.ID, e.Desk.Name)
}

// notYet says why what is given is not there.
func notYet(a *Answer, q Question) Why {
	acc := a.Account
	switch {
	case acc == nil:
		return Why{Code: WhyNotConfirmed, Text: "rules give it, and the account is about to be made"}
	case acc.State == provision.AccountNeedsAttention && acc.ReasonCode == provision.ReasonSeat:
		return Why{Code: WhyNoSeat, Text: "rules give it, and they wait for a seat: " + acc.Reason}
	case acc.State == provision.AccountNeedsAttention:
		return Why{Code: WhyNeedsAttention, Text: "rules give it, and the account needs attention: " + acc.Reason}
	case acc.State == provision.AccountOnHold:
		return Why{Code: WhyOnHold, Text: "rules give it, and the account is on hold: " + acc.Reason}
	case acc.Reason != "":
		return Why{Code: WhyNotConfirmed, Text: "rules give it, and " + a.Desk.Name + " does not show it yet: " + acc.Reason}
	}
	return Why{Code: WhyNotConfirmed, Text: "rules give it, and " + a.Desk.Name + " does not show it yet: a sync is on its way"}
}

// whyRule says why a rule that may give what q asks for does not.
func (s *Service) whyRule(ctx context.Context, a *Answer, q Question, r provision.Rule) (Why, error) {
	why := Why{Rule: r.ID, Group: r.Group}
	comes := fmt.Sprintf("%s comes from %s (rule %s)", q, r, ShortRule(r.ID))
	if r.Ended(s.now()) {
		why.Code, why.Text = WhyRuleEnded, comes+", which ended on "+provision.LastDay(*r.Until)+"; give the rule a later end (`until`), if it is to grant again"
		return why, nil
	}
	for _, g := range a.Explanation.Desired.Grants {
		if g.Rule != r.ID {
			continue
		}
		if a.Explanation.Desired.Status == provision.AccessActive { // of what they ask for, the rule passes something else
			why.Code, why.Text = WhyAttribute, comes+", and the identity provider does not ask for it in the desk extension"
			return why, nil
		}
		why.Code, why.Text = WhyNoRole, comes+", which matches; but no rule gives them a role, and without one there is no account; give one in a rule (`deskbridge rule add --role`)"
		return why, nil
	}
	if r.Attribute != "" {
		why.Code, why.Text = WhyAttribute, comes+", and "+theirs(&a.Person, r.Attribute)+"; change that at the identity provider, or the rule"
		return why, nil
	}
	if a.Person.SCIMManaged() {
		missing, err := s.whyGroup(ctx, a, r)
		if err != nil || missing.Code != "" {
			missing.Text = comes + missing.Text
			missing.Rule, missing.Group = why.Rule, why.Group
			return missing, err
		}
	}
	why.Code, why.Text = WhyNotInGroup, comes+"; they are not in it: add them at the identity provider"
	return why, nil
}

// whyGroup says what is wrong with the group of a rule; the zero Why when nothing
// is.
func (s *Service) whyGroup(ctx context.Context, a *Answer, r provision.Rule) (Why, error) {
	if r.GroupID == "" {
		text := ", and connection " + a.Connection.Name + " has pushed no such group: assign it to the app at the identity provider, or correct the name in the rule"
		if near := nearGroup(a, r.Group); near != "" {
			text += "; they are in " + near
		}
		return Why{Code: WhyNotPushed, Text: text}, nil
	}
	g, err := s.groupOf(ctx, r)
	if err != nil {
		return Why{}, err
	}
	if !g {
		return Why{Code: WhyGroupGone, Text: ", and the identity provider has deleted that group: push it again, or have the rule name another"}, nil
	}
	return Why{}, nil
}

// nearGroup returns the one of the person's groups that is called almost as name.
func nearGroup(a *Answer, name string) string {
	names := make([]string, len(a.Groups))
	for i, g := range a.Groups {
		names[i] = g.Name
	}
	return spelling.Closest(name, names)
}

// groupOf reports whether the group that a rule is bound to is there.
func (s *Service) groupOf(ctx context.Context, r provision.Rule) (bool, error) {
	_, err := s.store.Group(ctx, r.Connection, r.GroupID)
	if provision.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// theirs says what somebody has of an attribute.
func theirs(p *provision.Identity, attribute string) string {
	if provision.Fold(attribute) == provision.AttributeDesk {
		return "the identity provider asks for nothing in the desk extension"
	}
	values := p.Values(attribute)
	if len(values) == 0 {
		return "they have no " + attribute
	}
	return "theirs is " + strings.Join(values, ", ")
}

// noRule says that no rule gives what q asks for to people of this connection.
func noRule(a *Answer, q Question, rules []provision.Rule) []Why {
	out := []Why{{Code: WhyNoRule, Text: fmt.Sprintf("no rule gives people of connection %s %s on desk %s; `deskbridge rule add` makes one", a.Connection.Name, q, a.Desk.Name)}}
	for _, r := range rules {
		if r.Desk == a.Desk.ID && r.Connection != a.Person.Connection && q.givenBy(r) {
			out = append(out, Why{Code: WhyOtherRule, Rule: r.ID, Group: r.Group,
				Text: fmt.Sprintf("%s (rule %s) gives it to people of another connection only", r, ShortRule(r.ID))})
		}
	}
	return out
}

// noUnit asks the desk whether it has the team or mailbox of q.
func (s *Service) noUnit(ctx context.Context, a *Answer, q Question) ([]Why, error) {
	kind, name := q.what()
	if kind == "" {
		return nil, nil
	}
	units, err := s.settings.Units(ctx, a.Desk)
	if err != nil {
		return []Why{{Code: WhyDeskNotAsked, Text: fmt.Sprintf("whether desk %s has it could not be seen: %s", a.Desk.Name, settings.Detail(err))}}, nil
	}
	if lacks := units.Lacks(kind, name); lacks != "" {
		return []Why{{Code: WhyNoSuchUnit, Text: fmt.Sprintf("desk %s has %s", a.Desk.Name, lacks)}}, nil
	}
	return nil, nil
}

// shortID is how many characters of a rule's id people are shown: the last ones, for
// the first tell the time and are the same for all that were made together.
const shortID = 8

// ShortRule is the end of a rule's id, by which commands find it.
func ShortRule(id provision.RuleID) string { return string(id)[max(len(id)-shortID, 0):] }

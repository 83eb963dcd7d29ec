package settings

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/internal/spelling"
	"github.com/deskbridge/deskbridge/provision"
)

// Missing says what a rule names that is not there, or is more than the rule says, a
// sentence each. Of nil nothing is known, so nothing is missing.
func (p *Units) Missing(r provision.Rule) (missing []string) {
	for kind, name := range namesIn(r) {
		if lacks := p.Lacks(kind, name); lacks != "" {
			missing = append(missing, fmt.Sprintf("rule on %s: the desk has %s", provision.Plain(r.String()), lacks))
		}
	}
	for _, name := range r.DeskRoles {
		if rank := p.rankOf(name); r.Role.Less(rank) {
			missing = append(missing, fmt.Sprintf("rule on %s: the role %q of the desk amounts to %s, and the rule says role %s; say role: %s, if that is meant", provision.Plain(r.String()), provision.Clip(name), rank, cmp.Or(r.Role, provision.RoleNone), rank))
		}
	}
	return missing
}

// rankOf returns what the role of the desk's own that rules call so amounts to.
func (p *Units) rankOf(name string) provision.Role {
	if p == nil {
		return provision.RoleNone
	}
	called := provision.Fold(p.Called(provision.UnitRole, name))
	for _, role := range p.Roles {
		if provision.Fold(role.Title) == called {
			return role.Rank
		}
	}
	return provision.RoleNone
}

// namesIn yields what rules name.
func namesIn(rules ...provision.Rule) iter.Seq2[provision.UnitKind, string] {
	return func(yield func(provision.UnitKind, string) bool) {
		for _, r := range rules {
			for _, name := range r.Teams {
				if !yield(provision.UnitTeam, name) {
					return
				}
			}
			for _, name := range r.Mailboxes {
				if !yield(provision.UnitMailbox, name) {
					return
				}
			}
			for _, name := range r.DeskRoles {
				if !yield(provision.UnitRole, name) {
					return
				}
			}
		}
	}
}

// Mixed says what a rule names otherwise than rules of the same desk do, a sentence
// each: people have a team by one name, and by the other would never be seen in it.
func (p *Units) Mixed(r provision.Rule, rules []provision.Rule) (mixed []string) {
	if p == nil {
		return nil
	}
	for _, m := range p.Meant {
		if m.Shown == "" || p.means(m.Kind, m.Shown) {
			continue
		}
		for kind, name := range namesIn(r) {
			other := m.Shown
			switch {
			case m.is(kind, name):
			case kind == m.Kind && provision.Fold(name) == provision.Fold(m.Shown):
				other = m.Name
			default:
				continue
			}
			if names(rules, kind, other) {
				mixed = append(mixed, fmt.Sprintf("rule on %s: rules name one %s by two names, as the desk calls the %s %q %q now; write %q in all of them at once, in access.yaml, or %q in this one", provision.Plain(r.String()), kind, kind, m.Name, m.Shown, m.Shown, m.Name))
			}
		}
	}
	return mixed
}

func names(rules []provision.Rule, kind provision.UnitKind, name string) bool {
	for k, n := range namesIn(rules...) {
		if k == kind && provision.Fold(n) == provision.Fold(name) {
			return true
		}
	}
	return false
}

// renamed reports whether the desk calls anything otherwise than rules do.
func (p *Units) renamed() bool {
	return slices.ContainsFunc(p.Meant, func(m Meant) bool { return m.Shown != "" && !m.is(m.Kind, m.Shown) })
}

// means reports whether it is known what a name in rules means.
func (p *Units) means(kind provision.UnitKind, name string) bool {
	return slices.ContainsFunc(p.Meant, func(m Meant) bool { return m.is(kind, name) })
}

// Lacks says that there is no team or mailbox of a name, and what there is; "" when
// there is one, or one that was renamed and is meant by it, or nothing is known.
func (p *Units) Lacks(kind provision.UnitKind, name string) string {
	if p == nil {
		return ""
	}
	have := p.Of(kind)
	if provision.ContainsFold(have, name) || provision.ContainsFold(have, p.Called(kind, name)) {
		return ""
	}
	has := "-"
	if len(have) > 0 {
		has = provision.Plain(strings.Join(have, ", "))
	}
	said := fmt.Sprintf("no %s %q; it has %s", kind, provision.Clip(name), has)
	if meant := spelling.Closest(name, have); meant != "" {
		said += fmt.Sprintf("; did you mean %q?", meant)
	}
	return said
}

// Called returns what the desk calls what a name in rules means.
func (p *Units) Called(kind provision.UnitKind, name string) string {
	for _, m := range p.Meant {
		if m.is(kind, name) && m.Shown != "" {
			return m.Shown
		}
	}
	return name
}

// Of returns the units of a kind.
func (p *Units) Of(kind provision.UnitKind) []string {
	switch kind {
	case provision.UnitTeam:
		return p.Teams
	case provision.UnitMailbox:
		return p.Mailboxes
	case provision.UnitRole:
		titles := make([]string, len(p.Roles))
		for i, role := range p.Roles {
			titles[i] = role.Title
		}
		return titles
	}
	return nil
}

// UnknownName says that a rule names no connection or desk that is known, and which one may be meant.
func UnknownName(what, name string, known []string) error {
	if name == "" {
		return provision.Errorf(provision.Invalid, what, "a rule needs a %s", what)
	}
	said := fmt.Sprintf("there is no %s %q, neither in the file nor in Deskbridge", what, name)
	if meant := spelling.Closest(name, known); meant != "" {
		said += fmt.Sprintf("; did you mean %q?", meant)
	}
	return provision.Errorf(provision.Invalid, what, "%s", said)
}

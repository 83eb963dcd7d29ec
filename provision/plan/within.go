package plan

import (
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// Within returns a Denied error unless p changes nothing but rules that give teams
// and mailboxes, no role, and only those that reaches says of their desk.
func (p *Plan) Within(reaches func(desk provision.DeskID, teams, mailboxes []string) bool) error {
	for _, c := range p.Changes {
		if c.Kind != "rule" {
			return provision.Refuse("role", "a mailbox manager changes rules only; this plan would %s the %s %s", c.Action, c.Kind, c.Name)
		}
		role, teams, mailboxes := differing(c.Before, c.After)
		if role || !reaches(c.Desk, teams, mailboxes) {
			return provision.Refuse("role", "this is beyond what you may map: %s the rule %s; you may give and take the teams and mailboxes that you manage, and no role", c.Action, c.Name)
		}
	}
	return nil
}

// differing returns whether a rule gives another role than before, one of ours or
// one of the desk's own, and which teams and mailboxes it gives now and did not, or
// the other way round. Another end concerns all that the rule gives.
func differing(before, after *Granted) (role bool, teams, mailboxes []string) {
	if before == nil {
		before = &Granted{}
	}
	if after == nil {
		after = &Granted{}
	}
	if before.Until != after.Until {
		role = before.givesRole() || after.givesRole()
		return role, slices.Concat(before.Teams, after.Teams), slices.Concat(before.Mailboxes, after.Mailboxes)
	}
	role = before.Role.Rank() != after.Role.Rank() || len(either(before.DeskRoles, after.DeskRoles)) > 0
	return role, either(before.Teams, after.Teams), either(before.Mailboxes, after.Mailboxes)
}

// givesRole reports whether g gives a role, one of ours or one of the desk's own.
func (g *Granted) givesRole() bool {
	return g.Role.Rank() != provision.RoleNone.Rank() || len(g.DeskRoles) > 0
}

// either returns what stands in one of two lists and not in the other.
func either(one, other []string) (out []string) {
	for _, name := range slices.Concat(one, other) {
		if !slices.Contains(one, name) || !slices.Contains(other, name) {
			out = append(out, name)
		}
	}
	return out
}

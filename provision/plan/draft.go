package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan/secrets"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Draft is a configuration as an admin wrote it; connections and desks are
// known by name.
//
// Connections and desks that a draft does not name stay as they are. Its rules
// replace all rules of the desks that it names. A secret that it leaves out stays
// as it is where it goes to the same place as before, and is none otherwise.
type Draft struct {
	Connections []provision.Connection
	Desks       []provision.Desk
	Rules       []DraftRule

	// JITRoles are the roles, by connection, that everybody whom a first sign-in
	// made has at least, on each desk that a rule of that connection names.
	JITRoles map[string]provision.Role
}

// withSecrets returns d with the secrets that it leaves out as they are kept.
func (d Draft) withSecrets(ctx context.Context, store Store) (Draft, error) {
	d.Connections, d.Desks = slices.Clone(d.Connections), slices.Clone(d.Desks)
	return d, secrets.Keep(ctx, store, d.Connections, d.Desks)
}

// DraftRule is a rule as an admin wrote it.
type DraftRule struct {
	Connection, Desk string         // names
	Rule             provision.Rule // without ids
}

// Check returns all mistakes in d that can be found without changing anything, as
// one Invalid error whose Detail has a line for each: it begins with the entry
// that is at fault, such as "rules[3]". It asks desks what they have, so nothing
// is locked meanwhile. warnings are for an admin.
func (s *Service) Check(ctx context.Context, d Draft) (warnings []string, _ error) {
	d, err := d.withSecrets(ctx, s.store)
	if err != nil {
		return nil, err
	}
	c := checking{entries: make(map[string]int)}
	for i, conn := range d.Connections {
		c.twice("connections", i, conn.Name)
		c.note("connections", i, s.settings.CheckConnection(&conn))
		c.warnings = append(c.warnings, settings.DomainWarnings(conn.Domains)...)
	}
	wrong, units := make(map[string]bool), make(settings.Asked) // desks that cannot be asked, and what others have
	for i, desk := range d.Desks {
		c.twice("desks", i, desk.Name)
		more, err := s.settings.CheckDesk(desk)
		c.warnings = append(c.warnings, more...)
		c.note("desks", i, err)
		known, err := s.store.Desk(ctx, desk.Name)
		if err == nil {
			c.note("desks", i, sameKind(known, desk))
		} else if !provision.IsNotFound(err) {
			return nil, err
		}
		wrong[desk.Name] = wrong[desk.Name] || c.entries["desks"] == i+1
		if desk.ID = known.ID; !wrong[desk.Name] {
			more, err := units.HandOver(ctx, s.settings, desk)
			c.warnings = append(c.warnings, more...)
			c.note("desks", i, err)
		}
	}
	owners, err := s.domainOwners(ctx, d)
	if err != nil {
		return nil, err
	}
	for i, conn := range d.Connections {
		c.note("connections", i, jitRole(conn.Name, d.JITRoles[conn.Name]))
		for _, domain := range conn.Domains {
			for _, other := range owners[provision.Fold(domain)] {
				if other != conn.Name {
					c.note("connections", i, provision.Errorf(provision.Invalid, "domains", "the domain %s belongs to connection %s; a domain has one connection, where its people sign in", domain, other))
				}
			}
		}
	}
	if err := s.checkRules(ctx, d, wrong, units, &c); err != nil {
		return nil, err
	}
	if c.failed != nil {
		return nil, c.failed
	}
	if len(c.mistakes) > 0 {
		return nil, provision.Errorf(provision.Invalid, "draft", "%s", strings.Join(c.mistakes, "\n"))
	}
	return c.warnings, nil
}

// checking collects what is wrong with a draft.
type checking struct {
	mistakes, warnings []string
	failed             error          // nobody's mistake: the database, for one
	entries            map[string]int // the last one of each list with a mistake, counted from 1
}

// note adds what is wrong with an entry of a list, counted from 0.
func (c *checking) note(list string, i int, err error) {
	e, ok := errors.AsType[*provision.Error](err)
	if !ok {
		if err != nil && c.failed == nil {
			c.failed = err
		}
		return
	}
	c.entries[list] = i + 1
	for line := range strings.SplitSeq(e.Detail, "\n") {
		line = fmt.Sprintf("%s[%d]: %s", list, i+1, line)
		if !slices.Contains(c.mistakes, line) {
			c.mistakes = append(c.mistakes, line)
		}
	}
}

// twice notes an entry whose name one before it has.
func (c *checking) twice(list string, i int, name string) {
	key := list + " " + name
	if first := c.entries[key]; first > 0 {
		c.note(list, i, provision.Errorf(provision.Invalid, list, "%s %q stands in the file twice: it is %[3]s[%[4]d], too", strings.TrimSuffix(list, "s"), name, list, first))
		return
	}
	c.entries[key] = i + 1
}

// checkRules looks at the rules of d. wrong are the desks that cannot be asked
// what they have.
func (s *Service) checkRules(ctx context.Context, d Draft, wrong map[string]bool, units settings.Asked, c *checking) error {
	connections, desks, err := s.namesIn(ctx, d)
	if err != nil {
		return err
	}
	known, settled := make(map[string][]deskhealth.KnownUnit), make(map[string]provision.Desk)
	var before []DraftRule
	for i, r := range d.Rules {
		if !slices.Contains(connections, r.Connection) {
			c.note("rules", i, settings.UnknownName("connection", r.Connection, connections))
		}
		if !slices.Contains(desks, r.Desk) {
			c.note("rules", i, settings.UnknownName("desk", r.Desk, desks))
		}
		rule := r.Rule
		rule.Connection, rule.Desk = cmp.Or(provision.ConnectionID(r.Connection), "-"), cmp.Or(provision.DeskID(r.Desk), "-") // they are named, if wrongly
		rule.Sort()
		c.note("rules", i, rule.Validate())
		if rule.Ended(s.now()) {
			c.warnings = append(c.warnings, fmt.Sprintf("rules[%d]: the rule on %s for desk %q ended on %s and grants nothing any more; take it out, or give it a later `until`", i+1, rule, r.Desk, provision.LastDay(*rule.Until)))
		}
		if first := slices.IndexFunc(before, func(o DraftRule) bool { return o.Rule.SameText(rule) }); first >= 0 {
			c.note("rules", i, provision.Errorf(provision.Invalid, "rules", "the rule on %s for desk %q stands in the file twice: it is rules[%d], too", rule, r.Desk, first+1))
		}
		before = append(before, DraftRule{Rule: rule})
		if wrong[r.Desk] || !slices.Contains(desks, r.Desk) {
			continue
		}
		if _, asked := settled[r.Desk]; !asked {
			desk, err := s.deskNamed(ctx, d, r.Desk)
			if err != nil {
				return err
			}
			settled[r.Desk] = desk
			_, more := units.Of(ctx, s.settings, desk)
			c.warnings = append(c.warnings, more...)
			if desk.ID != "" {
				if known[r.Desk], err = s.health.KnownUnits(ctx, desk.ID); err != nil {
					return err
				}
			}
		}
		more, err := s.settings.CheckRule(settled[r.Desk], rule)
		c.warnings = append(c.warnings, more...)
		if err != nil {
			c.note("rules", i, err)
			continue
		}
		c.warnings = append(c.warnings, WarnOfUnits(units[r.Desk], known[r.Desk], r.Desk, r.Rule)...)
		mistakes := append(units[r.Desk].Missing(r.Rule), units[r.Desk].Mixed(r.Rule, rulesOf(d, r.Desk))...)
		if len(mistakes) > 0 {
			c.note("rules", i, provision.Errorf(provision.Invalid, "rules", "%s", strings.Join(mistakes, "\n")))
		}
	}
	return nil
}

// rulesOf returns the rules of a desk in d.
func rulesOf(d Draft, desk string) (rules []provision.Rule) {
	for _, r := range d.Rules {
		if r.Desk == desk {
			rules = append(rules, r.Rule)
		}
	}
	return rules
}

// namesIn returns the names of connections and desks, in d and here.
func (s *Service) namesIn(ctx context.Context, d Draft) (connections, desks []string, _ error) {
	haveConnections, err := s.store.Connections(ctx)
	if err != nil {
		return nil, nil, err
	}
	haveDesks, err := s.store.Desks(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range slices.Concat(d.Connections, haveConnections) {
		connections = append(connections, c.Name)
	}
	for _, k := range slices.Concat(d.Desks, haveDesks) {
		desks = append(desks, k.Name)
	}
	return connections, desks, nil
}

// domainOwners returns the connections that have each domain once d is applied,
// by name.
func (s *Service) domainOwners(ctx context.Context, d Draft) (map[string][]string, error) {
	have, err := s.store.Connections(ctx)
	if err != nil {
		return nil, err
	}
	have = slices.DeleteFunc(have, func(c provision.Connection) bool {
		return slices.ContainsFunc(d.Connections, func(in provision.Connection) bool { return in.Name == c.Name })
	})
	owners := make(map[string][]string)
	for _, c := range slices.Concat(d.Connections, have) {
		for _, domain := range c.Domains {
			domain = provision.Fold(domain)
			owners[domain] = append(owners[domain], c.Name)
		}
	}
	return owners, nil
}

// sameKind returns an Invalid error when want is have with another kind.
func sameKind(have, want provision.Desk) error {
	if have.Kind == want.Kind {
		return nil
	}
	return provision.Errorf(provision.Invalid, "desks", "desk %q is of kind %s and cannot become %s; add the new one under another name", want.Name, have.Kind, want.Kind)
}

// deskNamed returns a desk as it will be.
func (s *Service) deskNamed(ctx context.Context, d Draft, name string) (provision.Desk, error) {
	known, err := s.store.Desk(ctx, name)
	if err != nil && !provision.IsNotFound(err) {
		return known, err
	}
	for _, desk := range d.Desks {
		if desk.Name == name {
			desk.ID = known.ID
			return desk, nil
		}
	}
	return known, err
}

// jitRole returns an Invalid error when a first sign-in cannot give everybody
// this role.
func jitRole(conn string, role provision.Role) error {
	switch role {
	case provision.RoleAdmin, provision.RoleOwner:
		return provision.Errorf(provision.Invalid, "jit", "connection %q: jit: a first sign-in makes nobody an %s; write a rule that names the group", conn, role)
	}
	if _, err := provision.ParseRole(string(role)); err != nil {
		return provision.Errorf(provision.Invalid, "jit", "connection %q: jit: unknown role %q; use none, limited or agent", conn, role)
	}
	return nil
}

// jitRules returns the rules that the JITRoles of d stand for.
func jitRules(d Draft) (rules []DraftRule, _ error) {
	for _, conn := range slices.Sorted(maps.Keys(d.JITRoles)) {
		role := d.JITRoles[conn]
		if err := jitRole(conn, role); err != nil {
			return nil, err
		}
		if role.Rank() == 0 {
			continue
		}
		var named []string
		for _, r := range d.Rules {
			if r.Connection == conn && !slices.Contains(named, r.Desk) {
				named = append(named, r.Desk)
				rules = append(rules, DraftRule{conn, r.Desk, provision.Rule{Attribute: provision.AttributeJIT, Equals: "true", Role: role}})
			}
		}
	}
	return rules, nil
}

package plan

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
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

// DraftRule is a rule as an admin wrote it.
type DraftRule struct {
	Connection, Desk string         // names
	Rule             provision.Rule // without ids
}

// check returns all mistakes in d that can be found without changing anything,
// as one Invalid error. It asks desks what they have, so nothing is locked
// meanwhile.
func (s *Service) check(ctx context.Context, d Draft) (warnings []string, _ error) {
	var mistakes []string
	var failed error // nobody's mistake: the database, for one
	note := func(more []string, err error) {
		warnings = append(warnings, more...)
		if e, ok := errors.AsType[*provision.Error](err); ok {
			mistakes = append(mistakes, e.Detail)
		} else if err != nil && failed == nil {
			failed = err
		}
	}
	for _, c := range d.Connections {
		note(settings.DomainWarnings(c.Domains), s.settings.CheckConnection(&c))
	}
	for _, desk := range d.Desks {
		note(s.settings.CheckDesk(desk))
	}
	_, err := jitRules(d)
	note(nil, err)
	if failed != nil {
		return nil, failed
	}
	if len(mistakes) > 0 { // a desk with wrong settings cannot be asked
		return nil, provision.Errorf(provision.Invalid, "draft", "%s", strings.Join(mistakes, "\n"))
	}
	byDesk := make(map[string][]provision.Rule)
	for _, r := range d.Rules {
		byDesk[r.Desk] = append(byDesk[r.Desk], r.Rule)
	}
	for _, name := range slices.Sorted(maps.Keys(byDesk)) {
		desk, err := s.deskNamed(ctx, d, name)
		if provision.IsNotFound(err) {
			continue // resolve says which desk is missing
		}
		if err != nil {
			return nil, err
		}
		note(s.settings.CheckRules(ctx, desk, byDesk[name]))
	}
	if failed != nil {
		return nil, failed
	}
	if len(mistakes) > 0 {
		return nil, provision.Errorf(provision.Invalid, "rules", "%s", strings.Join(mistakes, "\n"))
	}
	return warnings, nil
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

// jitRules returns the rules that the JITRoles of d stand for.
func jitRules(d Draft) (rules []DraftRule, _ error) {
	for _, conn := range slices.Sorted(maps.Keys(d.JITRoles)) {
		role := d.JITRoles[conn]
		switch role {
		case "", provision.RoleNone:
			continue
		case provision.RoleAdmin, provision.RoleOwner:
			return nil, provision.Errorf(provision.Invalid, "jit", "connection %q: jit: a first sign-in makes nobody an %s; write a rule that names the group", conn, role)
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

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/helpscout"
	"github.com/deskbridge/deskbridge/desk/redmine"
	"github.com/deskbridge/deskbridge/desk/requesttracker"
	"github.com/deskbridge/deskbridge/provision"
)

// kinds are the connectors that this program knows.
func (s *system) kinds() map[provision.DeskKind]desk.Factory {
	return map[provision.DeskKind]desk.Factory{
		builtin.Kind:     s.builtin.Connector,
		"helpscout":      helpscout.New,
		"redmine":        redmine.New,
		"requesttracker": requesttracker.New,
	}
}

// signIns says what kinds of desks need to be told when people sign in there.
var signIns = map[provision.DeskKind]provision.DeskSAML{"helpscout": helpscout.SignIn}

// connector returns the connector for a desk.
func (s *system) connector(d provision.Desk) (desk.Desk, error) {
	factory, known := s.kinds()[d.Kind]
	if !known {
		return nil, provision.Errorf(provision.Invalid, "kind", "unknown kind of desk %q; this release knows %s", d.Kind, strings.Join(s.kindNames(), ", "))
	}
	return factory(d)
}

func (s *system) kindNames() []string {
	var names []string
	for _, k := range slices.Sorted(maps.Keys(s.kinds())) {
		names = append(names, string(k))
	}
	return names
}

// checkDesk returns the connector for d when d's settings are right and ask
// for nothing that the desk cannot do.
func (s *system) checkDesk(d provision.Desk) (desk.Desk, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	connector, err := s.connector(d)
	if err != nil {
		return nil, fmt.Errorf("desk %s: %w", d.Name, err)
	}
	can := connector.Capabilities()
	for _, c := range []struct {
		leave provision.OnLeave
		can   bool
	}{{provision.LeaveDelete, can.Delete}, {provision.LeaveAnonymize, can.Anonymize}} {
		if d.OnLeave == c.leave && !c.can {
			return nil, provision.Errorf(provision.Invalid, "on_leave", "desk %s: a desk of kind %s cannot %s users; use deactivate", d.Name, d.Kind, c.leave)
		}
	}
	return connector, nil
}

// leaveWarning says when the way in which access is to end is one that the desk
// does not know; "" when all is well.
func leaveWarning(d provision.Desk, can desk.Capabilities) string {
	if can.Deactivate || d.OnLeave != "" && d.OnLeave != provision.LeaveDeactivate {
		return ""
	}
	return fmt.Sprintf("desk %s: a desk of kind %s cannot deactivate users, so every leaver becomes a task for an admin; see docs/desks/ and think of on_leave: delete", d.Name, d.Kind)
}

// unknownNames returns what a rule asks for that the desk does not have.
func unknownNames(r provision.Rule, p desk.Profile) (problems []string) {
	for _, kind := range []struct {
		what        string
		asked, have []string
	}{{"team", r.Teams, p.Teams}, {"mailbox", r.Mailboxes, p.Mailboxes}} {
		for _, name := range kind.asked {
			if !slices.ContainsFunc(kind.have, func(have string) bool { return provision.Fold(have) == provision.Fold(name) }) {
				problems = append(problems, fmt.Sprintf("rule on %s: the desk has no %s %q; it has %s", r, kind.what, name, list(kind.have)))
			}
		}
	}
	return problems
}

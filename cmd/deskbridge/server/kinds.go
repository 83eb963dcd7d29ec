package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/chatwoot"
	"github.com/deskbridge/deskbridge/desk/freescout"
	"github.com/deskbridge/deskbridge/desk/freshdesk"
	"github.com/deskbridge/deskbridge/desk/helpscout"
	"github.com/deskbridge/deskbridge/desk/helpy"
	"github.com/deskbridge/deskbridge/desk/libredesk"
	"github.com/deskbridge/deskbridge/desk/manual"
	"github.com/deskbridge/deskbridge/desk/redmine"
	"github.com/deskbridge/deskbridge/desk/requesttracker"
	"github.com/deskbridge/deskbridge/desk/scim"
	"github.com/deskbridge/deskbridge/desk/zammad"
	"github.com/deskbridge/deskbridge/desk/zendesk"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/client"
)

// kinds are the connectors that this program knows.
func (s *System) kinds() map[provision.DeskKind]desk.Factory {
	return map[provision.DeskKind]desk.Factory{
		builtin.Kind:     s.Builtin.Connector,
		"chatwoot":       chatwoot.New,
		"freescout":      freescout.New,
		"freshdesk":      freshdesk.New,
		"helpscout":      helpscout.New,
		"helpy":          helpy.New,
		"libredesk":      libredesk.New,
		"manual":         func(d provision.Desk) (desk.Desk, error) { return manual.New(s.Core.ByHand)(d) },
		"redmine":        redmine.New,
		"requesttracker": requesttracker.New,
		"scim":           scim.New,
		"zammad":         zammad.New,
		"zendesk":        zendesk.New,
	}
}

// SignIns says, by kind of desk, which SAML settings its sign-in needs.
var SignIns = map[provision.DeskKind]protocol.DeskSAML{"helpscout": helpscout.SignIn}

// Connector returns the connector for a desk.
func (s *System) Connector(d provision.Desk) (desk.Desk, error) {
	factory, known := s.kinds()[d.Kind]
	if d.Kind == "" {
		return nil, provision.Errorf(provision.Invalid, "kind", "kind is missing; this release knows %s", strings.Join(s.kindNames(), ", "))
	}
	if !known {
		return nil, provision.Errorf(provision.Invalid, "kind", "unknown kind of desk %q; this release knows %s", d.Kind, strings.Join(s.kindNames(), ", "))
	}
	return factory(d)
}

func (s *System) kindNames() []string {
	var names []string
	for _, k := range slices.Sorted(maps.Keys(s.kinds())) {
		names = append(names, string(k))
	}
	return names
}

// remains says what is left of people on a desk, as its connector knows.
func (s *System) remains(d provision.Desk) offboarding.Remains {
	connector, err := s.Connector(d)
	if err != nil {
		return offboarding.Remains{Check: []string{"Everything: the settings of this desk are mistaken, so that Deskbridge does not reach it."}}
	}
	can := connector.Capabilities()
	if len(can.Remains.Check)+len(can.Remains.Stays) > 0 {
		return offboarding.Remains{Check: can.Remains.Check, Stays: can.Remains.Stays}
	}
	left := offboarding.Remains{Check: []string{"API keys, tokens and integrations that the person made: look for them in the administration of the desk."}, Stays: []string{"what they wrote, with the name"}}
	if !can.EndSessions {
		left.Check = append(left.Check, "An open browser: this desk has no call that ends a session; see in its administration that the user is not signed in.")
	}
	return left
}

// checks are what connectors and signing in know of settings.
func (s *System) checks() settings.Checks {
	hosts := fetch.Options{AllowHosts: s.Settings.Hosts()}
	return settings.Checks{
		Desk: func(d provision.Desk) (settings.Abilities, error) {
			connector, err := s.Connector(d)
			if err != nil {
				return settings.Abilities{}, err
			}
			can := connector.Capabilities()
			return settings.Abilities{ConversationsIn: can.ConversationsIn, Deactivate: can.Deactivate, Delete: can.Delete, Anonymize: can.Anonymize, ChangeRole: can.ChangeRole,
				Limited: can.RoleNames[provision.RoleLimited] != "", KeepsSeat: can.KeepsSeat(d.OnLeave)}, nil
		},
		Look: func(ctx context.Context, d provision.Desk) (*settings.Units, error) {
			if d.Kind == builtin.Kind { // a connector would make what d's settings name
				teams, mailboxes, err := s.Builtin.UnitsOf(ctx, d)
				if err != nil {
					return nil, DeskError(d, err)
				}
				return &settings.Units{Teams: teams, Mailboxes: mailboxes}, nil // it has no roles of its own
			}
			connector, err := s.Connector(d)
			if err != nil {
				return nil, err
			}
			if _, said := connector.(desk.Doubter); said { // it cannot be asked what it has
				return nil, nil
			}
			profile, err := connector.Check(ctx)
			if err != nil {
				return nil, DeskError(d, err)
			}
			return unitsIn(profile), nil
		},
		Fit: func(d provision.Desk, want provision.DeskUser) (provision.DeskUser, bool) {
			connector, err := s.Connector(d)
			if err != nil {
				return want, false
			}
			return connector.Fit(want), true
		},
		Rule: func(d provision.Desk, r provision.Rule) []settings.RuleProblem {
			connector, err := s.Connector(d)
			if err != nil {
				return nil
			}
			return ruleProblems(connector, d.Kind, r)
		},
		SignIn: func(in provision.SignIn) error { return client.CheckSettings(in, time.Now()) },
		Fetch: func(address string) error {
			err := hosts.Check(address)
			e, ok := errors.AsType[*fetch.Error](err)
			switch {
			case !ok:
				return err
			case e.Reason == fetch.NotHTTPS:
				return fmt.Errorf("%s; one in your own network may be in DESKBRIDGE_ALLOW_HOSTS, for the server and for commands", e.Detail)
			}
			return errors.New(e.Detail)
		},
		Standing: func(ctx context.Context, c provision.Connection) []settings.Warning {
			return s.SignIn.Clients().Standing(ctx, c)
		},
	}
}

// unitsIn are the units that a desk has shown.
func unitsIn(p desk.Profile) *settings.Units {
	units := &settings.Units{Teams: p.Teams, Mailboxes: p.Mailboxes}
	for _, role := range p.Roles {
		units.Roles = append(units.Roles, settings.DeskRole{Title: role.Title, Rank: role.Rank})
	}
	return units
}

// ruleProblems returns what is wrong with a rule of a desk.
func ruleProblems(connector desk.Desk, kind provision.DeskKind, r provision.Rule) (problems []settings.RuleProblem) {
	if _, ok := connector.(desk.RoleChanger); !ok && len(r.DeskRoles) > 0 {
		var words []string
		for role, name := range connector.Capabilities().RoleNames {
			words = append(words, fmt.Sprintf("%s (%s)", role, name))
		}
		slices.Sort(words)
		problems = append(problems, settings.RuleProblem{Detail: fmt.Sprintf("a desk of kind %s has no roles of its own that Deskbridge could give; leave desk_roles out, and say role: one of %s", kind, strings.Join(words, ", "))})
	}
	if checker, ok := connector.(desk.RuleChecker); ok {
		for _, p := range checker.CheckRule(r) {
			problems = append(problems, settings.RuleProblem(p))
		}
	}
	return problems
}

// DeskError is an error of a desk for people.
func DeskError(d provision.Desk, err error) error {
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return fmt.Errorf("desk %s: %s", d.Name, provision.Plain(e.Detail))
	}
	return fmt.Errorf("desk %s: %w", d.Name, err)
}

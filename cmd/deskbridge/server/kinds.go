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
	"github.com/deskbridge/deskbridge/desk/freshdesk"
	"github.com/deskbridge/deskbridge/desk/helpscout"
	"github.com/deskbridge/deskbridge/desk/helpy"
	"github.com/deskbridge/deskbridge/desk/libredesk"
	"github.com/deskbridge/deskbridge/desk/redmine"
	"github.com/deskbridge/deskbridge/desk/requesttracker"
	"github.com/deskbridge/deskbridge/desk/zendesk"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/client"
)

// kinds are the connectors that this program knows.
func (s *System) kinds() map[provision.DeskKind]desk.Factory {
	return map[provision.DeskKind]desk.Factory{
		builtin.Kind:     s.Builtin.Connector,
		"freshdesk":      freshdesk.New,
		"helpscout":      helpscout.New,
		"helpy":          helpy.New,
		"libredesk":      libredesk.New,
		"redmine":        redmine.New,
		"requesttracker": requesttracker.New,
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
			return settings.Abilities{Deactivate: can.Deactivate, Delete: can.Delete, Anonymize: can.Anonymize, KeepsSeat: can.KeepsSeat(d.OnLeave)}, nil
		},
		Look: func(ctx context.Context, d provision.Desk) (*settings.Units, error) {
			if d.Kind == builtin.Kind { // a connector would make what d's settings name
				teams, mailboxes, err := s.Builtin.UnitsOf(ctx, d)
				if err != nil {
					return nil, DeskError(d, err)
				}
				return &settings.Units{Teams: teams, Mailboxes: mailboxes}, nil
			}
			connector, err := s.Connector(d)
			if err != nil {
				return nil, err
			}
			profile, err := connector.Check(ctx)
			if err != nil {
				return nil, DeskError(d, err)
			}
			return &settings.Units{Teams: profile.Teams, Mailboxes: profile.Mailboxes}, nil
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

// DeskError is an error of a desk for people.
func DeskError(d provision.Desk, err error) error {
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return fmt.Errorf("desk %s: %s", d.Name, provision.Plain(e.Detail))
	}
	return fmt.Errorf("desk %s: %w", d.Name, err)
}

package server

import (
	"bytes"
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/admin/console/live"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/draft"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/deskidp"
	"github.com/deskbridge/deskbridge/worker"
)

// deskidpCore returns what deskidp asks of c.
func deskidpCore(c *core.Core) deskidp.Core {
	return deskidp.Core{DeskSessions: c.DeskSessions, Sessions: c.Sessions, Settings: c.Settings}
}

// scimCore returns what scim asks of c.
func scimCore(c *core.Core) scim.Core {
	return scim.Core{Directory: c.Directory, Settings: c.Settings, Tokens: c.Tokens}
}

// apiCore returns what the admin API asks of c.
func apiCore(c *core.Core) api.Core {
	return api.Core{Administration: c.Administration, Adoption: c.Adoption, Alarms: c.Alarms, Audit: c.Audit, DeskHealth: c.DeskHealth, Directory: c.Directory, Erasure: c.Erasure, Expiry: c.Expiry, Explanation: c.Explanation, Plan: c.Plan, Reconcile: c.Reconcile,
		Report: c.Report, Requests: c.Requests, Seats: c.Seats, SecondAdmin: c.SecondAdmin, Sessions: c.Sessions, SetupLinks: c.SetupLinks, Settings: c.Settings, Tokens: c.Tokens, Now: c.Now}
}

// readDraft reads a configuration that came by the admin API: as a file is read,
// but for the environment and files, which are the server's.
func readDraft(text []byte) (plan.Draft, error) {
	noFile := func(string) ([]byte, error) {
		return nil, errors.New("no file of the server is read; give what is in it")
	}
	access, misread := config.ReadAccessFrom(bytes.NewReader(text), config.Sources{Environment: func(string) (string, bool) { return "", false }, File: noFile})
	d, unmade := draft.Reading(access, noFile)
	if err := errors.Join(misread, unmade); err != nil {
		return d, provision.Errorf(provision.Invalid, "draft", "%s", err)
	}
	return d, nil
}

// SSOCore returns what sso asks of c.
func SSOCore(c *core.Core) sso.Core {
	return sso.Core{Audit: c.Audit, BreakGlass: c.BreakGlass, Entitlement: c.Entitlement, Expiry: c.Expiry, Seats: c.Seats, Sessions: c.Sessions, Settings: c.Settings, SignIn: c.SignIn}
}

// WorkerCore returns what worker asks of c.
func WorkerCore(c *core.Core) worker.Core {
	return worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, ByHand: c.ByHand, Adoption: c.Adoption, Seats: c.Seats}
}

// Sentences makes what says audit entries in words, with so much of each list; 0: all of it.
type Sentences func(ctx context.Context, s *System, most int) (console.Sentences, error)

// Records returns how somebody left.
type Records func(ctx context.Context, s *System, id provision.IdentityID) (console.Record, error)

// consoleCore returns what the console asks of the core.
func (s *System) consoleCore() console.Core {
	c := s.Core
	return console.Core{Adoption: c.Adoption, Alarms: c.Alarms, Audit: c.Audit, BreakGlass: c.BreakGlass, DeskHealth: c.DeskHealth, Directory: c.Directory, Explanation: c.Explanation, Plan: c.Plan, Reconcile: c.Reconcile, Report: c.Report,
		Requests: c.Requests, Seats: c.Seats, SecondAdmin: c.SecondAdmin, Sessions: c.Sessions, Settings: c.Settings, SetupLinks: c.SetupLinks, Tokens: c.Tokens, Now: c.Now}
}

// FirstAdminLink returns an address that makes the first admin, once; "" when there
// is one.
func (s *System) FirstAdminLink(ctx context.Context) (string, error) {
	return console.FirstAdminLink(ctx, s.consoleCore(), s.Settings.PublicURL)
}

// MountConsole has the console served to admins. say is how the program says
// entries of the audit log, and records how it shows offboarding records.
func (s *System) MountConsole(say Sentences, records Records) {
	s.live = live.New(live.Of(s.Core.Audit, s.Core.Requests), s.Log)
	s.Admin.Console = console.New(s.consoleCore(), console.Options{
		PublicURL: s.Settings.PublicURL, Log: s.Log, RequestID: requestID,
		Sentences: func(ctx context.Context, most int) (console.Sentences, error) { return say(ctx, s, most) },
		CheckDesk: func(ctx context.Context, d provision.Desk) (console.DeskCheck, error) {
			r, err := CheckDesk(ctx, s, d)
			return console.DeskCheck{Self: r.Self, Version: r.Version, Roles: r.Roles, Teams: r.Teams, Mailboxes: r.Mailboxes,
				Cannot: r.Cannot, Problems: r.Problems, Warnings: r.Warnings}, err
		},
		ReachDesk: s.ReachDesk,
		Kinds:     s.kindNames(),
		Sweeps:    s.sweepEvery() > 0,
		AddDesk: func(ctx context.Context, c provision.Cause, d provision.Desk) error {
			made, err := s.Core.Settings.AddDesk(ctx, c, d)
			if err != nil {
				return err
			}
			return s.OpenBuiltins(ctx, plan.Draft{Desks: []provision.Desk{made}})
		},
		Record: func(ctx context.Context, id provision.IdentityID) (console.Record, error) { return records(ctx, s, id) },
		Live:   s.live,
	})
}

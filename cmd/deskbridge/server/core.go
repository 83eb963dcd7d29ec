package server

import (
	"bytes"
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/console"
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
	return api.Core{Administration: c.Administration, Audit: c.Audit, DeskHealth: c.DeskHealth, Directory: c.Directory, Erasure: c.Erasure, Explanation: c.Explanation, Plan: c.Plan, Reconcile: c.Reconcile,
		Report: c.Report, Requests: c.Requests, Sessions: c.Sessions, Settings: c.Settings, Tokens: c.Tokens, Now: c.Now}
}

// readDraft reads a configuration that came by the admin API: as a file is read,
// but for the environment.
func readDraft(text []byte) (plan.Draft, error) {
	access, misread := config.ReadAccess(bytes.NewReader(text), func(string) (string, bool) { return "", false })
	d, unmade := draft.Of(access)
	if err := errors.Join(misread, unmade); err != nil {
		return d, provision.Errorf(provision.Invalid, "draft", "%s", err)
	}
	return d, nil
}

// SSOCore returns what sso asks of c.
func SSOCore(c *core.Core) sso.Core {
	return sso.Core{Audit: c.Audit, BreakGlass: c.BreakGlass, Entitlement: c.Entitlement, Sessions: c.Sessions, Settings: c.Settings, SignIn: c.SignIn}
}

// WorkerCore returns what worker asks of c.
func WorkerCore(c *core.Core) worker.Core {
	return worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, ByHand: c.ByHand, Adoption: c.Adoption}
}

// Sentences makes what says audit entries in words.
type Sentences func(ctx context.Context, s *System) (console.Sentences, error)

// consoleCore returns what the console asks of the core.
func (s *System) consoleCore() console.Core {
	c := s.Core
	return console.Core{Audit: c.Audit, BreakGlass: c.BreakGlass, DeskHealth: c.DeskHealth, Directory: c.Directory, Explanation: c.Explanation, Plan: c.Plan, Reconcile: c.Reconcile, Report: c.Report,
		Requests: c.Requests, Sessions: c.Sessions, Settings: c.Settings, Tokens: c.Tokens, Now: c.Now}
}

// FirstAdminLink returns an address that makes the first admin, once; "" when there
// is one.
func (s *System) FirstAdminLink(ctx context.Context) (string, error) {
	return console.FirstAdminLink(ctx, s.consoleCore(), s.Settings.PublicURL)
}

// MountConsole has the console served to admins. say is how the program says
// entries of the audit log.
func (s *System) MountConsole(say Sentences) {
	s.Admin.Console = console.New(s.consoleCore(), console.Options{
		PublicURL: s.Settings.PublicURL, Log: s.Log, RequestID: requestID,
		Sentences: func(ctx context.Context) (console.Sentences, error) { return say(ctx, s) },
		CheckDesk: func(ctx context.Context, d provision.Desk) (console.DeskCheck, error) {
			r, err := CheckDesk(ctx, s, d)
			return console.DeskCheck{Self: r.Self, Version: r.Version, Roles: r.Roles, Teams: r.Teams, Mailboxes: r.Mailboxes,
				Cannot: r.Cannot, Problems: r.Problems, Warnings: r.Warnings}, err
		},
	})
}

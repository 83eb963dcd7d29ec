package server

import (
	"bytes"
	"errors"

	"github.com/deskbridge/deskbridge/admin/api"
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
	return api.Core{Administration: c.Administration, Audit: c.Audit, DeskHealth: c.DeskHealth, Directory: c.Directory, Erasure: c.Erasure, Plan: c.Plan, Reconcile: c.Reconcile,
		Report: c.Report, Sessions: c.Sessions, Settings: c.Settings, Tokens: c.Tokens, Now: c.Now}
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
	return worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings}
}

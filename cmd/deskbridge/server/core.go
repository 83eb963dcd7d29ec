package server

import (
	"github.com/deskbridge/deskbridge/internal/core"
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

// SSOCore returns what sso asks of c.
func SSOCore(c *core.Core) sso.Core {
	return sso.Core{Audit: c.Audit, BreakGlass: c.BreakGlass, Entitlement: c.Entitlement, Sessions: c.Sessions, Settings: c.Settings, SignIn: c.SignIn}
}

// WorkerCore returns what worker asks of c.
func WorkerCore(c *core.Core) worker.Core {
	return worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, ByHand: c.ByHand}
}

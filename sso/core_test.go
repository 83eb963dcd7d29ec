package sso_test

import (
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/sso"
)

// ssoCore returns what sso asks of c.
func ssoCore(c *core.Core) sso.Core {
	return sso.Core{Audit: c.Audit, BreakGlass: c.BreakGlass, Entitlement: c.Entitlement, Expiry: c.Expiry, Seats: c.Seats, Sessions: c.Sessions, Settings: c.Settings, SignIn: c.SignIn}
}

package deskidp_test

import (
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/sso/deskidp"
)

// deskidpCore returns what deskidp asks of c.
func deskidpCore(c *core.Core) deskidp.Core {
	return deskidp.Core{DeskSessions: c.DeskSessions, Sessions: c.Sessions, Settings: c.Settings}
}

package breakglass

import (
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Core is what this room asks of the core, and no more.
type Core struct {
	Audit      *audit.Service
	BreakGlass *breakglass.Service
	Settings   *settings.Service
}

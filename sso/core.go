package sso

import (
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// Core is what signing in asks of the core, and no more.
type Core struct {
	Audit       *audit.Service
	BreakGlass  *breakglass.Service
	Entitlement *entitlement.Service
	Expiry      *expiry.Service
	Seats       *seat.Service
	Sessions    *session.Service
	Settings    *settings.Service
	SignIn      *signin.Service
}

package portal

import (
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Core is what this room asks of the core, and no more.
type Core struct {
	Entitlement *entitlement.Service
	Seats       *seat.Service
	Sessions    *session.Service
}

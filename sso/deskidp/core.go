package deskidp

import (
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Core is what the identity provider of desks asks of the core, and no more.
type Core struct {
	DeskSessions *desksession.Service
	Sessions     *session.Service
	Settings     *settings.Service
}

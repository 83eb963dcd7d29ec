package web

import (
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// Core is what this room asks of the core, and no more.
type Core struct {
	Sessions *session.Service
	SignIn   *signin.Service
}

package logout

import (
	"github.com/deskbridge/deskbridge/provision/session"
)

// Core is what this room asks of the core, and no more.
type Core struct {
	Sessions *session.Service
}

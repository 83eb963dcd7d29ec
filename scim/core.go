package scim

import (
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Core is what the SCIM service provider asks of the core, and no more.
type Core struct {
	Directory *directory.Service
	Settings  *settings.Service
	Tokens    *credential.Service
}

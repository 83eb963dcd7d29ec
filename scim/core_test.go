package scim_test

import (
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/scim"
)

// scimCore returns what scim asks of c.
func scimCore(c *core.Core) scim.Core {
	return scim.Core{Directory: c.Directory, Settings: c.Settings, Tokens: c.Tokens}
}

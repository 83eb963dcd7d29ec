package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// SetupLink is a link by which somebody else's IT sets up a connection. Its address is
// shown when it is made, and never again.
type SetupLink struct {
	ID          string     `json:"id"`
	Link        string     `json:"link,omitempty" doc:"the address, for one person; in the answer that makes it, and nowhere else"`
	MadeBy      string     `json:"made_by" doc:"as the audit log names them"`
	ExpiresAt   time.Time  `json:"expires_at"`
	OpenedAt    *time.Time `json:"opened_at,omitempty" doc:"absent: nobody has it yet"`
	TokenMadeAt *time.Time `json:"token_made_at,omitempty" doc:"when its holder made their one token"`
}

// NewSetupLink is what a new set-up link is to be.
type NewSetupLink struct {
	Hours int `json:"hours,omitempty" minimum:"1" maximum:"336" default:"72" doc:"how long it is good"`
}

// SetupLinkOf returns a link that is good, without its address.
func SetupLinkOf(l setuplink.Standing) SetupLink {
	return SetupLink{ID: l.ID, MadeBy: l.By, ExpiresAt: l.Expires, OpenedAt: l.Opened, TokenMadeAt: l.Used}
}

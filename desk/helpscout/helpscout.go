package helpscout

import (
	"maps"
	"sync/atomic"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// helpScout is a [desk.Desk] on one Help Scout account.
type helpScout struct {
	desk.Base
	settings  settings
	client    *client
	directory *directory
	listed    kit.Snapshot[*membership]

	patchForm atomic.Int32 // in which form a PATCH is taken
}

// New returns a connector; it is a [desk.Factory]. Secret is the app secret of
// an app that an administrator of Help Scout made. URL may be left out; it is
// the address of the API without /v2.
//
// Settings; app_id is required:
//
//	app_id        App ID of the app
//	send_invite   "true" has Help Scout send an invitation to new users; default false
//	details       "false" leaves job title, phone and time zone to Help Scout; default true
//	missing_name  stands for a given or family name that nobody knows; default "-"
//	allow_http    "true" lets the secret travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s.base, s.appID, s.appSecret)
	return &helpScout{
		Base:      desk.Base{Name: "Help Scout"},
		settings:  s,
		client:    c,
		directory: newDirectory(c),
	}, nil
}

// roleNames are Help Scout's for the roles that its API can give.
var roleNames = map[provision.Role]string{
	provision.RoleLimited: "light user",
	provision.RoleAgent:   "user",
	provision.RoleAdmin:   "admin",
}

// Capabilities says what the Inbox API can do.
func (d *helpScout) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:    maps.Clone(roleNames),
		ChangeTeams:  true,
		Delete:       true,
		AssignToTeam: true,
		OnDelete:     desk.Unassigns,
		SeatFreedBy:  desk.ByDelete,
		AdminsSeeAll: true,
		Rate:         desk.NoRate, // the limiter keeps the account's own
		Remains:      remains,
	}
}

package helpscout

import (
	"context"
	"maps"
	"sync/atomic"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/quota"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// helpScout is a [desk.Desk] on one Help Scout account.
type helpScout struct {
	desk.Base
	desk.Numbered
	settings  settings
	client    *client
	directory *roster.Directory
	teams     named.Places[kit.Entry]
	listed    kit.Snapshot[*roster.Membership]
	users     *people.Book[user]

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
	return open(s, terms), nil
}

func open(s settings, within quota.Terms) *helpScout {
	c := newClient(s, quota.New(within))
	directory := newDirectory(c)
	return &helpScout{
		Base:      desk.Base{Name: vendor.Name},
		Numbered:  directory,
		settings:  s,
		client:    c,
		directory: directory,
		teams:     named.Places[kit.Entry]{Finder: named.Finder[kit.Entry]{Vendor: vendor, What: "team", At: "Manage > Teams > New Team (plans Plus and Pro)", Among: directory.Catalogue(roster.Teams)}},
		users:     &people.Book[user]{Vendor: vendor, What: "user", At: "Manage > Users", ID: (*user).deskID},
	}
}

var (
	_ desk.Lister        = (*helpScout)(nil)
	_ desk.Numbered      = (*helpScout)(nil)
	_ desk.InflowStopper = (*helpScout)(nil)
	_ desk.RuleChecker   = (*helpScout)(nil)
)

// roleNames are Help Scout's for the roles that its API can give.
var roleNames = map[provision.Role]string{
	provision.RoleLimited: "light user",
	provision.RoleAgent:   "user",
	provision.RoleAdmin:   "admin",
}

// Capabilities says what the Inbox API can do.
func (d *helpScout) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:       maps.Clone(roleNames),
		ChangeTeams:     true,
		Delete:          true,
		AssignToTeam:    true,
		ConversationsIn: provision.UnitMailbox,
		OnDelete:        desk.Unassigns,
		SeatFreedBy:     desk.ByDelete,
		AdminsSeeAll:    true,
		Rate:            desk.NoRate, // the quota keeps the account's own
		Remains:         remains,
	}
}

// Check tries App ID and App Secret, and reads who they act for and the names
// of teams and inboxes.
func (d *helpScout) Check(ctx context.Context) (desk.Profile, error) {
	me, err := d.me(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: me.deskID()}
	if !me.manages() {
		p.Problemf("the user who owns the app is no administrator, so that Deskbridge can neither make nor delete users: give that user the role Administrator at Manage > Users")
	}
	if err := d.directory.Check(ctx, &p); err != nil {
		return desk.Profile{}, err
	}
	if len(p.Mailboxes) == 0 {
		p.Problemf("Help Scout shows no inbox: give the user who owns the app access to the inboxes that rules name, at Manage > Users")
	}
	return p, nil
}

// me returns the user that the credentials act for.
func (d *helpScout) me(ctx context.Context) (*user, error) {
	var me user
	err := d.client.get(ctx, "/users/me", &me)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.Retryable, "there is no Inbox API 2.0 at the desk's URL; leave it out for Help Scout itself")
	case err != nil:
		return nil, err
	case !me.person():
		return nil, desk.Errorf(desk.Retryable, "Help Scout does not say which user owns the app")
	}
	return &me, nil
}

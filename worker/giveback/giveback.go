// Package giveback brings users of a desk back to what they had before they were
// adopted. It writes what differs from a state that was recorded, reads it back, and
// decides nothing: whose user is given back, and whether it may be, package adoption
// says.
package giveback

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// Desk is a desk whose users are given back; it is an adoption.Desk.
type Desk struct{ Session *guard.Session }

// Find returns the user with an id; nil when there is none.
func (d Desk) Find(ctx context.Context, id provision.DeskUserID) (*provision.DeskUser, error) {
	return d.Session.Find(ctx, desk.Key{ID: id})
}

// Restore brings a user from what the desk shows to what it had, and returns what the
// desk shows then. Whoever was active is activated first and whoever was not is deactivated
// last; a role goes up before teams come and down after they go.
func (d Desk) Restore(ctx context.Context, now provision.DeskUser, to provision.Access) (*provision.DeskUser, error) {
	active := to.Status == provision.AccessActive
	raise := now.Role.Less(to.Role)
	role := func() error {
		if now.Role.Rank() == to.Role.Rank() {
			return nil
		}
		return d.Session.SetRole(ctx, now.ID, to.Role)
	}
	units := func(have, want []string, change func(context.Context, provision.DeskUserID, []string, []string) error) func() error {
		return func() error {
			add, remove := difference(have, want)
			if len(add)+len(remove) == 0 {
				return nil
			}
			return change(ctx, now.ID, add, remove)
		}
	}
	byTeam := d.Session.Capabilities().MailboxesByTeam
	for _, write := range []struct {
		due bool
		do  func() error
	}{
		{active && !now.Active, func() error { return d.Session.SetActive(ctx, now.ID, true) }},
		{raise, role},
		{true, units(now.DeskRoles, to.DeskRoles, d.Session.ChangeRoles)},
		{true, units(now.Teams, to.Teams, d.Session.ChangeTeams)},
		{!byTeam, units(now.Mailboxes, to.Mailboxes, d.Session.ChangeMailboxes)},
		{!raise, role},
		{!active && now.Active, func() error { return d.Session.SetActive(ctx, now.ID, false) }},
	} {
		if !write.due {
			continue
		}
		if err := write.do(); err != nil {
			return nil, err
		}
	}
	return d.Find(ctx, now.ID)
}

// difference returns what is to be added to have and removed from it so that it is want.
func difference(have, want []string) (add, remove []string) {
	for _, name := range want {
		if !provision.ContainsFold(have, name) {
			add = append(add, name)
		}
	}
	for _, name := range have {
		if !provision.ContainsFold(want, name) {
			remove = append(remove, name)
		}
	}
	return add, remove
}

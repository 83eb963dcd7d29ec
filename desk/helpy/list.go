package helpy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	listPage = 500 // users that are compared at a time; Helpy itself has no pages
	maxPages = 10_000

	// teamAge is how old may be what is said of who is in a group: a hand-over asks
	// several times.
	teamAge = 10 * time.Second
)

// List implements [desk.Lister]. Helpy tells of everybody at once, with the first
// page.
func (d *helpy) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, maxPages)
	if err != nil {
		return nil, "", err
	}
	records, err := d.users.listed.Get(ctx, n == 1, func(ctx context.Context) ([]record, error) { return d.users.lately(ctx, 0) })
	if err != nil {
		return nil, "", err
	}
	from, to := min((n-1)*listPage, len(records)), min(n*listPage, len(records))
	listed := make([]provision.DeskUser, 0, to-from)
	for i := range records[from:to] {
		listed = append(listed, *records[from+i].user())
	}
	if to == len(records) {
		return listed, "", nil
	}
	return listed, kit.PageAfter(n), nil
}

// Check tries the key, and reads the groups that somebody is in: Helpy's API does
// not tell of others, nor which release it is.
func (d *helpy) Check(ctx context.Context) (desk.Profile, error) {
	self, err := d.users.owner(ctx, 0)
	if err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: self.id()}
	if self.role() != provision.RoleAdmin {
		p.Problemf("%s", notAdmin)
	}
	if unseen := self.unseen(); len(unseen) > 0 {
		p.Problemf("%s", tooOld(unseen).Detail)
	}
	_, _, err = d.page(ctx, ticketStatuses[0], 1)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		p.Problemf("Helpy shows no tickets: they are the forum with the number 1, which is there no more, so that nobody's tickets can be handed over; restore it from a backup of Helpy")
	case err != nil:
		return desk.Profile{}, err
	}
	all, err := d.users.lately(ctx, 0)
	for i := range all {
		if all[i].role().Rank() >= provision.RoleAgent.Rank() {
			p.Teams = append(p.Teams, all[i].Groups...)
		}
	}
	p.Teams = provision.Sorted(p.Teams)
	return p, err
}

const notAdmin = "the service account is no admin of Helpy, which shows it some tickets only: choose Administrator at Users > (the service account) > Edit User > Role"

// tooOld is the error for a Helpy of which nobody could be changed without harm.
func tooOld(unseen []string) *desk.Error {
	return desk.Errorf(desk.Permanent, "this Helpy does not show %s of its users, and a change would empty what it does not show; upgrade it to release 2.8", strings.Join(unseen, ", "))
}

// Admins counts the active admins.
func (d *helpy) Admins(ctx context.Context) (int, error) {
	all, err := d.users.lately(ctx, 0)
	return len(ids(all, func(r *record) bool { return r.works() && r.role() == provision.RoleAdmin })), err
}

// TeamMembers returns the active agents and admins in a group, in order of
// number, without our own account: it may be in groups so that they are known.
func (d *helpy) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	self, err := d.users.owner(ctx, time.Hour)
	if err != nil {
		return nil, err
	}
	all, err := d.users.lately(ctx, teamAge)
	if err != nil {
		return nil, err
	}
	known := false
	var members []provision.DeskUserID
	for i := range all {
		r := &all[i]
		if !r.in(team) || r.role().Rank() < provision.RoleAgent.Rank() {
			continue
		}
		known = true
		if r.works() && r.ID != self.ID {
			members = append(members, r.id())
		}
	}
	if !known {
		return nil, desk.NoPlace(desk.NotFound, team, "Helpy shows no agent in a group %q, and does not tell of groups that nobody is in; make it at Settings > Groups > New Group, and put the service account into it", team)
	}
	slices.SortFunc(members, kit.ByNumber)
	return members, nil
}

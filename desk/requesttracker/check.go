package requesttracker

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Check tries the token and looks for the custom field, the groups, and those
// rights that REST 2.0 lets one see without writing. It cannot see ShowTicket,
// ModifyTicket, ReassignTicket and ModifyCustomField.
func (d *rt) Check(ctx context.Context) (desk.Profile, error) {
	var about struct{ Version string }
	if err := d.client.Get(ctx, "/rt", nil, &about); err != nil {
		if errors.Is(err, kit.ErrForeign) || desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Retryable, "there is no REST 2.0 of Request Tracker 5 at the desk's URL; give the address of RT's home page")
		}
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: provision.DeskUserID(d.settings.account), Version: about.Version}
	var self record
	err := d.client.Get(ctx, "/user/"+d.settings.account, nil, &self)
	for _, check := range []func(context.Context, *record, *desk.Profile) error{d.checkUsers, d.checkGroups, d.checkMemberships, d.checkQueues} {
		if err == nil {
			err = check(ctx, &self, &p)
		}
	}
	if err != nil {
		return desk.Profile{}, err
	}
	return p, nil
}

// checkUsers looks at a user that is not ourselves: without AdminUsers RT shows
// a summary only.
func (d *rt) checkUsers(ctx context.Context, self *record, p *desk.Profile) error {
	var other record
	if err := d.client.Get(ctx, "/user/"+nobody, nil, &other); err != nil {
		return err
	}
	if other.complete() != nil {
		p.Problemf("the service account may not manage users: grant AdminUsers at Admin > Global > User Rights")
	}
	if !self.has(d.settings.externalIDField) {
		p.Problemf("users show no custom field %q: make it at Admin > Custom Fields > Create (type \"Enter one value\", applies to \"Users\"), and grant SeeCustomField and ModifyCustomField at Admin > Global > User Rights", d.settings.externalIDField)
	}
	return nil
}

func (d *rt) checkGroups(ctx context.Context, _ *record, p *desk.Profile) error {
	groups, err := d.groups.Reread(ctx)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		p.Problemf("RT shows no groups: grant SeeGroup at Admin > Global > User Rights, and make the groups at Admin > Groups > Create")
		return nil
	}
	p.Teams = slices.DeleteFunc(kit.AllNames(groups), d.settings.standsForRole)
	return d.standing.CheckThose(p, d.settings.groups, groups, nil)
}

// checkMemberships asks for the members of each group, unless RT offers to
// change those of any: the right may be granted for single groups. A group that
// we may not change is no team of ours.
func (d *rt) checkMemberships(ctx context.Context, self *record, p *desk.Profile) error {
	if slices.ContainsFunc(self.Links, func(l link) bool { return l.Ref == "memberships" }) {
		return nil
	}
	groups, err := d.groups.List(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		_, err := list[ref](d.client, members(g.ID), url.Values{}, 1).First(ctx, 1)
		switch {
		case errors.Is(err, kit.ErrForbidden) && d.settings.standsForRole(g.Name):
			p.Problemf("the service account may not change who is in the group %q: grant AdminGroupMembership at Admin > Groups > (the group) > User Rights, or for all groups at Admin > Global > User Rights", g.Name)
		case errors.Is(err, kit.ErrForbidden):
			p.Teams = slices.DeleteFunc(p.Teams, func(name string) bool { return name == g.Name })
		case err != nil:
			return err
		}
	}
	if len(groups) > 0 && len(p.Teams) == 0 {
		p.Problemf("the service account may not change who is in any team: grant AdminGroupMembership at Admin > Groups > (the group) > User Rights, or for all groups at Admin > Global > User Rights")
	}
	return nil
}

func (d *rt) checkQueues(ctx context.Context, _ *record, p *desk.Profile) error {
	queues, err := list[struct{ Name string }](d.client, "/queues/all", url.Values{"fields": {"Name"}}, pageSize).All(ctx)
	if err != nil {
		return err
	}
	for _, q := range queues {
		p.Mailboxes = append(p.Mailboxes, q.Name)
	}
	slices.Sort(p.Mailboxes)
	if len(queues) == 0 {
		p.Problemf("RT shows no queues: grant SeeQueue, ShowTicket, ModifyTicket and ReassignTicket at Admin > Global > User Rights")
	}
	groups, err := d.groups.List(ctx)
	d.settings.teamQueues.Check(p, provision.Fold, "team_queues", vendor.Name, [2]string{"group", "queue"}, kit.AllNames(groups))
	return err
}

package redmine

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *redmine) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, d.byExternalID, d.byEmail, d.user)
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *redmine) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := kit.One[record]{Client: d.client, What: "user", Path: "/users/", Query: url.Values{"include": {"groups,memberships"}}, Key: "user",
		Is: func(r *record, id string) bool { return number(r.ID) == id }}.Read(ctx, string(id))
	if err != nil {
		return nil, err
	}
	return r, r.complete()
}

// user translates a record that was read whole.
func (d *redmine) user(ctx context.Context, r *record) (*provision.DeskUser, error) {
	active, err := d.directory.List(ctx, roster.Mailboxes)
	if err != nil {
		return nil, err
	}
	return d.shown(r, r.groupNames(), kit.NamesWhere(active, r.worksIn)), nil
}

// byExternalID returns the user whose custom field holds our external id; nil when none does.
func (d *redmine) byExternalID(ctx context.Context, externalID string) (*record, error) {
	if _, err := d.externalIDField(ctx); err != nil {
		return nil, err
	}
	return d.marks.Find(ctx, externalID)
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (d *redmine) byEmail(ctx context.Context, email string) (*record, error) {
	if !strings.Contains(email, "@") {
		return nil, nil // it would be in everybody's
	}
	hits, err := d.search(ctx, email, statuses[:]...)
	if err != nil {
		return nil, err
	}
	return d.users.Only(ctx, hits, "have the same e-mail address", hasMail(email))
}

func hasMail(email string) func(*record) bool {
	return func(r *record) bool { return people.SameText(r.Mail, email) }
}

// search returns the users in one of some states who have a text somewhere in
// login, names or e-mail addresses, those included that Redmine does not show.
func (d *redmine) search(ctx context.Context, text string, states ...int) ([]record, error) {
	return d.inStates(url.Values{"name": {text}}, states...).All(ctx)
}

var (
	_ desk.Lister        = (*redmine)(nil)
	_ desk.TeamMailboxes = (*redmine)(nil)
)

// statuses are all states of a user. They are asked for one after the other, which
// every release understands; for all at once 5.0 wants an empty status, and 5.1 a
// filter as for issues.
var statuses = [...]int{statusActive, statusLocked, statusRegistered}

// inStates is the list of users that a query asks for, those in some states one
// after the other. It leaves out state, groups and projects.
func (d *redmine) inStates(query url.Values, states ...int) (all listing.Chain[record]) {
	for _, status := range states {
		of := maps.Clone(query)
		of.Set("status", strconv.Itoa(status))
		all = append(all, list[record](d.client, "/users", "users", of))
	}
	return all
}

// List implements [desk.Lister]. Groups and projects are asked for their members
// with the first page; projects do not tell of users who are locked, who
// therefore show no mailboxes here.
func (d *redmine) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	found, at, next, err := d.inStates(url.Values{"sort": {"created_on,login"}}, statuses[:]...).Page(ctx, cursor)
	if err != nil {
		return nil, "", err
	}
	in, err := d.listed.Get(ctx, cursor == "", d.directory.Anew)
	if err != nil {
		return nil, "", err
	}
	users := make([]provision.DeskUser, len(found))
	for i, r := range found {
		r.Status = statuses[at]
		users[i] = *d.shown(&r, in.Names(roster.Teams, r.ID), in.Names(roster.Mailboxes, r.ID))
	}
	return users, next, nil
}

// Admins counts the active administrators, who come first in the list. A release
// that ignored the order would make them fewer, and the last of them would be
// kept without need.
func (d *redmine) Admins(ctx context.Context) (admins int, _ error) {
	err := d.inStates(url.Values{"sort": {"admin:desc,login"}}, statusActive)[0].List().Each(ctx, func(r record) bool {
		if r.Admin {
			admins++
		}
		return r.Admin
	})
	return admins, err
}

// TeamMembers returns the active users in a group, in order of number. They must
// be in the group's own list and in that of active users: a release that ignores
// the filter would make everybody a member.
func (d *redmine) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.teams.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	members, err := groupMembers(ctx, d.client, g.ID)
	if err != nil {
		return nil, err
	}
	active, err := d.inStates(url.Values{"group_id": {number(g.ID)}}, statusActive).All(ctx)
	if err != nil {
		return nil, err
	}
	return d.users.Those(active, func(r *record) (bool, error) { return slices.Contains(members, r.ID), nil })
}

// MailboxesOf implements [desk.TeamMailboxes]. It returns the active projects of which a group is
// a member, by itself or through the project above.
func (d *redmine) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	g, err := d.teams.Finder.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	active, err := d.directory.List(ctx, roster.Mailboxes)
	if err != nil {
		return nil, err
	}
	whole, err := readGroup(ctx, d.client, g.ID, "memberships")
	switch {
	case err != nil:
		return nil, err
	case whole.Memberships == nil: // to take it for "none" would be a lie
		return nil, desk.Errorf(desk.Permanent, "Redmine does not show the projects of the group %q to the service account; make it an administrator: Administration > Users > (the service account) > Administrator", g.Name)
	}
	return provision.Sorted(kit.NamesWhere(active, func(p kit.Entry) bool {
		return slices.ContainsFunc(whole.Memberships, func(m membership) bool { return m.Project.ID == p.ID && len(m.Roles) > 0 })
	})), nil
}

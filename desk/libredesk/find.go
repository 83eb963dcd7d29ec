package libredesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by e-mail. Libredesk has no field for our
// external id on agents.
func (d *libredesk) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	a, err := desk.FindBy(ctx, key, d.read, nil, d.byEmail)
	if a == nil || err != nil {
		return nil, err
	}
	return d.user(a), nil
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *libredesk) read(ctx context.Context, id provision.DeskUserID) (*agent, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Libredesk has no user %q: its ids are numbers", id)
	}
	var a agent
	answer, err := d.client.call(ctx, http.MethodGet, "/agents/"+string(id), nil, nil, &a)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.NotFound, "Libredesk has no user %s", id)
	case err != nil:
		return nil, err
	case a.id() != id:
		return nil, desk.Errorf(desk.Retryable, "Libredesk answered a question about user %s with another record", id)
	}
	a.readAt, _ = http.ParseTime(answer.Header.Get("Date"))
	return &a, a.complete()
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (d *libredesk) byEmail(ctx context.Context, email string) (*agent, error) {
	for _, list := range []func(context.Context) ([]agent, error){d.people.List, d.people.Reread} {
		if hit, err := d.holder(ctx, email, list); hit != nil || err != nil {
			return hit, err
		}
	}
	return nil, nil
}

// holder returns who has an e-mail address on a list, and has it still; nil when nobody has.
func (d *libredesk) holder(ctx context.Context, email string, list func(context.Context) ([]agent, error)) (*agent, error) {
	if !strings.Contains(email, "@") {
		return nil, nil
	}
	all, err := list(ctx)
	if err != nil {
		return nil, err
	}
	return d.users.Only(ctx, all, "have the same e-mail address", func(a *agent) bool { return sameText(a.Email, email) })
}

// listAgents reads who there is, disabled ones included, without Libredesk's own
// account and without assistants that are programs.
func listAgents(ctx context.Context, c *client) ([]agent, error) {
	all, err := list[agent](ctx, c, "/agents")
	return slices.DeleteFunc(all, func(a agent) bool { return a.Type != "agent" }), err
}

const (
	// rosterAge bounds how long a record is taken for true that shows no change.
	rosterAge = time.Hour
	// settledAfter is how long a user must have been left alone before the record is
	// kept: Libredesk writes the time of a change first, and the teams after it.
	settledAfter = 2 * time.Second
)

// everybody returns all users, whole, in order of number. Libredesk's lists show no roles and
// teams, so each user is read who is not known, or whose record rests on other ones.
func (d *libredesk) everybody(ctx context.Context) ([]*agent, error) {
	people, err := d.known.All(ctx)
	slices.SortFunc(people, func(a, b *agent) int { return cmp.Compare(a.ID, b.ID) })
	return people, err
}

// listEverybody returns who there is, and the roles and teams there are.
func (d *libredesk) listEverybody(ctx context.Context) (listed []agent, places string, _ error) {
	listed, err := d.people.Reread(ctx)
	for _, c := range []*kit.Catalogue[entry]{d.roles, d.teams} {
		there, failed := c.Reread(ctx)
		err = errors.Join(err, failed)
		places += fmt.Sprint(there)
	}
	return listed, places, err
}

func (d *libredesk) readListed(ctx context.Context, l agent) (_ *agent, settled bool, _ error) {
	a, err := d.read(ctx, l.id())
	return a, err == nil && a.readAt.Sub(a.UpdatedAt) > settledAfter, err
}

// List implements [desk.Lister]: all are on one page.
func (d *libredesk) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	if cursor != "" {
		return nil, "", desk.NoCursor()
	}
	all, err := d.everybody(ctx)
	if err != nil {
		return nil, "", err
	}
	users := make([]provision.DeskUser, len(all))
	for i, a := range all {
		users[i] = *d.user(a)
	}
	return users, "", nil
}

// TeamMembers returns the enabled members of a team, in order of number.
func (d *libredesk) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	t, err := d.team(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	all, err := d.everybody(ctx)
	var ids []provision.DeskUserID
	for _, a := range all {
		if *a.Enabled && a.memberOf(*t) {
			ids = append(ids, a.id())
		}
	}
	return ids, err
}

// Admins counts the enabled agents who are admins. Libredesk's own
// account, which nobody should work with, is not among them.
func (d *libredesk) Admins(ctx context.Context) (int, error) {
	all, err := d.everybody(ctx)
	return len(slices.DeleteFunc(all, func(a *agent) bool { return !*a.Enabled || d.roleOf(a) != provision.RoleAdmin })), err
}

var _ desk.Numbered = (*libredesk)(nil)

// Units implements [desk.Numbered]: rules can name teams, and hand_over inboxes.
func (d *libredesk) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	for list, units := range map[*kit.Catalogue[entry]]*[]desk.Unit{d.teams: &teams, d.inboxes: &mailboxes} {
		all, failed := list.List(ctx)
		for _, e := range all {
			*units = append(*units, desk.Unit{ID: strconv.FormatInt(e.ID, 10), Name: e.Name})
		}
		err = errors.Join(err, failed)
	}
	return teams, mailboxes, err
}

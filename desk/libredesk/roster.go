package libredesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	// rosterAge bounds how long a record is taken for true that shows no change.
	rosterAge = time.Hour
	// settled is how long a user must have been left alone before the record is
	// kept: Libredesk writes the time of a change first, and the teams after it.
	settled = 2 * time.Second
)

// kept is a user's record as it was read. It is not read again until a list
// shows another time of change, or other roles or teams are there.
type kept struct {
	agent  *agent
	at     time.Time // zero: it was being changed
	places string    // the roles and teams there were
}

// everybody returns all users, whole. Libredesk's lists show no roles and teams,
// so each user is read who is not known, by one caller at a time. What was read is
// kept also when a read fails.
func (d *libredesk) everybody(ctx context.Context) ([]*agent, error) {
	done, err := d.turn.Take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	listed, err := d.people.Reread(ctx)
	places := ""
	for _, c := range []*kit.Catalogue[entry]{d.roles, d.teams} {
		there, failed := c.Reread(ctx)
		err = cmp.Or(err, failed)
		places += fmt.Sprint(there)
	}
	if err != nil {
		return nil, err
	}
	all := make([]kept, len(listed))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for i, l := range listed {
		if k := d.known[l.ID]; k.agent != nil && k.agent.UpdatedAt.Equal(l.UpdatedAt) && k.places == places && time.Since(k.at) < rosterAge {
			all[i] = k
			continue
		}
		group.Go(func() error {
			at := time.Now()
			a, err := d.read(ctx, l.id())
			switch {
			case desk.KindOf(err) == desk.NotFound:
				return nil // deleted a moment ago
			case err != nil:
				return err
			case a.readAt.Sub(a.UpdatedAt) <= settled:
				at = time.Time{}
			}
			all[i] = kept{a, at, places}
			return nil
		})
	}
	err = group.Wait()
	d.known = make(map[int64]kept, len(all))
	people := make([]*agent, 0, len(all))
	for _, k := range all {
		if k.agent != nil {
			d.known[k.agent.ID], people = k, append(people, k.agent)
		}
	}
	slices.SortFunc(people, func(a, b *agent) int { return cmp.Compare(a.ID, b.ID) })
	return people, err
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
	t, err := d.teams.Find(ctx, team)
	if err == nil && t == nil {
		err = noTeam(desk.NotFound, team)
	}
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
	admins := 0
	for _, a := range all {
		if *a.Enabled && d.roleOf(a) == provision.RoleAdmin {
			admins++
		}
	}
	return admins, err
}

var _ desk.Numbered = (*libredesk)(nil)

// Units implements [desk.Numbered]: rules can name teams.
func (d *libredesk) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	all, err := d.teams.List(ctx)
	for _, t := range all {
		teams = append(teams, desk.Unit{ID: strconv.FormatInt(t.ID, 10), Name: t.Name})
	}
	return teams, nil, err
}

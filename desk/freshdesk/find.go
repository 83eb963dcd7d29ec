package freshdesk

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks an agent up by number, then by e-mail. Freshdesk has no field for our
// external id on agents. Contacts are nobody: they have no access.
func (d *freshdesk) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, nil, d.byEmail, d.user)
}

// read returns the agent with a number, whole. An unknown number is NotFound.
func (d *directory) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	return kit.One[record]{Client: d.client.Client, What: "agent", Path: "/agents/", Is: func(r *record, number string) bool {
		return string(r.id()) == number && !r.lacks && r.Contact.Email != ""
	}}.Read(ctx, string(id))
}

// byEmail returns the agent with an e-mail address; nil when there is none.
func (d *directory) byEmail(ctx context.Context, email string) (*record, error) {
	if !strings.Contains(email, "@") {
		return nil, nil
	}
	hits, err := list[record](ctx, d.client, "/agents", url.Values{"email": {strings.ToLower(email)}})
	if err != nil {
		return nil, err
	}
	return d.agents.Only(ctx, hits, "have the same e-mail address", func(r *record) bool { return people.SameText(r.Contact.Email, email) })
}

const (
	// keptAge bounds how long a record is taken for true that shows no change.
	keptAge = time.Hour
	// settled is how long an agent must have been left alone before the record is kept.
	settled = 5 * time.Second
	// rosterAge is how old may be what is said of everybody: a hand-over asks several times.
	rosterAge = 10 * time.Second
)

// kept is a record as it was read. It is not read again until a list shows another
// time of change.
type kept struct {
	record  *record // nil: deleted a moment ago
	at      time.Time
	changed string
}

// everybody returns all agents, whole, as they were not longer ago than age. A list
// leaves out roles and groups, so that each agent is read who is not known, by one caller
// at a time. What was read is kept also when a read fails.
func (d *directory) everybody(ctx context.Context, age time.Duration) ([]record, error) {
	return d.listed.Get(ctx, age, func(ctx context.Context) ([]record, error) {
		listed, err := list[record](ctx, d.client, "/agents", nil)
		if err != nil {
			return nil, err
		}
		all := make([]kept, len(listed))
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(maxParallel)
		for i := range listed {
			l := &listed[i]
			changed := l.UpdatedAt + " " + l.Contact.UpdatedAt
			k := d.known[l.ID]
			switch {
			case !l.lacks && l.Contact.Email != "":
				all[i] = kept{l, time.Now(), changed}
				continue
			case k.record != nil && k.changed == changed && time.Since(k.at) < keptAge && k.record.Deactivated == l.Deactivated:
				all[i] = k
				continue
			}
			group.Go(func() error {
				r, err := d.read(ctx, l.id())
				if desk.KindOf(err) == desk.NotFound && err != nil {
					return nil // deleted a moment ago
				}
				if err == nil {
					all[i] = kept{r, time.Now(), changed}
					if at, failed := time.Parse(time.RFC3339, l.UpdatedAt); failed != nil || time.Since(at) < settled {
						all[i].changed = "" // it may be changed again within the second
					}
				}
				return err
			})
		}
		err = group.Wait()
		d.known = make(map[int64]kept, len(all))
		var there []record
		for _, k := range all {
			if k.record != nil {
				d.known[k.record.ID], there = k, append(there, *k.record)
			}
		}
		return there, err
	})
}

// List implements [desk.Lister]: all agents are on one page. Contacts are customers.
func (d *freshdesk) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	if cursor != "" {
		return nil, "", desk.NoCursor()
	}
	all, err := d.everybody(ctx, 0)
	if err != nil {
		return nil, "", err
	}
	users, err := d.agents.Users(ctx, all, d.user)
	return users, "", err
}

// Admins counts the admins and account administrators who are not deactivated.
func (d *freshdesk) Admins(ctx context.Context) (int, error) {
	all, err := d.everybody(ctx, 0)
	if err != nil {
		return 0, err
	}
	admins, err := d.agents.Those(all, func(r *record) (bool, error) {
		roles, err := d.rolesOf(ctx, r)
		return !r.Deactivated && d.roleOf(r, roles).Rank() >= provision.RoleAdmin.Rank(), err
	})
	return len(admins), err
}

// TeamMembers returns the members of a group who may own tickets, in order of number.
func (d *freshdesk) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.groups.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	all, err := d.everybody(ctx, rosterAge)
	if err != nil {
		return nil, err
	}
	return d.agents.Those(all, func(r *record) (bool, error) {
		if !slices.Contains(r.Groups, g.ID) {
			return false, nil
		}
		roles, err := d.rolesOf(ctx, r)
		return d.works(r, roles), err
	})
}

// works reports whether an agent may own tickets.
func (d *directory) works(r *record, roles []string) bool {
	return !r.Deactivated && d.roleOf(r, roles).Rank() >= provision.RoleAgent.Rank()
}

// Seats implements [desk.Seats]: full-time agents take one unless they are deactivated,
// occasional ones use day passes, and collaborators are free. Freshdesk does not tell how many there are.
func (d *freshdesk) Seats(ctx context.Context) (used, limit int, err error) {
	all, err := list[record](ctx, d.client, "/agents", nil)
	for _, r := range all {
		if !r.Occasional && !r.Deactivated && r.Type != collaborator {
			used++
		}
	}
	return used, 0, err
}

// Check tries the key, and looks for groups and roles. It writes nothing.
func (d *freshdesk) Check(ctx context.Context) (desk.Profile, error) {
	var me record
	if err := d.client.Get(ctx, "/agents/me", nil, &me); err != nil {
		return desk.Profile{}, err
	}
	if me.ID <= 0 {
		return desk.Profile{}, desk.Errorf(desk.Retryable, "there is no Freshdesk at the desk's URL; give the address at which agents open it")
	}
	p := desk.Profile{Self: me.id()}
	roles, err := d.roles.Reread(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	whole, err := d.read(ctx, me.id())
	if err != nil {
		return desk.Profile{}, err
	}
	if d.roleOf(whole, kit.NamesOf(roles, whole.Roles...)).Rank() < provision.RoleAdmin.Rank() {
		p.Problemf("the service account is no administrator: tick %s at Admin > Team > Agents > (the service account) > Roles", d.settings.roles[provision.RoleAdmin])
	}
	for _, role := range []provision.Role{provision.RoleLimited, provision.RoleAgent, provision.RoleAdmin} {
		if d.settings.roles[role] == "" {
			continue
		}
		_, err := d.role(ctx, role)
		if err := people.Problem(&p, err); err != nil {
			return desk.Profile{}, err
		}
	}
	p.Teams, err = d.groups.Names(ctx)
	return p, err
}

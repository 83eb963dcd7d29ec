package zendesk

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail. Who is
// deleted is not there.
func (d *zendesk) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, d.byExternalID, d.byEmail, d.whole)
}

// whole adds to a user what the record does not show.
func (d *directory) whole(ctx context.Context, r *record) (*provision.DeskUser, error) {
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, err
	}
	memberships, err := d.memberships(ctx, r)
	if err != nil {
		return nil, err
	}
	teams, err := kit.Names(ctx, d.groups.Catalogue, groupsIn(memberships))
	return d.user(r, limited, teams), err
}

// read returns the user with a number. An unknown number is NotFound, and so is that of
// somebody who is deleted: Zendesk goes on showing them.
func (d *directory) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := kit.One[record]{Client: d.client.Client, What: "user", Path: "/users/", Key: "user", Is: isUser}.Read(ctx, string(id))
	if err == nil && !r.Active {
		return nil, desk.Errorf(desk.NotFound, "user %s of Zendesk is deleted", id)
	}
	return r, err
}

func isUser(r *record, number string) bool { return string(r.id()) == number && r.lacks == "" }

// byExternalID returns the user with our external id; nil when none has it.
func (d *directory) byExternalID(ctx context.Context, externalID string) (*record, error) {
	return d.only(ctx, url.Values{"external_id": {externalID}}, "have the same external id", func(r *record) bool { return people.SameText(r.ExternalID, externalID) })
}

// byEmail returns the user with an e-mail address; nil when there is none. Zendesk's
// index may be behind: whom it does not find is looked for among agents and admins,
// and whom it still finds is read.
func (d *directory) byEmail(ctx context.Context, address string) (*record, error) {
	if !strings.Contains(address, "@") || strings.ContainsAny(address, "\" \\*?") {
		return nil, nil
	}
	meant := func(r *record) bool { return people.SameText(r.Email, address) }
	found, err := d.only(ctx, url.Values{"query": {address}}, "have the same e-mail address", meant)
	if found != nil || err != nil {
		return found, err
	}
	staff, err := d.agents(ctx, lookUpAge)
	if err != nil {
		return nil, err
	}
	return d.users.Only(ctx, staff, "have the same e-mail address", meant)
}

// only returns the one user of a search who is meant, as Zendesk shows them now; nil
// when there is none.
func (d *directory) only(ctx context.Context, query url.Values, both string, meant func(*record) bool) (*record, error) {
	query.Set("per_page", strconv.Itoa(pageSize))
	hits, err := listing.List[record]{Vendor: vendor, What: "users", Most: maxOffsetPages, Read: func(ctx context.Context, n, _ int) (p listing.Page[record], _ error) {
		query.Set("page", strconv.Itoa(n))
		answer := struct {
			Users []record `json:"users"`
			Count int      `json:"count"`
			Next  *string  `json:"next_page"` // an address, which is not followed
		}{Count: -1}
		err := d.client.Get(ctx, "/users/search", query, &answer)
		if err == nil && (answer.Users == nil || slices.ContainsFunc(answer.Users, func(r record) bool { return r.ID <= 0 || r.lacks != "" })) {
			err = vendor.NoList("users")
		}
		if p = (listing.Page[record]{Items: answer.Users, Total: answer.Count, Pages: n}); answer.Next != nil {
			p.Pages++
		}
		return p, err
	}}.All(ctx)
	if err != nil {
		return nil, err
	}
	return d.users.Only(ctx, hits, both, meant)
}

// takenBy makes a conflict name who is in the way, if a search finds that.
func (d *directory) takenBy(ctx context.Context, failure error, address string) error {
	if !errors.Is(failure, errTaken) {
		return failure
	}
	return d.users.Taken(ctx, &desk.Error{Kind: desk.Conflict, Field: "email", Err: failure,
		Detail: "another user of Zendesk has this e-mail address or external id already, perhaps as a second address; find it at Admin Center > People, and change it there"}, address, "")
}

const (
	// rosterAge is how old may be what is said of who is an agent and in which group:
	// a hand-over asks several times.
	rosterAge = 10 * time.Second
	// lookUpAge is how old a list may be in which somebody is looked for whom Zendesk's
	// index does not know.
	lookUpAge = time.Minute
)

// roster is who is an agent or admin, and in which groups; and which role stands for limited.
type roster struct {
	users   []record
	groups  map[int64][]int64 // by user
	limited *customRole
}

// everybody returns agents and admins, as they were not longer ago than age.
func (d *directory) everybody(ctx context.Context, age time.Duration) (*roster, error) {
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, err
	}
	users, err := d.agents(ctx, age)
	if err != nil {
		return nil, err
	}
	groups, err := d.members.Get(ctx, age, func(ctx context.Context) (map[int64][]int64, error) {
		all, err := list[membership](d.client, "/group_memberships", "group_memberships", nil, nil).All(ctx)
		of := make(map[int64][]int64)
		for _, m := range all {
			of[m.User] = append(of[m.User], m.Group)
		}
		return of, err
	})
	return &roster{users, groups, limited}, err
}

func (d *directory) agents(ctx context.Context, age time.Duration) ([]record, error) {
	return d.people.Get(ctx, age, func(ctx context.Context) ([]record, error) { return d.usersIn(ctx, agent, admin) })
}

// usersIn returns the users with one of some roles who are not deleted.
func (d *directory) usersIn(ctx context.Context, roles ...string) ([]record, error) {
	all, err := list(d.client, "/users", "users", url.Values{"role[]": roles}, func(r *record) bool {
		return r.ID > 0 && r.lacks == "" && slices.Contains(roles, r.Role)
	}).All(ctx)
	return slices.DeleteFunc(all, func(r record) bool { return !r.Active }), err
}

const listPage = 500 // users that are compared at a time

// List implements [desk.Lister]: agents and admins, suspended ones included. End users
// are customers, and as many as there are; a leaver whose seat was freed is one of them.
func (d *zendesk) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	k, err := d.listed.Get(ctx, cursor == "", func(ctx context.Context) (*roster, error) { return d.everybody(ctx, 0) })
	if err != nil {
		return nil, "", err
	}
	groups, err := d.groups.List(ctx)
	if err != nil {
		return nil, "", err
	}
	page, next, err := kit.Part(k.users, cursor, listPage)
	if err != nil {
		return nil, "", err
	}
	users, err := d.users.Users(ctx, page, func(_ context.Context, r *record) (*provision.DeskUser, error) {
		return d.user(r, k.limited, kit.NamesOf(groups, k.groups[r.ID]...)), nil
	})
	return users, next, err
}

// Admins counts the admins who are not suspended.
func (d *zendesk) Admins(ctx context.Context) (int, error) {
	all, err := d.usersIn(ctx, admin)
	return len(slices.DeleteFunc(all, func(r record) bool { return r.Suspended || r.foreign() != "" })), err
}

// TeamMembers returns the members of a group who may own tickets, in order of number.
func (d *zendesk) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.groups.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	k, err := d.everybody(ctx, rosterAge)
	if err != nil {
		return nil, err
	}
	return d.users.Those(k.users, func(r *record) (bool, error) {
		return d.works(r, k.limited) && slices.Contains(k.groups[r.ID], g.ID), nil
	})
}

// Seats implements [desk.Seats]: whoever is an agent or admin takes one, suspended or
// not, but light agents, contributors and those of another Zendesk do not. Zendesk does not tell how many there are.
func (d *zendesk) Seats(ctx context.Context) (used, limit int, err error) {
	all, err := d.agents(ctx, 0)
	free := func(r record) bool { return r.Kind == lightAgent || r.Kind == contributor || r.foreign() != "" }
	return len(slices.DeleteFunc(slices.Clone(all), free)), 0, err
}

// Check tries the token, and looks for groups and roles. It writes nothing. Without a
// token Zendesk answers all the same, in the name of nobody.
func (d *zendesk) Check(ctx context.Context) (desk.Profile, error) {
	var answer struct{ User *record }
	if err := d.client.Get(ctx, "/users/me", nil, &answer); err != nil {
		return desk.Profile{}, err
	}
	me := answer.User
	switch {
	case me == nil:
		return desk.Profile{}, desk.Errorf(desk.Retryable, "there is no Zendesk at the desk's URL; give the address at which agents open it")
	case me.ID == 0:
		return desk.Profile{}, &desk.Error{Kind: desk.Unauthorized, Detail: vendor.Unauthorized}
	}
	p := desk.Profile{Self: me.id()}
	if me.Role != admin {
		p.Problemf("the service account is no admin: choose Admin at Admin Center > People > Team members > (the service account) > Role")
	}
	var err error
	if p.Teams, err = d.groups.Names(ctx); err != nil || len(d.settings.roles.Names()) == 0 {
		return p, err
	}
	if _, err := d.roles.Among.Reread(ctx); err != nil {
		err = people.Problem(&p, err)
		return p, err
	}
	for _, named := range d.settings.roles {
		role, err := d.role(ctx, named.Ours)
		if err := people.Problem(&p, err); err != nil {
			return desk.Profile{}, err
		}
		switch {
		case role == nil:
		case named.Ours == provision.RoleAgent && role.Kind != 0:
			p.Problemf("the role %q is none that agents can work with: name a custom role in the setting agent_role, or leave it out", named.Name)
		case role.Kind > contributor || role.Kind == chatAgent:
			p.Problemf("the role %q is one of admins or of Zendesk Chat: name a custom role, or that of light agents, in the setting limited_role", named.Name)
		}
	}
	return p, nil
}

package zammad

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// write writes some fields of a user, and those alone.
func (d *zammad) write(ctx context.Context, r *record, _ string, todo edit.Values) error {
	if err := notSystem(r); err != nil {
		return err
	}
	email, renamed := todo["email"].(string)
	if renamed { // Zammad may be set to give an address to several
		if err := d.users.Free(ctx, email, r.id()); err != nil {
			return err
		}
	}
	_, err := d.client.Do(ctx, kit.Call{Method: http.MethodPut, Path: r.path(), Body: todo, Want: http.StatusOK}, nil)
	d.users.agents.Doubt()
	if renamed && err != nil {
		return d.users.Taken(ctx, err, email, r.id())
	}
	return err
}

// notSystem refuses to touch Zammad's own user.
func notSystem(r *record) error {
	if r.ID == systemUser {
		return desk.Errorf(desk.Permanent, "user %d is Zammad's own, who stands for nobody, and is left alone", systemUser)
	}
	return nil
}

// SetProfile writes what differs. An empty field of want stays as it is. Zammad
// goes by the address at sign-in as long as login and address are the same, and
// changes both together.
func (d *zammad) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	fit := d.Fit(want)
	_, err := d.changes.Change(ctx, id, "change the profile of", func(r *record) (edit.Values, error) {
		todo := edit.Values{}
		if !sameEmail(r.Email, want.Email) {
			todo["email"] = strings.ToLower(fit.Email)
		}
		if fit.GivenName != "" && (r.First != fit.GivenName || r.Last != fit.FamilyName) {
			todo["firstname"], todo["lastname"] = fit.GivenName, fit.FamilyName
		}
		todo.Want("phone", r.Phone, fit.Phone)
		return todo, nil
	})
	return err
}

// SetRole gives the roles that stand for one of ours, and takes the others that
// stand for one. Roles that somebody gave besides stay, unless all go: a leaver
// keeps nothing but what a customer has.
func (d *zammad) SetRole(ctx context.Context, id provision.DeskUserID, to provision.Role) error {
	give, err := d.granted(ctx, to)
	if err != nil {
		return err
	}
	var now []role
	r, err := d.changes.Change(ctx, id, "give the role "+d.Capabilities().RoleNames[to]+" to", func(r *record) (edit.Values, error) {
		if now, err = d.rolesOf(ctx, r); err != nil {
			return nil, err
		}
		ids := give
		if to != provision.RoleNone {
			ids = d.keeping(r, now, give)
		}
		if slices.Equal(slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(r.Roles))) {
			return nil, nil
		}
		todo := edit.Values{"role_ids": ids}
		if to != provision.RoleNone {
			maps.Copy(todo, r.back())
		}
		return todo, nil
	})
	if err == nil && d.roleOf(r, now) != to {
		var names []string
		for _, of := range now {
			names = append(names, of.Name)
		}
		err = desk.Errorf(desk.Permanent, "user %s of Zammad still has more access than that, by one of the roles %s; take that role away at Manage > Users > (the user), take permissions from it at Manage > Roles, or let a rule grant another role", id, strings.Join(names, ", "))
	}
	return err
}

// keeping returns the roles to give with those that a user keeps. What is left to
// who has no access is not kept by who gets some: releases before 2 refuse it.
func (d *book) keeping(r *record, now []role, give []int64) []int64 {
	ids := slices.Clone(give)
	none := d.roleOf(r, now) == provision.RoleNone
	for _, of := range now {
		ours := d.settings.roles.Ours(of.Name)
		governed := ours != "" && (ours != provision.RoleNone || none)
		if !governed && of.ID > 0 && !slices.Contains(ids, of.ID) {
			ids = append(ids, of.ID)
		}
	}
	return ids
}

// ChangeTeams adds the user to groups with the levels of access that the settings
// say, and takes them from groups. Other groups keep their levels. Of a user who is
// inactive, or no agent, nobody knows which groups are stored: nothing is written.
func (d *zammad) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	change, err := d.groups.Resolve(ctx, add, remove)
	if err != nil {
		return err
	}
	var others access
	_, err = d.changes.Change(ctx, id, "change the groups of", func(r *record) (edit.Values, error) {
		roles, err := d.rolesOf(ctx, r)
		if err != nil {
			return nil, err
		}
		if !d.showsGroups(r, roles) {
			if len(change.Join) == 0 {
				return nil, nil // in none of them that would mean anything
			}
			e := desk.Errorf(desk.Permanent, "user %s of Zammad is inactive or has no role with the permission ticket.agent, and Zammad shows no groups of such users: give the role %s at Manage > Users > (the user)", id, d.settings.roles.Of(provision.RoleAgent))
			e.NotShown = !r.Active || d.roleOf(r, roles) == provision.RoleNone // yet: that comes before
			return nil, e
		}
		groups := maps.Clone(r.Groups)
		for _, g := range change.Join {
			if !covers(groups[g.ID], d.settings.levels) {
				groups[g.ID] = d.settings.levels
			}
		}
		for _, g := range change.Leave {
			delete(groups, g.ID)
		}
		rest := maps.Clone(r.Groups)
		for _, g := range slices.Concat(change.Join, change.Leave) {
			delete(rest, g.ID)
		}
		if others == nil {
			others = rest
		}
		switch {
		case !others.equal(rest):
			return nil, desk.Errorf(desk.Retryable, "the access of user %s of Zammad to other groups changed at the same time; look at Manage > Users > (the user)", id)
		case groups.equal(r.Groups):
			return nil, nil
		}
		return edit.Values{"group_ids": groups}, nil
	})
	return err
}

// SetActive makes a user active or inactive. Who is inactive keeps tickets, roles and
// groups; Zammad shows no groups meanwhile, and drops the owner of a ticket that
// anybody changes. Who returns is not out of office any more.
func (d *zammad) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	_, err := d.changes.Change(ctx, id, map[bool]string{true: "activate", false: "deactivate"}[active], func(r *record) (edit.Values, error) {
		if r.Active == active {
			return nil, nil
		}
		todo := edit.Values{"active": active}
		if active {
			maps.Copy(todo, r.back())
		}
		return todo, nil
	})
	return err
}

const (
	day = 24 * time.Hour
	// gone is how long we set somebody out of office: longer than anybody's holiday.
	gone = 10 * 365 * day
)

// outOfOffice returns what is written of somebody to whom nothing is to come: that another one is
// shown in their place. Somebody who is away already stays so.
func (d *zammad) outOfOffice(ctx context.Context, r *record) (edit.Values, error) {
	now := time.Now().UTC()
	if until, ok := date(r.AwayUntil); r.Away && ok && !until.Before(now.Add(-day)) {
		return nil, nil
	}
	instead, err := d.replacement(ctx)
	return edit.Values{
		"out_of_office": true, "out_of_office_replacement_id": instead, // today, wherever Zammad is:
		"out_of_office_start_at": now.Add(-day).Format(time.DateOnly), "out_of_office_end_at": now.Add(gone).Format(time.DateOnly),
	}, err
}

// replacement returns who is shown in place of a leaver: whom the settings name, or
// our own account. Zammad demands somebody.
func (d *zammad) replacement(ctx context.Context) (int64, error) {
	if d.settings.replacement != "" {
		r, err := d.users.byEmail(ctx, d.settings.replacement)
		if err != nil {
			return 0, err
		}
		if r != nil && r.Active {
			return r.ID, nil
		}
	}
	me, err := d.me(ctx)
	if err != nil {
		return 0, err
	}
	return me.ID, nil
}

// back returns what is written of a user who is back in the office, and whom outOfOffice had sent
// away. Nobody else is away for so long.
func (r *record) back() edit.Values {
	from, ok := date(r.AwayFrom)
	until, is := date(r.AwayUntil)
	if r.Away && ok && is && until.Sub(from) >= gone {
		return edit.Values{"out_of_office": false}
	}
	return nil
}

// date reads a day, of which Zammad may show the time as well.
func date(text string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, fmt.Sprintf("%.10s", text))
	return t, err == nil
}

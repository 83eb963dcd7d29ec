package requesttracker

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// SetProfile writes what differs. An empty field of want stays as it is.
//
// A login name that was the old address follows the new one. Any other name is
// left alone: on an adopted account it may be what people type to sign in.
func (d *rt) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	want = d.Fit(want)
	if !strings.EqualFold(r.EmailAddress, want.Email) {
		if err := d.free(ctx, r, want.Email); err != nil {
			return err
		}
		if err := d.rename(ctx, r, want.Email); err != nil {
			return err
		}
	}
	changes := differences(r, want)
	if len(changes) == 0 {
		return nil
	}
	said, err := d.client.put(ctx, "/user/"+string(r.ID), changes)
	if err != nil {
		return err
	}
	if r, err = d.read(ctx, id); err != nil {
		return err
	}
	left := differences(r, want)
	if len(left) == 0 {
		return nil
	}
	if _, ok := left["EmailAddress"]; ok {
		if err := d.free(ctx, r, want.Email); err != nil {
			return err
		}
	}
	e := disobeyed("change the profile of user "+string(id), said, "give the service account AdminUsers, and look at the address canonicalization in RT's configuration")
	e.Field = strings.Join(slices.Sorted(maps.Keys(left)), ", ")
	return e
}

// differences returns the columns in which r is not as wanted, with the wanted
// values.
func differences(r *record, want provision.DeskUser) map[string]string {
	changes := map[string]string{}
	if !strings.EqualFold(r.EmailAddress, want.Email) {
		changes["EmailAddress"] = want.Email
	}
	for _, f := range []struct{ column, have, want string }{
		{"RealName", r.RealName, want.DisplayName},
		{"WorkPhone", r.WorkPhone, want.Phone},
		{"Timezone", r.Timezone, want.Timezone},
	} {
		if f.want != "" && f.want != f.have {
			changes[f.column] = f.want
		}
	}
	return changes
}

// free fails when a user other than r has an address as e-mail or name.
func (d *rt) free(ctx context.Context, r *record, email string) error {
	taken, err := d.taken(ctx, email)
	if err != nil {
		return err
	}
	if taken != "" && taken != string(r.ID) {
		return &desk.Error{Kind: desk.Conflict, Field: "EmailAddress", Detail: "user " + taken + " of RT has this e-mail address or name already"}
	}
	return nil
}

// rename changes the login name if it is the old address. It goes first and
// alone: the name is what the database keeps unique, so of two who want the
// same address one stops here, with nothing changed.
func (d *rt) rename(ctx context.Context, r *record, email string) error {
	name := provision.Fold(email)
	if r.Name == name || !strings.EqualFold(r.Name, r.EmailAddress) {
		return nil
	}
	said, err := d.client.put(ctx, "/user/"+string(r.ID), map[string]any{"Name": name})
	if err != nil {
		return err
	}
	again, err := d.read(ctx, provision.DeskUserID(r.ID))
	if err != nil {
		return err
	}
	if again.Name == name {
		return nil
	}
	if err := d.free(ctx, r, email); err != nil {
		return err
	}
	return disobeyed("rename user "+string(r.ID), said, "give the service account AdminUsers")
}

// ChangeTeams adds the user to groups and removes it from groups.
func (d *rt) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	joins, leaves, err := d.teamNumbers(ctx, add, remove)
	if err != nil {
		return err
	}
	wrote := false
	for _, team := range joins {
		if r.memberOf(team) {
			continue
		}
		wrote = true
		if err := d.groups.add(ctx, team, string(r.ID)); err != nil {
			return err
		}
	}
	for _, team := range leaves {
		if !r.memberOf(team) {
			continue
		}
		wrote = true
		if err := d.groups.remove(ctx, team, string(r.ID)); err != nil {
			return err
		}
	}
	if !wrote {
		return nil
	}
	return d.confirmTeams(ctx, id, joins, leaves)
}

// teamNumbers translates names before anything is written. A team to join must
// exist; one that is gone has been left.
func (d *rt) teamNumbers(ctx context.Context, add, remove []string) (joins, leaves []string, err error) {
	for _, name := range add {
		team, err := d.team(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if team == "" {
			return nil, nil, noTeam(name)
		}
		joins = append(joins, team)
	}
	for _, name := range remove {
		team, err := d.team(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if team != "" {
			leaves = append(leaves, team)
		}
	}
	return joins, leaves, nil
}

func noTeam(name string) *desk.Error {
	return desk.Errorf(desk.Permanent, "RT shows no group %q; make it at Admin > Groups > Create, or give the service account the right SeeGroup, or correct the rule", name)
}

func (d *rt) confirmTeams(ctx context.Context, id provision.DeskUserID, joins, leaves []string) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	for _, team := range joins {
		if !r.memberOf(team) {
			return desk.Errorf(desk.Permanent, "RT did not add user %s to group %s; give the service account AdminGroupMembership, and see that the group is enabled", id, team)
		}
	}
	for _, team := range leaves {
		if r.memberOf(team) {
			return desk.Errorf(desk.Permanent, "user %s is still in group %s through a group within it; take the user out of that one at Admin > Groups > (the group) > Members, or map it as a team of its own", id, team)
		}
	}
	return nil
}

// SetActive enables or disables a user. What it owns, and the groups it is in,
// stay.
func (d *rt) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	r, err := d.read(ctx, id)
	if err != nil || r.disabled() != active {
		return err
	}
	said, err := d.client.put(ctx, "/user/"+string(r.ID), map[string]any{"Disabled": flag(!active)})
	if err != nil {
		return err
	}
	if r, err = d.read(ctx, id); err != nil {
		return err
	}
	if r.disabled() == active {
		what := "disable"
		if active {
			what = "enable"
		}
		return disobeyed(what+" user "+string(id), said, "give the service account AdminUsers")
	}
	return nil
}

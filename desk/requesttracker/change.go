package requesttracker

import (
	"context"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
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
	said, err := d.client.change(ctx, "/user/"+string(r.ID), changes)
	if err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
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
		e.Field = left.String()
		return e
	})
}

// differences returns the columns in which r is not as desired, with the desired
// values.
func differences(r *record, want provision.DeskUser) kit.Fields {
	changes := kit.Fields{}
	if !strings.EqualFold(r.EmailAddress, want.Email) {
		changes["EmailAddress"] = want.Email
	}
	changes.Want("RealName", r.RealName, want.DisplayName)
	changes.Want("WorkPhone", r.WorkPhone, want.Phone)
	changes.Want("Timezone", r.Timezone, want.Timezone)
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
	said, err := d.client.change(ctx, "/user/"+string(r.ID), map[string]any{"Name": name})
	if err != nil {
		return err
	}
	return kit.ReadBack(ctx, provision.DeskUserID(r.ID), d.read, func(again *record) error {
		if again.Name == name {
			return nil
		}
		if err := d.free(ctx, r, email); err != nil {
			return err
		}
		return disobeyed("rename user "+string(r.ID), said, "give the service account AdminUsers")
	})
}

// ChangeTeams adds the user to groups and removes it from groups.
func (d *rt) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	r, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	change, err := kit.Resolve(ctx, d.team, add, remove, func(name string) error { return noTeam(desk.Permanent, name) })
	if err != nil {
		return err
	}
	wrote, err := change.Apply(ctx, r.in,
		func(ctx context.Context, team group) error { return d.groups.add(ctx, string(team.ID), string(r.ID)) },
		func(ctx context.Context, team group) error {
			return d.groups.remove(ctx, string(team.ID), string(r.ID))
		})
	if err != nil || !wrote {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		return change.Confirm(r.in,
			func(team group) error {
				return notShown("RT did not add user %s to group %s; give the service account AdminGroupMembership, and see that the group is enabled", id, team.ID)
			},
			func(team group) error {
				return notShown("user %s is still in group %s through a group within it; take the user out of that one at Admin > Groups > (the group) > Members, or map it as a team of its own", id, team.ID)
			})
	})
}

func noTeam(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "RT shows no group %q; make it at Admin > Groups > Create, or give the service account the right SeeGroup, or correct the rule", name)
}

// SetActive enables or disables a user. What it owns, and the groups it is in,
// stay.
func (d *rt) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	r, err := d.read(ctx, id)
	if err != nil || r.disabled() != active {
		return err
	}
	said, err := d.client.change(ctx, "/user/"+string(r.ID), map[string]any{"Disabled": flag(!active)})
	if err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, d.read, func(r *record) error {
		switch {
		case r.disabled() != active:
			return nil
		case active:
			return disobeyed("enable user "+string(id), said, "give the service account AdminUsers")
		}
		return disobeyed("disable user "+string(id), said, "give the service account AdminUsers")
	})
}

package requesttracker

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user and gives it its role. Teams come after: RT takes none
// at creation.
//
// The login name is the e-mail address in lower case. RT's database keeps names
// apart, but not addresses: those are compared in code, and two creations at
// once would both pass.
func (d *rt) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	want.Role = cmp.Or(want.Role, provision.RoleNone)
	group, err := d.roleGroup(ctx, want.Role)
	if err != nil {
		return nil, err
	}
	id, err := d.client.create(ctx, "/user", d.fields(want))
	if err != nil {
		return nil, d.creationError(ctx, want.Email, err)
	}
	if group != nil {
		if err := d.groups.add(ctx, *group, kit.Scalar(id)); err != nil && desk.AcceptedOnly(err) == nil {
			return nil, err
		}
	}
	return d.created(ctx, provision.DeskUserID(id), want)
}

// fields returns what RT is asked to make.
func (d *rt) fields(want provision.DeskUser) map[string]any {
	fit := d.Fit(want)
	fields := map[string]any{
		"Name":         provision.Fold(want.Email),
		"EmailAddress": want.Email,
		"Privileged":   flag(want.Role != provision.RoleNone),
	}
	for _, f := range []struct{ column, value string }{
		{"RealName", fit.DisplayName}, {"WorkPhone", fit.Phone}, {"Timezone", fit.Timezone},
	} {
		if f.value != "" {
			fields[f.column] = f.value
		}
	}
	if want.ExternalID != "" {
		fields["CustomFields"] = map[string]string{d.settings.externalIDField: want.ExternalID}
	}
	return fields
}

// creationError finds out whether a refused creation met a user who was there
// before. RT gives status 400 for that as for much else, with a sentence in the
// service account's language.
func (d *rt) creationError(ctx context.Context, email string, err error) error {
	if desk.KindOf(err) != desk.Permanent {
		return err
	}
	holder, lookErr := d.holder(ctx, email)
	switch {
	case lookErr != nil:
		return err
	case holder != nil:
		return d.users.HasAddress(holder, err)
	case strings.Contains(err.Error(), "Permission Denied"):
		return missingRight("AdminUsers", "to make users")
	case strings.Contains(err.Error(), "Could not create user"):
		return &desk.Error{Kind: desk.Retryable, Detail: "RT's database did not take the user", Err: err}
	}
	return err
}

// holder returns a user who has an address as e-mail or as name, as a list shows them; nil when
// nobody does.
func (d *rt) holder(ctx context.Context, email string) (*record, error) {
	for _, field := range []string{"EmailAddress", "Name"} {
		hits, err := d.lookUp(ctx, field, email)
		if err != nil {
			return nil, err
		}
		for _, r := range hits {
			if strings.EqualFold(r.EmailAddress, email) || strings.EqualFold(r.Name, email) {
				return &r, nil
			}
		}
	}
	return nil, nil
}

// created reads a new user back. RT makes the user even where it may not set
// the custom field, and says nothing.
func (d *rt) created(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) (*provision.DeskUser, error) {
	got, err := d.Find(ctx, desk.Key{ID: id})
	switch {
	case err != nil:
		return nil, err
	case got == nil:
		return nil, desk.Errorf(desk.Retryable, "the new user %s of RT is not there", id)
	case got.ExternalID != want.ExternalID:
		return nil, desk.Errorf(desk.Permanent, "RT did not keep the custom field %q of the new user %s; give the service account the rights SeeCustomField and ModifyCustomField at Admin > Global > User Rights", d.settings.externalIDField, id)
	case !strings.EqualFold(got.Email, want.Email):
		return got, desk.NotShownf("RT gave the new user %s another e-mail address than was asked for; see CanonicalizeEmailAddressMatch in its configuration", id)
	case got.Role != want.Role:
		return got, desk.NotShownf("RT gave the new user %s the role %s instead of %s; give the service account AdminUsers and AdminGroupMembership at Admin > Global > User Rights", id, got.Role, want.Role)
	}
	return got, nil
}

// checkEmail refuses what RT would take, and cut or mangle.
func checkEmail(email string) error {
	if strings.Contains(email, "@") && len(email) <= maxEmailBytes {
		return nil
	}
	return &desk.Error{Kind: desk.Permanent, Field: "EmailAddress", Detail: "the person has no e-mail address of at most 120 bytes, which RT needs as login name"}
}

// SetProfile writes what differs. An empty field of want stays as it is.
//
// A login name that was the old address follows the new one. Any other name is
// left alone: on an adopted account it may be what people type to sign in.
func (d *rt) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	var said []string
	return edit.Bring(ctx, id, d.read, func(r *record) kit.Fields { return differences(r, want) }, func(ctx context.Context, r *record, changes kit.Fields) (err error) {
		if changes["EmailAddress"] != "" {
			if err := d.users.Free(ctx, want.Email, id); err != nil {
				return err
			}
			if err := d.rename(ctx, r, want.Email); err != nil {
				return err
			}
		}
		said, err = d.client.change(ctx, r.path(), changes)
		return err
	}, func(r *record, left kit.Fields) error {
		if left["EmailAddress"] != "" {
			if err := d.users.Free(ctx, want.Email, id); err != nil {
				return err
			}
		}
		return disobeyed("change the profile of user "+string(id), said, "give the service account AdminUsers, and look at the address canonicalization in RT's configuration")
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

// rename changes the login name if it is the old address. It goes first and
// alone: the name is what the database keeps unique, so of two who want the
// same address one stops here, with nothing changed.
func (d *rt) rename(ctx context.Context, r *record, email string) error {
	name := provision.Fold(email)
	if r.Name == name || !strings.EqualFold(r.Name, r.EmailAddress) {
		return nil
	}
	said, err := d.client.change(ctx, r.path(), map[string]any{"Name": name})
	if err != nil {
		return err
	}
	return kit.ReadBack(ctx, provision.DeskUserID(r.ID), d.read, func(again *record) error {
		if again.Name == name {
			return nil
		}
		if err := d.users.Free(ctx, email, r.id()); err != nil {
			return err
		}
		return disobeyed("rename user "+string(r.ID), said, "give the service account AdminUsers")
	})
}

// SetActive enables or disables a user. What it owns, and the groups it is in,
// stay.
func (d *rt) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	var said []string
	return edit.Bring(ctx, id, d.read, func(r *record) kit.Fields {
		fields := kit.Fields{}
		fields.Want("Disabled", strconv.Itoa(flag(r.disabled())), strconv.Itoa(flag(!active)))
		return fields
	}, func(ctx context.Context, r *record, _ kit.Fields) (err error) {
		said, err = d.client.change(ctx, r.path(), map[string]any{"Disabled": flag(!active)})
		return err
	}, func(*record, kit.Fields) error {
		return disobeyed(map[bool]string{true: "enable", false: "disable"}[active]+" user "+string(id), said, "give the service account AdminUsers")
	})
}

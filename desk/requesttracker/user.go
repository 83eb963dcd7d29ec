package requesttracker

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
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
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/user", Body: d.fields(want)}, nil)
	if err != nil {
		return nil, d.creationError(ctx, want.Email, err)
	}
	id := kit.Scalar(kit.NumberAt(a.Header.Get("Location"))).Number() // the body names the user by Name
	if group != nil && id > 0 {
		if err := d.groups.add(ctx, *group, people.ID(id)); err != nil {
			return nil, err
		}
	}
	return d.users.Created(ctx, kit.Patience{Looks: 1}, id, want, people.Made{Marked: true, AsItIs: true, SameEmail: strings.EqualFold, RoleNames: d.Capabilities().RoleNames}, d.user)
}

// fields returns what RT is asked to make.
func (d *rt) fields(want provision.DeskUser) map[string]any {
	fields := map[string]any{"Name": provision.Fold(want.Email), "Privileged": flag(want.Role != provision.RoleNone)}
	for column, value := range differences(&record{}, d.Fit(want)) {
		fields[column] = value
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
	switch err = d.users.Taken(ctx, err, email, ""); {
	case desk.KindOf(err) == desk.Conflict:
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
	hits, err := d.lookUp(ctx, "EmailAddress", email, (*record).email)
	if err == nil && len(hits) == 0 {
		hits, err = d.lookUp(ctx, "Name", email, (*record).name)
	}
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	return &hits[0], nil
}

// checkEmail refuses what RT would take, and cut or mangle.
func checkEmail(email string) error {
	if strings.Contains(email, "@") && len(email) <= maxEmailBytes {
		return nil
	}
	return &desk.Error{Kind: desk.Permanent, Field: "EmailAddress", Detail: "the person has no e-mail address of at most 120 bytes, which RT needs as login name"}
}

// differences returns the columns in which r is not as desired, with the desired
// values.
func differences(r *record, want provision.DeskUser) kit.Fields {
	columns := kit.Fields{}
	if !strings.EqualFold(r.EmailAddress, want.Email) {
		columns["EmailAddress"] = want.Email
	}
	columns.Want("RealName", r.RealName, want.DisplayName)
	columns.Want("WorkPhone", r.WorkPhone, want.Phone)
	columns.Want("Timezone", r.Timezone, want.Timezone)
	return columns
}

// bring has columns of a user be as desired. what says what is done to the user; first, which
// may be nil, is called with what is to be written, before that is.
func (d *rt) bring(ctx context.Context, id provision.DeskUserID, what string, differs func(*record) kit.Fields, first func(context.Context, kit.Fields) error) error {
	var said []string
	return edit.Bring(ctx, id, d.read, differs, func(ctx context.Context, r *record, columns kit.Fields) (err error) {
		if first != nil {
			err = first(ctx, columns)
		}
		if err == nil {
			said, err = d.client.change(ctx, r.path(), columns)
		}
		return err
	}, func(_ *record, left kit.Fields) error {
		advice := "give the service account AdminUsers"
		if email := cmp.Or(left["EmailAddress"], left["Name"]); email != "" {
			if err := d.users.Free(ctx, email, id); err != nil {
				return err
			}
			advice += ", and look at the address canonicalization in RT's configuration"
		}
		return disobeyed(what+" user "+string(id), said, advice)
	})
}

// SetProfile writes what differs. An empty field of want stays as it is.
//
// A login name that was the old address follows the new one. Any other name is
// left alone: on an adopted account it may be what people type to sign in. It
// goes first and alone: the name is what the database keeps unique, so of two who
// want the same address one stops here, with nothing changed.
func (d *rt) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if err := checkEmail(want.Email); err != nil {
		return err
	}
	want = d.Fit(want)
	name := func(r *record) kit.Fields {
		columns := kit.Fields{}
		if strings.EqualFold(r.Name, r.EmailAddress) {
			columns.Want("Name", r.Name, provision.Fold(want.Email))
		}
		return columns
	}
	return d.bring(ctx, id, "change the profile of", func(r *record) kit.Fields { return differences(r, want) }, func(ctx context.Context, columns kit.Fields) error {
		if columns["EmailAddress"] == "" {
			return nil
		}
		if err := d.users.Free(ctx, want.Email, id); err != nil {
			return err
		}
		return d.bring(ctx, id, "rename", name, nil)
	})
}

// SetActive enables or disables a user. What it owns, and the groups it is in,
// stay.
func (d *rt) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return d.bring(ctx, id, map[bool]string{true: "enable", false: "disable"}[active], func(r *record) kit.Fields {
		columns := kit.Fields{}
		columns.Want("Disabled", flag(r.disabled()), flag(!active))
		return columns
	}, nil)
}

package zendesk

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user whose address counts as verified, and has no mail sent unless
// the settings say so. Zendesk has a call that would change whoever has the address
// already: it is not used. Groups come afterwards, besides the default one that
// Zendesk gives.
func (d *zendesk) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	if _, err := d.groups.Resolve(ctx, want.Teams, nil); err != nil {
		return nil, err
	}
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := d.roleFields(ctx, want.Role, limited)
	if err != nil {
		return nil, err
	}
	fit := d.Fit(want)
	local, _, _ := strings.Cut(want.Email, "@")
	fields["name"], fields["email"], fields["verified"] = cmp.Or(fit.DisplayName, local), want.Email, true
	if want.ExternalID != "" {
		fields["external_id"] = want.ExternalID
	}
	if fit.Phone != "" {
		fields["phone"] = fit.Phone
	}
	if !want.Active {
		fields["suspended"] = true
	}
	if d.settings.welcomeEmail {
		delete(fields, "verified")
	} else {
		fields["skip_verify_email"] = true
	}
	var made struct {
		User struct {
			ID int64 `json:"id"`
		}
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: map[string]any{"user": fields}, Want: http.StatusCreated}, &made)
	d.people.Doubt() // whatever came of it
	d.members.Doubt()
	if err != nil {
		return nil, d.takenBy(ctx, refusedTo(err, "make the user"), want.Email)
	}
	if made.User.ID <= 0 {
		return nil, desk.Errorf(desk.Retryable, "Zendesk's answer to a creation names no number")
	}
	return d.created(ctx, (&record{ID: made.User.ID}).id(), want, limited)
}

// created reads a new user back.
func (d *zendesk) created(ctx context.Context, id provision.DeskUserID, want provision.DeskUser, limited *customRole) (*provision.DeskUser, error) {
	r, err := d.read(ctx, id)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.Retryable, "the new user %s of Zendesk is not there", id)
	case err != nil:
		return nil, err
	case !sameText(r.ExternalID, want.ExternalID): // it may be anybody
		return nil, vendor.Disobeyed("give the new user %s our external id", id)
	}
	got, err := d.whole(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case !sameText(r.Email, want.Email):
		return got, vendor.Disobeyed("give the new user %s its e-mail address", id)
	case d.roleOf(r, limited) != cmp.Or(want.Role, provision.RoleNone):
		return got, vendor.Disobeyed("give the new user %s the role %s", id, want.Role)
	case r.Suspended == want.Active:
		return got, vendor.Disobeyed("make the new user %s active or suspended", id)
	}
	return got, nil
}

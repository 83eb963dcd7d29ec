package freescout

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// What FreeScout keeps, in characters (its table of users, 2026-08).
const (
	maxGivenRunes  = 20
	maxFamilyRunes = 30
	maxTitleRunes  = 100
	maxPhoneRunes  = 60
	maxEmailLength = 100
)

// missingName stands for a name that nobody knows: both are required.
const missingName = "-"

// Fit returns want as FreeScout keeps it: first and last name, cut to 20 and 30
// characters, and a display name made of the two. A missing name is taken from the display
// name, then from the e-mail address.
func (d *freeScout) Fit(want provision.DeskUser) provision.DeskUser {
	given, family := kit.BothNames{Given: maxGivenRunes, Family: maxFamilyRunes}.Of(want.GivenName, want.FamilyName, want.DisplayName, want.Email)
	want.GivenName, want.FamilyName = cmp.Or(given, missingName), cmp.Or(family, missingName)
	want.DisplayName = want.GivenName + " " + want.FamilyName
	want.Title, want.Phone = kit.Tidy(want.Title, maxTitleRunes), kit.Tidy(want.Phone, maxPhoneRunes)
	if !kit.IsTimeZone(want.Timezone) {
		want.Timezone = "" // FreeScout's own
	}
	if !d.settings.details {
		want.Title, want.Phone, want.Timezone = "", "", ""
	}
	return want
}

// Create makes a User in no mailbox: more than that the API does not make. It mails
// nothing, and nobody knows the password.
func (d *freeScout) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	fit := d.Fit(want)
	switch {
	case !kit.IsEmail(fit.Email, maxEmailLength):
		return nil, &desk.Error{Kind: desk.Permanent, Field: "email", Detail: fmt.Sprintf("the person has no e-mail address that FreeScout takes: something before and after one @, at most %d characters", maxEmailLength)}
	case d.Capabilities().RoleNames[fit.Role] == "":
		return nil, &desk.Error{Kind: desk.Permanent, Field: "role", Detail: fmt.Sprintf("FreeScout has no role for %s: let the rule grant agent, which is User there, or admin", cmp.Or(fit.Role, provision.RoleNone))}
	}
	body := map[string]any{"firstName": fit.GivenName, "lastName": fit.FamilyName, "email": fit.Email, "password": rand.Text()}
	for field, value := range map[string]string{"jobTitle": fit.Title, "phone": fit.Phone, "timezone": fit.Timezone} {
		if value != "" {
			body[field] = value
		}
	}
	var made user
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: body, Want: http.StatusCreated}, &made)
	if err != nil {
		return nil, d.taken(ctx, err, fit.Email)
	}
	id := provision.DeskUserID(cmp.Or(kit.NumberAt(a.Header.Get("Resource-ID")), string(made.id())))
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.Retryable, "FreeScout's answer to a creation names no number")
	}
	u, err := kit.Appears(ctx, d.patience, id, d.read)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, vendor.Disobeyed("make user %s", id)
	case err != nil:
		return nil, err
	case !sameText(u.Email, fit.Email):
		return nil, vendor.Disobeyed("give the new user %s its e-mail address", id) // it may be anybody
	}
	return d.user(ctx, u)
}

// taken finds out whether a creation was refused because somebody has the address.
func (d *freeScout) taken(ctx context.Context, failure error, email string) error {
	if !errors.Is(failure, errRefused) {
		return failure
	}
	holder, err := d.byEmail(ctx, email)
	switch {
	case err != nil:
		return err // unknown whether it is a conflict: try again
	case holder != nil:
		return &desk.Error{Kind: desk.Conflict, Field: "email", Err: failure, Detail: fmt.Sprintf("user %d of FreeScout has this e-mail address already", holder.ID)}
	}
	if e, ok := errors.AsType[*desk.Error](failure); ok {
		told := *e
		told.Detail += "; FreeScout shows nobody who has this e-mail address, so it may be the address of a mailbox (Manage > Mailboxes), or an alternate one"
		return &told
	}
	return failure
}

// Delete deletes a user. FreeScout takes all conversations from the user, closed ones too,
// and gives them to the heir of their mailbox, or to nobody. It frees the address.
func (d *freeScout) Delete(ctx context.Context, id provision.DeskUserID) error {
	if id == d.settings.by {
		return desk.Errorf(desk.Permanent, "Deskbridge acts in the name of user %s of FreeScout; set by_user to another administrator first", id)
	}
	_, err := d.read(ctx, id)
	if err == nil {
		err = d.delete(ctx, id)
	}
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return err
	}
	if _, err = d.read(ctx, id); err == nil {
		return vendor.Disobeyed("delete user %s", id) // yet
	}
	if desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

func (d *freeScout) delete(ctx context.Context, id provision.DeskUserID) error {
	heirs, _, err := d.heirs(ctx, id)
	if err != nil {
		return err
	}
	query := url.Values{"byUserId": {string(d.settings.by)}}
	for mailbox, heir := range heirs {
		query.Set(fmt.Sprintf("assignTo[%d]", mailbox), string(heir))
	}
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodDelete, Path: "/users/" + string(id), Query: query}, nil)
	return err
}

// heirs returns who gets what a leaver has in each mailbox. FreeScout looks at nothing, so
// whoever is not there, is the leaver, or does not see the mailbox, gets nothing; problems
// say who that is. That somebody's access ends is more than that all has an owner.
func (d *freeScout) heirs(ctx context.Context, leaver provision.DeskUserID) (heirs map[int64]provision.DeskUserID, problems []string, _ error) {
	if len(d.settings.heirs) == 0 {
		return nil, nil, nil
	}
	boxes, err := d.mailboxes.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	heirs = make(map[int64]provision.DeskUserID)
	known := make(map[string]*user)
	for _, box := range boxes {
		address := cmp.Or(d.settings.heirs[box.ID], d.settings.heirs[0])
		if address == "" {
			continue
		}
		heir, asked := known[address]
		if !asked {
			if heir, err = d.byEmail(ctx, address); err != nil {
				return nil, nil, err
			}
			if known[address] = heir; heir == nil {
				problems = append(problems, "the setting heirs names an address that no user of FreeScout has: correct it")
			}
		}
		if heir == nil || heir.id() == leaver {
			continue
		}
		sees, err := d.sees(ctx, heir, box.ID)
		switch {
		case err != nil:
			return nil, nil, err
		case sees:
			heirs[box.ID] = heir.id()
		default:
			problems = append(problems, fmt.Sprintf("user %s is to inherit what is left in the mailbox %q, and does not see it: tick it at Manage > Users > (the user) > Permissions, or correct the setting heirs", heir.id(), box.Name))
		}
	}
	for id := range d.settings.heirs {
		if id != 0 && !slices.ContainsFunc(boxes, func(e kit.Entry) bool { return e.ID == id }) {
			problems = append(problems, fmt.Sprintf("the setting heirs names the mailbox number %d, which FreeScout does not have: correct it", id))
		}
	}
	slices.Sort(problems)
	return heirs, problems, nil
}

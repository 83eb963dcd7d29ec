package helpy

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user with a password that nobody knows, and has no mail sent.
// Helpy's own way, an invitation, would leave name and mark out, and let a leaver
// in who accepts it late. Teams come by hand.
func (d *helpy) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	role, err := word(want.Role)
	if err != nil {
		return nil, err
	}
	fit := d.Fit(want)
	local, _, _ := strings.Cut(want.Email, "@")
	body := map[string]any{
		"email":      want.Email,
		"name":       cmp.Or(fit.DisplayName, nameFor(kit.OneLine(local)), noName),
		"password":   rand.Text(),
		"role":       role,
		"active":     want.Active,
		"title":      fit.Title,
		"work_phone": fit.Phone,
		// What is not sent would be empty, and not what Helpy gives to users who are
		// made by hand: the available ones alone can be chosen as assignee.
		"status":   "available",
		"language": "en",
	}
	if want.ExternalID != "" {
		body["account_number"] = mark + want.ExternalID
	}
	var made record
	_, err = d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: body, Want: http.StatusCreated}, &made)
	seen := d.users.all.Doubt() // whatever came of it
	if err != nil {
		return nil, d.taken(ctx, err, nil, want.Email)
	}
	if made.ID == 0 {
		return nil, desk.Errorf(desk.Retryable, "Helpy's answer to a creation names no number")
	}
	got, err := d.created(ctx, made.id(), want)
	if err == nil {
		seen() // who is known by number is looked for in no list
	}
	return got, err
}

// word returns what Helpy calls a role.
func word(role provision.Role) (string, error) {
	if w := words[cmp.Or(role, provision.RoleNone)]; w != "" {
		return w, nil
	}
	return "", desk.Errorf(desk.Permanent, "Helpy has no role %q: it has customers, editors, agents and administrators", role)
}

// taken finds out whether a creation or a change met another user with the
// address. Helpy looks whether an address is taken and then writes: of two at
// once its database refuses one, which is a 500.
func (d *helpy) taken(ctx context.Context, failure error, self *record, address string) error {
	age := allAge
	switch {
	case errors.Is(failure, errRefused):
		age = 0 // somebody has it, and the search may not find them
	case !errors.Is(failure, errInternal):
		d.users.all.Doubt() // nobody knows whether it arrived
		return failure
	}
	holder, err := d.users.withEmail(ctx, address, age)
	if err != nil || holder == nil || self != nil && holder.ID == self.ID {
		d.users.all.Doubt()
		return failure
	}
	return &desk.Error{Kind: desk.Conflict, Field: "email", Detail: fmt.Sprintf("user %d of Helpy has this e-mail address already", holder.ID)}
}

// created reads a new user back.
func (d *helpy) created(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) (*provision.DeskUser, error) {
	r, err := d.users.read(ctx, id)
	if err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Retryable, "the new user %s of Helpy is not there", id)
		}
		return nil, err
	}
	got := r.user()
	give := "give the new user " + string(id)
	switch {
	case got.ExternalID != want.ExternalID:
		return nil, disobeyed(give + " our external id as account number") // it may be anybody
	case !sameText(got.Email, want.Email):
		return got, disobeyed(give + " its e-mail address")
	case got.Role != cmp.Or(want.Role, provision.RoleNone):
		return got, disobeyed(give + " the role " + d.roleName(want.Role))
	case got.Active != want.Active:
		return got, disobeyed(give + " its active or inactive state")
	}
	return got, nil
}

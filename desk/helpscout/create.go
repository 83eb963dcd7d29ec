package helpscout

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// newUser is the body of POST /users.
type newUser struct {
	FirstName  string       `json:"firstName"`
	LastName   string       `json:"lastName"`
	Email      string       `json:"email"`
	Role       string       `json:"role"`
	Timezone   string       `json:"timezone,omitempty"` // the company's when it is not there
	JobTitle   string       `json:"jobTitle,omitempty"`
	Phone      string       `json:"phone,omitempty"`
	SendInvite bool         `json:"sendInvite"` // true when it is not there
	Mailboxes  []newMailbox `json:"mailboxes,omitempty"`
}

type newMailbox struct {
	ID          int64 `json:"id"`
	EmailAccess bool  `json:"emailAccess"`
}

// Create makes a user with role and mailboxes; teams come after. It is the only
// moment at which Help Scout lets us give role and mailboxes.
func (d *helpScout) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	body, err := d.newUser(ctx, d.Fit(want))
	if err != nil {
		return nil, err
	}
	a, err := d.client.Do(ctx, kit.Call{Method: http.MethodPost, Path: "/users", Body: body, Want: http.StatusCreated}, nil)
	for _, m := range body.Mailboxes {
		d.directory.Changed(roster.Mailboxes, m.ID)
	}
	if err != nil {
		return nil, d.creationError(ctx, want, err)
	}
	made := cmp.Or(kit.NumberAt(a.Header.Get("Resource-ID")), kit.NumberAt(a.Header.Get("Location"))) // "": not said
	return d.created(ctx, provision.DeskUserID(made), want)
}

// newUser returns what Help Scout is asked to make.
func (d *helpScout) newUser(ctx context.Context, fit provision.DeskUser) (newUser, error) {
	body := newUser{
		FirstName: fit.GivenName, LastName: fit.FamilyName, Email: fit.Email, Role: roleNames[fit.Role],
		Timezone: fit.Timezone, JobTitle: fit.Title, Phone: fit.Phone, SendInvite: d.settings.sendInvite,
	}
	switch {
	case !strings.Contains(fit.Email, "@"):
		return body, &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address, which Help Scout needs"}
	case body.Role == "":
		return body, &desk.Error{Kind: desk.Permanent, Field: "role", Detail: "Help Scout cannot make a user with the role " + string(fit.Role) + "; use limited, agent or admin"}
	case !fit.Active:
		return body, &desk.Error{Kind: desk.Permanent, Detail: "Help Scout cannot make a user who is not active"}
	}
	for _, name := range fit.Mailboxes {
		p, err := d.directory.Find(ctx, roster.Mailboxes, name)
		if err != nil {
			return body, err
		}
		if p == nil {
			return body, desk.NoPlace(desk.Permanent, name, "Help Scout shows no inbox %q; make it, or give the user who owns the app access to it, or correct the rule", name)
		}
		body.Mailboxes = append(body.Mailboxes, newMailbox{ID: p.ID, EmailAccess: true})
	}
	return body, nil
}

// creationError finds out whether a refused creation met a user who was there
// before. The documentation does not say which status that has.
func (d *helpScout) creationError(ctx context.Context, want provision.DeskUser, err error) error {
	if !errors.Is(err, errRefused) && !errors.Is(err, kit.ErrForbidden) && desk.KindOf(err) != desk.NotFound {
		return err
	}
	taken, lookErr := d.byEmail(ctx, want.Email)
	switch e, _ := errors.AsType[*desk.Error](err); {
	case lookErr != nil:
		return lookErr // unknown whether it is a conflict: try again
	case taken != nil:
		return d.users.HasAddress(taken, err)
	case desk.KindOf(err) == desk.NotFound:
		return &desk.Error{Kind: desk.Permanent, Detail: "Help Scout lets nobody make users at this address (HTTP 404)", Err: err}
	case errors.Is(err, kit.ErrForbidden) && want.Role == provision.RoleLimited:
		return &desk.Error{Kind: desk.Permanent, Err: err, Detail: "Help Scout refuses to make a Light User: this may be a plan without Light Users; if not, " + e.Detail}
	case errors.Is(err, errRefused):
		return &desk.Error{Kind: desk.Permanent, Field: e.Field, Err: err,
			Detail: e.Detail + "; look for a seat that is missing, a light user on a plan without them, or the address as somebody's alternate one (Manage > Users)"}
	}
	return err
}

// created reads a new user back. In which mailboxes it is, is taken from what
// was asked for: Help Scout makes all or nothing, and to read it would cost a
// request for each mailbox. Whoever wants to know asks Find.
func (d *helpScout) created(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) (*provision.DeskUser, error) {
	u, err := desk.FindBy(ctx, desk.Key{ID: id, Email: want.Email}, d.read, nil, d.byEmail)
	if err != nil {
		return nil, err
	}
	if u == nil || id != "" && u.deskID() != id || !strings.EqualFold(u.Email, want.Email) {
		return nil, desk.Errorf(desk.Retryable, "Help Scout says that it made a user, and does not show it")
	}
	got, err := u.common(nil)
	if err != nil {
		return nil, err
	}
	if got.Role != want.Role {
		err := desk.Errorf(desk.Permanent, "Help Scout gave the new user %s the role %q instead of %q; set it at Manage > Users", got.ID, u.Role, roleNames[want.Role])
		err.NotShown = true
		return got, err
	}
	got.Mailboxes = slices.Sorted(slices.Values(want.Mailboxes))
	return got, nil
}

// Delete deletes a user. What was assigned to it becomes unassigned. Never the
// user who owns the app: the API would stop for us.
func (d *helpScout) Delete(ctx context.Context, id provision.DeskUserID) error {
	if !kit.IsNumber(id) {
		return nil // nobody has ever had such an id
	}
	me, err := d.me(ctx)
	if err != nil {
		return err
	}
	if me.deskID() == id {
		return desk.Errorf(desk.Permanent, "user %s of Help Scout owns the app that Deskbridge uses; let another user own it first", id)
	}
	err = edit.Gone(d.client.write(ctx, http.MethodDelete, "/users/"+string(id), nil))
	return refusedTo("delete user "+string(id)+", who may still be in the automatic assignment of an inbox; if not, delete the user at Manage > Users", err)
}

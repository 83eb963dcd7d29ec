package redmine

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user without a password that anybody knows. Teams and mailboxes
// come after: Redmine takes none at creation.
func (d *redmine) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := cmp.Or(checkEmail(want.Email), d.checkRole(want.Role)); err != nil {
		return nil, err
	}
	fields, err := d.newUser(ctx, want)
	if err != nil {
		return nil, err
	}
	var group *kit.Entry
	if want.Role == provision.RoleLimited {
		if group, err = d.limitedGroup(ctx); err != nil {
			return nil, err
		}
	}
	var made struct {
		User record `json:"user"`
	}
	if err := d.client.Post(ctx, "/users", map[string]any{"user": fields}, &made); err != nil {
		return nil, d.taken(ctx, err, "", want.Email)
	}
	if made.User.ID > 0 {
		if err := d.yield(ctx, &made.User, want.Email); err != nil {
			return nil, err
		}
		if group != nil {
			if err := d.join(ctx, &made.User, *group); err != nil {
				return nil, err
			}
		}
	}
	return d.users.Created(ctx, kit.Patience{Looks: 1}, made.User.ID, want, people.Made{
		Marked: true, AsItIs: true, SameEmail: people.SameText,
		Hidden: "tick \"Visible\" at Administration > Custom fields > Users > " + d.settings.externalIDField,
	}, d.user)
}

// newUser returns what Redmine is asked to make.
func (d *redmine) newUser(ctx context.Context, want provision.DeskUser) (map[string]any, error) {
	fit := d.Fit(want)
	local, _, _ := strings.Cut(kit.OneLine(want.Email), "@")
	fields := map[string]any{
		"login":             loginFor(want.Email),
		"mail":              want.Email,
		"firstname":         cmp.Or(fit.GivenName, kit.CutRunes(local, maxNameLength), noName),
		"lastname":          cmp.Or(fit.FamilyName, noName),
		"admin":             want.Role == provision.RoleAdmin,
		"generate_password": true,
	}
	if want.ExternalID == "" {
		return fields, nil
	}
	field, err := d.externalIDField(ctx)
	if err == nil {
		fields["custom_fields"] = []any{map[string]any{"id": field.ID, "value": want.ExternalID}}
	}
	return fields, err
}

// yield deletes the user that was just made if another has the same address and
// is older: Redmine's database does not object to two of them.
func (d *redmine) yield(ctx context.Context, made *record, email string) error {
	hits, err := d.search(ctx, email, statusActive) // both were made a moment ago
	if err != nil {
		return err
	}
	return d.users.Yield(made, hits, hasMail(email), func() error { return d.client.Delete(ctx, made.path()) })
}

// taken finds out whether a refusal met another user with the address, as e-mail,
// also as one that Redmine does not show, or as the login that it leads to.
// Redmine's words for it are in the service account's language.
func (d *redmine) taken(ctx context.Context, refusal error, self provision.DeskUserID, email string) error {
	if !errors.Is(refusal, errRefused) {
		return refusal
	}
	login, texts := loginFor(email), []string{email}
	if login != provision.Fold(email) {
		texts = append(texts, login)
	}
	var hidden *record
	for _, text := range texts {
		hits, err := d.search(ctx, text, statuses[:]...)
		if err != nil {
			return refusal
		}
		for _, r := range hits {
			shown := provision.Fold(r.Login + "\n" + r.Mail + "\n" + shownName(r.First, r.Last))
			switch {
			case r.id() == self:
			case hasMail(email)(&r), people.SameText(r.Login, login):
				return d.users.HasAddress(&r, refusal)
			case !strings.Contains(shown, provision.Fold(text)):
				hidden = &r
			}
		}
	}
	if hidden == nil {
		return refusal
	}
	e := d.users.HasAddress(hidden, refusal)
	e.Detail += ", as an additional e-mail address; remove it at Administration > Users > (the user) > Emails"
	return e
}

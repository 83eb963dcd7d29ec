package libredesk

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Create makes a user, with a password that nobody knows. Role and teams are
// looked for before: with a role that it does not know Libredesk fails, and has
// made a user without one all the same.
func (d *libredesk) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if err := checkEmail(want.Email); err != nil {
		return nil, err
	}
	role, err := d.role(ctx, want.Role)
	if err != nil {
		return nil, err
	}
	join, err := d.resolve(ctx, want.Teams, nil)
	if err != nil {
		return nil, err
	}
	own, err := d.resolveRoles(ctx, want.DeskRoles, nil)
	if err != nil {
		return nil, err
	}
	fit := d.Fit(want)
	local, _, _ := strings.Cut(kit.OneLine(want.Email), "@")
	var answer json.RawMessage
	_, err = d.client.call(ctx, http.MethodPost, "/agents", nil, map[string]any{
		"first_name":         cmp.Or(fit.GivenName, kit.CutRunes(local, maxNameLength)),
		"last_name":          fit.FamilyName,
		"email":              strings.ToLower(want.Email),
		"roles":              append([]string{role.Name}, names(own.Join)...),
		"teams":              append([]string{}, names(join.Join)...),
		"send_welcome_email": d.settings.welcomeEmail,
	}, &answer)
	if err != nil {
		return nil, d.takenError(ctx, err, "", want.Email)
	}
	var made agent
	if json.Unmarshal(answer, &made) != nil || made.ID == 0 {
		return nil, desk.Errorf(desk.Retryable, "Libredesk's answer to a creation names no number")
	}
	a, err := d.read(ctx, made.id())
	switch {
	case desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.Retryable, "the new user %d of Libredesk is not there", made.ID)
	case err != nil:
		return nil, err
	case !sameText(a.Email, want.Email):
		return nil, disobeyed("give the new user %d its e-mail address", made.ID)
	case !slices.Contains(a.Roles, role.Name):
		return d.user(a), disobeyed("give the new user %d the role %s", made.ID, role.Name)
	}
	return d.user(a), nil
}

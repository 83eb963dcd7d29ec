package helpscout

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// user is a user as the API shows it. Teams are in the same lists, with another
// Type. Active is not Help Scout's, which knows nobody who is not: the built-in
// desk, which speaks the same API, shows it.
type user struct {
	ID        int64      `json:"id"`
	Type      string     `json:"type"`
	FirstName string     `json:"firstName"`
	LastName  string     `json:"lastName"`
	Email     string     `json:"email"`
	Role      string     `json:"role"`
	JobTitle  string     `json:"jobTitle"`
	Phone     string     `json:"phone"`
	Timezone  string     `json:"timezone"`
	Active    *bool      `json:"active"`
	MadeAt    kit.Moment `json:"createdAt"`
}

// person reports whether u is a user, and no team.
func (u *user) person() bool { return u.ID > 0 && (u.Type == "" || u.Type == "user") }

func (u *user) active() bool { return u.Active == nil || *u.Active }

func (u *user) deskID() provision.DeskUserID { return provision.DeskUserID(formatID(u.ID)) }

// role returns u's role in the common words. A word that is not known is an
// error: it could be more than an administrator's.
func (u *user) role() (provision.Role, error) {
	switch strings.ToLower(u.Role) {
	case "owner":
		return provision.RoleOwner, nil
	case "none": // the built-in desk's
		return provision.RoleNone, nil
	}
	for role, name := range roleNames {
		if strings.EqualFold(name, u.Role) {
			return role, nil
		}
	}
	return "", desk.Errorf(desk.Permanent, "Help Scout gives user %d a role that this release of Deskbridge does not know; see Manage > Users", u.ID)
}

// manages reports whether u is an administrator or the owner.
func (u *user) manages() bool {
	role, err := u.role()
	return err == nil && (role == provision.RoleAdmin || role == provision.RoleOwner)
}

// mayOwn reports whether u may be in teams and own conversations.
func (u *user) mayOwn() bool {
	role, err := u.role()
	return err == nil && u.active() && (role == provision.RoleAgent || u.manages())
}

// common translates u. Teams and mailboxes are not among what the API shows of
// a user: in says them; nil leaves them out.
func (u *user) common(in *roster.Membership) (*provision.DeskUser, error) {
	role, err := u.role()
	if err != nil {
		return nil, err
	}
	return &provision.DeskUser{
		ID:          u.deskID(),
		Email:       u.Email,
		DisplayName: strings.TrimSpace(u.FirstName + " " + u.LastName),
		GivenName:   u.FirstName,
		FamilyName:  u.LastName,
		Title:       u.JobTitle,
		Phone:       u.Phone,
		Timezone:    u.Timezone,
		Active:      u.active(),
		MadeAt:      u.MadeAt.Time,
		Role:        role,
		Teams:       in.Names(roster.Teams, u.ID),
		Mailboxes:   in.Names(roster.Mailboxes, u.ID),
	}, nil
}

// What Help Scout keeps, in characters: "Create User" in the reference.
const (
	maxNameRunes  = 40 // first and last name, each
	maxTitleRunes = 50
)

// Fit returns want as Help Scout keeps it: first and last name, both required
// and cut to 40 characters, a display name made of the two, and a title cut to
// 50. A missing name is taken from the display name, then from the e-mail
// address, then from the setting missing_name.
func (d *helpScout) Fit(want provision.DeskUser) provision.DeskUser {
	given, family := kit.BothNames{Given: maxNameRunes, Family: maxNameRunes}.Of(want.GivenName, want.FamilyName, want.DisplayName, want.Email)
	want.GivenName, want.FamilyName = cmp.Or(given, d.settings.missingName), cmp.Or(family, d.settings.missingName)
	want.DisplayName = want.GivenName + " " + want.FamilyName

	want.Title, want.Phone = kit.Tidy(want.Title, maxTitleRunes), kit.Tidy(want.Phone, len(want.Phone))
	if !kit.IsTimeZone(want.Timezone) {
		want.Timezone = "" // the company's
	}
	if !d.settings.details {
		want.Title, want.Phone, want.Timezone = "", "", ""
	}
	want.Role = cmp.Or(want.Role, provision.RoleNone)
	return want
}

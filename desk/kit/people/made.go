package people

import (
	"cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Made compares a new user with who was asked for.
type Made struct {
	Vendor    kit.Vendor
	What      string // the desk's word for a user, such as "agent"
	Marked    bool   // the desk keeps our external id
	Hidden    string // what to look at where it does not show that; "": nothing is known
	AsItIs    bool   // the API makes nobody active or inactive: that is not compared
	SameEmail func(a, b string) bool
	RoleNames map[provision.Role]string // as in [desk.Capabilities]
}

// Check returns got with what the desk shows otherwise than want has it: NotShown, as
// [desk.Desk] asks of Create. Whoever is not known to be the new user, by the external id, or
// the e-mail address where the desk keeps none, is not returned: it may be anybody.
func (m Made) Check(got *provision.DeskUser, want provision.DeskUser) (*provision.DeskUser, error) {
	role := cmp.Or(want.Role, provision.RoleNone)
	disobeyed := func(format string, args ...any) *desk.Error {
		return m.Vendor.Disobeyed("give the new %s %s "+format, append([]any{m.What, got.ID}, args...)...)
	}
	switch {
	case m.Marked && !SameText(got.ExternalID, want.ExternalID): // some desks change letter case
		e := disobeyed("our external id")
		if m.Hidden != "" {
			e.Detail += "; " + m.Hidden
		}
		return nil, e
	case !m.SameEmail(got.Email, want.Email) && !m.Marked:
		return nil, disobeyed("its e-mail address")
	case !m.SameEmail(got.Email, want.Email):
		return got, disobeyed("its e-mail address")
	case got.Role != role:
		return got, disobeyed("the role %s", cmp.Or(m.RoleNames[role], string(role)))
	case got.Active != want.Active && !m.AsItIs:
		return got, disobeyed("its active or inactive state")
	}
	return got, nil
}

// CheckEmail refuses an address that a desk would refuse, or find nobody by: what is no
// address, and what is longer than most characters. why ends the sentence; "" is nothing to say.
func CheckEmail(v kit.Vendor, email string, most int, why string) error {
	if kit.IsEmail(email, most) {
		return nil
	}
	return &desk.Error{Kind: desk.Permanent, Field: "email", Detail: "the person has no e-mail address that " + v.Name + " takes" + why}
}

// OneName returns want as a desk keeps it that has one name for the whole person, of at most
// so many characters, and no place for a title and a time zone. Somebody whose name is not
// said at all keeps the one on the desk.
func OneName(want provision.DeskUser, most int) provision.DeskUser {
	shown := cmp.Or(kit.OneLine(want.DisplayName), kit.OneLine(want.GivenName+" "+want.FamilyName))
	want.DisplayName = kit.CutRunes(shown, most)
	want.GivenName, want.FamilyName, want.Title, want.Timezone = "", "", "", ""
	return want
}

// NoRole returns the error for a role of ours that no role of a desk stands for, where the
// setting limited_role can name one.
func NoRole(v kit.Vendor, role provision.Role) *desk.Error {
	return desk.Errorf(desk.Permanent, "no role of %s stands for %s here: let the rule grant agent or admin, or limited once limited_role is set on the desk", v.Name, cmp.Or(role, provision.RoleNone))
}

// Problem adds to what [desk.Desk] finds by Check what an error says that only an administrator
// can mend, a Permanent one, and returns any other.
func Problem(p *desk.Profile, err error) error {
	if err == nil || desk.KindOf(err) != desk.Permanent {
		return err
	}
	p.Problemf("%s", desk.DetailOf(err))
	return nil
}

// SameText reports whether two texts are the same to people: without regard to letter case.
func SameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

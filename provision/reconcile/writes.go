package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// DeskFacts is what a worker found out about the desk for a [Run].
type DeskFacts struct {
	Self              provision.DeskUserID      // our own service account
	RoleNames         map[provision.Role]string // the desk's words for the roles that it knows
	CanRevokeSessions bool                      // the desk can end sessions and keys
	// Admins returns how many active users hold the admin or owner role. It is
	// asked only before one of them is demoted.
	Admins func() (int, error)
}

// AttentionError says that a person is needed before an account can go on.
type AttentionError struct {
	Code   provision.ReasonCode // never [provision.ReasonNone]
	Reason string               // tells people what to do

	Recheck bool // it may be over without anybody saying so: the account is looked at again by itself
}

// Error returns the reason.
func (e *AttentionError) Error() string { return e.Reason }

func needsAttention(code provision.ReasonCode, format string, args ...any) *AttentionError {
	return &AttentionError{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// Writes returns what must be written on the desk so that have becomes what v
// wants, in order; none when the desk is as it should be. want is what the desk
// would show of the person ([provision.Profile] in the desk's own spelling); have is the
// user that the desk has, or nil.
//
// A [AttentionError] means that nothing may be written before a person has
// decided. The rules it keeps: our own account and the owner are never touched,
// the last admin stays, a user that we neither made nor adopted is never
// written to, teams and mailboxes outside the managed scope stay as they are.
func Writes(v *Run, want provision.DeskUser, have *provision.DeskUser, around DeskFacts) ([]Write, error) {
	if have != nil {
		if done, err := protect(v, have, around); done || err != nil {
			return nil, err
		}
	}
	if v.Ending() {
		return endingWrites(v, have, around)
	}
	return grantingWrites(v, want, have, around)
}

// protect keeps what must not be touched. done means that there is nothing to
// write, and no reason to ask anybody.
func protect(v *Run, have *provision.DeskUser, around DeskFacts) (done bool, _ error) {
	switch {
	case have.ID == around.Self:
		return false, needsAttention(provision.ReasonSelf, "desk user %s is the service account that Deskbridge itself uses on %s; give that account an address of its own, then run `deskbridge retry`", have.ID, v.Desk.Name)
	case (v.Account.Origin == provision.OriginNone || v.adoptionAgreed()) && v.Ending() && !v.Ours(have):
		return true, nil // never ours, so nothing of ours to take away
	case have.Role == provision.RoleOwner && v.Ending():
		return false, needsAttention(provision.ReasonOwner, "desk user %s is the owner of %s; transfer the ownership there first, then run `deskbridge retry`", have.ID, v.Desk.Name)
	}
	return false, nil
}

func grantingWrites(v *Run, want provision.DeskUser, have *provision.DeskUser, around DeskFacts) ([]Write, error) {
	access := v.Account.Desired
	if have == nil {
		return []Write{newWrite(v, WriteCreate, map[string]any{"role": access.Role, "teams": access.Teams, "mailboxes": access.Mailboxes})}, nil
	}
	var writes []Write
	if (v.Account.Origin == provision.OriginNone || v.adoptionAgreed()) && !v.Ours(have) {
		if err := mayAdopt(v, have); err != nil {
			return nil, err
		}
		writes = append(writes, newWrite(v, WriteAdopt, map[string]any{"desk_user": have.ID, "had_role": have.Role}))
	}
	if !have.Active {
		writes = append(writes, newWrite(v, WriteActivate, nil))
	}
	if fields := profileDiff(want, *have); len(fields) > 0 {
		writes = append(writes, newWrite(v, WriteProfile, map[string]any{"fields": fields}))
	}
	role, err := roleWrite(v, have, access.Role, around)
	if err != nil {
		return nil, err
	}
	rooms := placementWrites(v, have, access.Teams, access.Mailboxes)
	// A weak role may not be allowed teams: people go up before they join, and
	// leave before they go down.
	if role != nil && have.Role.Less(access.Role) {
		writes = append(writes, *role)
		role = nil
	}
	writes = append(writes, rooms...)
	if role != nil {
		writes = append(writes, *role)
	}
	return writes, nil
}

func mayAdopt(v *Run, have *provision.DeskUser) error {
	if v.adoptionAgreed() {
		if have.Role == provision.RoleOwner {
			return needsAttention(provision.ReasonOwner, "desk user %s is the owner of %s, which Deskbridge never takes over", have.ID, v.Desk.Name)
		}
		return nil
	}
	how := "run `deskbridge retry --adopt " + string(v.Account.ID) + "` to take it over"
	switch {
	case have.Role == provision.RoleOwner || have.Role == provision.RoleAdmin:
		return needsAttention(provision.ReasonAdoption, "%s already has a user %s for this person, who is %s there and was not made by Deskbridge; %s", v.Desk.Name, have.ID, have.Role, how)
	case v.Desk.Adoption == provision.AdoptAutomatic && slices.Contains(v.Connection.Domains, domain(v.Account.Profile.Email)):
		return nil
	case v.Desk.Adoption == provision.AdoptOff:
		return needsAttention(provision.ReasonAdoption, "%s already has a user %s for this person that was not made by Deskbridge, and adoption is off for this desk; remove that user, or %s", v.Desk.Name, have.ID, how)
	}
	return needsAttention(provision.ReasonAdoption, "%s already has a user %s for this person that was not made by Deskbridge; %s", v.Desk.Name, have.ID, how)
}

func domain(email string) string {
	return provision.Fold(email[strings.LastIndexByte(email, '@')+1:])
}

func roleWrite(v *Run, have *provision.DeskUser, role provision.Role, around DeskFacts) (*Write, error) {
	if have.Role.Rank() == role.Rank() || have.Role == provision.RoleOwner {
		return nil, nil
	}
	if have.Role == provision.RoleAdmin && role.Less(provision.RoleAdmin) {
		if err := keepLastAdmin(v, have, around); err != nil {
			return nil, err
		}
	}
	s := newWrite(v, WriteRole, map[string]any{"from": have.Role, "to": role})
	return &s, nil
}

func keepLastAdmin(v *Run, have *provision.DeskUser, around DeskFacts) error {
	if !have.Active {
		return nil
	}
	n, err := around.Admins()
	if err != nil {
		return err
	}
	if n <= 1 {
		return needsAttention(provision.ReasonLastAdmin, "desk user %s is the last admin of %s; make somebody else admin there, then run `deskbridge retry`", have.ID, v.Desk.Name)
	}
	return nil
}

// placementWrites brings teams and mailboxes to what is desired, within the managed
// scope.
func placementWrites(v *Run, have *provision.DeskUser, teams, mailboxes []string) []Write {
	var writes []Write
	if add, remove := difference(have.Teams, teams, v.Teams); len(add)+len(remove) > 0 {
		writes = append(writes, newWrite(v, WriteTeams, map[string]any{"add": add, "remove": remove}))
	}
	if add, remove := difference(have.Mailboxes, mailboxes, v.Mailboxes); len(add)+len(remove) > 0 {
		writes = append(writes, newWrite(v, WriteMailboxes, map[string]any{"add": add, "remove": remove}))
	}
	return writes
}

// difference compares names without regard to letter case.
func difference(have, want, managed []string) (add, remove []string) {
	for _, name := range want {
		if !provision.ContainsFold(have, name) {
			add = append(add, name)
		}
	}
	for _, name := range have {
		if !provision.ContainsFold(want, name) && provision.ContainsFold(managed, name) {
			remove = append(remove, name)
		}
	}
	return add, remove
}

// profileDiff names the fields in which have differs from want. What the IdP
// does not say stays as it is on the desk.
func profileDiff(want, have provision.DeskUser) []string {
	var fields []string
	for _, f := range []struct{ name, want, have string }{
		{"email", provision.Fold(want.Email), provision.Fold(have.Email)},
		{"given_name", want.GivenName, have.GivenName},
		{"family_name", want.FamilyName, have.FamilyName},
		{"display_name", want.DisplayName, have.DisplayName},
		{"title", want.Title, have.Title},
		{"phone", want.Phone, have.Phone},
		{"timezone", want.Timezone, have.Timezone},
	} {
		if f.want != "" && f.want != f.have {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// endingWrites ends access: hand over, leave, demote, then the desk's policy.
// Everything that can be undone comes before what cannot.
func endingWrites(v *Run, have *provision.DeskUser, around DeskFacts) ([]Write, error) {
	if have == nil {
		return nil, nil
	}
	if have.Role == provision.RoleAdmin {
		if err := keepLastAdmin(v, have, around); err != nil {
			return nil, err
		}
	}
	var writes []Write
	writes = append(writes, placementWrites(v, have, nil, nil)...)
	if to := demoted(v, around); to.Less(have.Role) && (have.Active || v.Desk.OnLeave == provision.LeaveDowngrade) {
		writes = append(writes, newWrite(v, WriteRole, map[string]any{"from": have.Role, "to": to}))
	}
	switch v.Desk.OnLeave {
	case provision.LeaveDelete:
		writes = append(writes, newWrite(v, WriteDelete, nil))
	case provision.LeaveAnonymize:
		if have.Active {
			writes = append(writes, newWrite(v, WriteAnonymize, nil))
		}
	case provision.LeaveDowngrade:
	default:
		if have.Active {
			writes = append(writes, newWrite(v, WriteDeactivate, nil))
		}
	}
	if around.CanRevokeSessions && have.Active && len(writes) > 0 {
		writes = append([]Write{newWrite(v, WriteSessions, nil)}, writes...)
	}
	return writes, nil
}

// Reversible returns writes without those that end an account for good: while a
// leaver's conversations could not be handed over, deleting the account could
// lose them. The account is deactivated instead.
func Reversible(v *Run, writes []Write, have *provision.DeskUser) []Write {
	var out []Write
	for _, st := range writes {
		switch {
		case st.Kind != WriteDelete && st.Kind != WriteAnonymize:
			out = append(out, st)
		case have.Active:
			out = append(out, newWrite(v, WriteDeactivate, nil))
		}
	}
	return out
}

// demoted returns the role that a leaver is left with. Where the account stays
// usable that is the weakest that the desk has a word for. Where it is ended
// anyway only an admin is demoted, as far as agent, unless the desk knows none:
// some desks let an admin's keys work on, or refuse to delete one.
func demoted(v *Run, around DeskFacts) provision.Role {
	for _, r := range provision.Roles {
		if _, known := around.RoleNames[r]; known && (r == provision.RoleNone || v.Desk.OnLeave == provision.LeaveDowngrade) {
			return r
		}
	}
	return provision.RoleAgent
}

func newWrite(v *Run, kind WriteKind, detail map[string]any) Write {
	return Write{Account: v.Account.ID, Kind: kind, Detail: detail}
}

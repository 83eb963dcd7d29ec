package provision

import (
	"fmt"
	"slices"
	"strings"
)

// Visit is one look at an account by a worker that holds its lease: what is
// wanted, and everything that decides what may be written.
type Visit struct {
	Account    Account
	Desk       Desk
	Connection Connection

	// Unfinished are the steps of earlier visits that were journalled and may
	// or may not have reached the desk.
	Unfinished []Step
	// Teams and Mailboxes are those that rules govern on this desk, now or
	// when access was last granted. All others are people's own business and
	// stay as they are. Sorted.
	Teams     []string
	Mailboxes []string
}

// agreed reports whether a person has said yes to taking over whatever user
// the desk already has, and that user has not been looked at since.
func (v *Visit) agreed() bool {
	return v.Account.Origin == OriginAdopted && v.Account.DeskUser == ""
}

// Ending reports whether the account's access is to end.
func (v *Visit) Ending() bool { return v.Account.Wanted.Status != AccessActive }

// Surroundings is what a worker found out about the desk for a [Visit].
type Surroundings struct {
	Self  DeskUserID      // our own service account
	Words map[Role]string // the desk's words for the roles that it knows
	Keys  bool            // the desk can end sessions and keys
	// Admins returns how many active users hold the admin or owner role. It is
	// asked only before one of them is demoted.
	Admins func() (int, error)
}

// ParkedError says that a person is needed before an account can go on. Reason
// tells them what to do.
type ParkedError struct{ Reason string }

// Error returns the reason.
func (e *ParkedError) Error() string { return e.Reason }

func parked(format string, args ...any) error {
	return &ParkedError{Reason: fmt.Sprintf(format, args...)}
}

// Steps returns what must be written on the desk so that have becomes what v
// wants, in order; none when the desk is as it should be. want is what the desk
// would show of the person ([Profile] in the desk's own spelling); have is the
// user that the desk has, or nil.
//
// A [ParkedError] means that nothing may be written before a person has
// decided. The rules it keeps: our own account and the owner are never touched,
// the last admin stays, a user that we neither made nor adopted is never
// written to, teams and mailboxes that no rule governs stay as they are.
func Steps(v *Visit, want DeskUser, have *DeskUser, around Surroundings) ([]Step, error) {
	if have != nil {
		if done, err := protect(v, have, around); done || err != nil {
			return nil, err
		}
	}
	if v.Ending() {
		return endingSteps(v, have, around)
	}
	return grantingSteps(v, want, have, around)
}

// protect keeps what must not be touched. done means that there is nothing to
// write, and no reason to ask anybody.
func protect(v *Visit, have *DeskUser, around Surroundings) (done bool, _ error) {
	switch {
	case have.ID == around.Self:
		return false, parked("desk user %s is the service account that Deskbridge itself uses on %s; give that account an address of its own, then run `deskbridge retry`", have.ID, v.Desk.Name)
	case (v.Account.Origin == OriginNone || v.agreed()) && v.Ending() && !v.Ours(have):
		return true, nil // never ours, so nothing of ours to take away
	case have.Role == RoleOwner && v.Ending():
		return false, parked("desk user %s is the owner of %s; transfer the ownership there first, then run `deskbridge retry`", have.ID, v.Desk.Name)
	}
	return false, nil
}

// Ours reports whether we made have, even if a crash kept us from noting it:
// it carries our mark, or we had journalled its making after having looked that
// there was none.
func (v *Visit) Ours(have *DeskUser) bool {
	if have.ExternalID != "" {
		return have.ExternalID == string(v.Account.ID)
	}
	return slices.ContainsFunc(v.Unfinished, func(s Step) bool { return s.Kind == StepCreate })
}

func grantingSteps(v *Visit, want DeskUser, have *DeskUser, around Surroundings) ([]Step, error) {
	access := v.Account.Wanted
	if have == nil {
		return []Step{step(v, StepCreate, map[string]any{"role": access.Role, "teams": access.Teams, "mailboxes": access.Mailboxes})}, nil
	}
	var steps []Step
	if (v.Account.Origin == OriginNone || v.agreed()) && !v.Ours(have) {
		if err := mayAdopt(v, have); err != nil {
			return nil, err
		}
		steps = append(steps, step(v, StepAdopt, map[string]any{"desk_user": have.ID, "had_role": have.Role}))
	}
	if !have.Active {
		steps = append(steps, step(v, StepActivate, nil))
	}
	if fields := profileDiff(want, *have); len(fields) > 0 {
		steps = append(steps, step(v, StepProfile, map[string]any{"fields": fields}))
	}
	role, err := roleStep(v, have, access.Role, around)
	if err != nil {
		return nil, err
	}
	rooms := roomSteps(v, have, access.Teams, access.Mailboxes)
	// A weak role may not be allowed teams: people go up before they join, and
	// leave before they go down.
	if role != nil && have.Role.Less(access.Role) {
		steps = append(steps, *role)
		role = nil
	}
	steps = append(steps, rooms...)
	if role != nil {
		steps = append(steps, *role)
	}
	return steps, nil
}

func mayAdopt(v *Visit, have *DeskUser) error {
	if v.agreed() {
		if have.Role == RoleOwner {
			return parked("desk user %s is the owner of %s, which Deskbridge never takes over", have.ID, v.Desk.Name)
		}
		return nil
	}
	how := "run `deskbridge retry --adopt " + string(v.Account.ID) + "` to take it over"
	switch {
	case have.Role == RoleOwner || have.Role == RoleAdmin:
		return parked("%s already has a user %s for this person, who is %s there and was not made by Deskbridge; %s", v.Desk.Name, have.ID, have.Role, how)
	case v.Desk.Adoption == AdoptAutomatic && slices.Contains(v.Connection.Domains, domain(v.Account.Profile.Email)):
		return nil
	case v.Desk.Adoption == AdoptOff:
		return parked("%s already has a user %s for this person that was not made by Deskbridge, and adoption is off for this desk; remove that user, or %s", v.Desk.Name, have.ID, how)
	}
	return parked("%s already has a user %s for this person that was not made by Deskbridge; %s", v.Desk.Name, have.ID, how)
}

func domain(email string) string {
	return Fold(email[strings.LastIndexByte(email, '@')+1:])
}

func roleStep(v *Visit, have *DeskUser, role Role, around Surroundings) (*Step, error) {
	if have.Role.rank() == role.rank() || have.Role == RoleOwner {
		return nil, nil
	}
	if have.Role == RoleAdmin && role.Less(RoleAdmin) {
		if err := keepLastAdmin(v, have, around); err != nil {
			return nil, err
		}
	}
	s := step(v, StepRole, map[string]any{"from": have.Role, "to": role})
	return &s, nil
}

func keepLastAdmin(v *Visit, have *DeskUser, around Surroundings) error {
	if !have.Active {
		return nil
	}
	n, err := around.Admins()
	if err != nil {
		return err
	}
	if n <= 1 {
		return parked("desk user %s is the last admin of %s; make somebody else admin there, then run `deskbridge retry`", have.ID, v.Desk.Name)
	}
	return nil
}

// roomSteps brings teams and mailboxes to what is wanted, of those that rules
// govern.
func roomSteps(v *Visit, have *DeskUser, teams, mailboxes []string) []Step {
	var steps []Step
	if add, remove := difference(have.Teams, teams, v.Teams); len(add)+len(remove) > 0 {
		steps = append(steps, step(v, StepTeams, map[string]any{"add": add, "remove": remove}))
	}
	if add, remove := difference(have.Mailboxes, mailboxes, v.Mailboxes); len(add)+len(remove) > 0 {
		steps = append(steps, step(v, StepMailboxes, map[string]any{"add": add, "remove": remove}))
	}
	return steps
}

// difference compares names without regard to letter case.
func difference(have, want, managed []string) (add, remove []string) {
	for _, name := range want {
		if !containsFold(have, name) {
			add = append(add, name)
		}
	}
	for _, name := range have {
		if !containsFold(want, name) && containsFold(managed, name) {
			remove = append(remove, name)
		}
	}
	return add, remove
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return Fold(n) == Fold(name) })
}

// profileDiff names the fields in which have differs from want. What the IdP
// does not say stays as it is on the desk.
func profileDiff(want, have DeskUser) []string {
	var fields []string
	for _, f := range []struct{ name, want, have string }{
		{"email", Fold(want.Email), Fold(have.Email)},
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

// endingSteps ends access: hand over, leave, demote, then the desk's policy.
// Everything that can be undone comes before what cannot.
func endingSteps(v *Visit, have *DeskUser, around Surroundings) ([]Step, error) {
	if have == nil {
		return nil, nil
	}
	if have.Role == RoleAdmin {
		if err := keepLastAdmin(v, have, around); err != nil {
			return nil, err
		}
	}
	var steps []Step
	steps = append(steps, roomSteps(v, have, nil, nil)...)
	if to := demoted(v, around); to.Less(have.Role) && (have.Active || v.Desk.OnLeave == LeaveDowngrade) {
		steps = append(steps, step(v, StepRole, map[string]any{"from": have.Role, "to": to}))
	}
	switch v.Desk.OnLeave {
	case LeaveDelete:
		steps = append(steps, step(v, StepDelete, nil))
	case LeaveAnonymize:
		if have.Active {
			steps = append(steps, step(v, StepAnonymize, nil))
		}
	case LeaveDowngrade:
	default:
		if have.Active {
			steps = append(steps, step(v, StepDeactivate, nil))
		}
	}
	if around.Keys && have.Active && len(steps) > 0 {
		steps = append([]Step{step(v, StepSessions, nil)}, steps...)
	}
	return steps, nil
}

// Reversible returns steps without those that end an account for good: while a
// leaver's conversations could not be handed over, deleting the account could
// lose them. The account is deactivated instead.
func Reversible(v *Visit, steps []Step, have *DeskUser) []Step {
	var out []Step
	for _, st := range steps {
		switch {
		case st.Kind != StepDelete && st.Kind != StepAnonymize:
			out = append(out, st)
		case have.Active:
			out = append(out, step(v, StepDeactivate, nil))
		}
	}
	return out
}

// demoted returns the role that a leaver is left with. Where the account stays
// usable that is the weakest that the desk has a word for. Where it is ended
// anyway only an admin is demoted, as far as agent, unless the desk knows none:
// some desks let an admin's keys work on, or refuse to delete one.
func demoted(v *Visit, around Surroundings) Role {
	for _, r := range Roles {
		if _, known := around.Words[r]; known && (r == RoleNone || v.Desk.OnLeave == LeaveDowngrade) {
			return r
		}
	}
	return RoleAgent
}

func step(v *Visit, kind StepKind, detail map[string]any) Step {
	return Step{Account: v.Account.ID, Kind: kind, Detail: detail}
}

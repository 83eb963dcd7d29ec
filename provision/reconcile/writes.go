package reconcile

import (
	"cmp"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// DeskFacts is what a worker found out about the desk for a [Run].
type DeskFacts struct {
	Self              provision.DeskUserID      // our own service account
	RoleNames         map[provision.Role]string // the desk's words for the roles that it knows
	CanRevokeSessions bool                      // the desk can end sessions and keys
	CanStopInflow     bool                      // the desk deals out conversations, and can be told not to
	// CutFirst says that access is ended before conversations are handed over:
	// they stay with a deactivated user.
	CutFirst        bool
	MailboxesByTeam bool // access to mailboxes follows from teams
	// RankOf is what the desk's own roles amount to, by folded name; the desk has none
	// that it lacks.
	RankOf      map[string]provision.Role
	TeamsHidden bool // the desk does not show where a deactivated user is
	// Holder returns which other account of ours has a desk user, or the
	// account whose external id the user carries; "" when it is nobody's. It
	// is asked only about users that are not the run's own; nil: they are nobody's.
	Holder func(u *provision.DeskUser) (provision.AccountID, error)
	// Admins returns how many active users hold the admin or owner role. It is
	// asked only before one of them is demoted.
	Admins func() (int, error)
}

// AttentionError says that a person is needed before an account can go on.
type AttentionError struct {
	Code   provision.ReasonCode // never [provision.ReasonNone]
	Reason string               // tells people what to do
	// Logged is Reason for the audit log and the log, without the addresses
	// that people need to find somebody; "" when Reason holds none.
	Logged string
	// Recheck says that the desk may show one day that it was done; Doubts that it is about who the account's user is.
	Recheck, Doubts bool
}

// Error returns the reason.
func (e *AttentionError) Error() string { return e.Reason }

// Log returns the reason without personal data.
func (e *AttentionError) Log() string { return cmp.Or(e.Logged, e.Reason) }

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
	case v.holds(have):
		if have.Role == provision.RoleOwner && v.Ending() {
			return false, ownerStays(v, have)
		}
		return false, nil
	}
	if other, err := around.holder(have); err != nil || other != "" {
		if err == nil && !v.Ending() {
			err = userTaken(v, have, other)
		}
		return true, err // never ours, so nothing of ours to take away
	}
	switch {
	case !v.Ending():
		return false, nil // may be adopted
	case v.adoptionAgreed() && have.Role != provision.RoleOwner:
		return false, nil
	}
	return true, Residual(v, have)
}

// holds reports whether have is the account's: known to be, or ours after a crash.
func (r *Run) holds(have *provision.DeskUser) bool {
	return r.Account.Origin != provision.OriginNone && !r.adoptionAgreed() || r.Ours(have)
}

func (f DeskFacts) holder(u *provision.DeskUser) (provision.AccountID, error) {
	if f.Holder == nil {
		return "", nil
	}
	return f.Holder(u)
}

func ownerStays(v *Run, have *provision.DeskUser) error {
	const said = "desk user %s%s is the owner of %s, who still has access; transfer the ownership there first, then run `deskbridge retry`"
	return &AttentionError{Code: provision.ReasonOwner,
		Reason: fmt.Sprintf(said, have.ID, " ("+have.Email+")", v.Desk.Name), Logged: fmt.Sprintf(said, have.ID, "", v.Desk.Name)}
}

func userTaken(v *Run, have *provision.DeskUser, other provision.AccountID) error {
	return &AttentionError{Code: provision.ReasonUserTaken, Recheck: true,
		Reason: fmt.Sprintf("another person in Deskbridge already holds that user on %s: desk user %s is of account %s; `deskbridge explain` both, and free the address at the IdP", v.Desk.Name, have.ID, other)}
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

// placementWrites brings desk roles, teams and mailboxes to what is desired, within
// the managed scope. What is hidden is not compared.
func placementWrites(v *Run, have *provision.DeskUser, roles, teams, mailboxes []string) []Write {
	var writes []Write
	if add, remove := provision.Difference(have.DeskRoles, roles, v.DeskRoles); len(add)+len(remove) > 0 {
		writes = append(writes, newWrite(v, WriteDeskRoles, map[string]any{"add": add, "remove": remove}))
	}
	if have.TeamsHidden {
		return writes
	}
	if add, remove := provision.Difference(have.Teams, teams, v.Teams); len(add)+len(remove) > 0 {
		writes = append(writes, newWrite(v, WriteTeams, map[string]any{"add": add, "remove": remove}))
	}
	if add, remove := provision.Difference(have.Mailboxes, mailboxes, v.Mailboxes); len(add)+len(remove) > 0 {
		writes = append(writes, newWrite(v, WriteMailboxes, map[string]any{"add": add, "remove": remove}))
	}
	return writes
}

func adopt(v *Run, have *provision.DeskUser) Write {
	return newWrite(v, WriteAdopt, map[string]any{"desk_user": have.ID, "had_role": have.Role})
}

func newWrite(v *Run, kind WriteKind, detail map[string]any) Write {
	return Write{Account: v.Account.ID, Kind: kind, Detail: detail}
}

package reconcile

import (
	"cmp"
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
	CanStopInflow     bool                      // the desk deals out conversations, and can be told not to
	// CutFirst says that access is ended before conversations are handed over:
	// they stay with a deactivated user.
	CutFirst        bool
	MailboxesByTeam bool // access to mailboxes follows from teams
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
	// Recheck says that the desk may show one day that it was done.
	Recheck bool
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

// Residual returns why access has not ended although nothing of ours is left on
// the desk: it shows have, with the person's address or external id, whom
// nobody accounts for. Nil says that have has no access: it is not active, or
// has no role.
func Residual(v *Run, have *provision.DeskUser) error {
	switch {
	case !have.Active:
		return nil
	case have.Role == provision.RoleOwner:
		return ownerStays(v, have)
	case have.Role.Rank() == 0:
		return nil
	}
	const said = "%s still shows desk user %s (%s) for this person, active and not accounted for: neither made nor adopted by Deskbridge, so access has not ended. Deactivate or delete that user on %s%s"
	how := "; Deskbridge looks again by itself"
	if v.Account.DeskUser == "" {
		how = ", or run `deskbridge retry --adopt " + string(v.Account.ID) + "` to have Deskbridge end its access"
	}
	role := "role " + string(have.Role)
	return &AttentionError{Code: provision.ReasonResidual, Recheck: true,
		Reason: fmt.Sprintf(said, v.Desk.Name, have.ID, have.Email+", "+role, v.Desk.Name, how),
		Logged: fmt.Sprintf(said, v.Desk.Name, have.ID, role, v.Desk.Name, how)}
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

func grantingWrites(v *Run, want provision.DeskUser, have *provision.DeskUser, around DeskFacts) ([]Write, error) {
	access := v.Account.Desired
	if have == nil {
		return []Write{newWrite(v, WriteCreate, map[string]any{"role": access.Role, "teams": access.Teams, "mailboxes": access.Mailboxes})}, nil
	}
	var writes []Write
	if !v.holds(have) {
		if err := mayAdopt(v, have); err != nil {
			return nil, err
		}
		writes = append(writes, adopt(v, have))
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
	if have.Role == provision.RoleOwner {
		return needsAttention(provision.ReasonOwner, "desk user %s, which has this person's address, is the owner of %s, which Deskbridge never takes over; transfer the ownership there or give the person another address, then run `deskbridge retry`", have.ID, v.Desk.Name)
	}
	if v.adoptionAgreed() {
		return nil
	}
	how := "run `deskbridge retry --adopt " + string(v.Account.ID) + "` to take it over"
	switch {
	case have.Role == provision.RoleAdmin:
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

// endingWrites ends access: sessions, leave, demote, then the desk's policy.
// Everything that can be undone comes before what cannot. With CutFirst the user
// is deactivated before all else; [BeforeHandOver] says where conversations are
// handed over.
func endingWrites(v *Run, have *provision.DeskUser, around DeskFacts) ([]Write, error) {
	if have == nil {
		return nil, nil
	}
	if !v.holds(have) { // agreed to; what it may lose is seen once it is the account's
		return []Write{adopt(v, have)}, nil
	}
	if have.Role == provision.RoleAdmin {
		if err := keepLastAdmin(v, have, around); err != nil {
			return nil, err
		}
	}
	policy := v.Desk.OnLeave
	cut := around.CutFirst && policy != provision.LeaveDowngrade
	var writes []Write
	if cut && have.Active {
		writes = append(writes, newWrite(v, WriteDeactivate, nil))
	}
	writes = append(writes, placementWrites(v, have, nil, nil)...)
	if to := demoted(v, around); to.Less(have.Role) && (have.Active || cut || policy == provision.LeaveDowngrade) {
		writes = append(writes, newWrite(v, WriteRole, map[string]any{"from": have.Role, "to": to}))
	}
	switch {
	case policy == provision.LeaveDelete:
		writes = append(writes, newWrite(v, WriteDelete, nil))
	case policy == provision.LeaveAnonymize && (have.Active || cut && !nameless(v, have)):
		writes = append(writes, newWrite(v, WriteAnonymize, nil))
	case policy != provision.LeaveAnonymize && policy != provision.LeaveDowngrade && have.Active && !cut:
		writes = append(writes, newWrite(v, WriteDeactivate, nil))
	}
	if len(writes) == 0 || !have.Active {
		return writes, nil
	}
	var first []Write
	if around.CanRevokeSessions {
		first = append(first, newWrite(v, WriteSessions, nil))
	}
	if around.CanStopInflow && !v.Account.Transfer.InflowStopped {
		first = append(first, newWrite(v, WriteInflow, nil))
	}
	return append(first, writes...), nil
}

// nameless reports whether a desk shows nothing of the person in have any more.
func nameless(v *Run, have *provision.DeskUser) bool {
	p := v.Account.Profile
	for _, pair := range [][2]string{{have.ExternalID, string(v.Account.ID)}, {have.Email, p.Email}, {have.DisplayName, p.DisplayName},
		{have.GivenName, p.GivenName}, {have.FamilyName, p.FamilyName}} {
		if pair[1] != "" && provision.Fold(pair[0]) == provision.Fold(pair[1]) {
			return false
		}
	}
	return true
}

// BeforeHandOver cuts the writes of a leaver in two: those that come before
// their conversations are handed over, and those that come after it.
func BeforeHandOver(writes []Write, around DeskFacts) (first, rest []Write) {
	for _, w := range writes {
		if w.Kind == WriteAdopt || w.Kind == WriteInflow || around.CutFirst && (w.Kind == WriteSessions || w.Kind == WriteDeactivate) {
			first = append(first, w)
		} else {
			rest = append(rest, w)
		}
	}
	return first, rest
}

// Loss is what somebody who stays can no longer own conversations in once
// writes are done. The zero value is nothing.
type Loss struct {
	All       bool     // conversations of whatever mailbox: the role is one that owns none
	Mailboxes []string // taken away
	Teams     []string // taken away
	Kept      []string // mailboxes that stay, where a role that saw all of them is taken away; nil: it is not
}

// Loses reports whether a conversation in a mailbox, which may be "", is lost.
func (l Loss) Loses(mailbox string) bool {
	return l.All || provision.ContainsFold(l.Mailboxes, mailbox) || l.Kept != nil && mailbox != "" && !provision.ContainsFold(l.Kept, mailbox)
}

// Any reports whether anything may be lost.
func (l Loss) Any() bool { return l.All || l.Kept != nil || len(l.Mailboxes)+len(l.Teams) > 0 }

// Losing returns what have loses by writes, of a run whose access does not end.
func Losing(v *Run, have *provision.DeskUser, writes []Write, around DeskFacts) (l Loss) {
	if have == nil || v.Ending() || v.Account.Desired.Role == provision.RoleAdmin && have.Role == provision.RoleAdmin && !around.MailboxesByTeam { // who sees all of them
		return l
	}
	agent := provision.RoleAgent.Rank()
	for _, w := range writes {
		switch w.Kind {
		case WriteTeams:
			l.Teams = w.Names("remove")
		case WriteMailboxes:
			l.Mailboxes = w.Names("remove")
		case WriteRole:
			l.All = have.Role.Rank() >= agent && v.Account.Desired.Role.Rank() < agent
			if have.Role == provision.RoleAdmin && !around.MailboxesByTeam {
				l.Kept = append([]string{}, v.Account.Desired.Mailboxes...)
				for _, m := range have.Mailboxes {
					if !provision.ContainsFold(v.Mailboxes, m) { // nobody's business but theirs
						l.Kept = append(l.Kept, m)
					}
				}
			}
		}
	}
	return l
}

// UntilRaised cuts writes of somebody who is to see all mailboxes after the one
// that says so: what they own in those that are taken away is theirs once the
// desk shows the role, and not before.
func UntilRaised(v *Run, have *provision.DeskUser, writes []Write, around DeskFacts) []Write {
	if v.Ending() || have.Role == provision.RoleAdmin || v.Account.Desired.Role != provision.RoleAdmin || around.MailboxesByTeam {
		return writes
	}
	if i := slices.IndexFunc(writes, func(w Write) bool { return w.Kind == WriteRole }); i >= 0 {
		return writes[:i+1]
	}
	return writes
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

func adopt(v *Run, have *provision.DeskUser) Write {
	return newWrite(v, WriteAdopt, map[string]any{"desk_user": have.ID, "had_role": have.Role})
}

func newWrite(v *Run, kind WriteKind, detail map[string]any) Write {
	return Write{Account: v.Account.ID, Kind: kind, Detail: detail}
}

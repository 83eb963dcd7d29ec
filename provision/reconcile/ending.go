package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
)

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
	way := v.Desk.Ends(&v.Account)
	if way.ForGood != "" && v.Account.Leaving.Reached > 0 {
		return lateWrites(v, have, around, way)
	}
	return wayWrites(v, have, around, way), nil
}

// lateWrites are the writes of the step that nothing brings back, long after access has
// ended: only on a user who shows what they showed then, and as the steps before left
// them. Whoever has access again loses it, and the time begins anew.
func lateWrites(v *Run, have *provision.DeskUser, around DeskFacts, way leave.Way) ([]Write, error) {
	if shown := markOf(have); shown != v.Account.Leaving.Mark {
		const said = "desk user %s, whom Deskbridge is to %s on %s because this person has left, shows %s by now, and may be somebody else; nothing was done. " +
			"If it is the leaver all the same, %s that user there by hand; if not, take care that nobody loses them, and that nobody's access is left with the leaver"
		return nil, &AttentionError{Code: provision.ReasonUserTaken, Recheck: true,
			Reason: fmt.Sprintf(said, have.ID, way.ForGood, v.Desk.Name, cmp.Or(shown, "neither mark nor address"), way.ForGood),
			Logged: fmt.Sprintf(said, have.ID, way.ForGood, v.Desk.Name, "another mark or address", way.ForGood)}
	}
	before := wayWrites(v, have, around, way.Without())
	if v.anew = slices.ContainsFunc(before, func(w Write) bool { return w.Kind == WriteDeactivate || w.Kind == WriteRole }); v.anew {
		return before, nil
	}
	return wayWrites(v, have, around, way), nil
}

// markOf is what a desk shows of a user that is nobody else's: our mark, or where it
// keeps none the address or name; "" of nobody.
func markOf(u *provision.DeskUser) string {
	if u == nil {
		return ""
	}
	return cmp.Or(u.ExternalID, provision.Fold(u.Email), provision.Fold(u.UserName))
}

// leftMark is the mark of the account's user that is left on the desk after access has
// ended; "" where have is nobody, or somebody else's.
func (r *Run) leftMark(have *provision.DeskUser) string {
	if have == nil || have.ID != r.Account.DeskUser || r.Account.Origin == provision.OriginNone {
		return ""
	}
	return markOf(have)
}

// wayWrites are the writes that end access in a way, in order.
func wayWrites(v *Run, have *provision.DeskUser, around DeskFacts, way leave.Way) []Write {
	cut := around.CutFirst && !way.StaysUsable()
	var writes []Write
	if cut && have.Active {
		writes = append(writes, newWrite(v, WriteDeactivate, nil))
	}
	if !(cut && around.TeamsHidden) { // else nobody can see what is taken away: all of it comes back with the user, and is taken away then
		writes = append(writes, placementWrites(v, have, nil, nil, nil)...)
	}
	if to := demoted(way, around); to.Less(have.Role) && (have.Active || cut || way.Downgrade) {
		writes = append(writes, newWrite(v, WriteRole, map[string]any{"from": have.Role, "to": to}))
	}
	named := (cut || way.Deactivate || v.Desk.Approve.Asks(v.Desk.OnLeave)) && have.Names(&v.Account) // who was deactivated before may be anonymized still
	switch {
	case way.ForGood == provision.LeaveDelete:
		writes = append(writes, newWrite(v, WriteDelete, nil))
	case way.ForGood == provision.LeaveAnonymize && (have.Active || named):
		writes = append(writes, newWrite(v, WriteAnonymize, nil))
	case way.ForGood == "" && way.Deactivate && have.Active && !cut:
		writes = append(writes, newWrite(v, WriteDeactivate, nil))
	}
	if len(writes) == 0 || !have.Active {
		return writes
	}
	var first []Write
	if around.CanRevokeSessions {
		first = append(first, newWrite(v, WriteSessions, nil))
	}
	if around.CanStopInflow && !v.Account.Transfer.InflowStopped {
		first = append(first, newWrite(v, WriteInflow, nil))
	}
	return append(first, writes...)
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
// usable, or a step names a role, that is it, or the weakest that the desk has a word for. Where it is ended
// anyway only an admin is demoted, as far as agent, unless the desk knows none:
// some desks let an admin's keys work on, or refuse to delete one.
func demoted(way leave.Way, around DeskFacts) provision.Role {
	if way.Role != "" {
		return provision.Role(way.Role)
	}
	for _, r := range provision.Roles {
		if _, known := around.RoleNames[r]; known && (r == provision.RoleNone || way.Downgrade) {
			return r
		}
	}
	return provision.RoleAgent
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

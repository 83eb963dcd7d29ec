package offboarding

import (
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// leaving is one time that somebody left.
type leaving struct {
	signals  []provision.Entry // what said so, at least one
	entries  []provision.Entry // all about the person from the first signal on, until they came back
	before   []provision.Entry // and before that
	returned *time.Time        // nil: they have not come back
}

func (l *leaving) began() time.Time { return l.signals[0].At }

// explicit reports whether the person was kept out, and has not only lost what gave
// access.
func (l *leaving) explicit() bool {
	return slices.ContainsFunc(l.signals, func(e provision.Entry) bool { return e.Action != audit.UserAccessLost })
}

// signals are the actions that say that somebody leaves.
var signals = []provision.Action{audit.UserSuspended, audit.UserRemoved, audit.UserAccessLost, audit.PersonBlocked, audit.PersonEnded, audit.PersonExpired}

// bars says what keeps somebody out, whatever else takes place.
type bars struct{ source, block, end, expiry bool }

// note notes what an action means for that. It reports whether one has gone with it.
func (b *bars) note(a provision.Action) (gone bool) {
	before := *b
	switch a {
	case audit.UserSuspended, audit.UserRemoved:
		b.source = true
	case audit.UserRestored:
		b.source = false
	case audit.PersonBlocked:
		b.block = true
	case audit.PersonUnblocked:
		b.block = false
	case audit.PersonEnded:
		b.end = true
	case audit.PersonEndSet:
		b.end = false
	case audit.PersonExpired:
		b.expiry = true
	case audit.PersonRenewed, audit.UserTakenOver:
		b.expiry = false
	}
	return before.source && !b.source || before.block && !b.block || before.end && !b.end || before.expiry && !b.expiry
}

// leavings finds in all that the audit log has about a person, by time, when they
// left. Each ends with the return that follows: the last that kept them out is gone,
// or, of those who had only lost what gave access, something gives it again before it
// had ended, or a desk shows it again.
func leavings(entries []provision.Entry) (all []leaving) {
	open := false
	var barred bars
	for i, e := range entries {
		last := len(all) - 1
		gone := barred.note(e.Action)
		switch {
		case slices.Contains(signals, e.Action) && !open:
			all = append(all, leaving{signals: []provision.Entry{e}, entries: []provision.Entry{e}, before: entries[:i]})
			open = true
			continue
		case slices.Contains(signals, e.Action):
			all[last].signals = append(all[last].signals, e)
		case open && (gone && barred == bars{} || !all[last].explicit() && (e.Action == audit.UserAccessRegained || showsAccess(e))):
			all[last].returned = &entries[i].At
			open = false
		}
		if open {
			all[last].entries = append(all[last].entries, e)
		}
	}
	return all
}

// showsAccess reports whether e says that a desk was read back and shows access.
func showsAccess(e provision.Entry) bool {
	return e.Action == audit.AccountConfirmed && textOf(e, "status") == string(provision.AccessActive)
}

// accounts returns the accounts that the entries of l, and those before, are
// about, with their desks.
func (l *leaving) accounts() map[provision.AccountID]provision.DeskID {
	found := make(map[provision.AccountID]provision.DeskID)
	for _, entries := range [][]provision.Entry{l.before, l.entries} {
		for _, e := range entries {
			if e.Account != "" {
				found[e.Account] = e.Desk
			}
		}
	}
	return found
}

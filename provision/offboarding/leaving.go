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

// explicit reports whether the person was suspended or removed, and has not only
// lost what gave access.
func (l *leaving) explicit() bool {
	return slices.ContainsFunc(l.signals, func(e provision.Entry) bool { return e.Action != audit.UserAccessLost })
}

// leavings finds in all that the audit log has about a person, by time, when they
// left. Each ends with the return that follows: they are restored, or a desk
// shows them with access again, who had only lost what gave it.
func leavings(entries []provision.Entry) (all []leaving) {
	open := false
	for i, e := range entries {
		last := len(all) - 1
		switch {
		case signals(e.Action) && !open:
			all = append(all, leaving{signals: []provision.Entry{e}, entries: []provision.Entry{e}, before: entries[:i]})
			open = true
			continue
		case signals(e.Action):
			all[last].signals = append(all[last].signals, e)
		case open && (e.Action == audit.UserRestored || showsAccess(e) && !all[last].explicit()):
			all[last].returned = &entries[i].At
			open = false
		}
		if open {
			all[last].entries = append(all[last].entries, e)
		}
	}
	return all
}

// signals reports whether an action says that somebody leaves.
func signals(a provision.Action) bool {
	return a == audit.UserSuspended || a == audit.UserRemoved || a == audit.UserAccessLost
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

//go:build !race

// Without the race detector: a run that is cut short ends before the next begins,
// and there are many. test/run.sh plays them by themselves.

package worker_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/google/go-cmp/cmp"
)

// A cut is a way in which a run is cut short at one call of the desk.
var cuts = []struct {
	name string
	set  func(f *faults, at int)
}{
	{"dies before the call", func(f *faults, at int) { f.before = dieAt(at) }},
	{"dies after a write", func(f *faults, at int) { f.after = writes(dieAt(at)) }},
	{"a write fails", func(f *faults, at int) { f.before = writes(failAt(at)) }},
	{"the answer to a write is lost", func(f *faults, at int) { f.after = writes(failAt(at)) }},
}

// story is what happens to one person; a run somewhere in it is cut short.
type story struct {
	name    string
	prepare func(h *harness, name string) provision.Identity // leaves one run to do
	want    func(u *provision.DeskUser) string               // what is wrong with the desk user; ""
	audit   map[string]int                                   // entries that the runs must write, each so often
}

var stories = []story{
	{
		name:    "joins",
		prepare: func(h *harness, name string) provision.Identity { return h.person(name, roles("agent")) },
		want: func(u *provision.DeskUser) string {
			return cmp.Diff([]any{true, provision.RoleAgent, []string{"Tier 1"}, []string{"Help"}}, []any{u.Active, u.Role, u.Teams, u.Mailboxes})
		},
		audit: map[string]int{"account.created": 1, "account.confirmed": 1},
	},
	{
		name: "changes",
		prepare: func(h *harness, name string) provision.Identity {
			id := h.agent(name)
			h.update(id.ID, func(i *provision.Identity) { roles("lead")(i); i.Profile.FamilyName = "Changed" })
			return id
		},
		want: func(u *provision.DeskUser) string {
			return cmp.Diff([]any{true, provision.RoleAdmin, []string{"Tier 2"}, []string{"Billing"}, "Changed"},
				[]any{u.Active, u.Role, u.Teams, u.Mailboxes, u.FamilyName})
		},
		audit: map[string]int{"account.created": 1, "account.confirmed": 2, "account.role_changed": 1, "account.teams_changed": 1,
			"account.mailboxes_changed": 1, "account.profile_changed": 1},
	},
	{
		name: "leaves",
		prepare: func(h *harness, name string) provision.Identity {
			id := h.agent(name)
			for range 2 {
				h.conversation(h.account(id.ID).DeskUser)
			}
			h.suspend(id.ID)
			return id
		},
		want: func(u *provision.DeskUser) string {
			return cmp.Diff([]any{false, provision.RoleNone, 0, 0}, []any{u.Active, u.Role, len(u.Teams), len(u.Mailboxes)})
		},
		audit: map[string]int{"account.created": 1, "account.confirmed": 1, "conversation.handed_over": 2, "account.handed_over": 1, "account.teams_changed": 1,
			"account.mailboxes_changed": 1, "account.role_changed": 1, "account.deactivated": 1, "account.ended": 1},
	},
	{
		name: "comes back",
		prepare: func(h *harness, name string) provision.Identity {
			id := h.agent(name)
			h.suspend(id.ID)
			h.drain()
			h.restore(id.ID)
			return id
		},
		want: func(u *provision.DeskUser) string {
			return cmp.Diff([]any{true, provision.RoleAgent, []string{"Tier 1"}, []string{"Help"}}, []any{u.Active, u.Role, u.Teams, u.Mailboxes})
		},
		audit: map[string]int{"account.created": 1, "account.confirmed": 2, "account.teams_changed": 2, "account.mailboxes_changed": 2,
			"account.role_changed": 2, "account.deactivated": 1, "account.ended": 1, "account.activated": 1},
	},
}

func TestVisitCutShort(t *testing.T) {
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverRoundRobin }, func(h *harness) {
		h.agents()
		h.rule("lead", provision.RoleAdmin, []string{"Tier 2"}, []string{"Billing"})
		h.agent("assignee")
		stride := 1
		if h.store.Dialect() == string(store.SQLite) {
			stride = 5 // where a run is cut has nothing to do with the database
		}
		for i, st := range stories {
			for j, cut := range cuts {
				h.sub(st.name+", "+cut.name, func() {
					for at := 1; ; at += stride {
						if at > 50 {
							h.Fatal("the run has no end")
						}
						if !h.cutShort(st, fmt.Sprintf("p%d-%d-%d", i, j, at), func() { cut.set(h.faults, at) }) {
							return
						}
					}
				})
			}
		}
	})
}

// cutShort plays a story, cuts its last run short, and checks that others
// bring it to the same end. It reports whether the cut was reached.
func (h *harness) cutShort(st story, name string, set func()) bool {
	h.Helper()
	h.restart()
	id := st.prepare(h, name)
	h.restart()
	set()
	runs, _ := h.jobs()
	reached := false
	for _, v := range runs {
		ended := make(chan bool, 1)
		go func() {
			whole := false
			defer func() { ended <- whole }()
			h.reconcile(v)
			whole = true
		}()
		reached = !<-ended || reached
	}
	reached = reached || h.due(id.ID)
	h.restart()
	h.pass(2 * reconcile.Lease) // the lease runs out, somebody else goes on

	user := h.user(id.Profile.Email)
	if user == nil {
		h.Fatalf("%s: no user on the desk", name)
	}
	if diff := st.want(user); diff != "" {
		h.Errorf("%s: desk user (-want +got):\n%s", name, diff)
	}
	got := h.actions(id.ID)
	for _, action := range []string{"user.created", "user.changed", "user.suspended", "user.restored", "account.sessions_ended"} {
		delete(got, action)
	}
	if diff := cmp.Diff(st.audit, got); diff != "" {
		h.Errorf("%s: audit (-want +got):\n%s", name, diff)
	}
	h.oneEntryEach(id.ID)
	steps, err := h.store.OpenWrites(h.Context(), h.account(id.ID).ID)
	h.must(err)
	if len(steps) > 0 || h.due(id.ID) {
		h.Errorf("%s: %d steps are still open, due: %v", name, len(steps), h.due(id.ID))
	}
	return reached
}

// TestVisitCutShortThenTakenBack checks that the audit log does not tell of
// what was only planned when the person came back before the run went on.
func TestVisitCutShortThenTakenBack(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		for at := 1; ; at++ {
			h.restart()
			id := h.agent(fmt.Sprintf("p%d", at))
			conversation := h.conversation(h.account(id.ID).DeskUser)
			h.suspend(id.ID)
			h.faults.reset()
			h.faults.before = dieAt(at)
			runs, _ := h.jobs()
			ended := make(chan bool, 1)
			go func() {
				whole := false
				defer func() { ended <- whole }()
				h.reconcile(runs[0])
				whole = true
			}()
			if <-ended {
				return // the cut is behind the end
			}
			wrote := h.faults.wrote()
			wrote = wrote[:max(0, len(wrote)-1)] // the last one did not get there, if it was a write
			left := slices.Contains(h.openOf(h.account(id.ID).DeskUser), conversation)
			active := h.user(id.Profile.Email).Active
			h.restart()
			h.restore(id.ID)
			h.pass(2 * reconcile.Lease)

			h.state(id.ID, provision.AccountReady)
			got := h.actions(id.ID)
			if left == (got["conversation.handed_over"] > 0) {
				h.Errorf("cut at %d after %v: still theirs: %v, but %d hand-overs in the audit", at, wrote, left, got["conversation.handed_over"])
			}
			if active == (got["account.deactivated"] > 0) {
				h.Errorf("cut at %d after %v: was active: %v, but %d deactivations in the audit", at, wrote, active, got["account.deactivated"])
			}
		}
	})
}

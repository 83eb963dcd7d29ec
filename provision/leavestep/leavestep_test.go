package leavestep_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const day = 24 * time.Hour

// house is a desk with a policy, and people who leave it.
type house struct{ *provisiontest.Harness }

func each(t *testing.T, test func(h house)) {
	t.Helper()
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		test(house{h})
	})
}

// says has the desk say something else of leavers from now on.
func (h house) says(policy provision.OnLeave, approve provision.Approve) {
	h.Helper()
	h.Desk.OnLeave, h.Desk.Approve = policy, approve
	h.Must(h.Desk.Validate())
	h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
}

// leaver is somebody whose access has ended.
func (h house) leaver(name string) provision.IdentityID {
	h.Helper()
	id := h.Person(name, "agent")
	h.ReconcileAll()
	h.SetStatus(id.ID, provision.StatusSuspended)
	h.ReconcileAll()
	return id.ID
}

// later lets time pass, and every process do its rounds.
func (h house) later(d time.Duration) {
	h.Helper()
	h.Offset.Add(int64(d))
	h.pass()
	h.ReconcileAll()
}

func (h house) pass() {
	h.Helper()
	_, err := h.Core.LeaveSteps.Pass(h.Context())
	h.Must(err)
}

// shows fails the test unless the desk shows a leaver so: their role, "inactive" where they
// are, and "gone"; and unless that is what is to come.
func (h house) shows(when string, id provision.IdentityID, want, coming string) {
	h.Helper()
	a := h.Account(id)
	var roles []string
	rows, err := h.Store.DB().QueryContext(h.Context(), `SELECT CASE WHEN active THEN role ELSE role || ' inactive' END FROM builtin_users WHERE external_id = $1`, string(a.ID))
	h.Must(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var role string
		h.Must(rows.Scan(&role))
		roles = append(roles, role)
	}
	h.Must(rows.Err())
	got, next := "gone", ""
	if len(roles) > 0 {
		got = strings.Join(roles, ", ")
	}
	if s, at, ok := a.Leaving.Next(h.Desk.OnLeave); ok {
		next = s.String() + " in " + at.Sub(h.Now()).Round(day).String()
	}
	if got != want || next != coming {
		h.Errorf("%s: the desk shows %s and %q is to come, want %s and %q (%s %q, %+v)", when, got, next, want, coming, a.State, a.Reason, a.Leaving)
	}
}

// did returns how often one of these was entered of an account.
func (h house) did(id provision.IdentityID, actions ...provision.Action) (n int) {
	h.Helper()
	a := h.Account(id)
	h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Account == a.ID && slices.Contains(actions, e.Action) {
			n++
		}
		return nil
	}))
	return n
}

func TestSteps(t *testing.T) {
	each(t, func(h house) {
		h.says("downgrade to limited, deactivate, delete after 30d", provision.Approve{})
		ann := h.leaver("ann")
		h.shows("at once", ann, "light user inactive", "delete after 30d in 720h0m0s")
		h.later(29 * day)
		h.shows("the day before", ann, "light user inactive", "delete after 30d in 24h0m0s")
		if n := h.did(ann, audit.AccountStepDue); n != 1 {
			h.Errorf("what is to come was entered %d times", n)
		}
		h.later(day)
		h.shows("when it is due", ann, "gone", "")
		h.later(90 * day)
		if n := h.did(ann, audit.AccountDeleted); n != 1 {
			h.Errorf("deleted %d times", n)
		}

		bob := h.leaver("bob")
		h.says("deactivate, downgrade after 7d, anonymize after 14d", provision.Approve{})
		_, err := h.Core.Reconcile.Retry(h.Context(), provisiontest.ByTest, provision.AccountFilter{}, h.Account(bob).ID, false)
		h.Must(err)
		h.ReconcileAll()
		h.later(21 * day)
		h.shows("never sooner than told", bob, "none inactive", "downgrade after 7d in 216h0m0s")
		h.later(10 * day)
		h.shows("the step before", bob, "none inactive", "anonymize after 14d in 336h0m0s")
		h.later(15 * day)
		if a := h.Account(bob); h.did(bob, audit.AccountAnonymized) != 1 || a.State != provision.AccountEnded || a.Leaving.Due != nil {
			h.Errorf("at last: %s %q, %+v", a.State, a.Reason, a.Leaving)
		}

		cid := h.leaver("cid")
		h.says("deactivate", provision.Approve{})
		h.later(99 * day)
		h.shows("the desk says no such thing any more", cid, "none inactive", "")
	})
}

// TestWhoComesBack is given back: before the step, and while it is about to be done.
func TestWhoComesBack(t *testing.T) {
	each(t, func(h house) {
		h.says("deactivate, delete after 30d", provision.Approve{})
		ann := h.leaver("ann")
		h.later(29 * day)
		h.SetStatus(ann, provision.StatusActive)
		h.ReconcileAll()
		h.later(30 * day)
		h.shows("who is back", ann, "user", "")
		h.SetStatus(ann, provision.StatusSuspended)
		h.ReconcileAll()
		h.shows("and leaves again", ann, "none inactive", "delete after 30d in 720h0m0s")

		h.Offset.Add(int64(30 * day))
		h.pass()
		run, err := h.Core.Reconcile.Begin(h.Context(), h.Account(ann).ID) // and at this moment
		h.Must(err)
		h.SetStatus(ann, provision.StatusActive)
		writes, err := run.Journal(h.Context(), []reconcile.Write{{Account: run.Account.ID, Kind: reconcile.WriteDelete}})
		h.Must(err)
		if err := run.Try(h.Context(), writes...); err == nil {
			h.Error("somebody who is back may be deleted")
		}
		h.Must(run.Defer(h.Context(), "stopped", 0))
		h.ReconcileAll()
		h.shows("who came back at the last moment", ann, "user", "")
	})
}

func TestLaterStepNeedsApproval(t *testing.T) {
	each(t, func(h house) {
		h.says("deactivate, delete after 30d", provision.Approve{Of: provision.ApproveDeletes})
		ann, bob := h.leaver("ann"), h.leaver("bob")
		if waiting, err := h.Core.Approval.List(h.Context()); err != nil || len(waiting) > 0 {
			h.Errorf("before it is time, %d are asked about, %v", len(waiting), err)
		}
		h.later(31 * day)
		h.later(day)
		for _, id := range []provision.IdentityID{ann, bob} {
			h.shows("asked", id, "none inactive", "")
			if a := h.Account(id); !a.Approval.Open() || h.did(id, audit.ApprovalAsked) != 1 {
				h.Errorf("asked %d times, %+v", h.did(id, audit.ApprovalAsked), a.Approval)
			}
		}
		_, err := h.Core.Approval.Approve(h.Context(), provisiontest.ByTest, h.Account(ann).ID)
		h.Must(err)
		_, err = h.Core.Approval.Refuse(h.Context(), provisiontest.ByTest, h.Account(bob).ID)
		h.Must(err)
		h.later(day)
		h.shows("approved", ann, "gone", "")
		h.shows("refused", bob, "none inactive", "")
	})
}

// TestSomebodyElse is never deleted for a leaver: whom the desk shows by the leaver's id
// with another mark or address, and who has been given access by hand loses that first.
func TestSomebodyElse(t *testing.T) {
	each(t, func(h house) {
		h.says("deactivate, delete after 30d", provision.Approve{})
		ann, bob := h.leaver("ann"), h.leaver("bob")
		change := func(set string, id provision.IdentityID) {
			h.Helper()
			_, err := h.Store.DB().ExecContext(h.Context(), `UPDATE builtin_users SET `+set+` WHERE id = `+string(h.Account(id).DeskUser))
			h.Must(err)
		}
		change(`external_id = '', email = 'eve@example.test', email_folded = 'eve@example.test', active = TRUE`, ann)
		change(`active = TRUE`, bob)
		h.later(31 * day)
		a := h.Account(ann)
		if a.State != provision.AccountNeedsAttention || a.ReasonCode != provision.ReasonUserTaken || !strings.Contains(a.Reason, "eve@example.test") {
			h.Errorf("of somebody else: %s %q", a.State, a.Reason)
		}
		if n := h.did(ann, audit.AccountDeleted, audit.AccountDeactivated); n != 1 {
			h.Errorf("%d writes, want the first deactivation alone", n)
		}
		h.shows("who had access again", bob, "none inactive", "delete after 30d in 720h0m0s")
		h.later(31 * day)
		h.shows("a month after that", bob, "gone", "")

		change(`external_id = '`+string(a.ID)+`'`, ann)
		h.later(day)
		h.shows("it is the leaver after all, with access", ann, "none inactive", "delete after 30d in 720h0m0s")
	})
}

// TestStepsSurviveAKill stops whoever carries a step out at each point, and has two
// processes at it.
func TestStepsSurviveAKill(t *testing.T) {
	each(t, func(h house) {
		h.says("deactivate, delete after 30d", provision.Approve{})
		ids := []provision.IdentityID{h.leaver("ann"), h.leaver("bob"), h.leaver("cid")}
		h.Offset.Add(int64(31 * day))
		first, err := h.Core.LeaveSteps.Pass(h.Context())
		h.Must(err)
		second, err := h.Core.LeaveSteps.Pass(h.Context())
		h.Must(err)
		if diff := cmp.Diff([]int{3, 0}, []int{first, second}); diff != "" {
			h.Errorf("rounds of two processes (-want +got):\n%s", diff)
		}
		dead, cancel := context.WithCancel(h.Context())
		_, err = h.Core.Reconcile.Begin(dead, h.Account(ids[0]).ID) // its process dies with the lease
		cancel()
		h.Must(err)
		run, err := h.Core.Reconcile.Begin(h.Context(), h.Account(ids[1]).ID) // this one just after the deletion
		h.Must(err)
		planned, err := run.Journal(h.Context(), []reconcile.Write{{Account: run.Account.ID, Kind: reconcile.WriteDelete}})
		h.Must(err)
		h.Must(run.Try(h.Context(), planned...))
		_, err = h.Store.DB().ExecContext(h.Context(), `DELETE FROM builtin_users WHERE id = `+string(run.Account.DeskUser))
		h.Must(err)
		h.ReconcileAll()
		h.later(time.Hour)
		for _, id := range ids {
			h.shows("after all", id, "gone", "")
			if n := h.did(id, audit.AccountDeleted); n != 1 {
				h.Errorf("deleted %d times", n)
			}
		}
	})
}

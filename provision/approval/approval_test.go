package approval_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

var (
	ada  = provision.Cause{Actor: "cli:deskbridge(ada)@bridge-1", Action: "test"}
	ada2 = provision.Cause{Actor: "cli:deskbridge(ada)@bridge-2", Action: "test"}
	bob  = provision.Cause{Actor: "cli:deskbridge(bob)@bridge-1", Action: "test"}
)

// leave has somebody leave a desk that says so.
func leave(h *provisiontest.Harness, name string, approve provision.Approve) provision.Identity {
	h.Helper()
	h.Desk.OnLeave, h.Desk.Approve = provision.LeaveDelete, approve
	h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
	id := h.Person(name, "agent")
	h.ReconcileAll()
	_, err := h.Core.Terms.Block(h.Context(), ada, id.ID, "dismissed")
	h.Must(err)
	h.ReconcileAll()
	return id
}

// stands fails the test unless access has ended and the desk has the user, or not.
func stands(h *provisiontest.Harness, when string, id provision.IdentityID, user, open bool) provision.Account {
	h.Helper()
	a := h.Account(id)
	has := 0
	h.Must(h.Store.DB().QueryRowContext(h.Context(), `SELECT count(*) FROM builtin_users WHERE email_folded LIKE '`+a.UserName[:3]+`%' AND role <> 'owner'`).Scan(&has))
	if a.State != provision.AccountEnded || a.Confirmed.Status == provision.AccessActive || has > 0 != user || a.Approval.Open() != open {
		h.Errorf("%s: %s %q, confirmed %s, %d users (want %t), approval %+v", when, a.State, a.Reason, a.Confirmed.Status, has, user, a.Approval)
	}
	return a
}

func TestApproval(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		deletes := provision.Approve{Of: provision.ApproveDeletes, Second: true}

		a := stands(h, "asked", leave(h, "one", deletes).ID, true, true)
		waiting, err := h.Core.Approval.List(h.Context())
		h.Must(err)
		if len(waiting) != 1 || waiting[0].ID != a.ID || a.Approval.What != provision.LeaveDelete {
			h.Errorf("waiting: %+v", waiting)
		}
		for _, same := range []provision.Cause{ada, ada2} {
			_, err = h.Core.Approval.Approve(h.Context(), same, a.ID)
			h.Code(err, provision.Denied)
		}
		_, err = h.Core.Approval.Approve(h.Context(), bob, a.ID)
		h.Must(err)
		h.ReconcileAll()
		stands(h, "approved", a.Identity, false, false)
		_, err = h.Core.Approval.Refuse(h.Context(), bob, a.ID)
		h.Code(err, provision.Invalid)

		b := stands(h, "asked", leave(h, "two", deletes).ID, true, true)
		_, err = h.Core.Approval.Refuse(h.Context(), ada, b.ID)
		h.Must(err)
		h.ReconcileAll()
		stands(h, "refused", b.Identity, true, false)
		_, err = h.Core.Terms.Unblock(h.Context(), ada, b.Identity)
		h.Must(err)
		h.ReconcileAll()
		if back := h.Account(b.Identity); back.State != provision.AccountReady || back.Approval.AskedAt != nil {
			h.Errorf("who is back: %s, %+v", back.State, back.Approval)
		}
	})
}

// TestOtherThanAsked: an answer is about what was asked, also where the desk does
// something else with leavers by now, and a question goes with the user.
func TestOtherThanAsked(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		id := leave(h, "one", provision.Approve{Of: provision.ApproveDeletes, Timeout: time.Hour, Then: provision.ThenCarryOut}).ID
		users := func() (n int) {
			h.Helper()
			h.Must(h.Store.DB().QueryRowContext(h.Context(), `SELECT count(*) FROM builtin_users WHERE role <> 'owner'`).Scan(&n))
			return n
		}
		had := users()
		to := func(policy provision.OnLeave) {
			h.Helper()
			h.Desk.OnLeave = policy
			h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		}
		asks := func(when string, what provision.OnLeave, open bool) provision.AccountID {
			h.Helper()
			h.ReconcileAll()
			a := h.Account(id)
			if a.Approval.What != what || a.Approval.Open() != open || users() != had {
				h.Errorf("%s: %+v, %d users", when, a.Approval, users())
			}
			return a.ID
		}
		to(provision.LeaveAnonymize)
		_, err := h.Core.Approval.Approve(h.Context(), bob, h.Account(id).ID)
		h.Code(err, provision.Stale)
		asks("it is asked anew", provision.LeaveAnonymize, true)
		to(provision.LeaveDelete)
		h.Offset.Add(int64(2 * time.Hour))
		_, err = h.Core.Approval.Pass(h.Context())
		h.Must(err)
		asks("nobody has answered", provision.LeaveDelete, true)
		to(provision.LeaveAnonymize)
		_, err = h.Core.Reconcile.Retry(h.Context(), bob, provision.AccountFilter{}, h.Account(id).ID, false)
		h.Must(err)
		account := asks("a run asks anew, too", provision.LeaveAnonymize, true)
		_, err = h.Core.Approval.Approve(h.Context(), bob, account)
		h.Must(err)
		to(provision.LeaveDelete)
		_, err = h.Core.Reconcile.Retry(h.Context(), bob, provision.AccountFilter{}, account, false)
		h.Must(err)
		asks("that was of something else", provision.LeaveDelete, true)

		_, err = h.Store.DB().ExecContext(h.Context(), `DELETE FROM builtin_users WHERE id = $1`, string(h.Account(id).DeskUser))
		h.Must(err)
		_, err = h.Core.Reconcile.Retry(h.Context(), bob, provision.AccountFilter{}, account, false)
		h.Must(err)
		h.ReconcileAll()
		if waiting, err := h.Core.Approval.List(h.Context()); err != nil || len(waiting) > 0 {
			h.Errorf("of a user that is gone it is asked: %+v, %v", waiting, err)
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		for _, tt := range []struct {
			name       string
			then       provision.ApproveThen
			user, open bool
			action     provision.Action
		}{
			{"ask", "", true, true, audit.ApprovalOverdue},
			{"keep", provision.ThenKeep, true, false, audit.ApprovalRefused},
			{"out", provision.ThenCarryOut, false, false, audit.ApprovalApproved},
		} {
			id := leave(h, tt.name, provision.Approve{Of: provision.ApproveDeletes, Timeout: time.Hour, Then: tt.then}).ID
			stands(h, tt.name+" before", id, true, true)
			_, err := h.Core.Approval.Pass(h.Context())
			h.Must(err)
			stands(h, tt.name+" too early", id, true, true)
			h.Offset.Add(int64(2 * time.Hour))
			_, err = h.Core.Approval.Pass(h.Context())
			h.Must(err)
			h.ReconcileAll()
			a := stands(h, tt.name+" after", id, tt.user, tt.open)
			if tt.open && !a.Approval.Due.After(h.Now()) {
				h.Errorf("asked again, due %s", a.Approval.Due)
			}
			n := 0
			h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
				if e.Action == tt.action && e.Subject == string(id) {
					n++
				}
				return nil
			}))
			if n != 1 {
				h.Errorf("%s: %d entries %s", tt.name, n, tt.action)
			}
			if tt.open { // out of the way of the next
				_, err := h.Core.Approval.Refuse(h.Context(), bob, a.ID)
				h.Must(err)
			}
		}
	})
}

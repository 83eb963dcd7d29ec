package deskhealth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestADeskIsPausedByHand: nobody comes in and nobody goes out of a desk that an admin
// has paused, and everybody is told of that; what has waited goes on at once when the
// pause is ended, and by itself when it is over.
func TestADeskIsPausedByHand(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ctx := h.Context()
		h.ByRoles()
		ada := h.Person("ada", "agent")
		h.ReconcileAll()
		until := h.Core.Now().Add(48 * time.Hour)
		p, err := h.Core.DeskHealth.PauseDesk(ctx, provision.Cause{Actor: "anna"}, h.Desk.ID, until, " moves to another server ")
		h.Must(err)
		if p.By != "anna" || p.Reason != "moves to another server" || !p.Until.Equal(until) {
			t.Errorf("paused: %+v", p)
		}
		h.SetStatus(ada.ID, provision.StatusSuspended)
		bob := h.Person("bob", "agent")
		h.ReconcileAll()
		for _, id := range []provision.IdentityID{ada.ID, bob.ID} {
			if a := h.Account(id); a.State != provision.AccountWaiting || a.ReasonCode != provision.ReasonDeskPaused || a.RetryAt == nil || !a.RetryAt.Equal(until) || strings.Contains(a.Reason, "server") {
				t.Errorf("%s: %s %s %q until %v", id, a.State, a.ReasonCode, a.Reason, a.RetryAt)
			}
			_, err := h.Core.Reconcile.Begin(ctx, h.Account(id).ID)
			if later, ok := errors.AsType[*reconcile.LaterError](err); !ok || !later.At.Equal(until) {
				t.Errorf("a run: %v", err)
			}
		}
		if a := h.Account(ada.ID); a.Confirmed.Status != provision.AccessActive {
			t.Errorf("who left is %s on a desk that is not called", a.Confirmed.Status)
		}

		o, err := h.Core.Plan.Overview(ctx)
		h.Must(err)
		of := func(code plan.FindingCode) plan.Finding {
			i := slices.IndexFunc(o.Findings, func(f plan.Finding) bool { return f.Code == code })
			if i < 0 {
				t.Fatalf("no finding %s: %+v", code, o.Findings)
			}
			return o.Findings[i]
		}
		if f := of(plan.FindingDeskStopped); !strings.Contains(f.Text, "1 leaver is still in") || strings.Contains(f.Text, "server") || strings.Contains(f.Text, "anna") || !strings.Contains(f.Do, "desk resume support") {
			t.Errorf("told: %+v", f)
		}
		if f := of(plan.FindingLeavers); f.Count != 1 {
			t.Errorf("leavers: %+v", f)
		}
		if len(o.Leavers) != 1 || o.Leavers[0].Identity != ada.ID {
			t.Errorf("still in: %+v", o.Leavers)
		}
		if pause := o.Desks[0].Health.Pause; pause == nil || o.Desks[0].Health.PausedBy != "anna" || pause.Reason != "moves to another server" {
			t.Errorf("the desk: %+v", pause)
		}
		h.Code(h.Core.DeskHealth.SweepSoon(ctx, h.Desk), provision.Conflict)
		h.Code(h.Core.DeskHealth.CheckCalled(ctx, h.Desk), provision.Conflict)

		storetest.TakeJobs(t, h.Store)
		h.Must(h.Core.DeskHealth.ResumeDesk(ctx, provisiontest.ByTest, h.Desk.ID))
		if runs, _ := storetest.TakeJobs(t, h.Store); len(runs) != 2 {
			t.Errorf("%d runs at the end of the pause, want those that waited", len(runs))
		}
		h.Code(h.Core.DeskHealth.ResumeDesk(ctx, provisiontest.ByTest, h.Desk.ID), provision.Invalid)
		h.ReconcileAll()
		if a := h.Account(ada.ID); a.Confirmed.Status == provision.AccessActive {
			t.Error("who left is in after the pause")
		}

		_, err = h.Core.DeskHealth.PauseDesk(ctx, provisiontest.ByTest, h.Desk.ID, h.Now().Add(48*time.Hour), "again")
		h.Must(err)
		h.SetStatus(ada.ID, provision.StatusActive)
		h.ReconcileAll()
		_, err = h.Core.DeskHealth.PauseDesk(ctx, provisiontest.ByTest, h.Desk.ID, h.Now().Add(time.Hour), "for less")
		h.Must(err)
		h.ReconcileAll()
		if a := h.Account(ada.ID); a.ReasonCode != provision.ReasonDeskPaused {
			t.Errorf("during the second pause: %s %q", a.State, a.Reason)
		}
		h.Offset.Add(int64(time.Hour))
		h.ReconcileAll()
		if a := h.Account(ada.ID); a.State != provision.AccountReady || a.Confirmed.Status != provision.AccessActive {
			t.Errorf("when it was over: %s %q", a.State, a.Reason)
		}
	})
}

// TestAPauseHasBounds: it has a reason and an end, which is not far.
func TestAPauseHasBounds(t *testing.T) {
	h := provisiontest.New(t, storetest.SQLite(t))
	pause := func(in time.Duration, reason string) error {
		_, err := h.Core.DeskHealth.PauseDesk(h.Context(), provisiontest.ByTest, h.Desk.ID, h.Now().Add(in), reason)
		return err
	}
	h.Unchanged("a pause without bounds", func() {
		h.Code(pause(time.Hour, " "), provision.Invalid)
		h.Code(pause(time.Hour, strings.Repeat("x", 501)), provision.Invalid)
		h.Code(pause(time.Hour, "a\x1b[1Ab"), provision.Invalid)
		h.Code(pause(-time.Second, "r"), provision.Invalid)
		h.Code(pause(deskhealth.LongestPause+time.Minute, "r"), provision.Invalid)
	})
	h.Must(pause(deskhealth.LongestPause-time.Minute, strings.Repeat("x", 500)))
}

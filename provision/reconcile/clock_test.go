package reconcile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// TestClockSetBack: the clock goes an hour ahead and is set back. Who lost access
// meanwhile does not keep it for that hour, whatever state the account was in.
func TestClockSetBack(t *testing.T) {
	for name, while := range map[string]func(h *provisiontest.Harness, account provision.AccountID){
		"nobody was at it": func(*provisiontest.Harness, provision.AccountID) {},
		"a run was under way": func(h *provisiontest.Harness, account provision.AccountID) {
			_, err := h.Core.Reconcile.Begin(h.Context(), account)
			h.Must(err)
		},
		"a run had failed": func(h *provisiontest.Harness, account provision.AccountID) {
			run, err := h.Core.Reconcile.Begin(h.Context(), account)
			h.Must(err)
			_, err = run.Fail(h.Context(), provision.ReasonFailed, "no answer", time.Hour)
			h.Must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			provisiontest.Each(t, func(h *provisiontest.Harness) {
				h.ByRoles()
				ann := h.Person("ann", "agent")
				h.Offset.Store(int64(time.Hour))
				h.SetStatus(ann.ID, provision.StatusSuspended)
				account := h.Account(ann.ID).ID
				while(h, account)
				h.Offset.Store(0)
				n, err := h.Core.Reconcile.CatchUp(h.Context(), reconcile.Lease)
				h.Must(err)
				if n != 1 {
					h.Errorf("catching up found %d accounts, want the one that is due", n)
				}
				h.Offset.Store(int64(10 * time.Second)) // no more than the time of grace
				if _, err := h.Core.Reconcile.Begin(h.Context(), account); err != nil {
					h.Errorf("no run begins: %v", err)
				}
			})
		})
	}
}

// TestNoTimeFromTheFuture: an end that is to come later counts from now on.
func TestNoTimeFromTheFuture(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann := h.Person("ann", "agent")
		h.Offset.Store(int64(30 * time.Second)) // less than what tells of a clock that was set back
		_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest,
			func(i *provision.Identity) error { i.Attributes = nil; return nil })
		h.Must(err)
		account := h.Account(ann.ID).ID
		h.Offset.Store(0)
		var later *reconcile.LaterError
		if _, err := h.Core.Reconcile.Begin(h.Context(), account); errors.As(err, &later) {
			h.Errorf("access lasts until %s", later.At)
		}
	})
}

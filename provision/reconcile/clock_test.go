package reconcile_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store/storetest"
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

// TestReplicasWhoseClocksDiffer: a replica whose clock is a minute ahead, or
// behind, neither takes the lease of a run that another one is at, nor ends
// access at another time.
func TestReplicasWhoseClocksDiffer(t *testing.T) {
	_, s := storetest.Postgres(t)
	replica := func(off time.Duration) *core.Core {
		clock, err := s.NewClock(t.Context(), func() time.Time { return time.Now().Add(off) })
		if err != nil {
			t.Fatal(err)
		}
		return core.New(s, core.Policy{Brake: reconcile.Brake{Off: true}, Now: clock.Now}, slog.New(slog.DiscardHandler))
	}
	h := provisiontest.New(t, s)
	h.ByRoles()
	ann := h.Person("ann", "agent")
	account := h.Account(ann.ID).ID
	run, err := replica(0).Reconcile.Begin(t.Context(), account)
	h.Must(err)
	for _, off := range []time.Duration{time.Minute, -time.Minute} {
		other := replica(off).Reconcile
		if _, err := other.Begin(t.Context(), account); !errors.Is(err, reconcile.ErrBusy) {
			t.Errorf("%s off: %v; want the account to be busy", off, err)
		}
		if n, err := other.CatchUp(t.Context(), reconcile.Lease); n != 0 || err != nil {
			t.Errorf("%s off: catching up took %d accounts (%v)", off, n, err)
		}
	}
	h.Must(run.Renew(t.Context()))
}

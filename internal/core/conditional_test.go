package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

var stale = provision.Errorf(provision.Stale, "", "it has changed")

// TestConditionIsKept: a change whose condition does not hold leaves nothing behind,
// and one whose condition holds is made, with what follows.
func TestConditionIsKept(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		looked := 0
		var says error
		under := func() context.Context {
			return condition.Under(h.Context(), func(context.Context) error { looked++; return says })
		}
		ada := h.Person("ada")
		says = stale
		h.Unchanged("a change whose condition does not hold", func() {
			err := h.Core.Directory.RemoveIdentity(under(), h.Conn.ID, ada.ID, provisiontest.ByTest, nil)
			h.Code(err, provision.Stale)
		})
		says, looked = nil, 0
		ctx := under()
		for _, p := range h.People(2) {
			err := h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, p.ID, provisiontest.ByTest, nil)
			h.Must(err)
		}
		if looked != 1 {
			t.Errorf("looked %d times at the condition of a change of two parts", looked)
		}
	})
}

// TestConditionIsLookedAtUnderLock: while the condition of a change is looked at,
// nobody else changes the same.
func TestConditionIsLookedAtUnderLock(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ada := h.Person("ada")
		other := make(chan error, 1)
		ctx := condition.Under(h.Context(), func(ctx context.Context) error {
			people, err := h.Core.Directory.FindPeople(ctx, string(ada.ID)) // of what is committed
			if err != nil || len(people) != 1 || people[0].Status != provision.StatusActive {
				t.Errorf("seen: %+v, %v", people, err)
			}
			go func() {
				err := h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ada.ID, provisiontest.ByTest, nil)
				other <- err
			}()
			select {
			case err := <-other:
				t.Errorf("another change was made meanwhile: %v", err)
			case <-time.After(200 * time.Millisecond):
			}
			if err := h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ada.ID, provisiontest.ByTest, nil); err == nil {
				t.Error("a look has changed something")
			}
			return nil
		})
		err := h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ada.ID, provisiontest.ByTest, nil)
		h.Must(err)
		h.Code(<-other, provision.NotFound)
	})
}

// TestChangedIsTheAnswer: what another has changed is why it cannot be done, and that
// it has changed is what is said.
func TestChangedIsTheAnswer(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ada := h.Person("ada")
		err := h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ada.ID, provisiontest.ByTest, nil)
		h.Must(err)
		ctx := condition.Under(h.Context(), func(context.Context) error { return stale })
		err = h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ada.ID, provisiontest.ByTest, nil)
		h.Code(err, provision.Stale)
	})
}

// TestRehearsalLeavesNothing: a change that is rehearsed has the answer that it would have
// had, also where the database itself refuses it, and leaves nothing behind.
func TestRehearsalLeavesNothing(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ada := h.Person("ada")
		ctx := condition.Rehearse(h.Context())
		h.Unchanged("a rehearsal", func() {
			fresh := provision.Identity{UserName: "new@acme.example", Status: provision.StatusActive, Source: provision.SourceSCIM}
			for range 2 { // the first one is not there any more
				_, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provisiontest.ByTest, fresh)
				h.Must(err)
			}
			fresh.UserName = ada.UserName
			_, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provisiontest.ByTest, fresh)
			h.Code(err, provision.Conflict)
			h.Must(h.Core.Directory.RemoveIdentity(ctx, h.Conn.ID, ada.ID, provisiontest.ByTest, nil))
		})
		if condition.Rehearsing(h.Context()) {
			t.Error("who has not asked rehearses")
		}
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ada.ID, provisiontest.ByTest, nil))
	})
}

package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestPaces: what twenty processes add to one slot is all there, and what is old goes.
func TestPaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		_, d := seeded(t, s)
		slot := time.Date(2026, 11, 30, 12, 0, 30, 0, time.UTC)
		old := deskhealth.PaceOf{Desk: d.ID, Slot: slot.Add(-time.Hour), Whole: true, Other: deskhealth.Spent{Requests: 7, Runs: 1}}
		must(t, s.AddPaces(ctx, []deskhealth.PaceOf{old}, slot.Add(-2*time.Hour)))
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				done := deskhealth.PaceOf{Desk: d.ID, Slot: slot, Whole: i == 3, Ending: deskhealth.Spent{Requests: 5, Runs: 1}, Other: deskhealth.Spent{Requests: 3, Runs: 2}}
				if err := s.AddPaces(ctx, []deskhealth.PaceOf{done}, slot.Add(-2*time.Hour)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		sum := deskhealth.PaceOf{Desk: d.ID, Slot: slot, Whole: true, Ending: deskhealth.Spent{Requests: 100, Runs: 20}, Other: deskhealth.Spent{Requests: 60, Runs: 40}}
		equal(t, "all", []deskhealth.PaceOf{old, sum}, got(s.Paces(ctx, slot.Add(-time.Hour)))(t))
		equal(t, "lately", []deskhealth.PaceOf{sum}, got(s.Paces(ctx, slot.Add(-time.Minute)))(t))
		must(t, s.AddPaces(ctx, nil, slot))
		equal(t, "kept", []deskhealth.PaceOf{sum}, got(s.Paces(ctx, time.Time{}))(t))
		equal(t, "nothing to do", map[provision.DeskID]deskhealth.Work(nil), got(s.ToDo(ctx))(t))
	})
}

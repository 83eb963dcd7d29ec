package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestSweepsComeBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		id := people(t, s, c.ID, "ann")[0]
		a := account(id, d.ID)
		must(t, s.SaveAccounts(ctx, []provision.Account{a}))

		sw := deskhealth.Sweep{Desk: d.ID, NextAt: noon, LeaseUntil: new(noon.Add(time.Minute)), After: a.ID, StartedAt: new(noon),
			FinishedAt: new(noon.Add(time.Second)), Checked: 7, Drifted: 2, Problem: "the desk is down"}
		for range 2 {
			must(t, s.SaveSweep(ctx, sw))
			back(t, sw, got(s.Sweep(ctx, d.ID))(t))
		}
		sw.LeaseUntil = nil
		must(t, s.SaveSweep(ctx, sw))
		exactly(t, sw, got(s.Sweeps(ctx))(t)[0])
		_, err := s.Sweep(ctx, "nobody's")
		wantCode(t, "Sweep", err, provision.NotFound)

		drift := deskhealth.Drift{Account: a.ID, Identity: a.Identity, Desk: d.ID, Revision: a.Revision, FoundAt: noon, Reason: "why",
			Writes: []reconcile.Write{{Account: a.ID, Kind: reconcile.WriteTeams, Detail: map[string]any{"add": []any{"t"}}}}}
		for range 2 {
			must(t, s.SaveDrift(ctx, drift))
			back(t, drift, got(s.Drifts(ctx, deskhealth.DriftFilter{Account: a.ID}))(t)[0])
		}
		exactly(t, map[provision.DeskID]int{d.ID: 1}, got(s.CountDrifts(ctx))(t))
		exactly(t, 1, len(got(s.Drifts(ctx, deskhealth.DriftFilter{Desk: d.ID}))(t)))
		exactly(t, 0, len(got(s.Drifts(ctx, deskhealth.DriftFilter{Desk: "nobody's"}))(t)))
		a.Revision++ // somebody looks at it again
		must(t, s.SaveAccounts(ctx, []provision.Account{a}))
		exactly(t, 0, len(got(s.Drifts(ctx, deskhealth.DriftFilter{}))(t)))
		exactly(t, 0, len(got(s.CountDrifts(ctx))(t)))
		must(t, s.DeleteDrift(ctx, a.ID))

		p := deskhealth.Pause{Desk: d.ID, Since: noon, Until: noon.Add(time.Minute), Reason: "it is down", Code: provision.ReasonUnauthorized}
		for range 2 {
			must(t, s.SavePause(ctx, p))
			back(t, p, got(s.Pauses(ctx))(t)[0])
		}
		must(t, s.DeletePause(ctx, d.ID))
		exactly(t, 0, len(got(s.Pauses(ctx))(t)))

		stopped := provision.DeskPause{Desk: d.ID, Since: noon, Until: noon.Add(time.Hour), Reason: "it moves", By: "anna"}
		for range 2 {
			must(t, s.SaveDeskPause(ctx, stopped))
			back(t, stopped, got(s.DeskPauses(ctx))(t)[0])
		}
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			r, _, err := tx.LoadRun(ctx, a, false)
			must(t, err)
			back(t, stopped, *r.Paused)
			return nil
		}))
	})
}

// TestSettledAccounts tries every reason for which a sweep leaves an account
// alone.
func TestSettledAccounts(t *testing.T) {
	settled := func(a *provision.Account) {
		a.Reconciled, a.LeaseUntil, a.State = a.Revision, nil, provision.AccountReady
	}
	tests := []struct {
		name string
		edit func(a *provision.Account)
		want bool
	}{
		{"ready", func(*provision.Account) {}, true},
		{"ended", func(a *provision.Account) { a.State = provision.AccountEnded }, true},
		{"adopted", func(a *provision.Account) { a.Origin = provision.OriginAdopted }, true},
		{"not ours", func(a *provision.Account) { a.Origin = provision.OriginNone }, false},
		{"a run is due", func(a *provision.Account) { a.Reconciled-- }, false},
		{"a run is under way", func(a *provision.Account) { a.LeaseUntil = new(noon) }, false},
		{"parked", func(a *provision.Account) { a.State = provision.AccountNeedsAttention }, false},
		{"held", func(a *provision.Account) { a.State = provision.AccountOnHold }, false},
		{"waiting", func(a *provision.Account) { a.State = provision.AccountWaiting }, false},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, d := seeded(t, s)
		other := desk("other")
		must(t, s.SaveDesk(t.Context(), other))
		var want, users []string
		for _, tt := range tests {
			a := account(people(t, s, c.ID, tt.name)[0], d.ID)
			settled(&a)
			tt.edit(&a)
			must(t, s.SaveAccounts(t.Context(), []provision.Account{a}))
			users = append(users, string(a.DeskUser))
			if tt.want {
				want = append(want, string(a.DeskUser))
			}
		}
		elsewhere := account(people(t, s, c.ID, "elsewhere")[0], other.ID)
		settled(&elsewhere)
		must(t, s.SaveAccounts(t.Context(), []provision.Account{elsewhere}))

		find := func(f deskhealth.SettledFilter) (found []string) {
			f.Desk = d.ID
			for _, a := range got(s.SettledAccounts(t.Context(), f))(t) {
				found = append(found, string(a.DeskUser))
			}
			return found
		}
		var asked []provision.DeskUserID
		for _, u := range users {
			asked = append(asked, provision.DeskUserID(u))
		}
		for name, f := range map[string]deskhealth.SettledFilter{"all": {}, "by user": {Users: asked}} {
			if diff := cmp.Diff(want, find(f)); diff != "" { // ids rise with time
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if found := find(deskhealth.SettledFilter{Users: []provision.DeskUserID{}}); found != nil {
			t.Errorf("of nobody: %v", found)
		}
		var paged []string
		var after provision.AccountID
		for {
			page := got(s.SettledAccounts(t.Context(), deskhealth.SettledFilter{Desk: d.ID, After: after, Limit: 2}))(t)
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				after, paged = a.ID, append(paged, string(a.DeskUser))
			}
		}
		if diff := cmp.Diff(want, paged); diff != "" {
			t.Errorf("page by page (-want +got):\n%s", diff)
		}
	})
}

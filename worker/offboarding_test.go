package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// record returns the last record of somebody, with its only desk.
func (h *harness) record(id provision.IdentityID) (offboarding.Record, offboarding.Desk) {
	h.Helper()
	all, err := h.core.Offboarding.Records(h.Context(), id)
	h.must(err)
	if len(all) == 0 || len(all[len(all)-1].Desks) != 1 {
		h.Fatalf("records %+v", all)
	}
	return all[len(all)-1], all[len(all)-1].Desks[0]
}

// TestRecordWhileTheDeskLies: a desk that says yes to a deactivation and does
// nothing, or refuses it, keeps the record open, which says residual, until the
// desk shows it.
func TestRecordWhileTheDeskLies(t *testing.T) {
	for _, kind := range []lies.Kind{lies.Pretend, lies.Refuse} {
		t.Run(string(kind), func(t *testing.T) {
			each(t, nil, func(h *harness) {
				h.agents()
				id := h.agent("ada")
				h.conversation(h.account(id.ID).DeskUser)
				d := h.behind(lies.Plan{Script: []lies.Fault{{Kind: kind, Method: lies.SetActive, Times: lies.Always}}})
				h.suspend(id.ID)
				h.drain()
				if r, on := h.record(id.ID); r.Status != offboarding.StillOpen || on.Outcome == offboarding.Out || r.NoAccessAt != nil {
					h.Errorf("at first: %+v", r)
				}
				for range 5 {
					h.pass(time.Minute)
				}
				r, on := h.record(id.ID)
				if r.Status != offboarding.StillOpen || on.Outcome != offboarding.Residual || r.NoAccessAt != nil || r.ToNoAccess != nil || len(r.Open) == 0 || !strings.Contains(r.Open[0], "residual") {
					h.Errorf("after a while: %+v", r)
				}
				if on.Shown == nil || on.Shown.Status != provision.AccessActive || len(on.Residual) != 1 || on.Residual[0].Until != nil {
					h.Errorf("shown %+v, residual %+v", on.Shown, on.Residual)
				}
				if len(d.Did(lies.SetActive)) != 0 || !h.user("ada@"+domain).Active {
					h.Errorf("the desk's books: %+v", d.Did())
				}
				d.Heal()
				h.pass(time.Hour)
				r, on = h.record(id.ID)
				if r.Status != offboarding.Closed || on.Outcome != offboarding.Out || on.Conversations == nil || on.Conversations.Moved != 1 || on.Conversations.ToQueue != 1 || *r.ToNoAccess < (5*time.Minute).Milliseconds() {
					h.Errorf("after it healed: %+v", r)
				}
				if kind == lies.Refuse && (len(on.Residual) != 1 || on.Residual[0].Until == nil) { // a person was asked
					h.Errorf("residual access: %+v", on.Residual)
				}

				// Given back by hand on the desk, and taken away again.
				h.must(h.raw.SetActive(h.Context(), h.account(id.ID).DeskUser, true))
				h.sweep()
				if r, on = h.record(id.ID); r.Status != offboarding.StillOpen || on.Outcome != offboarding.Residual || r.NoAccessAt != nil {
					h.Errorf("by hand: %+v", r)
				}
				h.drain()
				if r, on = h.record(id.ID); r.Status != offboarding.Closed || on.Outcome != offboarding.Out || len(on.Residual) == 0 || on.Residual[len(on.Residual)-1].Until == nil {
					h.Errorf("by hand, and repaired: %+v", r)
				}
			})
		})
	}
}

// TestRecordWhileTheDeskHangs: who cannot be read back is not out, and is not said
// to have access either.
func TestRecordWhileTheDeskHangs(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ada")
		d := h.behind(lies.Plan{Script: []lies.Fault{{Kind: lies.Hang, Times: lies.Always}}})
		h.worker.SetAnswerTimeout(20 * time.Millisecond)
		h.suspend(id.ID)
		h.drain()
		r, on := h.record(id.ID)
		if r.Status != offboarding.StillOpen || on.Outcome != offboarding.Unconfirmed || !strings.Contains(on.Says, "last shown with access") || r.NoAccessAt != nil {
			t.Errorf("while it hangs: %+v", r)
		}
		d.Heal()
		h.pass(time.Hour)
		if r, on = h.record(id.ID); r.Status != offboarding.Closed || on.Outcome != offboarding.Out {
			t.Errorf("after it: %+v", r)
		}
	})
}

// TestNobodyIsOutWhoseDeskDiffers has people leave and return while the desk lies
// at random, and holds each record against the desk's own book.
func TestNobodyIsOutWhoseDeskDiffers(t *testing.T) {
	for seed := range uint64(6) {
		policy := []provision.OnLeave{provision.LeaveDeactivate, provision.LeaveDelete, provision.LeaveAnonymize}[seed%3]
		h := build(t, storetest.SQLite(t), chosen(func(s *settings) { s.desk.OnLeave = policy }))
		h.agents()
		people := []provision.Identity{h.agent("ada"), h.agent("bob"), h.agent("eve")}
		users := map[provision.IdentityID][]provision.DeskUserID{}
		d := h.behind(lies.Plan{Random: lies.Random{Seed: seed, Rate: 0.4, Kinds: []lies.Kind{lies.Late, lies.Later, lies.Pretend, lies.Lost, lies.Missing, lies.Refuse, lies.Fail, lies.Half}}})
		out := 0
		for round := range 12 {
			p := people[round%len(people)]
			for _, q := range people {
				if u := h.account(q.ID).DeskUser; u != "" {
					users[q.ID] = append(users[q.ID], u)
				}
			}
			switch {
			case round < len(people):
				h.suspend(p.ID)
			case round == 7:
				h.restore(p.ID)
			case round == 9:
				h.suspend(people[7%len(people)].ID)
			}
			h.drain()
			h.pass(11 * time.Minute)
			for _, q := range people {
				all, err := h.core.Offboarding.Records(t.Context(), q.ID)
				h.must(err)
				if len(all) == 0 || all[len(all)-1].Returned != nil {
					continue
				}
				r := all[len(all)-1]
				for _, on := range r.Desks {
					if on.Outcome != offboarding.Out {
						continue
					}
					out++
					for _, u := range users[q.ID] {
						have, err := h.raw.Find(t.Context(), desk.Key{ID: u})
						h.must(err)
						if have != nil && have.ID == u && have.Active {
							t.Errorf("seed %d, round %d: %s is out by the record (%s), and the desk has %+v; books %+v", seed, round, q.UserName, on.Says, have, d.Did())
						}
					}
				}
			}
		}
		if out == 0 {
			t.Errorf("seed %d: nobody was ever out", seed)
		}
	}
}

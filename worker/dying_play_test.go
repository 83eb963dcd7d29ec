//go:build !race

package worker_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker"
)

// TestTwoHundredConversationsAndTwoDeaths: whoever leaves with two hundred conversations,
// on a desk that loses answers and fails, while new ones come and the process dies twice,
// has none in the end; the desk's own books have each given once, and the record counts the
// same.
func TestTwoHundredConversationsAndTwoDeaths(t *testing.T) {
	const many, arriving = 200, 30
	for _, keeps := range []bool{true, false} {
		t.Run(fmt.Sprintf("conversations stay with the deactivated: %v", keeps), func(t *testing.T) {
			each(t, func(s *settings) { s.desk.HandOver.Agent = "boss@" + domain }, func(h *harness) {
				h.agents()
				boss, id := h.agent("boss"), h.agent("ada")
				leaver, heir := h.account(id.ID).DeskUser, h.account(boss.ID).DeskUser
				all := make(map[string]bool) // and whether it is the leaver's
				for range many {
					all[h.conversation(leaver)] = true
				}
				arrives := func() { // the desk gives none to whoever is deactivated
					to := heir
					if u := h.user("ada@" + domain); u.Active {
						to = leaver
					}
					all[h.conversation(to)] = to == leaver
				}
				liar := lies.New(h.raw, lies.Plan{Now: h.now, Random: lies.Random{Seed: 1, Rate: 0.03, Kinds: []lies.Kind{lies.Lost, lies.Fail}}})
				process := func() {
					h.faults = &faults{}
					if !keeps {
						h.loses()
					}
					h.worker = worker.New(workerCore(h.core), func(provision.Desk) (desk.Desk, error) { return mortal{faulty{liar.Desk(), h.faults}}, nil }, testLog())
					h.worker.SetCircuit(worker.CircuitSettings{Failures: -1})
				}
				process()
				h.suspend(id.ID)
				assigned, deaths := 0, 0
				for range 60 {
					h.faults.before = func(_ int, call string) error {
						if call != "Assign" {
							return nil
						}
						assigned++
						if assigned%5 == 0 && len(all) < many+arriving {
							arrives()
						}
						if assigned == 60 || assigned == 140 {
							deaths++
							runtime.Goexit()
						}
						return nil
					}
					ended := make(chan bool, 1)
					go func() {
						whole := false
						defer func() { ended <- whole }()
						h.drain()
						whole = true
					}()
					if !<-ended {
						process()
					}
					if h.account(id.ID).State == provision.AccountEnded && len(all) == many+arriving {
						break
					}
					h.offset.Add(int64(2 * reconcile.Lease))
					_, err := h.core.Reconcile.CatchUp(h.Context(), reconcile.Lease)
					h.must(err)
				}
				h.state(id.ID, provision.AccountEnded)
				if deaths != 2 || len(all) != many+arriving {
					h.Errorf("%d deaths, %d conversations", deaths, len(all))
				}
				if left := h.openOf(leaver); len(left) > 0 {
					h.Errorf("%d conversations are the leaver's", len(left))
				}
				if got := len(h.openOf(heir)); got != len(all) {
					h.Errorf("%d conversations are the heir's, want %d", got, len(all))
				}
				moves, given := liar.Moves(), 0
				for c, was := range all {
					want := []desk.Assignee{{User: heir}}
					if !was {
						want = nil
					}
					given += len(want)
					if to := moves[c]; !slices.Equal(to, want) {
						h.Errorf("conversation %s was given to %v, want %v", c, to, want)
					}
				}
				h.oneEntryEach(id.ID)
				if n := len(h.handOvers(id.ID)); n != given || len(moves) != n {
					h.Errorf("the record has %d hand-overs, the desk's books %d, want %d", n, len(moves), given)
				}
				_, err := h.core.Audit.Seal(h.Context())
				h.must(err)
				report, err := h.core.Audit.Verify(h.Context(), audit.Head{})
				h.must(err)
				if len(report.Problems) > 0 {
					h.Errorf("the record does not verify: %+v", report)
				}
			})
		})
	}
}

package worker_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const seats = 3

func withSeats(s *settings) { s.desk.Seats = seats }

// active counts the people with a usable account made by us.
func (h *harness) activeUsers() (n int) {
	h.Helper()
	for _, u := range h.snapshot().Users {
		if u.Active && u.ExternalID != "" {
			n++
		}
	}
	return n
}

func (h *harness) taken() int {
	h.Helper()
	n, err := h.store.SeatsTaken(h.Context(), h.desk.ID)
	h.must(err)
	return n
}

func TestSeatsUnderARush(t *testing.T) {
	each(t, withSeats, func(h *harness) {
		h.agents()
		h.drain()
		const people = 20
		ids := make([]provision.Identity, people)
		for i := range ids {
			ids[i] = h.person(fmt.Sprintf("p%02d", i), roles("agent"))
		}
		runs, _ := h.jobs()
		var all sync.WaitGroup
		for _, v := range runs {
			all.Go(func() {
				if _, err := h.worker.Reconcile(h.Context(), v); err != nil {
					h.Error(err)
				}
			})
		}
		all.Wait()
		h.drain()
		if h.activeUsers() != seats || h.taken() != seats {
			h.Errorf("%d users active, %d seats taken, want %d", h.activeUsers(), h.taken(), seats)
		}
		var waiting []provision.IdentityID
		for _, id := range ids {
			if a := h.account(id.ID); a.State == provision.AccountNeedsAttention {
				if !strings.HasPrefix(a.Reason, "no seat left on support") {
					h.Errorf("reason %q", a.Reason)
				}
				waiting = append(waiting, id.ID)
			}
		}
		if len(waiting) != people-seats {
			h.Fatalf("%d wait, want %d", len(waiting), people-seats)
		}

		in := slices.IndexFunc(ids, func(id provision.Identity) bool { return h.account(id.ID).State == provision.AccountReady })
		h.suspend(ids[in].ID)
		h.drain()
		if h.activeUsers() != seats || h.taken() != seats {
			h.Errorf("after one left: %d users active, %d seats taken, want %d", h.activeUsers(), h.taken(), seats)
		}
		h.restore(ids[in].ID) // coming back counts, too
		h.drain()
		h.state(ids[in].ID, provision.AccountNeedsAttention)
		if h.activeUsers() != seats {
			h.Errorf("after one came back: %d users active, want %d", h.activeUsers(), seats)
		}

		draft := h.desk
		draft.Seats = seats + 2
		_, err := h.core.Plan.Apply(h.Context(), byTest, plan.Draft{Desks: []provision.Desk{draft}, Rules: h.rulesByName()}, "")
		h.must(err)
		h.drain()
		if h.activeUsers() != seats+2 {
			h.Errorf("after the limit was raised: %d users active, want %d", h.activeUsers(), seats+2)
		}
	})
}

// rulesByName returns the rules as a draft names them.
func (h *harness) rulesByName() (out []plan.DraftRule) {
	h.Helper()
	rules, err := h.core.Settings.Rules(h.Context(), "")
	h.must(err)
	for _, r := range rules {
		r.ID, r.Connection, r.Desk = "", "", ""
		out = append(out, plan.DraftRule{Connection: h.conn.Name, Desk: h.desk.Name, Rule: r})
	}
	return out
}

// TestSeatFreedWhileRefused frees the last seat between the refusal of it and
// the note that somebody waits for it.
func TestSeatFreedWhileRefused(t *testing.T) {
	each(t, func(s *settings) { s.desk.Seats = 1 }, func(h *harness) {
		h.agents()
		h.drain()
		first := h.agent("ann")
		second := h.person("bob", roles("agent"))
		h.jobs()
		v, err := h.core.Reconcile.Begin(h.Context(), h.account(second.ID).ID)
		h.must(err)
		refusal := v.TakeSeat(h.Context())
		if refusal == nil {
			h.Fatal("there are two seats")
		}
		h.suspend(first.ID)
		h.drain()
		h.must(v.NeedsAttention(h.Context(), provision.ReasonSeat, refusal.Error(), false))
		h.drain()
		h.state(second.ID, provision.AccountReady)
	})
}

// TestSeatOfNobody checks that who is refused by the desk keeps nobody else
// from a seat.
func TestSeatOfNobody(t *testing.T) {
	each(t, func(s *settings) { s.desk.Seats = 1 }, func(h *harness) {
		h.agents()
		h.drain()
		bad := h.person("ann", func(i *provision.Identity) { roles("agent")(i); i.Profile.Email = "not an address" })
		good := h.person("bob", roles("agent"))
		h.drain()
		h.state(bad.ID, provision.AccountNeedsAttention)
		h.state(good.ID, provision.AccountReady)
		if h.taken() != 1 {
			h.Errorf("%d seats taken, want 1", h.taken())
		}
	})
}

// TestSeatPassesOn checks that a seat does not stay empty because the one who
// was woken for it needs it no more.
func TestSeatPassesOn(t *testing.T) {
	each(t, func(s *settings) { s.desk.Seats = 1 }, func(h *harness) {
		h.agents()
		h.drain()
		a, b, c := h.agent("ann"), h.agent("bob"), h.agent("cid")
		h.suspend(a.ID)
		runs, _ := h.jobs()
		h.reconcile(runs[0]) // wakes bob
		h.suspend(b.ID)
		h.drain()
		h.state(c.ID, provision.AccountReady)
	})
}

func TestOneVisitAtATime(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.drain()
		id := h.person("ann", roles("agent"))
		account := h.account(id.ID).ID
		var began, busy atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				switch _, err := h.core.Reconcile.Begin(h.Context(), account); err {
				case nil:
					began.Add(1)
				case reconcile.ErrBusy:
					busy.Add(1)
				default:
					h.Error(err)
				}
			})
		}
		all.Wait()
		if began.Load() != 1 || busy.Load() != 19 {
			h.Errorf("%d began, %d were told that it is busy; want 1 and 19", began.Load(), busy.Load())
		}
	})
}

func TestLostLeaseStopsWriting(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.rule("lead", provision.RoleAdmin, []string{"Tier 2"}, []string{"Billing"})
		id := h.agent("ann")
		h.update(id.ID, func(i *provision.Identity) { roles("lead")(i); i.Profile.FamilyName = "New" })
		h.faults.reset()
		slow := h.worker
		h.faults.after = func(_ int, call string) error {
			if call != "SetProfile" {
				return nil
			}
			h.faults.after = nil
			h.offset.Add(int64(2 * reconcile.Lease)) // this call took ages
			other := &harness{T: h.T, store: h.store, core: h.core, desks: h.desks, raw: h.raw, desk: h.desk, conn: h.conn}
			other.offset.Store(h.offset.Load())
			other.restart()
			_, err := other.worker.Reconcile(h.Context(), h.account(id.ID).ID)
			h.must(err)
			return nil
		}
		if _, err := slow.Reconcile(h.Context(), h.account(id.ID).ID); err != nil {
			h.Error(err)
		}
		if wrote := h.faults.wrote(); len(wrote) != 1 {
			h.Errorf("wrote %v, want nothing after the lease was lost", wrote)
		}
		h.drain()
		h.state(id.ID, provision.AccountReady)
		if got := h.actions(id.ID); got["account.profile_changed"] != 1 || got["account.role_changed"] != 1 || got["account.teams_changed"] != 1 {
			h.Errorf("audit %v", got)
		}
	})
}

func TestChangeDuringARun(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.rule("lead", provision.RoleAdmin, []string{"Tier 2"}, nil)
		h.drain()
		id := h.person("ann", roles("agent"))
		h.faults.after = func(_ int, call string) error {
			if call == "Create" {
				h.faults.after = nil
				h.update(id.ID, roles("lead"))
			}
			return nil
		}
		h.drain()
		h.state(id.ID, provision.AccountReady)
		u := h.user(id.Profile.Email)
		if u.Role != provision.RoleAdmin || !slices.Equal(u.Teams, []string{"Tier 2"}) || len(u.Mailboxes) > 0 {
			h.Errorf("desk user %+v", u)
		}
	})
}

// TestRetryDuringARun checks that what an admin asks for while a run is
// under way is not swallowed by that run's end.
func TestRetryDuringARun(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		h.byHand("ann", provision.RoleAgent)
		id := h.person("ann", roles("agent"))
		h.faults.after = func(_ int, call string) error {
			if call == "Find" {
				h.faults.after = nil
				_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, h.account(id.ID).ID, true)
				runs, _ := h.jobs()
				for _, v := range runs {
					h.reconcile(v) // finds it busy
				}
				return err
			}
			return nil
		}
		h.drain()
		h.state(id.ID, provision.AccountReady)
	})
}

func TestGraceKeepsAccess(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.agent("ann")
		h.update(id.ID, roles("nothing"))
		h.drain()
		h.faults.reset()
		h.pass(grace - time.Second)
		h.update(id.ID, roles("agent"))
		h.pass(time.Hour)
		h.state(id.ID, provision.AccountReady)
		if wrote := h.faults.wrote(); len(wrote) > 0 {
			h.Errorf("moving between groups wrote %v", wrote)
		}

		h.update(id.ID, roles("nothing"))
		h.drain()
		if !h.user(id.Profile.Email).Active {
			h.Error("lost access before the grace was over")
		}
		h.pass(grace + time.Second)
		h.state(id.ID, provision.AccountEnded)

		h.update(id.ID, roles("agent"))
		h.drain()
		h.suspend(id.ID) // no grace
		h.drain()
		h.state(id.ID, provision.AccountEnded)
	})
}

// TestSeatOfAHandMadeReturn checks that somebody whom an admin of the desk has
// let in again by hand needs a seat like all others.
func TestSeatOfAHandMadeReturn(t *testing.T) {
	each(t, func(s *settings) { s.desk.Seats, s.desk.OnLeave = 1, provision.LeaveDowngrade }, func(h *harness) {
		h.rule("agent", provision.RoleAgent, nil, nil)
		h.drain()
		first := h.agent("ann")
		h.suspend(first.ID)
		h.drain()
		user := h.account(first.ID).DeskUser
		h.must(h.raw.SetRole(h.Context(), user, provision.RoleAgent))
		h.must(h.raw.SetActive(h.Context(), user, true))
		h.faults.reset()
		second := h.person("bob", roles("agent"))
		a := h.account(second.ID)
		a.Seat = true // bob has the only one
		h.must(h.store.SaveAccounts(h.Context(), []provision.Account{a}))
		h.jobs()
		h.restore(first.ID)
		h.drain()
		h.state(first.ID, provision.AccountNeedsAttention)
		if wrote := h.faults.wrote(); len(wrote) > 0 {
			h.Errorf("wrote %v", wrote)
		}
	})
}

// TestReclaim: a process that is alone on its database need not wait for the
// leases of the one before it.
func TestReclaim(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		id := h.person("ann", roles("agent"))
		account := h.account(id.ID).ID
		if _, err := h.core.Reconcile.Begin(h.Context(), account); err != nil { // whoever began this is dead
			h.Fatal(err)
		}
		h.reconcile(account)
		h.state(id.ID, provision.AccountWaiting)
		if n, err := h.core.Reconcile.Reclaim(h.Context()); err != nil || n != 1 {
			h.Fatalf("reclaimed %d, %v; want one", n, err)
		}
		h.drain()
		h.state(id.ID, provision.AccountReady)
		if n, err := h.core.Reconcile.Reclaim(h.Context()); err != nil || n != 0 {
			h.Errorf("reclaimed %d, %v when nothing was left", n, err)
		}
	})
}

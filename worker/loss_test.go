package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/worker"
)

// lose takes away what grants people access.
func (h *harness) lose(ids ...provision.Identity) {
	h.Helper()
	for _, id := range ids {
		h.update(id.ID, roles("nothing"))
	}
}

// held fails the test unless exactly these are on hold.
func (h *harness) held(want ...provision.Identity) {
	h.Helper()
	accounts, err := h.store.AccountsWhere(h.Context(), provision.AccountFilter{State: provision.AccountOnHold, ReasonCode: provision.ReasonMassChange, Connection: h.conn.ID}, 0)
	h.must(err)
	if len(accounts) != len(want) {
		h.Errorf("%d accounts are on hold, want %d", len(accounts), len(want))
	}
	for _, id := range want {
		h.state(id.ID, provision.AccountOnHold)
	}
}

func (h *harness) release(names ...string) (int, error) {
	return h.core.Reconcile.Release(h.Context(), byTest, h.conn.Name, reconcile.Whom{All: len(names) == 0, People: names})
}

func (h *harness) reject(names ...string) (int, error) {
	return h.core.Reconcile.Reject(h.Context(), byTest, h.conn.Name, reconcile.Whom{All: len(names) == 0, People: names})
}

// TestDismissedDuringAHold: whoever is suspended or removed is out at once,
// whatever is on hold, theirs too; unless so many are.
func TestDismissedDuringAHold(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(20)
		h.lose(ids[:10]...)
		h.drain()
		h.pass(grace)
		h.held(ids[:10]...)

		h.suspend(ids[15].ID)
		h.suspend(ids[3].ID) // whose lost group is on hold
		h.must(h.core.Directory.RemoveIdentity(h.Context(), h.conn.ID, ids[4].ID, byTest, nil))
		h.drain()
		for _, i := range []int{15, 3, 4} {
			h.state(ids[i].ID, provision.AccountEnded)
		}
		h.held(ids[0], ids[1], ids[2], ids[5], ids[6], ids[7], ids[8], ids[9])

		h.suspend(ids[16].ID)
		h.suspend(ids[17].ID)
		h.drain()
		h.state(ids[17].ID, provision.AccountEnded) // the fifth
		h.suspend(ids[18].ID)
		h.drain()
		h.state(ids[18].ID, provision.AccountOnHold) // one too many within ten minutes
		h.pass(11 * time.Minute)
		h.state(ids[18].ID, provision.AccountOnHold)
		h.suspend(ids[19].ID) // a single one again
		h.drain()
		h.state(ids[19].ID, provision.AccountEnded)
	})
}

// TestMassSuspensionAfterAHold: what is suspended counts from then on, not from
// when the group was lost.
func TestMassSuspensionAfterAHold(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(12)
		h.lose(ids...)
		h.drain()
		h.pass(time.Hour)
		h.held(ids...)
		h.suspendAll(ids)
		h.drain()
		if h.activeUsers() != 12 {
			h.Errorf("%d of 12 are left", h.activeUsers())
		}
		for _, id := range ids { // taken back, but for the group
			h.restore(id.ID)
		}
		h.drain()
		h.pass(time.Hour)
		h.held(ids...)
	})
}

// TestNobodyLosesWhatTheyNeverHad: people without confirmed access count for
// nothing, and are not kept waiting.
func TestNobodyLosesWhatTheyNeverHad(t *testing.T) {
	each(t, func(s *settings) { withBrake(s); s.desk.Seats = 8 }, func(h *harness) {
		h.agents()
		ids := h.crowd(40) // 8 of them have a seat
		var had, others []provision.Identity
		for _, id := range ids {
			if h.account(id.ID).State == provision.AccountReady {
				had = append(had, id)
			} else {
				others = append(others, id)
			}
		}
		h.lose(others...)
		h.lose(had[:5]...)
		h.drain()
		h.pass(grace)
		h.held()
		if h.activeUsers() != 3 {
			h.Errorf("%d active, want 3", h.activeUsers())
		}
		limit, err := h.core.Reconcile.LimitOf(h.Context(), h.conn.ID)
		h.must(err)
		if limit.Lost != 5 || limit.Had != 8 || limit.Most != 5 {
			h.Errorf("limit %+v", limit)
		}
		h.lose(had[5])
		h.drain()
		h.pass(grace)
		h.held(had[5])
	})
}

// TestTheSizeOfALossIsKnownFirst: no access ends while it is being found out how
// many lose it by the same change.
func TestTheSizeOfALossIsKnownFirst(t *testing.T) {
	for name, change := range map[string]func(h *harness, r provision.Rule, g provision.Group){
		"rule removed": func(h *harness, r provision.Rule, _ provision.Group) {
			h.must(h.core.Settings.RemoveRule(h.Context(), byTest, r.ID))
		},
		"group deleted": func(h *harness, _ provision.Rule, g provision.Group) {
			h.must(h.core.Directory.RemoveGroup(h.Context(), h.conn.ID, g.ID, byTest, nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, withBrake, func(h *harness) {
				r, err := h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Group: "Support", Role: provision.RoleAgent})
				h.must(err)
				var ids []provision.Identity
				var members []provision.MemberID
				for i := range 12 {
					ids = append(ids, h.person(fmt.Sprint("p", i), nil))
					members = append(members, provision.MemberID(ids[i].ID))
				}
				g, err := h.core.Directory.CreateGroup(h.Context(), h.conn.ID, byTest, provision.Group{DisplayName: "Support"}, members)
				h.must(err)
				h.drain()
				if h.activeUsers() != 12 {
					h.Fatalf("%d active", h.activeUsers())
				}
				change(h, r, g)
				h.update(ids[0].ID, func(i *provision.Identity) { i.Profile.Title = "first" }) // evaluates one of them
				h.offset.Add(int64(grace))
				runs, evaluate := h.jobs()
				for _, id := range runs {
					h.reconcile(id)
				}
				if len(runs) != 1 || !evaluate || h.activeUsers() != 12 {
					h.Fatalf("%d runs, %d active before the rest is known", len(runs), h.activeUsers())
				}
				h.suspend(ids[11].ID) // an explicit one waits for nobody
				for runs, _ = h.jobs(); len(runs) > 0; runs, _ = h.jobs() {
					for _, id := range runs {
						h.reconcile(id)
					}
				}
				h.state(ids[11].ID, provision.AccountEnded)
				h.must(h.core.Entitlement.EvaluateDirty(h.Context(), h.conn.ID))
				h.pass(time.Minute)
				h.held(ids[:11]...)
			})
		})
	}
}

// TestReleaseAndReject: for one, for some, for all.
func TestReleaseAndReject(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(16)
		h.lose(ids[:10]...)
		h.drain()
		h.pass(grace)
		h.held(ids[:10]...)

		n, err := h.release(ids[0].UserName, string(ids[1].ID))
		h.drain()
		if n != 2 || err != nil {
			h.Errorf("released %d, %v", n, err)
		}
		h.state(ids[0].ID, provision.AccountEnded)
		h.state(ids[1].ID, provision.AccountEnded)
		if n, err := h.release(ids[12].UserName); n != 0 || err == nil {
			h.Errorf("released somebody who loses nothing: %d, %v", n, err)
		}
		if _, err := h.release("nobody"); !provision.IsNotFound(err) {
			h.Errorf("released nobody: %v", err)
		}

		n, err = h.reject(ids[2].UserName)
		if n != 1 || err != nil {
			h.Errorf("rejected %d, %v", n, err)
		}
		h.held(ids[3:10]...)
		n, err = h.reject()
		if n != 7 || err != nil || h.onHold() {
			h.Errorf("rejected %d, %v, on hold %v", n, err, h.onHold())
		}
		h.pass(time.Hour)
		h.held()
		if h.activeUsers() != 14 {
			h.Errorf("%d active, want 14", h.activeUsers())
		}
		if a := h.state(ids[2].ID, provision.AccountOnHold); a.ReasonCode != provision.ReasonRejected || !strings.Contains(a.Reason, "kept by test") {
			h.Errorf("%s: %s", a.ReasonCode, a.Reason)
		}
		if h.actions(ids[2].ID)["account.kept"] != 1 || h.actions(ids[0].ID)["account.released"] != 1 {
			h.Errorf("audit: %v, %v", h.actions(ids[2].ID), h.actions(ids[0].ID))
		}

		h.update(ids[2].ID, roles("agent")) // granted again: that is over
		h.drain()
		h.state(ids[2].ID, provision.AccountReady)
		h.lose(ids[2])
		h.drain()
		h.pass(grace)
		h.state(ids[2].ID, provision.AccountEnded)
		h.suspend(ids[3].ID) // said anew: decided anew
		h.drain()
		h.state(ids[3].ID, provision.AccountEnded)
		if n, err := h.release(ids[4].UserName); n != 1 || err != nil { // the admin thinks again
			h.Errorf("released %d, %v", n, err)
		}
		h.drain()
		h.state(ids[4].ID, provision.AccountEnded)
	})
}

// TestRejectedRemoval: a suspension that was rejected ends with the removal of
// the person.
func TestRejectedRemoval(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(12)
		h.suspendAll(ids)
		h.drain()
		h.held(ids...)
		if n, err := h.reject(); n != 12 || err != nil {
			h.Fatalf("rejected %d, %v", n, err)
		}
		h.pass(time.Hour)
		h.must(h.core.Directory.RemoveIdentity(h.Context(), h.conn.ID, ids[0].ID, byTest, nil))
		h.drain()
		h.state(ids[0].ID, provision.AccountEnded)
		if h.activeUsers() != 11 {
			h.Errorf("%d active, want 11", h.activeUsers())
		}
	})
}

// TestRetryIsNoRelease: it says what to do instead.
func TestRetryIsNoRelease(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.agents()
		ids := h.crowd(12)
		h.suspendAll(ids)
		h.drain()
		for range 2 {
			_, err := h.core.Reconcile.Retry(h.Context(), byTest, provision.AccountFilter{}, h.account(ids[0].ID).ID, false)
			if e, ok := err.(*provision.Error); !ok || e.Code != provision.Invalid || !strings.Contains(e.Detail, "connection release acme --person "+ids[0].UserName) {
				h.Errorf("retry: %v", err)
			}
			h.drain()
			_, err = h.reject()
			h.must(err)
		}
	})
}

// TestAllowedLosses: an admin who has seen who loses access by their change gets
// just that.
func TestAllowedLosses(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		h.rule("agent", provision.RoleAgent, nil, nil)
		leads := h.rule("lead", provision.RoleAgent, nil, nil)
		ids := h.crowd(12)
		var seen []provision.IdentityID
		for i := range 10 {
			p := h.person(fmt.Sprint("lead", i), roles("lead"))
			ids = append(ids, p)
			seen = append(seen, p.ID)
		}
		h.drain()
		h.must(h.store.InTx(h.Context(), func(tx *store.Store) error {
			if err := tx.LockRules(h.Context()); err != nil {
				return err
			}
			n, err := h.core.Entitlement.AllowLosses(h.Context(), tx, byTest, map[provision.DeskID][]provision.IdentityID{h.desk.ID: append(seen, ids[0].ID)})
			if err != nil || n != 11 {
				h.Errorf("allowed %d, %v", n, err)
			}
			if err := tx.DeleteRule(h.Context(), leads.ID); err != nil {
				return err
			}
			return h.core.Entitlement.MarkChanged(h.Context(), tx, h.conn.ID, "apply of the plan x by test")
		}))
		h.drain()
		h.pass(grace)
		h.held()
		if h.activeUsers() != 12 {
			h.Errorf("%d active, want 12", h.activeUsers())
		}
		h.lose(ids[:6]...) // the first of them was allowed to, and did not
		h.drain()
		h.pass(grace)
		h.held(ids[:6]...)
	})
}

// TestAHoldIsToldOnce: one line for an admin, with what they need.
func TestAHoldIsToldOnce(t *testing.T) {
	each(t, withBrake, func(h *harness) {
		r := h.rule("agent", provision.RoleAgent, nil, nil)
		ids := h.crowd(12)
		var log bytes.Buffer
		h.worker = worker.New(workerCore(h.core), h.open, slog.New(slog.NewTextHandler(&log, nil)))
		h.must(h.core.Settings.RemoveRule(h.Context(), provision.Cause{Actor: "cli:ann@box", Action: "test"}, r.ID))
		h.drain()
		h.pass(grace)
		h.held(ids...)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 1 {
			h.Fatalf("%d lines:\n%s", len(lines), &log)
		}
		for _, want := range []string{"level=ERROR", "connection=acme", "people=12", "of=12", "limit=5", `cause="removal of the rule on attribute roles = agent by ann@box"`, "connection release acme"} {
			if !strings.Contains(lines[0], want) {
				h.Errorf("%q is not in %s", want, lines[0])
			}
		}
		if a := h.account(ids[0].ID); !strings.Contains(a.Reason, "removal of the rule on attribute roles = agent by ann@box") || strings.Contains(a.Reason, "identity provider") {
			h.Errorf("reason: %s", a.Reason)
		}
	})
}

// lockedLog is a log that several workers write.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// TestNobodyIsOutBeforeAllAreKnown: two processes end access while what a change
// takes away is still found out in batches of fifty, the first of which is within
// the limit.
func TestNobodyIsOutBeforeAllAreKnown(t *testing.T) {
	const many = 150
	each(t, func(s *settings) {
		s.policy.Grace, s.policy.Brake = -1, reconcile.Brake{People: 70}
	}, func(h *harness) {
		r := h.rule("agent", provision.RoleAgent, nil, nil)
		for i := range many {
			h.person(fmt.Sprint("p", i), roles("agent"))
		}
		h.drain()
		h.must(h.core.Settings.RemoveRule(h.Context(), byTest, r.ID))
		var log lockedLog
		var runners []*worker.Runner
		for range 2 {
			process := worker.New(workerCore(h.core), h.open, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})))
			runner, err := process.Start(h.Context(), h.store.RiverDriver(), worker.Options{Workers: 4, Poll: 20 * time.Millisecond})
			h.must(err)
			runners = append(runners, runner)
		}
		onHold := 0
		for began := time.Now(); onHold < many && time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
			accounts, err := h.store.AccountsWhere(h.Context(), provision.AccountFilter{State: provision.AccountOnHold}, 0)
			h.must(err)
			onHold = len(accounts)
		}
		for _, runner := range runners { // what is told is told after the commit that holds the last of them
			h.must(runner.Stop(context.WithoutCancel(h.Context())))
		}
		if onHold != many || h.activeUsers() != many {
			h.Errorf("%d of %d accounts are on hold, %d people are in", onHold, many, h.activeUsers())
		}
		log.mu.Lock()
		defer log.mu.Unlock()
		if n := strings.Count(log.text.String(), "mass-change protection"); n != 1 {
			h.Errorf("told %d times:\n%s", n, &log.text)
		}
	})
}

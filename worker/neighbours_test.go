package worker_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker"
)

// ahead is how many runs of a desk's backlog may come before one that ends access:
// those that were under way, and those that a worker had fetched.
const ahead = 200

// neighbours is a harness with a second desk, near, beside its own, far. Faults
// are those of far; near is healthy.
type neighbours struct {
	*harness
	near    desk.Desk
	nearID  provision.DeskID
	release func() // far answers at once from now on
}

// far says what becomes of a call to the far desk. released is closed when the
// test has seen enough.
type far func(call string, released <-chan struct{})

// hangs takes the connection and does not answer.
func hangs(_ string, released <-chan struct{}) { <-released }

// slowly answers, but not at once.
func slowly(_ string, released <-chan struct{}) {
	select {
	case <-released:
	case <-time.After(time.Second):
	}
}

// eachNeighbours runs test with two desks on every database. People with the
// role "far" or "near" are agents there.
func eachNeighbours(t *testing.T, test func(h *neighbours)) {
	t.Helper()
	each(t, func(s *settings) { s.desk.HandOver.To = provision.HandOverUnassign }, func(h *harness) {
		near, err := h.core.Settings.AddDesk(h.Context(), byTest, provision.Desk{Name: "near", Kind: builtin.Kind,
			Settings: map[string]string{builtin.SettingTeams: "Tier 1", builtin.SettingMailboxes: "Help"}})
		h.must(err)
		n := &neighbours{harness: h, nearID: near.ID}
		n.near, err = h.desks.Connector(near)
		h.must(err)
		_, err = n.near.Check(h.Context())
		h.must(err)
		h.rule("far", provision.RoleAgent, []string{"Tier 1"}, []string{"Help"})
		_, err = h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: near.ID,
			Attribute: "roles", Equals: "near", Role: provision.RoleAgent, Teams: []string{"Tier 1"}})
		h.must(err)
		h.drain()
		test(n)
	})
}

// start works off the queue, with a far desk of this kind.
func (n *neighbours) start(is far) {
	n.Helper()
	released := make(chan struct{})
	n.release = sync.OnceFunc(func() { close(released) })
	faults := &faults{before: func(_ int, call string) error { is(call, released); return nil }}
	n.worker = worker.New(workerCore(n.core), func(d provision.Desk) (desk.Desk, error) {
		inner, err := n.desks.Connector(d)
		if d.ID == n.desk.ID {
			return faulty{Desk: inner, faults: faults}, err
		}
		return inner, err
	}, testLog())
	n.run(worker.Options{})
	n.Cleanup(n.release) // before the worker is stopped
}

// crowded makes people with a role, whose runs are due.
func (n *neighbours) crowded(count int, name string, role ...string) []provision.Identity {
	n.Helper()
	people := make([]provision.Identity, count)
	for i := range people {
		people[i] = n.person(fmt.Sprintf("%s%d", name, i), roles(role...))
	}
	return people
}

// on returns the account of a person on a desk.
func (n *neighbours) on(d provision.DeskID, id provision.IdentityID) provision.Account {
	n.Helper()
	accounts, err := n.store.AccountsOf(n.Context(), []provision.IdentityID{id})
	n.must(err)
	for _, a := range accounts {
		if a.Desk == d {
			return a
		}
	}
	n.Fatalf("no account on %s", d)
	return provision.Account{}
}

// outOfNear suspends a person who is out of the near desk while the far one keeps
// everybody waiting, before its own backlog is worked off.
func (n *neighbours) outOfNear(id provision.Identity, waiting []provision.Identity) {
	n.Helper()
	before, started := n.backlog(n.nearID), time.Now()
	n.suspend(id.ID)
	n.until("the near desk has shown the leaver out", func() bool {
		u, err := n.near.Find(n.Context(), desk.Key{Email: id.Profile.Email})
		n.must(err)
		return u != nil && !u.Active
	})
	n.Logf("out after %v", time.Since(started))
	if done := before - n.backlog(n.nearID); done > ahead {
		n.Errorf("%d runs of the near desk came first", done)
	}
	for _, w := range waiting {
		if n.on(n.desk.ID, w.ID).LeaseUntil == nil {
			n.Errorf("the far desk's run for %s has ended already: the test shows nothing", w.UserName)
		}
	}
}

// backlog is how many runs of a desk wait.
func (n *neighbours) backlog(d provision.DeskID) int {
	n.Helper()
	health, err := n.core.DeskHealth.All(n.Context())
	n.must(err)
	return health[d].Backlog.Runs
}

// busy waits until the far desk's runs have begun.
func (n *neighbours) busy(people []provision.Identity, count int) {
	n.Helper()
	n.until("runs to the far desk are under way", func() bool {
		leased := 0
		for _, p := range people {
			if n.on(n.desk.ID, p.ID).LeaseUntil != nil {
				leased++
			}
		}
		return leased >= count
	})
}

// TestDeskThatHangs: runs to a desk that takes connections and never answers
// keep nobody in on another desk.
func TestDeskThatHangs(t *testing.T) {
	eachNeighbours(t, func(h *neighbours) {
		leaver, both := h.person("leaver", roles("near")), h.person("both", roles("near", "far"))
		h.drain()
		crowd := h.crowded(20, "p", "far")
		h.start(hangs)
		h.busy(crowd, 8)
		h.outOfNear(leaver, nil)
		h.outOfNear(both, nil)
	})
}

// TestLongHandOvers: leavers whose many conversations are handed over on a slow
// desk keep nobody in on another desk.
func TestLongHandOvers(t *testing.T) {
	eachNeighbours(t, func(h *neighbours) { h.handOvers(0) })
}

// TestBacklogOfJoiners: nor do they with hundreds of jobs to let people in waiting
// for both desks, more for each than may come first.
func TestBacklogOfJoiners(t *testing.T) {
	eachNeighbours(t, func(h *neighbours) { h.handOvers(3 * ahead) })
}

// handOvers has eight leavers hand over on a slow desk while so many jobs for
// joiners wait for it, and somebody else leave the near one.
func (n *neighbours) handOvers(backlog int) {
	n.Helper()
	leaver := n.person("leaver", roles("near"))
	leavers := n.crowded(8, "l", "far")
	n.drain()
	for _, l := range leavers {
		for range 40 {
			n.conversation(n.on(n.desk.ID, l.ID).DeskUser)
		}
		n.suspend(l.ID)
	}
	n.jobsOfJoiners(backlog)
	n.start(slowly)
	n.busy(leavers, len(leavers))
	if waiting := n.backlog(n.desk.ID); waiting < backlog/2 {
		n.Errorf("%d runs wait for the far desk, of %d", waiting, backlog/2)
	}
	n.outOfNear(leaver, leavers)
}

// jobsOfJoiners has so many jobs wait to let people in on both desks.
func (n *neighbours) jobsOfJoiners(count int) {
	n.Helper()
	if count == 0 {
		return
	}
	const people = 100
	var accounts []provision.Account
	for _, j := range n.crowded(people, "j", "near", "far") {
		accounts = append(accounts, n.on(n.desk.ID, j.ID), n.on(n.nearID, j.ID))
	}
	for made := len(accounts); made < count; made += len(accounts) {
		n.must(n.requeue(accounts))
	}
}

func (n *neighbours) requeue(accounts []provision.Account) error {
	for _, a := range accounts {
		if _, err := n.core.Reconcile.Retry(context.Background(), byTest, provision.AccountFilter{}, a.ID, false); err != nil {
			return err
		}
	}
	return nil
}

// TestLongHandOversOnTheSameDesk: however many leavers' conversations are handed
// over on a desk, another one is out of it promptly.
func TestLongHandOversOnTheSameDesk(t *testing.T) {
	eachNeighbours(t, func(h *neighbours) {
		leaver := h.person("leaver", roles("far"))
		leavers := h.crowded(8, "l", "far")
		h.drain()
		for _, l := range leavers {
			for range 30 {
				h.conversation(h.on(h.desk.ID, l.ID).DeskUser)
			}
			h.suspend(l.ID)
		}
		h.start(func(_ string, released <-chan struct{}) {
			select {
			case <-released:
			case <-time.After(300 * time.Millisecond):
			}
		})
		h.until("hand-overs are on their way", func() bool {
			going := 0
			for _, l := range leavers {
				if h.on(h.desk.ID, l.ID).Transfer.Left > 0 {
					going++
				}
			}
			return going == len(leavers)
		})
		started := time.Now()
		h.suspend(leaver.ID)
		h.until("the leaver is out", func() bool { return !h.user(leaver.Profile.Email).Active })
		h.Logf("out after %v", time.Since(started))
		for _, l := range leavers {
			if a := h.on(h.desk.ID, l.ID); a.Transfer.Left == 0 {
				h.Errorf("%s has handed over already: the test shows nothing", l.UserName)
			}
		}
		h.release()
		h.until("all are handed over", func() bool {
			for _, l := range leavers {
				if h.on(h.desk.ID, l.ID).State != provision.AccountEnded {
					return false
				}
			}
			return true
		})
		for _, l := range leavers {
			h.oneEntryEach(l.ID)
		}
	})
}

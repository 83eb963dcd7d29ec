package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// perMinute is how many requests a minute a narrow desk takes.
const perMinute = 100

// narrow is a desk that takes few requests a minute, and says so by HTTP 429. What it
// is asked and told is counted.
type narrow struct {
	desk.Base

	mu      sync.Mutex
	minute  time.Time // of which taken are
	taken   int
	refused int
	users   map[provision.DeskUserID]*provision.DeskUser
	by      map[string]provision.DeskUserID // by external id and by address
	kinds   map[string]int                  // of requests
	seen    map[string]bool                 // look-ups since the user they are about was last written
	again   int                             // look-ups that were of these
	ended   map[provision.DeskUserID]int    // how many requests the desk had taken when a user was deactivated
	all     int
}

func newNarrow() *narrow {
	return &narrow{users: map[provision.DeskUserID]*provision.DeskUser{}, by: map[string]provision.DeskUserID{}, kinds: map[string]int{}, seen: map[string]bool{}, ended: map[provision.DeskUserID]int{}}
}

// request is one of them: a look-up by key, or a write where key is "".
func (n *narrow) request(ctx context.Context, kind, key string, do func()) error {
	return desk.Request(ctx, func(context.Context) error {
		time.Sleep(50 * time.Millisecond)
		n.mu.Lock()
		defer n.mu.Unlock()
		now := time.Now()
		if minute := now.Truncate(time.Minute); !minute.Equal(n.minute) {
			n.minute, n.taken = minute, 0
		}
		if n.taken == perMinute {
			n.refused++
			return &desk.Error{Kind: desk.Retryable, Detail: "the desk cannot answer now (HTTP 429)", TooOften: true, RetryAfter: n.minute.Add(time.Minute).Sub(now)}
		}
		n.taken++
		n.all++
		n.kinds[kind]++
		if key != "" && n.seen[key] {
			n.again++
		}
		if key != "" {
			n.seen[key] = true
		}
		do()
		return nil
	})
}

func (n *narrow) Capabilities() desk.Capabilities {
	return desk.Capabilities{RoleNames: map[provision.Role]string{provision.RoleAgent: "agent"}, ChangeTeams: true, ChangeMailboxes: true, Deactivate: true,
		OnDeactivate: desk.Keeps, ExternalID: true, TeamsWhenInactive: desk.TeamsShown, SeatFreedBy: desk.ByDeactivate}
}

func (n *narrow) Check(ctx context.Context) (p desk.Profile, err error) {
	err = n.request(ctx, "check", "", func() { p = desk.Profile{Self: "self", Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}} })
	return p, err
}

func (n *narrow) Find(ctx context.Context, key desk.Key) (u *provision.DeskUser, err error) {
	show := func(id provision.DeskUserID) {
		if have := n.users[id]; have != nil {
			copied := *have
			u = &copied
		}
	}
	if key.ID != "" {
		err = n.request(ctx, "find by id", string(key.ID), func() { show(key.ID) })
		return u, err
	}
	if err = n.request(ctx, "find by external id", key.ExternalID, func() { show(n.by[key.ExternalID]) }); err != nil || u != nil {
		return u, err
	}
	err = n.request(ctx, "find by address", key.Email, func() { show(n.by[key.Email]) })
	return u, err
}

func (n *narrow) Create(ctx context.Context, want provision.DeskUser) (u *provision.DeskUser, err error) {
	err = n.request(ctx, "create", "", func() {
		want.ID = provision.DeskUserID(fmt.Sprint(len(n.users) + 1))
		n.users[want.ID] = &want
		n.by[want.ExternalID], n.by[want.Email] = want.ID, want.ID
		copied := want
		u = &copied
	})
	return u, err
}

func (n *narrow) write(ctx context.Context, kind string, id provision.DeskUserID, do func(u *provision.DeskUser)) error {
	return n.request(ctx, kind, "", func() {
		do(n.users[id])
		n.seen[string(id)] = false
		n.seen["open of "+string(id)] = false
	})
}

func (n *narrow) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return n.write(ctx, "set active", id, func(u *provision.DeskUser) {
		u.Active = active
		n.ended[id] = n.all
	})
}

func (n *narrow) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return n.write(ctx, "change teams", id, func(u *provision.DeskUser) { u.Teams = changed(u.Teams, add, remove) })
}

func (n *narrow) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return n.write(ctx, "change mailboxes", id, func(u *provision.DeskUser) { u.Mailboxes = changed(u.Mailboxes, add, remove) })
}

func changed(names, add, remove []string) []string {
	return provision.Sorted(append(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(remove, name) }), add...))
}

func (n *narrow) OpenConversations(ctx context.Context, id provision.DeskUserID, _ int) ([]desk.Conversation, error) {
	return nil, n.request(ctx, "open conversations", "open of "+string(id), func() {})
}

func (n *narrow) Assign(context.Context, string, desk.Assignee) error { return nil }

func (n *narrow) Admins(ctx context.Context) (int, error) {
	return 2, n.request(ctx, "admins", "", func() {})
}

func (n *narrow) TeamMembers(ctx context.Context, _ string) ([]provision.DeskUserID, error) {
	return nil, n.request(ctx, "members", "", func() {})
}

// count returns how many requests the desk has taken so far.
func (n *narrow) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all
}

// crowd is a harness whose queue is worked off by eight workers, in its own order, by a
// clock that goes as fast as they do.
type crowd struct {
	*harness
	desk *narrow
	jobs sync.Mutex
	runs int // that were begun
}

// next takes the first job that may be done now, as the queue would hand it out.
func (c *crowd) next() provision.AccountID {
	c.jobs.Lock()
	defer c.jobs.Unlock()
	var args string
	err := c.store.DB().QueryRowContext(c.Context(), `DELETE FROM river_job WHERE id = (SELECT id FROM river_job
		WHERE state = 'available' AND queue = ? ORDER BY priority, scheduled_at, id LIMIT 1) RETURNING json(args)`, c.harness.desk.ID.Queue()).Scan(&args)
	if err != nil {
		return ""
	}
	var run provision.ReconcileArgs
	c.runs++
	if err := json.Unmarshal([]byte(args), &run); err != nil {
		c.Error(err)
	}
	return run.Account
}

// work works the queue off until stop is closed.
func (c *crowd) work(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		id := c.next()
		if id == "" {
			time.Sleep(time.Second)
			continue
		}
		again, err := c.worker.TakeTurn(context.WithoutCancel(c.Context()), id)
		if err != nil {
			c.Error(err)
		}
		if !again.IsZero() {
			job := provision.Job{Kind: provision.JobReconcile, Account: id, Desk: c.harness.desk.ID, At: again}
			if err := c.store.Enqueue(context.WithoutCancel(c.Context()), job); err != nil {
				c.Error(err)
			}
		}
	}
}

// todo is what people are told.
func (c *crowd) todo() deskhealth.Work {
	c.Helper()
	health, err := c.core.DeskHealth.All(c.Context())
	c.must(err)
	return health[c.harness.desk.ID].Work
}

// passes lets so much time go by, while the queue is worked off.
func (c *crowd) passes(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		slot := time.Now().Truncate(deskhealth.PaceSlot)
		time.Sleep(time.Until(slot.Add(deskhealth.PaceSlot)))
		_, err := c.store.DB().ExecContext(c.Context(), `UPDATE river_job SET state = 'available' WHERE state = 'scheduled' AND unixepoch(scheduled_at) <= ?`, time.Now().Unix())
		c.must(err)
		if err := c.worker.NotePace(c.Context(), slot); err != nil {
			c.Error(err)
		}
	}
}

// TestCrowdOnANarrowDesk: what a desk is asked that takes a hundred requests a minute,
// in which order, and what people are told of how long it takes, when hundreds join at
// once and some of them leave in the middle.
func TestCrowdOnANarrowDesk(t *testing.T) { joinAtOnce(t, 300) }

// joinAtOnce plays [TestCrowdOnANarrowDesk] with so many people; at least 300, so that ten
// minutes are not enough.
func joinAtOnce(t *testing.T, people int) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, storetest.SQLite(t), chosen(func(s *settings) { s.desk.HandOver.To = provision.HandOverUnassign }))
		c := &crowd{harness: h, desk: newNarrow()}
		h.worker = worker.New(workerCore(h.core), func(provision.Desk) (desk.Desk, error) { return c.desk, nil }, testLog())
		h.agents()
		h.drain()
		var crowd []provision.Identity
		for i := range people {
			crowd = append(crowd, h.person(fmt.Sprintf("p%d", i), roles("agent")))
		}
		if said := c.todo().String(); said != fmt.Sprintf("%d to go; how long that takes is not known yet", people) {
			t.Errorf("before anything was measured: %q", said)
		}
		stop := make(chan struct{})
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() { c.work(stop) })
		}
		defer workers.Wait()
		defer sync.OnceFunc(func() { close(stop) })()
		began := time.Now()
		c.passes(10 * time.Minute)
		told, at := c.todo(), time.Now()
		left, known := told.Left()
		if rate := told.Pace.PerMinute(); !known || rate < perMinute*0.85 || rate > perMinute*1.02 || !strings.HasPrefix(told.String(), fmt.Sprintf("%d to go, about ", told.Accounts())) {
			t.Errorf("after ten minutes: %q", told)
		}
		t.Logf("told: %s", told)

		var leavers []provision.Identity
		for _, id := range crowd {
			if a := h.account(id.ID); a.State == provision.AccountReady {
				leavers = append(leavers, id)
			}
			if len(leavers) == 5 {
				break
			}
		}
		if len(leavers) < 5 {
			t.Fatalf("after ten minutes %d people are on the desk", len(leavers))
		}
		before := c.desk.count()
		for _, id := range leavers {
			h.suspend(id.ID)
		}
		if w := c.todo(); w.Leavers != len(leavers) || !strings.Contains(w.String(), ", 5 leavers first") {
			t.Errorf("with leavers: %q", w)
		}
		for left := c.todo().Accounts(); left > 0; left = c.todo().Accounts() {
			c.passes(max(deskhealth.PaceSlot, time.Duration(left/40)*time.Minute)) // it takes 25 a minute at most
		}
		took := time.Since(at)
		t.Logf("it took %v more, of %v; %d requests, %d refused, %d look-ups again, %d runs: %v", took, time.Since(began), c.desk.all, c.desk.refused, c.desk.again, c.runs, c.desk.kinds)
		if off := took - left; known && max(off, -off) > took/4 {
			t.Errorf("told that it takes %v more, and it took %v", left, took)
		}
		// Of those under way, each of eight runs has four requests to come at most before a
		// worker is free; of a leaver's own run, the third ends access.
		for _, id := range leavers {
			if n := c.desk.ended[h.account(id.ID).DeskUser] - before; n <= 0 || n > 8*4+3*len(leavers) {
				t.Errorf("%s was out after %d requests", id.UserName, n)
			}
		}
		c.onDesk(people, len(leavers), time.Since(began))
	})
}

// onDesk looks at what the desk has in the end, and at what it was asked for that.
func (c *crowd) onDesk(people, left int, took time.Duration) {
	c.Helper()
	active := 0
	for _, u := range c.desk.users {
		if u.Active {
			active++
		}
	}
	if len(c.desk.users) != people || active != people-left {
		c.Errorf("%d users on the desk, %d active", len(c.desk.users), active)
	}
	// Whoever has joined was looked for once, made, and read back. What is more than
	// that are the eight runs that were under way when the desk said that it was too much,
	// which it does when it is sent a little more, every quarter of an hour.
	few := 16 * (1 + int(took/(15*time.Minute)))
	for _, kind := range []string{"find by external id", "find by address", "create"} {
		if n := c.desk.kinds[kind]; n < people || n > people+few {
			c.Errorf("%d requests to %s for %d people", n, kind, people)
		}
	}
	if c.desk.kinds["create"] != people || c.desk.again > few || c.desk.refused > few {
		c.Errorf("%d users made, %d look-ups repeated, %d requests refused", c.desk.kinds["create"], c.desk.again, c.desk.refused)
	}
	// While the desk is paused, for a minute at most, the queue is left alone: each of eight
	// workers looks every five seconds.
	if most := people + left + (2+int(took/(15*time.Minute)))*8*(2+60/5); c.runs > most {
		c.Errorf("%d runs for %d people, want %d at most", c.runs, people, most)
	}
	if n := c.desk.kinds["check"]; n > 30 {
		c.Errorf("the desk was checked %d times", n)
	}
	accounts, err := c.store.AccountsWhere(c.Context(), provision.AccountFilter{State: provision.AccountReady}, 0)
	c.must(err)
	if len(accounts) != people-left {
		c.Errorf("%d accounts are ready", len(accounts))
	}
}

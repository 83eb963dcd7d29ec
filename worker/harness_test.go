package worker_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

const (
	grace  = 5 * time.Second
	domain = "example.test"
)

var byTest = provision.Cause{Actor: "test", Action: "test"}

// harness is a whole Deskbridge in one process, with a clock that tests move: a
// store, the core, a worker, and a built-in desk with two teams and two
// mailboxes. Its queue is the real one, worked off by [harness.drain].
type harness struct {
	*testing.T
	store  *store.Store
	core   *core.Core
	worker *worker.Worker
	desks  *builtin.Desks
	raw    desk.Desk              // the desk, without faults
	faults *faults                // what the worker reaches it through
	bulk   bool                   // the worker may read the desk in bulk
	wrap   func(faulty) desk.Desk // nil: the desk can do nothing else
	desk   provision.Desk
	conn   provision.Connection

	epoch  time.Time // when the clock stood still but for offset; zero: it goes on
	offset atomic.Int64
	tick   func() // called whenever somebody looks at the clock; nil: nobody is
	later  []laterVisit
	log    []provision.Entry // as far as it has been read
}

type laterVisit struct {
	at      time.Time
	account provision.AccountID
}

// settings is what a test may choose before the harness is built.
type settings struct {
	policy core.Policy
	desk   provision.Desk
}

// The built-in desk's tables are there before a test begins.
func init() { storetest.Also("builtin", builtinTables) }

func builtinTables(ctx context.Context, s *store.Store) error {
	desks, err := builtin.New(s.DB(), builtin.Dialect(s.Dialect()))
	if err != nil {
		return err
	}
	return desks.Migrate(ctx)
}

// each runs test in a fresh harness on every database. edit may be nil.
func each(t *testing.T, edit func(*settings), test func(h *harness)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(build(t, s, chosen(edit))) })
}

// chosen are the settings of a harness, as edit leaves them.
func chosen(edit func(*settings)) settings {
	conf := settings{
		policy: core.Policy{Grace: grace, Brake: reconcile.Brake{Off: true}},
		desk: provision.Desk{Name: "support", Kind: builtin.Kind,
			Settings: map[string]string{builtin.SettingTeams: "Tier 1,Tier 2,Choir", builtin.SettingMailboxes: "Help,Billing"}},
	}
	if edit != nil {
		edit(&conf)
	}
	return conf
}

func build(t *testing.T, s *store.Store, conf settings) *harness {
	t.Helper()
	h := &harness{T: t, store: s}
	conf.policy.Now = h.now
	h.core = core.New(s, conf.policy, testLog())
	var err error
	h.desks, err = builtin.New(s.DB(), builtin.Dialect(s.Dialect()))
	h.must(err)
	h.must(h.desks.Migrate(t.Context()))
	h.desk, err = h.core.Settings.AddDesk(t.Context(), byTest, conf.desk)
	h.must(err)
	h.raw, err = h.desks.Connector(h.desk)
	h.must(err)
	_, err = h.raw.Check(t.Context()) // opens it
	h.must(err)
	h.conn, _, err = h.core.Settings.AddConnection(t.Context(), byTest, provision.Connection{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{domain}})
	h.must(err)
	h.restart()
	return h
}

// restart replaces the worker, as after the death of its process.
func (h *harness) restart() {
	h.faults = &faults{}
	// Desks are not paused by the clock on the wall while the tests move theirs;
	// the tests of pauses say otherwise.
	h.worker = worker.New(workerCore(h.core), h.open, testLog())
	h.worker.SetCircuit(worker.CircuitSettings{Failures: -1})
}

func (h *harness) open(d provision.Desk) (desk.Desk, error) {
	inner, err := h.desks.Connector(d)
	slow := faulty{Desk: inner, faults: h.faults}
	if h.wrap != nil {
		return h.wrap(slow), err
	}
	if h.bulk {
		return inBulk{slow}, err
	}
	return slow, err
}

func (h *harness) now() time.Time {
	if h.tick != nil {
		h.tick()
	}
	if !h.epoch.IsZero() {
		return h.epoch.Add(time.Duration(h.offset.Load()))
	}
	return time.Now().Add(time.Duration(h.offset.Load()))
}

// sub runs test as a subtest in this harness.
func (h *harness) sub(name string, test func()) {
	h.Run(name, func(t *testing.T) {
		outer := h.T
		h.T = t
		defer func() { h.T = outer }()
		test()
	})
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// drain works off the queue until nothing is left that may be done now.
func (h *harness) drain() {
	h.Helper()
	for range 100 {
		runs, evaluate := h.jobs()
		for _, l := range h.later {
			if !h.now().Before(l.at) {
				runs = append(runs, l.account)
			}
		}
		h.later = slices.DeleteFunc(h.later, func(l laterVisit) bool { return !h.now().Before(l.at) })
		if len(runs) == 0 && !evaluate {
			return
		}
		if evaluate {
			h.must(h.core.Entitlement.EvaluateDirty(h.Context(), h.conn.ID))
		}
		slices.Sort(runs)
		for _, id := range slices.Compact(runs) {
			h.reconcile(id)
		}
	}
	h.Fatal("the queue does not run dry")
}

// reconcile runs as a job of the queue does.
func (h *harness) reconcile(id provision.AccountID) {
	h.Helper()
	again, err := h.worker.Reconcile(h.Context(), id)
	h.must(err)
	if !again.IsZero() {
		h.later = append(h.later, laterVisit{again, id})
	}
}

// jobs takes all jobs out of the queue.
func (h *harness) jobs() (runs []provision.AccountID, evaluate bool) {
	h.Helper()
	return storetest.TakeJobs(h, h.store)
}

// pass lets time go by, does the housekeeping that is due by then, and works
// off the queue.
func (h *harness) pass(d time.Duration) {
	h.Helper()
	h.offset.Add(int64(d))
	_, err := h.core.Reconcile.CatchUp(h.Context(), reconcile.Lease)
	h.must(err)
	h.drain()
}

// person adds somebody, whom edit may change first.
func (h *harness) person(name string, edit func(*provision.Identity)) provision.Identity {
	h.Helper()
	id := provision.Identity{UserName: name + "@" + domain, ExternalID: "ext-" + name, Status: provision.StatusActive,
		Profile: provision.Profile{GivenName: name, FamilyName: "Test", Email: name + "@" + domain}}
	if edit != nil {
		edit(&id)
	}
	made, _, err := h.core.Directory.CreateIdentity(h.Context(), h.conn.ID, byTest, id)
	h.must(err)
	return made
}

func (h *harness) update(id provision.IdentityID, edit func(*provision.Identity)) {
	h.Helper()
	_, err := h.core.Directory.UpdatePerson(h.Context(), h.conn.ID, id, byTest, func(i *provision.Identity) error { edit(i); return nil })
	h.must(err)
}

func (h *harness) suspend(id provision.IdentityID) {
	h.Helper()
	h.update(id, func(i *provision.Identity) { i.Status = provision.StatusSuspended })
}

func (h *harness) restore(id provision.IdentityID) {
	h.Helper()
	h.update(id, func(i *provision.Identity) { i.Status = provision.StatusActive })
}

// rule grants by attribute: people whose "roles" hold value.
func (h *harness) rule(value string, role provision.Role, teams, mailboxes []string) provision.Rule {
	h.Helper()
	r, err := h.core.Settings.AddRuleUnchecked(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Attribute: "roles", Equals: value,
		Role: role, Teams: teams, Mailboxes: mailboxes})
	h.must(err)
	return r
}

// roles returns an edit that gives a person these values of "roles".
func roles(values ...string) func(*provision.Identity) {
	return func(id *provision.Identity) { id.Attributes = provision.Attributes{"roles": values} }
}

// agent adds a person with access: agent in Tier 1 who reads Help, by the rule
// on "agent".
func (h *harness) agent(name string) provision.Identity {
	h.Helper()
	id := h.person(name, roles("agent"))
	h.drain()
	return id
}

// agents makes the rule that [harness.agent] goes by.
func (h *harness) agents() {
	h.Helper()
	h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, []string{"Help"})
}

// account returns the only account of a person.
func (h *harness) account(id provision.IdentityID) provision.Account {
	h.Helper()
	accounts, err := h.store.AccountsOf(h.Context(), []provision.IdentityID{id})
	h.must(err)
	if len(accounts) != 1 {
		h.Fatalf("%d accounts, want 1", len(accounts))
	}
	return accounts[0]
}

func (h *harness) due(id provision.IdentityID) bool {
	h.Helper()
	a := h.account(id)
	return a.Due()
}

// user returns the desk user with an address, or nil.
func (h *harness) user(email string) *provision.DeskUser {
	h.Helper()
	u, err := h.raw.Find(h.Context(), desk.Key{Email: email})
	h.must(err)
	return u
}

func (h *harness) snapshot() builtin.Snapshot {
	h.Helper()
	s, err := h.desks.Snapshot(h.Context(), h.desk.ID)
	h.must(err)
	return s
}

// audit returns the entries about a person, oldest first.
func (h *harness) audit(id provision.IdentityID) []provision.Entry {
	h.Helper()
	for { // the log only grows, and reading all of it each time would take most of a test
		var after int64
		if len(h.log) > 0 {
			after = h.log[len(h.log)-1].ID
		}
		more, err := h.store.Entries(h.Context(), after, 1000)
		h.must(err)
		if len(more) == 0 {
			break
		}
		h.log = append(h.log, more...)
	}
	var out []provision.Entry
	for _, e := range h.log {
		if e.Subject == string(id) {
			out = append(out, e)
		}
	}
	return out
}

// actions counts a person's audit entries by action.
func (h *harness) actions(id provision.IdentityID) map[string]int {
	h.Helper()
	n := make(map[string]int)
	for _, e := range h.audit(id) {
		n[string(e.Action)]++
	}
	return n
}

// conversation opens a conversation in Help, assigned to a desk user.
func (h *harness) conversation(to provision.DeskUserID) string {
	h.Helper()
	id, err := h.desks.AddConversation(h.Context(), h.desk.ID, builtin.NewConversation{Mailbox: "Help", Subject: "It is broken",
		Text: "Please help", Customer: builtin.Customer{Email: "customer@shop.test"}, Assignee: desk.Assignee{User: to}})
	h.must(err)
	return id
}

// open returns the open conversations of a desk user.
func (h *harness) openOf(id provision.DeskUserID) []string {
	h.Helper()
	list, err := h.raw.OpenConversations(h.Context(), id, 1000)
	h.must(err)
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	return ids
}

// state fails the test unless the account is in this state.
func (h *harness) state(id provision.IdentityID, want provision.AccountState) provision.Account {
	h.Helper()
	a := h.account(id)
	if a.State != want {
		h.Errorf("account is %s (%q), want %s", a.State, a.Reason, want)
	}
	return a
}

func testLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

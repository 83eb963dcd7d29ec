package outcometest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// pausesAfter is how many failures in a row may lead to a pause of a desk.
const pausesAfter = 4

const domain = "example.test"

var byTest = provision.Cause{Actor: "test", Action: "test"}

// world is a whole Deskbridge with one desk, and a clock that tests move. Its
// queue is worked off by [world.pass].
type world struct {
	*testing.T
	Harness
	store  *store.Store
	core   *core.Core
	worker *worker.Worker
	desk   provision.Desk
	conn   provision.Connection

	honest desk.Desk    // the desk as it is
	seen   desk.Desk    // the desk as the worker sees it
	wire   *proxy       // what stands before its server; nil: it has none
	calls  *faulty.Desk // what stands before the desk itself; nil: it has a server
	met    int          // calls of it that have been looked at

	offset time.Duration
	later  []laterRun
	log    []provision.Entry
	stop   func() // stops the run that is under way
}

type laterRun struct {
	at      time.Time
	account provision.AccountID
}

func newWorld(t *testing.T, h Harness) *world {
	t.Helper()
	w := &world{T: t, Harness: h, store: storetest.SQLite(t), honest: h.Desk(t)}
	if h.Server == "" {
		w.calls = faulty.New(h.Desk(t), faulty.Plan{Now: w.now})
		w.seen = w.calls.Desk()
	} else {
		w.wire = newProxy(t, h)
		w.wire.stop = func() { w.stop() }
		w.seen = h.Connect(t, w.wire.address())
	}
	w.core = core.New(w.store, core.Policy{Grace: -1, Brake: reconcile.Brake{Off: true}, Now: w.now}, slog.New(slog.DiscardHandler))
	can := w.honest.Capabilities()
	boss := w.address("boss")
	settings := provision.Desk{Name: "support", Kind: "outcome", Rate: 10_000, OnLeave: provision.LeaveDeactivate, HandOver: provision.HandOver{Agent: boss}}
	if !can.Deactivate {
		settings.OnLeave = provision.LeaveDelete
	}
	var err error
	w.desk, err = w.core.Settings.AddDesk(t.Context(), byTest, settings)
	w.must(err)
	w.conn, _, err = w.core.Settings.AddConnection(t.Context(), byTest, provision.Connection{Name: "acme", IdP: provision.IdPGeneric, Domains: []string{domain}})
	w.must(err)
	for _, role := range []provision.Role{provision.RoleAgent, provision.RoleAdmin} {
		rule := provision.Rule{Connection: w.conn.ID, Desk: w.desk.ID, Attribute: "roles", Equals: string(role), Role: role}
		if can.ChangeTeams {
			rule.Teams = []string{h.Teams[0]}
		}
		if !can.MailboxesByTeam && h.Mailboxes[0] != "" {
			rule.Mailboxes = []string{h.Mailboxes[0]}
		}
		_, err := w.core.Settings.AddRuleUnchecked(t.Context(), byTest, rule)
		w.must(err)
	}
	w.restart()
	id := w.person(boss)
	w.pass(0)
	if a := w.account(id.ID); a.State != provision.AccountReady {
		t.Fatalf("%s: %s (%s)", boss, a.State, a.Reason)
	}
	return w
}

// restart replaces the worker, as after the death of its process.
func (w *world) restart() {
	core := worker.Core{Audit: w.core.Audit, Entitlement: w.core.Entitlement, Reconcile: w.core.Reconcile, DeskHealth: w.core.DeskHealth, Settings: w.core.Settings, ByHand: w.core.ByHand}
	w.worker = worker.New(core, func(provision.Desk) (desk.Desk, error) { return w.seen, nil }, slog.New(slog.DiscardHandler))
}

func (w *world) now() time.Time { return time.Now().Add(w.offset) }

// within runs play as part of another test.
func (w *world) within(t *testing.T, play func()) {
	outer := w.T
	w.T = t
	defer func() { w.T = outer }()
	play()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// address returns an address that nobody has.
func (w *world) address(name string) string {
	return name + "." + strings.ToLower(rand.Text()[:10]) + "@" + domain
}

// person adds somebody whom the rules make an agent.
func (w *world) person(email string) provision.Identity {
	w.Helper()
	given, _, _ := strings.Cut(email, ".")
	made, _, err := w.core.Directory.CreateIdentity(w.Context(), w.conn.ID, byTest, provision.Identity{UserName: email, ExternalID: email, Status: provision.StatusActive,
		Profile:    provision.Profile{GivenName: given, FamilyName: "Test", DisplayName: strings.ToUpper(given[:1]) + given[1:] + " Test", Email: email},
		Attributes: provision.Attributes{"roles": {string(provision.RoleAgent)}}})
	w.must(err)
	return made
}

func (w *world) update(id provision.IdentityID, edit func(*provision.Identity)) {
	w.Helper()
	_, err := w.core.Directory.UpdatePerson(w.Context(), w.conn.ID, id, byTest, func(i *provision.Identity) error { edit(i); return nil })
	w.must(err)
}

func suspended(i *provision.Identity) { i.Status = provision.StatusSuspended }
func restored(i *provision.Identity)  { i.Status = provision.StatusActive }

func (w *world) account(id provision.IdentityID) provision.Account {
	w.Helper()
	accounts, err := w.store.AccountsOf(w.Context(), []provision.IdentityID{id})
	w.must(err)
	if len(accounts) != 1 {
		w.Fatalf("%d accounts, want 1", len(accounts))
	}
	return accounts[0]
}

// entries returns what the audit log says of a person.
func (w *world) entries(id provision.IdentityID) (about []provision.Entry) {
	w.Helper()
	for {
		var after int64
		if len(w.log) > 0 {
			after = w.log[len(w.log)-1].ID
		}
		more, err := w.store.Entries(w.Context(), after, 1000)
		w.must(err)
		if len(more) == 0 {
			break
		}
		w.log = append(w.log, more...)
	}
	for _, e := range w.log {
		if e.Subject == string(id) {
			about = append(about, e)
		}
	}
	return about
}

// pass lets time go by, and works off the queue.
func (w *world) pass(d time.Duration) {
	w.Helper()
	w.offset += d
	_, err := w.core.Reconcile.CatchUp(w.Context(), reconcile.Lease)
	w.must(err)
	for range 50 {
		runs, evaluate := storetest.TakeJobs(w, w.store)
		w.later = slices.DeleteFunc(w.later, func(l laterRun) bool {
			due := !w.now().Before(l.at)
			if due {
				runs = append(runs, l.account)
			}
			return due
		})
		if len(runs) == 0 && !evaluate {
			return
		}
		if evaluate {
			w.must(w.core.Entitlement.EvaluateDirty(w.Context(), w.conn.ID))
		}
		slices.Sort(runs)
		for _, id := range slices.Compact(runs) {
			w.run(id)
		}
	}
	w.Fatal("the queue does not run dry")
}

// run is one job.
func (w *world) run(id provision.AccountID) {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	defer stop()
	w.stop = stop
	again, err := w.worker.Reconcile(ctx, id)
	w.must(err)
	if !again.IsZero() {
		w.later = append(w.later, laterRun{again, id})
	}
}

// arrange has a fault befall the desk from now on.
func (w *world) arrange(f fault) {
	if w.wire != nil {
		w.wire.arrange(f.wire)
		return
	}
	w.met = len(w.calls.Books())
	w.calls.Add(f.call...)
}

// heal makes the desk honest, and returns how often it was not. A process that
// leaves the desk alone for a while is replaced by one that knows nothing of it.
func (w *world) heal(p *person) (befell int) {
	w.Helper()
	if w.wire != nil {
		befell = w.wire.heal()
	} else {
		for _, e := range w.calls.Books()[w.met:] {
			if e.Fault != "" {
				befell++
			}
		}
		w.calls.Heal()
		w.calls.Settle()
	}
	code := w.account(p.ID).ReasonCode
	asked := code == provision.ReasonDeskPaused || code == provision.ReasonUnauthorized
	if asked && w.wire != nil {
		w.seen = w.Connect(w.T, w.wire.address())
	}
	if asked || befell >= pausesAfter {
		w.restart()
	}
	return befell
}

package provision_test

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

var byTest = provision.Cause{Actor: "test", Action: "test"}

// house is the core on a database, with a connection, a desk, and a clock that
// tests move.
type house struct {
	*testing.T
	store  *store.Store
	core   *provision.Service
	conn   provision.Connection
	desk   provision.Desk
	desks  *builtin.Desks // nil until the desk is visited
	offset atomic.Int64
	stands atomic.Pointer[time.Time] // nil: the clock goes by itself
}

// each runs test in a fresh house on every database.
func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(newHouse(t, s)) })
}

func newHouse(t *testing.T, s *store.Store) *house {
	t.Helper()
	h := &house{T: t, store: s}
	h.core = provision.NewService(s, provision.Policy{Brake: provision.Brake{Off: true}, Now: h.now}, slog.New(slog.DiscardHandler))
	var err error
	h.conn, _, err = h.core.AddConnection(t.Context(), byTest, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	h.must(err)
	h.desk, err = h.core.AddDesk(t.Context(), byTest, provision.Desk{Name: "support", Kind: builtin.Kind,
		Settings: map[string]string{builtin.SettingTeams: "A,B,C", builtin.SettingMailboxes: "Help"}})
	h.must(err)
	return h
}

func (h *house) now() time.Time {
	now := h.stands.Load()
	if now == nil {
		now = new(time.Now())
	}
	return now.Add(time.Duration(h.offset.Load()))
}

// stopClock makes offset the only thing that moves the clock: however slow the
// machine, a one-time code is the same as a moment ago.
func (h *house) stopClock() { h.stands.Store(new(time.Now())) }

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// code fails the test unless err is an [provision.Error] with this code.
func (h *house) code(err error, want provision.Code) {
	h.Helper()
	if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != want {
		h.Errorf("error %v, want %s", err, want)
	}
}

// someone is a description as an IdP sends it.
func someone(name string, roles ...string) provision.Identity {
	id := provision.Identity{UserName: name + "@example.test", ExternalID: "ext-" + name, Status: provision.StatusActive,
		Profile: provision.Profile{GivenName: name, FamilyName: "Test", Email: name + "@example.test"}}
	if len(roles) > 0 {
		id.Attributes = provision.Attributes{"roles": roles}
	}
	return id
}

func (h *house) person(name string, roles ...string) provision.Identity {
	h.Helper()
	id, _, err := h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, someone(name, roles...))
	h.must(err)
	return id
}

func (h *house) people(n int) []provision.Identity {
	h.Helper()
	ids := make([]provision.Identity, n)
	for i := range ids {
		ids[i] = h.person(fmt.Sprintf("p%04d", i))
	}
	return ids
}

func (h *house) setStatus(id provision.IdentityID, to provision.Status) {
	h.Helper()
	_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, id, byTest, func(i *provision.Identity) error { i.Status = to; return nil })
	h.must(err)
}

func (h *house) group(name string, members ...provision.MemberID) provision.Group {
	h.Helper()
	g, err := h.core.CreateGroup(h.Context(), h.conn.ID, byTest, provision.Group{DisplayName: name}, members)
	h.must(err)
	return g
}

func (h *house) change(g provision.GroupID, edit func(*provision.GroupChange)) error {
	_, err := h.core.UpdateGroup(h.Context(), h.conn.ID, g, byTest, func(c *provision.GroupChange) error { edit(c); return nil })
	return err
}

// rule makes a rule on a group's name.
func (h *house) rule(group string, role provision.Role, teams ...string) provision.Rule {
	h.Helper()
	r, err := h.core.AddRule(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Group: group, Role: role, Teams: teams})
	h.must(err)
	return r
}

// evaluate does what the queue's jobs would.
func (h *house) evaluate() {
	h.Helper()
	h.must(h.core.EvaluateDirty(h.Context(), h.conn.ID))
}

// wanted returns what a person should have on the desk; the zero Access when
// they have no account.
func (h *house) wanted(id provision.IdentityID) provision.Access {
	h.Helper()
	accounts, err := h.store.AccountsOf(h.Context(), []provision.IdentityID{id})
	h.must(err)
	for _, a := range accounts {
		if a.Desk == h.desk.ID {
			return a.Wanted
		}
	}
	return provision.Access{}
}

// role fails the test unless a person should have this role; "" for none.
func (h *house) role(id provision.IdentityID, want provision.Role) {
	h.Helper()
	got := h.wanted(id)
	if got.Role != want || want != "" && got.Status != provision.AccessActive {
		h.Errorf("wanted is %s %q, want role %q", got.Status, got.Role, want)
	}
}

// visitAll visits every account that is due, on a real built-in desk.
func (h *house) visitAll() {
	h.Helper()
	if h.desks == nil {
		var err error
		h.desks, err = builtin.New(h.store.DB(), builtin.Dialect(h.store.Dialect()))
		h.must(err)
		h.must(h.desks.Migrate(h.Context()))
	}
	w := worker.New(h.core, func(d provision.Desk) (desk.Desk, error) { return h.desks.Connector(d) }, slog.New(slog.DiscardHandler))
	h.offset.Add(int64(time.Minute)) // any grace is over
	accounts, err := h.store.AccountsWhere(h.Context(), provision.AccountFilter{}, 0)
	h.must(err)
	for _, a := range accounts {
		if a.Due() {
			_, err := w.Visit(h.Context(), a.ID)
			h.must(err)
		}
	}
}

// counts is how much there is in the database of what a change may write.
type counts struct{ entries, jobs, accounts int }

func (h *house) counts() (n counts) {
	h.Helper()
	for _, q := range []struct {
		table string
		into  *int
	}{{"audit", &n.entries}, {"river_job", &n.jobs}, {"accounts", &n.accounts}} {
		h.must(h.store.DB().QueryRowContext(h.Context(), "SELECT count(*) FROM "+q.table).Scan(q.into))
	}
	return n
}

// unchanged fails the test when do writes anything.
func (h *house) unchanged(what string, do func()) {
	h.Helper()
	before := h.counts()
	do()
	if after := h.counts(); after != before {
		h.Errorf("%s wrote something: %+v, before %+v", what, after, before)
	}
}

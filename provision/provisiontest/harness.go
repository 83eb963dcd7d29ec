package provisiontest

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// ByTest is who asks for changes in tests.
var ByTest = provision.Cause{Actor: "test", Action: "test"}

// Harness is the core on a database, with a connection, a desk, and a clock that
// tests move.
type Harness struct {
	*testing.T
	Store  *store.Store
	Core   *core.Core
	Conn   provision.Connection
	Desk   provision.Desk
	Desks  *builtin.Desks // nil until the desk is reconciled
	Offset atomic.Int64
	stands atomic.Pointer[time.Time] // nil: the clock goes by itself
}

// Each runs test in a fresh house on every database.
func Each(t *testing.T, test func(h *Harness)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(New(t, s)) })
}

// New returns a Harness on s.
func New(t *testing.T, s *store.Store) *Harness {
	t.Helper()
	h := &Harness{T: t, Store: s}
	h.Core = core.New(s, core.Policy{Brake: reconcile.Brake{Off: true}, Now: h.Now, RequestLog: time.Hour}, slog.New(slog.DiscardHandler))
	var err error
	h.Conn, _, err = h.Core.Settings.AddConnection(t.Context(), ByTest, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	h.Must(err)
	h.Desk, err = h.Core.Settings.AddDesk(t.Context(), ByTest, provision.Desk{Name: "support", Kind: builtin.Kind,
		Settings: map[string]string{builtin.SettingTeams: "A,B,C", builtin.SettingMailboxes: "Help"}})
	h.Must(err)
	return h
}

// Now is what time it is for the core.
func (h *Harness) Now() time.Time {
	now := h.stands.Load()
	if now == nil {
		now = new(time.Now())
	}
	return now.Add(time.Duration(h.Offset.Load()))
}

// StopClock makes offset the only thing that moves the clock: however slow the
// machine, a one-time code is the same as a moment ago.
func (h *Harness) StopClock() { h.stands.Store(new(time.Now())) }

// Must ends the test when err is one.
func (h *Harness) Must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Code fails the test unless err is an [provision.Error] with this code.
func (h *Harness) Code(err error, want provision.Code) {
	h.Helper()
	if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != want {
		h.Errorf("error %v, want %s", err, want)
	}
}

// Someone is a description as an IdP sends it.
func Someone(name string, roles ...string) provision.Identity {
	id := provision.Identity{UserName: name + "@example.test", ExternalID: "ext-" + name, Status: provision.StatusActive,
		Profile: provision.Profile{GivenName: name, FamilyName: "Test", Email: name + "@example.test"}}
	if len(roles) > 0 {
		id.Attributes = provision.Attributes{"roles": roles}
	}
	return id
}

// Person pushes somebody with these roles.
func (h *Harness) Person(name string, roles ...string) provision.Identity {
	h.Helper()
	id, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, ByTest, Someone(name, roles...))
	h.Must(err)
	return id
}

// People pushes n people.
func (h *Harness) People(n int) []provision.Identity {
	h.Helper()
	ids := make([]provision.Identity, n)
	for i := range ids {
		ids[i] = h.Person(fmt.Sprintf("p%04d", i))
	}
	return ids
}

// SetStatus suspends or restores somebody.
func (h *Harness) SetStatus(id provision.IdentityID, to provision.Status) {
	h.Helper()
	_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, id, ByTest, func(i *provision.Identity) error { i.Status = to; return nil })
	h.Must(err)
}

// Group pushes a group.
func (h *Harness) Group(name string, members ...provision.MemberID) provision.Group {
	h.Helper()
	g, err := h.Core.Directory.CreateGroup(h.Context(), h.Conn.ID, ByTest, provision.Group{DisplayName: name}, members)
	h.Must(err)
	return g
}

// Change edits a group.
func (h *Harness) Change(g provision.GroupID, edit func(*directory.GroupChange)) error {
	_, err := h.Core.Directory.UpdateGroup(h.Context(), h.Conn.ID, g, ByTest, func(c *directory.GroupChange) error { edit(c); return nil })
	return err
}

// Rule makes a rule on a group's name.
func (h *Harness) Rule(group string, role provision.Role, teams ...string) provision.Rule {
	h.Helper()
	r, err := h.Core.Settings.AddRuleUnchecked(h.Context(), ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Group: group, Role: role, Teams: teams})
	h.Must(err)
	return r
}

// Evaluate does what the queue's jobs would.
func (h *Harness) Evaluate() {
	h.Helper()
	h.Must(h.Core.Entitlement.EvaluateDirty(h.Context(), h.Conn.ID))
}

// Desired returns what a person should have on the desk; the zero Access when
// they have no account.
func (h *Harness) Desired(id provision.IdentityID) provision.Access {
	h.Helper()
	accounts, err := h.Store.AccountsOf(h.Context(), []provision.IdentityID{id})
	h.Must(err)
	for _, a := range accounts {
		if a.Desk == h.Desk.ID {
			return a.Desired
		}
	}
	return provision.Access{}
}

// Role fails the test unless a person should have this role; "" for none.
func (h *Harness) Role(id provision.IdentityID, want provision.Role) {
	h.Helper()
	got := h.Desired(id)
	if got.Role != want || want != "" && got.Status != provision.AccessActive {
		h.Errorf("desired is %s %q, want role %q", got.Status, got.Role, want)
	}
}

// ReconcileAll runs every account that is due, on a real built-in desk.
func (h *Harness) ReconcileAll() {
	h.Helper()
	if h.Desks == nil {
		var err error
		h.Desks, err = builtin.New(h.Store.DB(), builtin.Dialect(h.Store.Dialect()))
		h.Must(err)
		h.Must(h.Desks.Migrate(h.Context()))
	}
	w := worker.New(worker.Core{Audit: h.Core.Audit, Entitlement: h.Core.Entitlement, Reconcile: h.Core.Reconcile, DeskHealth: h.Core.DeskHealth, Settings: h.Core.Settings, Adoption: h.Core.Adoption}, func(d provision.Desk) (desk.Desk, error) { return h.Desks.Connector(d) }, slog.New(slog.DiscardHandler))
	h.Offset.Add(int64(time.Minute)) // any grace is over
	accounts, err := h.Store.AccountsWhere(h.Context(), provision.AccountFilter{}, 0)
	h.Must(err)
	for _, a := range accounts {
		if a.Due() {
			_, err := w.Reconcile(h.Context(), a.ID)
			h.Must(err)
		}
	}
}

// Counts is how much there is in the database of what a change may write.
type Counts struct{ Entries, Jobs, Accounts int }

// Counts returns how much there is in the database.
func (h *Harness) Counts() (n Counts) {
	h.Helper()
	for _, q := range []struct {
		table string
		into  *int
	}{{"audit", &n.Entries}, {"river_job", &n.Jobs}, {"accounts", &n.Accounts}} {
		h.Must(h.Store.DB().QueryRowContext(h.Context(), "SELECT count(*) FROM "+q.table).Scan(q.into))
	}
	return n
}

// Unchanged fails the test when do writes anything.
func (h *Harness) Unchanged(what string, do func()) {
	h.Helper()
	before := h.Counts()
	do()
	if after := h.Counts(); after != before {
		h.Errorf("%s wrote something: %+v, before %+v", what, after, before)
	}
}

// Draft is a file that names the desk and these rules, given by group.
func (h *Harness) Draft(rules ...provision.Rule) plan.Draft {
	d := plan.Draft{Desks: []provision.Desk{h.Desk}}
	for _, r := range rules {
		d.Rules = append(d.Rules, plan.DraftRule{Connection: "acme", Desk: "support", Rule: r})
	}
	return d
}

// Plan plans d.
func (h *Harness) Plan(d plan.Draft) plan.Plan {
	h.Helper()
	p, err := h.Core.Plan.Plan(h.Context(), d)
	h.Must(err)
	return p
}

// OnGroup returns a rule on a group, as a draft has it.
func OnGroup(group string, role provision.Role, teams ...string) provision.Rule {
	return provision.Rule{Group: group, Role: role, Teams: teams}
}

// Few checks fewer cases than usual: each of them writes a lot.
func Few(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	usual := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", "20"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = flag.Set("rapid.checks", usual) }() // it was valid before
	rapid.Check(t, property)
}

// GroupByName returns a group.
func (h *Harness) GroupByName(name string) provision.Group {
	h.Helper()
	g, err := h.Store.GroupByName(h.Context(), h.Conn.ID, name)
	h.Must(err)
	return g
}

// Accesses returns what people should have, in the words of a plan.
func (h *Harness) Accesses(people []provision.Identity) map[provision.IdentityID]provision.Access {
	h.Helper()
	out := make(map[provision.IdentityID]provision.Access)
	for _, p := range people {
		a := h.Desired(p.ID)
		if a.Status != provision.AccessActive {
			a = provision.Access{Status: provision.AccessAbsent}
		}
		out[p.ID] = a
	}
	return out
}

// CheckExplained checks that each part of a person's access names a rule that is
// there and gives it, and the group through which it does.
func (h *Harness) CheckExplained(rt *rapid.T, who provision.Identity) {
	explanations, err := h.Core.Explanation.Explain(h.Context(), who)
	if err != nil {
		rt.Fatal(err)
	}
	for _, e := range explanations {
		if kept := h.Desired(who.ID); kept.Status == provision.AccessActive && !kept.Same(e.Desired) {
			rt.Errorf("explained %+v, kept %+v", e.Desired, kept)
		}
		parts := 0
		for _, r := range e.Reasons() {
			parts++
			if len(r.Grants) == 0 {
				rt.Errorf("%s %s of %s comes from nowhere", r.What, r.Name, who.UserName)
			}
			for _, g := range r.Grants {
				rule, known := e.Rules[g.Rule]
				in := slices.ContainsFunc(e.Groups, func(m provision.Membership) bool { return m.Group == g.Group && m.Name == g.GroupName })
				if !known || !in || rule.Group != g.GroupName {
					rt.Errorf("%s %s of %s comes from rule %+v and group %s, which are not so", r.What, r.Name, who.UserName, rule, g.GroupName)
				}
			}
		}
		if e.Desired.Status == provision.AccessActive && parts != 1+len(e.Desired.Teams)+len(e.Desired.Mailboxes) {
			rt.Errorf("%d reasons for %+v", parts, e.Desired)
		}
	}
}

// AtOnce runs every function in a goroutine of its own.
func (h *Harness) AtOnce(fns ...func() error) {
	h.Helper()
	var all sync.WaitGroup
	for _, fn := range fns {
		all.Go(func() {
			if err := fn(); err != nil {
				h.Error(err)
			}
		})
	}
	all.Wait()
}

// Add returns what adds a member to a group.
func (h *Harness) Add(g provision.GroupID, id provision.MemberID) func() error {
	return func() error { return h.Change(g, func(c *directory.GroupChange) { c.Add(id) }) }
}

// Unguard takes away what keeps the audit log append-only, as somebody with
// all rights on the database could.
func (h *Harness) Unguard() {
	h.Helper()
	drop := []string{`DROP TRIGGER audit_update`, `DROP TRIGGER audit_delete`, `DROP TRIGGER audit_replace`, `DROP TRIGGER audit_order`,
		`DROP TRIGGER audit_blocks_update`, `DROP TRIGGER audit_blocks_delete`, `DROP TRIGGER audit_blocks_replace`,
		`DROP TRIGGER audit_count_update`, `DROP TRIGGER audit_count_delete`, `DROP TRIGGER audit_count_replace`}
	if h.Store.Dialect() == string(store.Postgres) {
		drop = []string{`DROP FUNCTION deskbridge_audit_refuse() CASCADE`}
	}
	for _, statement := range drop {
		h.Tamper(statement)
	}
}

// Tamper runs a statement that an attacker would.
func (h *Harness) Tamper(statement string) {
	h.Helper()
	_, err := h.Store.DB().ExecContext(h.Context(), statement)
	h.Must(err)
}

// Behind runs statements as somebody with all rights on the database could, past
// the guards of the audit log, which are there again afterwards.
func (h *Harness) Behind(statements ...string) {
	h.Helper()
	var back []string
	if h.Store.Dialect() == string(store.Postgres) {
		for _, table := range []string{"audit", "audit_blocks", "audit_count"} {
			h.Tamper(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER`)
			back = append(back, `ALTER TABLE `+table+` ENABLE TRIGGER USER`)
		}
	} else {
		rows, err := h.Store.DB().QueryContext(h.Context(), `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'`)
		h.Must(err)
		var names []string
		for rows.Next() {
			var name, sql string
			h.Must(rows.Scan(&name, &sql))
			names, back = append(names, name), append(back, sql)
		}
		h.Must(errors.Join(rows.Err(), rows.Close()))
		for _, name := range names {
			h.Tamper(`DROP TRIGGER ` + name)
		}
	}
	for _, statement := range append(statements, back...) {
		h.Tamper(statement)
	}
}

// Seal seals the audit log.
func (h *Harness) Seal() int {
	h.Helper()
	n, err := h.Core.Audit.Seal(h.Context())
	h.Must(err)
	return n
}

// Clones is [InsertClones] in the test's database.
func (h *Harness) Clones(first provision.Identity, g provision.GroupID, n int) []provision.MemberID {
	h.Helper()
	return InsertClones(h.T, h.Store, first, g, n)
}

// ByRoles makes rules on the attribute roles.
func (h *Harness) ByRoles() {
	h.Helper()
	_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
	h.Must(err)
}

// Account returns a person's account on the desk.
func (h *Harness) Account(id provision.IdentityID) provision.Account {
	h.Helper()
	accounts, err := h.Store.AccountsOf(h.Context(), []provision.IdentityID{id})
	h.Must(err)
	if len(accounts) != 1 {
		h.Fatalf("%d accounts, want 1", len(accounts))
	}
	return accounts[0]
}

// Issuer is the identity provider of [LoginOf].
const Issuer = "https://idp.example.test"

// LoginOf is what an IdP that verifies addresses says of somebody.
func LoginOf(name string, groups ...string) provision.Login {
	return provision.Login{Protocol: provision.ProtocolOIDC, Issuer: Issuer, Subject: "sub-" + name,
		UserName: name + "@example.test", Email: name + "@example.test", Verified: provision.VerifiedYes,
		Profile: provision.Profile{DisplayName: name}, Groups: groups, GroupsKnown: groups != nil}
}

// Open lets the connection make people at their first sign-in.
func (h *Harness) Open(jit *provision.JIT, domains ...string) {
	h.Helper()
	c, err := h.Store.Connection(h.Context(), h.Conn.Name)
	h.Must(err)
	c.Domains, c.SignIn.JIT = domains, jit
	h.Must(h.Store.SaveConnection(h.Context(), c))
}

// SignIn signs somebody in.
func (h *Harness) SignIn(l provision.Login) (signin.SignedIn, error) {
	in, _, _, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, ByTest, signin.SignInRequest{Login: l})
	return in, err
}

// Refused fails the test unless the sign-in is refused for this reason.
func (h *Harness) Refused(l provision.Login, reason string) {
	h.Helper()
	before := h.Counts()
	_, err := h.SignIn(l)
	if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Denied || e.Reason != reason {
		h.Errorf("sign-in: %v; want it refused for %q", err, reason)
	}
	if after := h.Counts(); after != before {
		h.Errorf("a refused sign-in wrote something: %+v, before %+v", after, before)
	}
}

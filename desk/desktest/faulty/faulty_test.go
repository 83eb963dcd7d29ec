package faulty_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// whole is a desk with every optional interface: the built-in one, which has
// only the first.
type whole struct{ desk.Desk }

func (w whole) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	return w.Desk.(desk.Lister).List(ctx, cursor)
}

func (w whole) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	for _, c := range conversations {
		if err := w.Assign(ctx, c, to); err != nil {
			return err
		}
	}
	return nil
}

func (w whole) StopInflow(context.Context, provision.DeskUserID) error { return nil }

func (w whole) SetAway(context.Context, provision.DeskUserID, bool) error { return nil }

// bench is a desk with faults, an agent with two conversations, and an heir.
type bench struct {
	*testing.T
	honest     desk.Desk
	faulty     *faulty.Desk
	desk       desk.Desk
	ada, heir  provision.DeskUserID
	hers       []string
	adaAddress string
}

func newBench(t *testing.T, plan faulty.Plan) *bench {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "desks.db")+"?_txlock=immediate&_pragma=foreign_keys(1)")
	must(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	desks, err := builtin.New(db, builtin.SQLite)
	must(t, err)
	must(t, desks.Migrate(t.Context()))
	conf := provision.Desk{ID: "0198c0de-0000-7000-8000-000000000001", Name: "support", Kind: builtin.Kind,
		Settings: map[string]string{builtin.SettingTeams: "Tier 1,Tier 2", builtin.SettingMailboxes: "Help"}}
	connector, err := desks.Connector(conf)
	must(t, err)
	b := &bench{T: t, honest: whole{connector}, adaAddress: "ada@example.test"}
	_, err = b.honest.Check(t.Context())
	must(t, err)
	make := func(name string) provision.DeskUserID {
		u, err := b.honest.Create(t.Context(), provision.DeskUser{DisplayName: name, GivenName: name, ExternalID: "ext-" + name, Email: name + "@example.test", Active: true,
			Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}})
		must(t, err)
		return u.ID
	}
	b.ada, b.heir = make("ada"), make("heir")
	for range 2 {
		c, err := desks.AddConversation(t.Context(), conf.ID, builtin.NewConversation{Mailbox: "Help", Assignee: desk.Assignee{User: b.ada}})
		must(t, err)
		b.hers = append(b.hers, c)
	}
	b.faulty = faulty.New(b.honest, plan)
	b.desk = b.faulty.Desk()
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) find(d desk.Desk, key desk.Key) *provision.DeskUser {
	b.Helper()
	u, err := d.Find(b.Context(), key)
	must(b.T, err)
	return u
}

func (b *bench) open(d desk.Desk, id provision.DeskUserID) (ids []string) {
	b.Helper()
	list, err := d.OpenConversations(b.Context(), id, 100)
	must(b.T, err)
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return ids
}

func (b *bench) wantKind(what string, err error, kind desk.Kind) {
	b.Helper()
	if err == nil || desk.KindOf(err) != kind {
		b.Errorf("%s: %v, want %s", what, err, kind)
	}
}

func script(faults ...faulty.Fault) faulty.Plan { return faulty.Plan{Script: faults} }

// counting is a desk that counts, has seats and roles of its own, and knows nothing else.
type counting struct {
	desk.Desk
	roles []string
}

func (c *counting) CountOpen(ctx context.Context, id provision.DeskUserID) (int, error) {
	open, err := c.OpenConversations(ctx, id, 100)
	return len(open), err
}

func (c *counting) Seats(context.Context) (used, limit int, _ error) { return 3, 4, nil }

func (c *counting) Roles(context.Context) ([]desk.RoleInfo, error) {
	return []desk.RoleInfo{{ID: "1", Title: "Lead"}, {ID: "2", Title: "Trainee"}}, nil
}

func (c *counting) ChangeRoles(_ context.Context, _ provision.DeskUserID, add, _ []string) error {
	c.roles = append(c.roles, add...)
	return nil
}

// TestPartsBehindFaults: faults befall the optional parts as well, and what shows late is
// counted as it is shown.
func TestPartsBehindFaults(t *testing.T) {
	b := newBench(t, faulty.Plan{})
	inner := &counting{Desk: b.honest}
	f := faulty.New(inner, script(
		faulty.Fault{Kind: faulty.Pretend, Method: faulty.ChangeRoles},
		faulty.Fault{Kind: faulty.Lost, Method: faulty.ChangeRoles},
		faulty.Fault{Kind: faulty.Fail, Method: faulty.Seats},
		faulty.Fault{Kind: faulty.Half, Method: faulty.Roles},
		faulty.Fault{Kind: faulty.Late, Method: faulty.Assign, Reads: 1},
	))
	d := f.Desk()
	changer, _ := desk.As[desk.RoleChanger](d)
	must(t, changer.ChangeRoles(t.Context(), b.ada, []string{"Lead"}, nil))
	b.wantKind("an answer that is lost", changer.ChangeRoles(t.Context(), b.ada, []string{"Trainee"}, nil), desk.Retryable)
	if !slices.Equal(inner.roles, []string{"Trainee"}) || len(f.Did(faulty.ChangeRoles)) != 1 {
		t.Errorf("roles given are %q, in the books %+v", inner.roles, f.Did(faulty.ChangeRoles))
	}
	seats, _ := desk.As[desk.Seats](d)
	_, _, err := seats.Seats(t.Context())
	b.wantKind("Seats", err, desk.Retryable)
	if used, limit, err := seats.Seats(t.Context()); used != 3 || limit != 4 || err != nil {
		t.Errorf("Seats = %d, %d, %v", used, limit, err)
	}
	if roles, err := changer.Roles(t.Context()); len(roles) != 1 || err != nil {
		t.Errorf("half of the roles are %v, %v", roles, err)
	}
	counter, _ := desk.As[desk.Counter](d)
	b.open(d, b.ada) // as shown
	must(t, d.Assign(t.Context(), b.hers[0], desk.Assignee{User: b.heir}))
	for _, want := range []int{len(b.hers), len(b.hers) - 1} {
		if n, err := counter.CountOpen(t.Context(), b.ada); n != want || err != nil {
			t.Errorf("CountOpen = %d, %v, want %d", n, err, want)
		}
	}
	if _, is := desk.As[desk.InflowStopper](d); is {
		t.Error("a desk that deals nothing out stops it behind faults")
	}
}

// TestInterfaces: what the desk cannot do, it cannot do behind faults, either.
func TestInterfaces(t *testing.T) {
	b := newBench(t, faulty.Plan{})
	type plain struct{ desk.Desk }
	for want, inner := range map[string]desk.Desk{
		"": plain{b.honest},
		"L": struct {
			plain
			desk.Lister
		}{plain{b.honest}, b.honest.(desk.Lister)},
		"B": struct {
			plain
			desk.BulkAssigner
		}{plain{b.honest}, b.honest.(desk.BulkAssigner)},
		"I": struct {
			plain
			desk.InflowStopper
		}{plain{b.honest}, b.honest.(desk.InflowStopper)},
		"LB": struct {
			plain
			desk.Lister
			desk.BulkAssigner
		}{plain{b.honest}, b.honest.(desk.Lister), b.honest.(desk.BulkAssigner)},
		"LI": struct {
			plain
			desk.Lister
			desk.InflowStopper
		}{plain{b.honest}, b.honest.(desk.Lister), b.honest.(desk.InflowStopper)},
		"BI": struct {
			plain
			desk.BulkAssigner
			desk.InflowStopper
		}{plain{b.honest}, b.honest.(desk.BulkAssigner), b.honest.(desk.InflowStopper)},
		"LBI": b.honest,
	} {
		d := faulty.New(inner, faulty.Plan{}).Desk()
		got := ""
		if _, ok := desk.As[desk.Lister](d); ok {
			got += "L"
		}
		if _, ok := desk.As[desk.BulkAssigner](d); ok {
			got += "B"
		}
		if _, ok := desk.As[desk.InflowStopper](d); ok {
			got += "I"
		}
		if got != want {
			t.Errorf("a desk with %q has %q behind faults", want, got)
		}
	}
}

func TestPretend(t *testing.T) {
	b := newBench(t, script(faulty.Fault{Kind: faulty.Pretend, Times: faulty.Always}))
	must(t, b.desk.Assign(t.Context(), b.hers[0], desk.Assignee{User: b.heir}))
	must(t, b.desk.Delete(t.Context(), b.ada))
	must(t, b.desk.(desk.BulkAssigner).AssignMany(t.Context(), b.hers, desk.Assignee{}))
	_, err := b.desk.Create(t.Context(), provision.DeskUser{Email: "new@example.test", Active: true, Role: provision.RoleAgent})
	b.wantKind("Create", err, desk.Retryable)
	if b.find(b.honest, desk.Key{ID: b.ada}) == nil || b.find(b.honest, desk.Key{Email: "new@example.test"}) != nil || !slices.Equal(b.open(b.honest, b.ada), b.hers) {
		t.Error("something was done")
	}
	if len(b.faulty.Did()) != 0 || len(b.faulty.Moves()) != 0 || len(b.faulty.Told(faulty.Assign, faulty.AssignMany, faulty.Delete)) != 3 {
		t.Errorf("books: %+v", b.faulty.Books())
	}
}

func TestLost(t *testing.T) {
	b := newBench(t, script(faulty.Fault{Kind: faulty.Lost, Method: faulty.Assign}, faulty.Fault{Kind: faulty.Lost, Method: faulty.Create}))
	b.wantKind("Assign", b.desk.Assign(t.Context(), b.hers[0], desk.Assignee{User: b.heir}), desk.Retryable)
	made, err := b.desk.Create(t.Context(), provision.DeskUser{DisplayName: "New", Email: "new@example.test", Active: true, Role: provision.RoleAgent})
	b.wantKind("Create", err, desk.Retryable)
	if made != nil || b.find(b.honest, desk.Key{Email: "new@example.test"}) == nil {
		t.Error("the user was not made, or its answer not lost")
	}
	if diff := cmp.Diff(map[string][]desk.Assignee{b.hers[0]: {{User: b.heir}}}, b.faulty.Moves()); diff != "" {
		t.Error(diff)
	}
	if got := b.faulty.Told(); len(got) != 0 {
		t.Errorf("told: %+v", got)
	}
}

func TestLater(t *testing.T) {
	t.Run("after reads", func(t *testing.T) {
		b := newBench(t, script(faulty.Fault{Kind: faulty.Later, Method: faulty.Delete, Reads: 2}))
		must(t, b.desk.Delete(t.Context(), b.ada))
		for range 2 {
			if b.find(b.desk, desk.Key{ID: b.ada}) == nil {
				t.Fatal("the user is gone already")
			}
		}
		if len(b.faulty.Did()) != 0 {
			t.Error("it is in the books already")
		}
		if b.find(b.desk, desk.Key{ID: b.ada}) != nil || b.find(b.honest, desk.Key{ID: b.ada}) != nil {
			t.Error("the user is not gone after two reads")
		}
		if did := b.faulty.Did(faulty.Delete); len(did) != 1 || did[0].Told != nil || did[0].Fault != faulty.Later {
			t.Errorf("books: %+v", did)
		}
	})
	t.Run("after a time", func(t *testing.T) {
		now := time.Now()
		b := newBench(t, faulty.Plan{Now: func() time.Time { return now }, Script: []faulty.Fault{{Kind: faulty.Later, Method: faulty.Assign, For: time.Minute}}})
		must(t, b.desk.Assign(t.Context(), b.hers[0], desk.Assignee{}))
		if !slices.Equal(b.open(b.desk, b.ada), b.hers) {
			t.Error("it was done at once")
		}
		now = now.Add(time.Minute)
		if !slices.Equal(b.open(b.desk, b.ada), b.hers[1:]) {
			t.Error("it was not done after the time")
		}
	})
	t.Run("when the test says so", func(t *testing.T) {
		b := newBench(t, script(faulty.Fault{Kind: faulty.Later, Method: faulty.SetActive, For: time.Hour}))
		must(t, b.desk.SetActive(t.Context(), b.ada, false))
		b.faulty.Settle()
		if b.find(b.honest, desk.Key{ID: b.ada}).Active {
			t.Error("it was not done")
		}
	})
}

// TestLate: the desk has done it, and reads show what was before.
func TestLate(t *testing.T) {
	t.Run("a deletion", func(t *testing.T) {
		b := newBench(t, script(faulty.Fault{Kind: faulty.Late, Method: faulty.Delete, Reads: 2}))
		must(t, b.desk.Delete(t.Context(), b.ada))
		if b.find(b.honest, desk.Key{ID: b.ada}) != nil {
			t.Fatal("it was not done")
		}
		for _, key := range []desk.Key{{ID: b.ada}, {Email: b.adaAddress}} {
			if got := b.find(b.desk, key); got == nil || got.ID != b.ada {
				t.Errorf("Find(%+v) = %+v, want the user as she was", key, got)
			}
		}
		if !slices.Equal(b.open(b.desk, b.ada), b.hers) {
			t.Error("her conversations are not shown any more")
		}
		if b.find(b.desk, desk.Key{ID: b.ada}) != nil {
			t.Error("the third read still shows her")
		}
	})
	t.Run("a creation", func(t *testing.T) {
		b := newBench(t, script(faulty.Fault{Kind: faulty.Late, Method: faulty.Create}))
		made, err := b.desk.Create(t.Context(), provision.DeskUser{DisplayName: "New", Email: "new@example.test", Active: true, Role: provision.RoleAgent})
		must(t, err)
		if b.find(b.desk, desk.Key{ID: made.ID, Email: "new@example.test"}) != nil {
			t.Error("it shows at once")
		}
		if b.find(b.desk, desk.Key{ID: made.ID}) == nil {
			t.Error("it does not show after one read")
		}
	})
	t.Run("assignments", func(t *testing.T) {
		b := newBench(t, script(faulty.Fault{Kind: faulty.Late, Method: faulty.AssignMany, Reads: 2}))
		b.open(b.desk, b.ada)
		must(t, b.desk.(desk.BulkAssigner).AssignMany(t.Context(), b.hers, desk.Assignee{User: b.heir}))
		if !slices.Equal(b.open(b.desk, b.ada), b.hers) || len(b.open(b.desk, b.heir)) != 0 {
			t.Error("the move shows at once")
		}
		if len(b.open(b.desk, b.ada)) != 0 || !slices.Equal(b.open(b.desk, b.heir), b.hers) {
			t.Error("the move does not show after two reads")
		}
	})
	t.Run("a list, the members of a team, and the number of admins", func(t *testing.T) {
		b := newBench(t, script(faulty.Fault{Kind: faulty.Late, Method: faulty.Delete, For: time.Hour}, faulty.Fault{Kind: faulty.Late, Method: faulty.SetRole, For: time.Hour}))
		must(t, b.desk.Delete(t.Context(), b.ada))
		must(t, b.desk.SetRole(t.Context(), b.heir, provision.RoleAdmin))
		admins, err := b.desk.Admins(t.Context())
		must(t, err)
		if really, _ := b.honest.Admins(t.Context()); admins != really-1 {
			t.Errorf("%d admins, and really %d", admins, really)
		}
		users, _, err := b.desk.(desk.Lister).List(t.Context(), "")
		must(t, err)
		if !slices.ContainsFunc(users, func(u provision.DeskUser) bool { return u.ID == b.ada }) ||
			!slices.ContainsFunc(users, func(u provision.DeskUser) bool { return u.ID == b.heir && u.Role == provision.RoleAgent }) {
			t.Errorf("the list shows %+v", users)
		}
		members, err := b.desk.TeamMembers(t.Context(), "Tier 1")
		must(t, err)
		if !slices.Contains(members, b.ada) {
			t.Errorf("the members are %q", members)
		}
		b.faulty.Settle()
		if members, _ = b.desk.TeamMembers(t.Context(), "Tier 1"); slices.Contains(members, b.ada) {
			t.Errorf("after that the members are %q", members)
		}
	})
}

// TestMissing: a wrong 404 for a user who is there, and whose address answers.
func TestMissing(t *testing.T) {
	b := newBench(t, script(faulty.Fault{Kind: faulty.Missing, User: stranger, Times: 3}))
	if got := b.find(b.desk, desk.Key{ID: b.heir}); got == nil {
		t.Error("the other one is missing, too")
	}
	b.faulty.Add(faulty.Fault{Kind: faulty.Missing, User: b.ada, Times: 3})
	if got := b.find(b.desk, desk.Key{ID: b.ada}); got != nil {
		t.Errorf("Find by id = %+v", got)
	}
	if got := b.find(b.desk, desk.Key{ID: b.ada, Email: b.adaAddress}); got == nil || got.ID != b.ada {
		t.Errorf("Find by id and address = %+v", got)
	}
	b.wantKind("SetRole", b.desk.SetRole(t.Context(), b.ada, provision.RoleAdmin), desk.NotFound)
	if got := b.find(b.desk, desk.Key{ID: b.ada}); got == nil || got.Role != provision.RoleAgent {
		t.Errorf("the fourth read shows %+v", got)
	}
}

const stranger provision.DeskUserID = "no such user"

func TestRefusedAndFailed(t *testing.T) {
	cause := errors.New("a dial that failed")
	b := newBench(t, script(
		faulty.Fault{Kind: faulty.Refuse, Method: faulty.Delete, Skip: 1},
		faulty.Fault{Kind: faulty.Fail, Method: faulty.Find, Err: cause},
		faulty.Fault{Kind: faulty.Broken, Method: faulty.Find},
		faulty.Fault{Kind: faulty.Fail, Method: faulty.Admins}))
	must(t, b.desk.Delete(t.Context(), stranger))
	b.wantKind("Delete", b.desk.Delete(t.Context(), b.ada), desk.Permanent)
	must(t, b.desk.Delete(t.Context(), stranger))
	if _, err := b.desk.Find(t.Context(), desk.Key{ID: b.ada}); !errors.Is(err, cause) {
		t.Errorf("Find = %v", err)
	}
	_, err := b.desk.Find(t.Context(), desk.Key{ID: b.ada})
	b.wantKind("Find", err, desk.Retryable)
	if !errors.Is(err, kit.ErrForeign) {
		t.Errorf("Find = %v, want what connectors say of a page", err)
	}
	_, err = b.desk.Admins(t.Context())
	b.wantKind("Admins", err, desk.Retryable)
	if b.find(b.desk, desk.Key{ID: b.ada}) == nil {
		t.Error("the refused deletion was done")
	}
}

func TestHalf(t *testing.T) {
	b := newBench(t, script(faulty.Fault{Kind: faulty.Half, Times: faulty.Always}))
	all, _, err := b.honest.(desk.Lister).List(t.Context(), "")
	must(t, err)
	users, next, err := b.desk.(desk.Lister).List(t.Context(), "")
	must(t, err)
	if len(users) != len(all)/2 || next != "" {
		t.Errorf("%d of %d users, and then %q", len(users), len(all), next)
	}
	if got := b.open(b.desk, b.ada); len(got) != 1 {
		t.Errorf("%d conversations", len(got))
	}
	if members, _ := b.desk.TeamMembers(t.Context(), "Tier 1"); len(members) != 1 {
		t.Errorf("%d members", len(members))
	}
	if got := b.find(b.desk, desk.Key{ID: b.ada}); len(got.Teams) != 0 {
		t.Errorf("teams %q", got.Teams)
	}
	must(t, b.desk.(desk.BulkAssigner).AssignMany(t.Context(), b.hers, desk.Assignee{}))
	if got := b.open(b.honest, b.ada); !slices.Equal(got, b.hers[1:]) {
		t.Errorf("left: %q", got)
	}
	if diff := cmp.Diff(map[string][]desk.Assignee{b.hers[0]: {{}}}, b.faulty.Moves()); diff != "" {
		t.Error(diff)
	}
}

func TestTwice(t *testing.T) {
	b := newBench(t, script(faulty.Fault{Kind: faulty.Twice, Method: faulty.Assign}))
	must(t, b.desk.Assign(t.Context(), b.hers[0], desk.Assignee{}))
	if got := b.faulty.Moves()[b.hers[0]]; len(got) != 2 {
		t.Errorf("moved %d times", len(got))
	}
}

// TestRenamed: who goes by the old name is refused, and reads show the new one.
func TestRenamed(t *testing.T) {
	b := newBench(t, script(faulty.Fault{Kind: faulty.Rename, Method: faulty.Find, Skip: 1, From: "Tier 1", To: "Zero"}))
	for _, want := range []string{"Tier 1", "Zero"} {
		if got := b.find(b.desk, desk.Key{ID: b.ada}); !slices.Equal(got.Teams, []string{want}) {
			t.Errorf("teams are %q, want %s", got.Teams, want)
		}
	}
	b.wantKind("ChangeTeams", b.desk.ChangeTeams(t.Context(), b.ada, []string{"Tier 1"}, nil), desk.Permanent)
	b.wantKind("Assign", b.desk.Assign(t.Context(), b.hers[0], desk.Assignee{Team: "tier 1"}), desk.Permanent)
	_, err := b.desk.TeamMembers(t.Context(), "Tier 1")
	b.wantKind("TeamMembers", err, desk.NotFound)
	must(t, b.desk.ChangeTeams(t.Context(), b.ada, []string{"Tier 2"}, []string{"Tier 1"})) // what is gone has been left
	must(t, b.desk.ChangeTeams(t.Context(), b.heir, nil, []string{"zero"}))
	must(t, b.desk.Assign(t.Context(), b.hers[0], desk.Assignee{Team: "Zero"}))
	if members, err := b.desk.TeamMembers(t.Context(), "Zero"); err != nil || !slices.Equal(members, []provision.DeskUserID{b.ada}) {
		t.Errorf("the members are %q, %v", members, err)
	}
	p, err := b.desk.Check(t.Context())
	must(t, err)
	if !slices.Equal(p.Teams, []string{"Tier 2", "Zero"}) {
		t.Errorf("Check shows %q", p.Teams)
	}
	b.faulty.Rename("Zero", "Nil")
	if got := b.find(b.desk, desk.Key{ID: b.ada}); !slices.Equal(got.Teams, []string{"Nil", "Tier 2"}) {
		t.Errorf("renamed again: %q", got.Teams)
	}
}

func TestTime(t *testing.T) {
	b := newBench(t, faulty.Plan{}) // a database may not be opened in a bubble
	synctest.Test(t, func(t *testing.T) {
		d := faulty.New(silent{b.honest}, script(faulty.Fault{Kind: faulty.Slow, For: 8 * time.Second}, faulty.Fault{Kind: faulty.Hang, Times: faulty.Always})).Desk()
		began := time.Now()
		if _, err := d.Admins(t.Context()); err != nil || time.Since(began) != 8*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began = time.Now()
		if _, err := d.Admins(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// silent answers without a database.
type silent struct{ desk.Desk }

func (silent) Admins(context.Context) (int, error) { return 1, nil }

// TestRandom: the same seed gives the same faults, another one others, and the
// rate is kept.
func TestRandom(t *testing.T) {
	run := func(seed uint64, rate float64) (told string, faults int) {
		b := newBench(t, faulty.Plan{Random: faulty.Random{Seed: seed, Rate: rate}})
		for i := range 100 {
			_, _ = b.desk.Find(t.Context(), desk.Key{ID: b.ada})
			_ = b.desk.Assign(t.Context(), b.hers[i%2], desk.Assignee{User: b.heir})
		}
		for _, e := range b.faulty.Books() {
			told += fmt.Sprintln(e.Method, e.Fault)
			if e.Fault != "" {
				faults++
			}
		}
		return told, faults
	}
	one, n := run(1, 0.3)
	if n < 30 || n > 90 {
		t.Errorf("%d faults in 200 calls at a rate of 0.3", n)
	}
	if again, _ := run(1, 0.3); again != one {
		t.Error("the same seed gives other faults")
	}
	if other, _ := run(2, 0.3); other == one {
		t.Error("another seed gives the same faults")
	}
	if _, n := run(1, 0); n != 0 {
		t.Errorf("%d faults at a rate of 0", n)
	}
}

func TestHeal(t *testing.T) {
	b := newBench(t, faulty.Plan{Script: []faulty.Fault{{Kind: faulty.Fail, Times: faulty.Always}}, Random: faulty.Random{Seed: 1, Rate: 1}})
	_, err := b.desk.Admins(t.Context())
	b.wantKind("Admins", err, desk.Retryable)
	b.faulty.Heal()
	for range 50 {
		_, err := b.desk.Admins(t.Context())
		must(t, err)
	}
}

func TestPlansThatCannotHappen(t *testing.T) {
	for name, f := range map[string]faulty.Fault{
		"no kind":                {},
		"a creation, done later": {Kind: faulty.Later, Method: faulty.Create},
		"a read that is refused": {Kind: faulty.Refuse, Method: faulty.Find},
		"slow, and no time":      {Kind: faulty.Slow},
		"renamed to nothing":     {Kind: faulty.Rename, From: "Tier 1"},
		"a method that is none":  {Kind: faulty.Fail, Method: "Frobnicate"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it is taken")
				}
			}()
			faulty.New(silent{}, script(f))
		})
	}
}

package store_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func deskSession(id provision.Identity, d provision.DeskID) desksession.Session {
	return desksession.Session{
		ID: provision.NewID[provision.DeskSessionID](), Session: provision.NewID[provision.SessionID](), Identity: id.ID,
		Connection: id.Connection, Desk: d, Protocol: provision.ProtocolOIDC, CreatedAt: noon, SeenAt: noon.Add(time.Minute),
	}
}

func TestAppSessionsComeBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		id := people(t, s, c.ID, "ann")[0]
		a := deskSession(id, d.ID)
		must(t, s.SaveDeskSession(ctx, a))
		exactly(t, a, got(s.OpenDeskSession(ctx, a.Session, d.ID, provision.ProtocolOIDC))(t))
		_, err := s.OpenDeskSession(ctx, a.Session, d.ID, provision.ProtocolSAML)
		wantCode(t, "OpenDeskSession by the other protocol", err, provision.NotFound)
		again := a
		again.ID = provision.NewID[provision.DeskSessionID]()
		wantCode(t, "a second one of the same session", s.SaveDeskSession(ctx, again), provision.Conflict)

		must(t, s.MoveDeskSessions(ctx, a.Session, "another"))
		a.Session = "another"
		a.EndedAt, a.Reason, a.NotifyAt, a.Attempts = new(noon.Add(time.Hour)), desksession.EndedByLeaving, new(noon.Add(2*time.Hour)), 3
		must(t, s.SaveDeskSession(ctx, a))
		back(t, a, got(s.DeskSession(ctx, a.ID))(t))
		must(t, s.MoveDeskSessions(ctx, "another", "third"))
		equal(t, "an ended one does not move", a, got(s.DeskSession(ctx, a.ID))(t))
	})
}

func TestAppSessionsEndWithWhatTheyRestOn(t *testing.T) {
	session := func(t *testing.T, s *store.Store, a desksession.Session) {
		must(t, s.InsertSession(t.Context(), provision.Session{ID: a.Session, Hash: []byte(a.Session), Identity: a.Identity, Connection: a.Connection,
			Protocol: provision.ProtocolSAML, CreatedAt: noon, SeenAt: noon, EndsAt: noon.Add(time.Hour)}))
	}
	tests := []struct {
		name   string
		change func(t *testing.T, s *store.Store, a desksession.Session, id provision.Identity, acc provision.Account)
		want   desksession.End // "": it goes on
		recent desksession.End // when only changes are looked at; accounts are not changed here as the core would
	}{
		{"all is well", func(*testing.T, *store.Store, desksession.Session, provision.Identity, provision.Account) {}, "", ""},
		{"the session was signed out", func(t *testing.T, s *store.Store, a desksession.Session, _ provision.Identity, _ provision.Account) {
			_, err := s.EndSessions(t.Context(), provision.SessionFilter{ID: a.Session}, noon, provision.EndedBySignOut)
			must(t, err)
		}, desksession.EndedWithSession, desksession.EndedWithSession},
		{"the session ran out and was swept", func(t *testing.T, s *store.Store, _ desksession.Session, _ provision.Identity, _ provision.Account) {
			must(t, s.SweepSignIns(t.Context(), noon.AddDate(1, 0, 0), noon.AddDate(1, 0, 0)))
		}, "", ""},
		{"the person was suspended after the session was swept", func(t *testing.T, s *store.Store, _ desksession.Session, id provision.Identity, _ provision.Account) {
			must(t, s.SweepSignIns(t.Context(), noon.AddDate(1, 0, 0), noon.AddDate(1, 0, 0)))
			id.Status = provision.StatusSuspended
			must(t, s.SaveIdentity(t.Context(), id))
		}, desksession.EndedByLeaving, ""},
		{"access is to end", func(t *testing.T, s *store.Store, _ desksession.Session, _ provision.Identity, acc provision.Account) {
			acc.EndingSince = new(noon)
			must(t, s.SaveAccounts(t.Context(), []provision.Account{acc}))
		}, desksession.EndedByAccess, desksession.EndedByAccess},
		{"access has ended", func(t *testing.T, s *store.Store, _ desksession.Session, _ provision.Identity, acc provision.Account) {
			acc.State = provision.AccountEnded
			must(t, s.SaveAccounts(t.Context(), []provision.Account{acc}))
		}, desksession.EndedByAccess, ""},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				id := people(t, s, c.ID, tt.name)[0]
				acc := account(id, d.ID)
				acc.EndingSince, acc.State = nil, provision.AccountReady
				must(t, s.SaveAccounts(ctx, []provision.Account{acc}))
				a := deskSession(id, d.ID)
				session(t, s, a)
				must(t, s.SaveDeskSession(ctx, a))
				tt.change(t, s, a, id, acc)
				why := func(since time.Time) (found desksession.End) {
					for _, e := range got(s.LapsedDeskSessions(ctx, since, 100))(t) {
						if e.ID == a.ID {
							found = e.Why
						}
					}
					return found
				}
				equal(t, "why it ends", tt.want, why(time.Time{}))
				equal(t, "why it ends, of what happened since", tt.recent, why(noon.Add(-time.Second)))
				equal(t, "what happened before", desksession.End(""), why(noon))
				ended := got(s.EndDeskSession(ctx, a.ID, desksession.EndedByAccess, noon))(t)
				if ended.EndedAt == nil || !ended.EndedAt.Equal(noon) || ended.NotifyAt == nil || ended.Reason != desksession.EndedByAccess {
					t.Errorf("EndDeskSession = %+v", ended)
				}
				_, err := s.EndDeskSession(ctx, a.ID, desksession.EndedByAccess, noon)
				wantCode(t, "ending it twice", err, provision.NotFound)
			})
		}
	})
}

func TestTellingIsClaimedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		const n = 10
		for _, id := range people(t, s, c.ID, numbered("p", n)...) {
			a := deskSession(id, d.ID)
			a.EndedAt, a.NotifyAt = new(noon), new(noon)
			must(t, s.SaveDeskSession(ctx, a))
		}
		equal(t, "the desks to notify before", []provision.DeskID{}, got(s.DesksToNotify(ctx, noon.Add(-time.Second)))(t))
		equal(t, "the desks to notify", []provision.DeskID{d.ID}, got(s.DesksToNotify(ctx, noon))(t))
		equal(t, "those of another desk", 0, len(got(s.ClaimLogoutNotices(ctx, "another", noon, noon.Add(time.Minute), n))(t)))
		var mu sync.Mutex
		seen := make(map[provision.DeskSessionID]int)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				claimed, err := s.ClaimLogoutNotices(ctx, d.ID, noon, noon.Add(time.Minute), 3)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				for _, a := range claimed {
					seen[a.ID]++
					if a.Attempts != 1 {
						t.Errorf("attempts = %d, want 1", a.Attempts)
					}
				}
			})
		}
		group.Wait()
		rest := got(s.ClaimLogoutNotices(ctx, d.ID, noon, noon.Add(time.Minute), 100))(t)
		for _, a := range rest {
			seen[a.ID]++
		}
		if len(seen) != n {
			t.Errorf("%d were claimed, want %d", len(seen), n)
		}
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%s was claimed %d times", id, times)
			}
		}
		if again := got(s.ClaimLogoutNotices(ctx, d.ID, noon.Add(2*time.Minute), noon.Add(3*time.Minute), 100))(t); len(again) != n {
			t.Errorf("after the claim ran out %d are due, want %d", len(again), n)
		}
		must(t, s.SweepDeskSessions(ctx, noon.Add(time.Hour), noon.Add(-time.Hour)))
		if left := got(s.ClaimLogoutNotices(ctx, d.ID, noon.Add(time.Hour), noon.Add(2*time.Hour), 100))(t); len(left) != n {
			t.Errorf("the sweep took some that must still be told: %d left, want %d", len(left), n)
		}
	})
}

// BenchmarkAppEndings looks at sessions that all go on: at changes alone, as it
// is every second, and at all of them, as it is every minute.
func BenchmarkAppEndings(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		for name, open := range map[string]func(testing.TB) *store.Store{
			"sqlite":   storetest.SQLite,
			"postgres": func(t testing.TB) *store.Store { _, s := storetest.Postgres(t); return s },
		} {
			b.Run(name+"/sessions="+strconv.Itoa(n), func(b *testing.B) {
				s := open(b)
				manyAppSessions(b, s, n)
				for look, since := range map[string]time.Time{"changes": noon.Add(-time.Minute), "all": {}} {
					b.Run(look, func(b *testing.B) {
						b.ReportAllocs()
						for b.Loop() {
							if lapsed := got(s.LapsedDeskSessions(b.Context(), since, 100))(b); len(lapsed) != 0 {
								b.Fatalf("%d would end", len(lapsed))
							}
						}
					})
				}
			})
		}
	}
}

func manyAppSessions(b *testing.B, s *store.Store, n int) {
	b.Helper()
	ctx := b.Context()
	c, d := seeded(b, s)
	must(b, s.InTx(ctx, func(tx *store.Store) error {
		for _, id := range people(b, tx, c.ID, numbered("p", n)...) {
			acc := account(id, d.ID)
			acc.EndingSince, acc.State = nil, provision.AccountReady
			if err := tx.SaveAccounts(ctx, []provision.Account{acc}); err != nil {
				return err
			}
			if err := tx.SaveDeskSession(ctx, deskSession(id, d.ID)); err != nil {
				return err
			}
		}
		return nil
	}))
	must(b, s.Exec(ctx, `ANALYZE`)) // as a server does by itself in time
}

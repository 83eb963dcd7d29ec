package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// atOnce runs fn in n goroutines that start together.
func atOnce(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	start, errs := make(chan struct{}), make([]error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	must(t, errors.Join(errs...))
}

func TestLocksKeepCounters(t *testing.T) {
	const goroutines = 20
	tests := []struct {
		name  string
		bump  func(ctx context.Context, tx *store.Store, w *world) error // reads, adds one, and writes
		count func(ctx context.Context, s *store.Store, w *world) (int64, error)
	}{
		{"LockIdentity", func(ctx context.Context, tx *store.Store, w *world) error {
			id, err := tx.LockIdentity(ctx, w.acme.ID, w.ann.ID)
			id.Version++
			return errors.Join(err, tx.SaveIdentity(ctx, id))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			id, err := s.Identity(ctx, w.acme.ID, w.ann.ID)
			return id.Version - w.ann.Version, err
		}},
		{"LockIdentities", func(ctx context.Context, tx *store.Store, w *world) error {
			ids, err := tx.LockIdentities(ctx, w.acme.ID, []provision.IdentityID{w.bob.ID, w.ann.ID})
			for _, id := range ids {
				id.Version++
				err = errors.Join(err, tx.SaveIdentity(ctx, id))
			}
			return err
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			id, err := s.Identity(ctx, w.acme.ID, w.bob.ID)
			return id.Version - w.bob.Version, err
		}},
		{"LockConnection", func(ctx context.Context, tx *store.Store, w *world) error {
			c, err := tx.LockConnection(ctx, w.acme.ID)
			c.CreatedAt = c.CreatedAt.Add(time.Microsecond)
			return errors.Join(err, tx.SaveConnection(ctx, c))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			c, err := s.Connection(ctx, "acme")
			return c.CreatedAt.Sub(w.acme.CreatedAt).Microseconds(), err
		}},
		{"LockGroup", func(ctx context.Context, tx *store.Store, w *world) error {
			g, err := tx.LockGroup(ctx, w.acme.ID, w.group.ID)
			g.Version++
			return errors.Join(err, tx.SaveGroup(ctx, g))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			g, err := s.Group(ctx, w.acme.ID, w.group.ID)
			return g.Version - w.group.Version, err
		}},
		{"LockDesk", func(ctx context.Context, tx *store.Store, w *world) error {
			d, err := tx.LockDesk(ctx, w.desk.ID)
			d.Seats++
			return errors.Join(err, tx.SaveDesk(ctx, d))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			d, err := s.Desk(ctx, "support")
			return int64(d.Seats - w.desk.Seats), err
		}},
		{"LockAccount", func(ctx context.Context, tx *store.Store, w *world) error {
			a, err := tx.LockAccount(ctx, w.account.ID)
			a.Revision++
			return errors.Join(err, tx.SaveAccounts(ctx, []provision.Account{a}))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			a, err := s.Account(ctx, w.account.ID)
			return a.Revision - w.account.Revision, err
		}},
		{"LockAccountsOf", func(ctx context.Context, tx *store.Store, w *world) error {
			accounts, err := tx.LockAccountsOf(ctx, []provision.IdentityID{w.ann.ID})
			for i := range accounts {
				accounts[i].Revision++
			}
			return errors.Join(err, tx.SaveAccounts(ctx, accounts))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			a, err := s.Account(ctx, w.account.ID)
			return a.Revision - w.account.Revision, err
		}},
		{"LockRules", func(ctx context.Context, tx *store.Store, w *world) error {
			if err := tx.LockRules(ctx); err != nil {
				return err
			}
			d, err := tx.Desk(ctx, "support") // not locked itself
			d.Seats++
			return errors.Join(err, tx.SaveDesk(ctx, d))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			d, err := s.Desk(ctx, "support")
			return int64(d.Seats - w.desk.Seats), err
		}},
		{"LockSealing", func(ctx context.Context, tx *store.Store, w *world) error {
			if err := tx.LockSealing(ctx); err != nil {
				return err
			}
			d, err := tx.Desk(ctx, "support") // not locked itself
			d.Seats++
			return errors.Join(err, tx.SaveDesk(ctx, d))
		}, func(ctx context.Context, s *store.Store, w *world) (int64, error) {
			d, err := s.Desk(ctx, "support")
			return int64(d.Seats - w.desk.Seats), err
		}},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		w := newWorld(t, s)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				before := got(tt.count(ctx, s, w))(t)
				atOnce(t, goroutines, func(int) error {
					return s.InTx(ctx, func(tx *store.Store) error { return tt.bump(ctx, tx, w) })
				})
				equal(t, "counted", before+goroutines, got(tt.count(ctx, s, w))(t))
			})
		}
	})
}

// TestTwoProcesses lets two stores write to one SQLite file at once, as a
// server and a command beside it do.
func TestTwoProcesses(t *testing.T) {
	ctx := t.Context()
	options := store.Options{DataDir: t.TempDir(), Key: storetest.Key}
	var both []*store.Store
	for range 2 {
		s := got(store.Open(ctx, options))(t)
		defer s.Close()
		must(t, s.Migrate(ctx))
		both = append(both, s)
	}
	c, _ := seeded(t, both[0])
	ann := people(t, both[1], c.ID, "ann")[0]
	atOnce(t, 20, func(i int) error {
		return both[i%2].InTx(ctx, func(tx *store.Store) error {
			id, err := tx.LockIdentity(ctx, c.ID, ann.ID)
			id.Version++
			return errors.Join(err, tx.SaveIdentity(ctx, id))
		})
	})
	equal(t, "version", ann.Version+20, got(both[0].Identity(ctx, c.ID, ann.ID))(t).Version)
}

// TestLocksOfOthersStay checks that a locked connection keeps nobody from
// adding people to it: that takes a foreign key, not the row.
func TestLocksOfOthersStay(t *testing.T) {
	_, s := storetest.Postgres(t)
	c, _ := seeded(t, s)
	must(t, s.InTx(t.Context(), func(tx *store.Store) error {
		if _, err := tx.LockConnection(t.Context(), c.ID); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		return s.InsertIdentity(ctx, identity(c.ID, "ann"))
	}))
}

// TestRulesWaitForReaders checks that LockRules waits for a transaction that
// has read rules, while readers do not wait for each other.
func TestRulesWaitForReaders(t *testing.T) {
	_, s := storetest.Postgres(t)
	ctx := t.Context()
	locked := make(chan error, 1)
	must(t, s.InTx(ctx, func(first *store.Store) error {
		if _, err := first.Rules(ctx, ""); err != nil {
			return err
		}
		if err := s.InTx(ctx, func(second *store.Store) error {
			_, err := second.Rules(ctx, "")
			return err
		}); err != nil {
			return err
		}
		go func() {
			locked <- s.InTx(ctx, func(writer *store.Store) error { return writer.LockRules(ctx) })
		}()
		select {
		case err := <-locked:
			return fmt.Errorf("LockRules did not wait: %v", err)
		case <-time.After(200 * time.Millisecond):
			return nil
		}
	}))
	must(t, <-locked)
}

func TestInTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)

		t.Run("an error undoes everything", func(t *testing.T) {
			id := identity(c.ID, "undone")
			err := s.InTx(ctx, func(tx *store.Store) error {
				if err := tx.InsertIdentity(ctx, id); err != nil {
					return err
				}
				got(tx.Identity(ctx, c.ID, id.ID))(t) // sees its own writes
				return errRollback
			})
			if err != errRollback {
				t.Errorf("InTx = %v, want the error of fn itself", err)
			}
			_, err = s.Identity(ctx, c.ID, id.ID)
			wantCode(t, "Identity", err, provision.NotFound)
		})
		t.Run("a panic undoes everything", func(t *testing.T) {
			id := identity(c.ID, "panicked")
			func() {
				defer func() { _ = recover() }()
				_ = s.InTx(ctx, func(tx *store.Store) error {
					must(t, tx.InsertIdentity(ctx, id))
					panic("fn")
				})
			}()
			_, err := s.Identity(ctx, c.ID, id.ID)
			wantCode(t, "Identity", err, provision.NotFound)
		})
		t.Run("a transaction in a transaction is part of it", func(t *testing.T) {
			id := identity(c.ID, "nested")
			err := s.InTx(ctx, func(tx *store.Store) error {
				if err := tx.InTx(ctx, func(inner *store.Store) error { return inner.InsertIdentity(ctx, id) }); err != nil {
					return err
				}
				return errRollback
			})
			if err != errRollback {
				t.Errorf("InTx = %v", err)
			}
			_, err = s.Identity(ctx, c.ID, id.ID)
			wantCode(t, "Identity", err, provision.NotFound)
		})
		t.Run("others see nothing before the commit", func(t *testing.T) {
			id := identity(c.ID, "later")
			must(t, s.InTx(ctx, func(tx *store.Store) error {
				must(t, tx.InsertIdentity(ctx, id))
				_, err := s.Identity(ctx, c.ID, id.ID)
				wantCode(t, "Identity", err, provision.NotFound)
				return nil
			}))
			got(s.Identity(ctx, c.ID, id.ID))(t)
		})
		t.Run("a cancelled context undoes everything", func(t *testing.T) {
			id := identity(c.ID, "cancelled")
			short, cancel := context.WithCancel(ctx)
			err := s.InTx(short, func(tx *store.Store) error {
				must(t, tx.InsertIdentity(short, id))
				cancel()
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("InTx = %v, want context.Canceled", err)
			}
			_, err = s.Identity(ctx, c.ID, id.ID)
			wantCode(t, "Identity", err, provision.NotFound)
		})
	})
}

// TestDeadlocksAreRetried makes transactions that lock two people in opposite
// orders: each of them must succeed in the end.
func TestDeadlocksAreRetried(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		pair := people(t, s, c.ID, "ann", "bob")
		atOnce(t, 2, func(i int) error {
			order := slices.Clone(pair)
			if i%2 == 1 {
				slices.Reverse(order)
			}
			return s.InTx(ctx, func(tx *store.Store) error {
				for _, p := range order {
					store.ForgetLocks(tx) // one order is wrong, and is meant to be
					id, err := tx.LockIdentity(ctx, c.ID, p.ID)
					if err != nil {
						return fmt.Errorf("lock: %w", err)
					}
					time.Sleep(20 * time.Millisecond) // so that they meet
					id.Version++
					if err := tx.SaveIdentity(ctx, id); err != nil {
						return err
					}
				}
				return nil
			})
		})
		for _, p := range pair {
			if id := got(s.Identity(ctx, c.ID, p.ID))(t); id.Version != p.Version+2 {
				t.Errorf("version = %d, want %d", id.Version, p.Version+2)
			}
		}
	})
}

func TestCollided(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{&pgconn.PgError{Code: "40001"}, true},
		{fmt.Errorf("lock: %w", &pgconn.PgError{Code: "40P01"}), true},
		{&pgconn.PgError{Code: "23505"}, false},
		{errors.New("other"), false},
	} {
		if got := store.Collided(tt.err); got != tt.want {
			t.Errorf("Collided(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
}

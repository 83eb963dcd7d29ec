package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/internal/backoff"
)

// maxTries is how often a transaction is run before its collision with others
// becomes the caller's error.
const maxTries = 10

// collisions is how waits grow between the tries.
var collisions = backoff.Policy{First: 5 * time.Millisecond, Most: 500 * time.Millisecond}

// InTx runs fn in one transaction; see [provision.InTx]. On a Store that is in a transaction
// already, fn becomes part of that one.
//
// PostgreSQL runs it as READ COMMITTED: what must not change between two
// statements is locked. SQLite lets one transaction at a time in, from its
// beginning on.
func (s *Store) InTx(ctx context.Context, fn func(tx *Store) error) error {
	if s.inTx {
		return fn(s)
	}
	again := 1 // how often a transaction is run again whose connection was gone before its commit
	for try := 1; ; try++ {
		committing, err := s.once(ctx, fn)
		if noRoom(err) {
			s.full.Store(true)
		}
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			err = ctx.Err() // the cancelled context has ended the transaction before our commit
		}
		switch {
		case err == nil || ctx.Err() != nil || try == maxTries:
			return aheadOf(ctx).failed(err)
		case collided(err):
		case disconnected(err) && !committing && again > 0:
			again--
		default:
			return aheadOf(ctx).failed(err)
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// Flush sends what waits for the next round trip of a transaction: afterwards it has
// the locks of all that it has written.
func (s *Store) Flush(ctx context.Context) error {
	if s.pg == nil || len(s.pg.waiting) == 0 {
		return nil
	}
	return s.pg.send(ctx)
}

// once runs fn in a transaction, once. committing says that an error came when
// the commit had been sent: it may have taken place.
func (s *Store) once(ctx context.Context, fn func(tx *Store) error) (committing bool, _ error) {
	if s.dialect == Postgres {
		return s.transactPostgres(ctx, fn)
	}
	if err := aheadOf(ctx).settle(ctx); err != nil {
		return false, err
	}
	err := s.write(ctx).Transaction(func(db *gorm.DB) error {
		committing = false
		err := fn(&Store{shared: s.shared, db: db, reads: db, inTx: true, order: s.newLockOrder()})
		committing = err == nil
		return err
	})
	return committing, err
}

// do makes a write whose answer says no more than that it is done. In a
// transaction on PostgreSQL it waits for the next round trip; see [pgTx]. what
// names the object in question for errors.
func (s *Store) do(ctx context.Context, what string, write func(db *gorm.DB) *gorm.DB) error {
	if s.pg == nil {
		return translate(write(s.write(ctx)).Error, what)
	}
	built := write(s.write(ctx).Session(&gorm.Session{DryRun: true}))
	if built.Error != nil {
		return translate(built.Error, what)
	}
	s.pg.later(statement{sql: built.Statement.SQL.String(), args: built.Statement.Vars, what: what})
	return nil
}

// insert inserts rows, as [Store.do] does, in batches that both databases take.
// With replace they take the place of those with the same id.
func insert[R any](ctx context.Context, s *Store, what string, rows []R, replace bool) error {
	if s.pg != nil {
		for batch := range powersOfTwo(rows) {
			sql, args := insertion(ctx, batch, replace)
			s.pg.later(statement{sql: sql, args: args, what: what})
		}
		return nil
	}
	for batch := range slices.Chunk(rows, insertBatch) {
		db := s.write(ctx)
		if replace {
			db = upsert(db)
		}
		if err := db.Create(&batch).Error; err != nil {
			return translate(err, what)
		}
	}
	return nil
}

// powersOfTwo returns the parts of rows that go into one INSERT each. Every number of
// rows is a statement of its own, which both sides of a connection keep, and of many
// rows it is long: so there are few such numbers.
func powersOfTwo[R any](rows []R) iter.Seq[[]R] {
	return func(yield func([]R) bool) {
		for len(rows) > 0 {
			n := 1 << (bits.Len(uint(min(len(rows), insertBatch))) - 1)
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// collided reports whether err says that a transaction lost against another,
// so that it can succeed when it runs again.
func collided(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqliteBusy
	}
	return false
}

// pause waits before the next try, lest both sides meet again.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(collisions.After(try)):
		return nil
	}
}

// locked makes a read of db keep others from changing the rows until the
// transaction ends. SQLite needs nothing: its transactions exclude each other.
// NO KEY, because foreign keys that point at a locked row may still be added.
func locked(db *gorm.DB) *gorm.DB {
	return db.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
}

// advisoryLock takes a lock on nothing but a number until the transaction ends.
func (s *Store) advisoryLock(ctx context.Context, key int64, shared bool) error {
	if s.dialect != Postgres || !s.inTx {
		return nil
	}
	take := `SELECT pg_advisory_xact_lock(?)`
	if shared {
		take = `SELECT pg_advisory_xact_lock_shared(?)`
	}
	if err := s.write(ctx).Exec(take, key).Error; err != nil {
		return fmt.Errorf("store: lock: %w", err)
	}
	return nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

// rollbackTime bounds how long the server may take to undo a transaction.
const rollbackTime = 5 * time.Second

// pgTx is a transaction on PostgreSQL that goes to the server as seldom as it
// can: BEGIN travels with the first statements, COMMIT with the last, and
// writes whose answer says no more than that they are done wait for whatever is
// sent next. A round trip costs more than most statements.
//
// So such a write fails later than it was asked for, at the latest when
// [Store.InTx] returns. That takes nothing from anybody: PostgreSQL accepts no
// further statement in a transaction in which one has failed.
//
// It is the connection pool of gorm for as long as it lasts.
type pgTx struct {
	conn    *sql.Conn
	begun   bool
	waiting []statement

	emails map[personKey][]provision.Email // of people whose rows are locked
	groups map[groupKey]bool               // whose rows are locked
}

// personKey and groupKey name a row and the connection that it must belong to.
type (
	personKey struct {
		connection provision.ConnectionID
		id         provision.IdentityID
	}
	groupKey struct {
		connection provision.ConnectionID
		id         provision.GroupID
	}
)

var _ gorm.ConnPool = (*pgTx)(nil)

// statement is one statement of several that travel together. Each of them sees
// what is committed when its own turn comes, as it would if it were sent by
// itself (READ COMMITTED).
type statement struct {
	sql  string
	args []any
	what string                    // the object in question, for errors
	read func(rows pgx.Rows) error // nil: there is nothing to read
}

// transactPostgres is [Store.once] on PostgreSQL.
func (s *Store) transactPostgres(ctx context.Context, fn func(tx *Store) error) (committing bool, err error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return false, err
	}
	t := &pgTx{conn: conn}
	done := false
	defer func() {
		var undone error
		if !done { // fn failed or panicked
			undone = t.rollback(ctx)
		}
		if failed := errors.Join(undone, conn.Close()); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	db := s.write(ctx)
	db.Statement.ConnPool = t
	if err := fn(&Store{shared: s.shared, db: db, reads: db, inTx: true, pg: t, order: s.newLockOrder()}); err != nil {
		return false, err
	}
	if err := t.commit(ctx); err != nil {
		return true, err
	}
	done = true
	return false, nil
}

// native calls fn with the connection as its driver has it.
func (t *pgTx) native(fn func(conn *pgx.Conn) error) error {
	return t.conn.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("store: the driver's connection is a %T", driver)
		}
		return fn(conn.Conn())
	})
}

// later has a write sent with what comes next.
func (t *pgTx) later(s statement) { t.waiting = append(t.waiting, s) }

// begin makes sure that the transaction has begun. What waits goes on waiting.
func (t *pgTx) begin(ctx context.Context) error {
	if t.begun {
		return nil
	}
	waiting := t.waiting
	t.waiting = nil
	err := t.send(ctx)
	t.waiting = waiting
	return err
}

// send sends what is to be looked up ahead, what waits, and then statements, all
// in one round trip.
func (t *pgTx) send(ctx context.Context, statements ...statement) error {
	first, err := aheadOf(ctx).riding()
	if err != nil {
		return err
	}
	all := slices.Concat(first, t.waiting, statements)
	t.waiting = nil
	if !t.begun {
		all = append([]statement{{sql: "begin"}}, all...)
	} else if len(all) == 0 {
		return nil
	}
	return t.native(func(conn *pgx.Conn) error {
		t.begun = true // as far as we can tell: a rollback too many does no harm
		return sendAll(ctx, conn, all)
	})
}

// sendAll sends statements in one round trip. Without a transaction around them
// they are one.
func sendAll(ctx context.Context, conn *pgx.Conn, all []statement) error {
	batch := &pgx.Batch{}
	for _, st := range all {
		batch.Queue(st.sql, st.args...)
	}
	results := conn.SendBatch(ctx, batch)
	for _, st := range all {
		if err := st.receive(results); err != nil {
			_ = results.Close() // says the same again
			if st.what != "" {
				err = translate(err, st.what)
			}
			return err
		}
	}
	return results.Close()
}

func (st statement) receive(results pgx.BatchResults) error {
	if st.read == nil {
		tag, err := results.Exec()
		if err == nil && st.sql == "commit" && tag.String() == "ROLLBACK" {
			err = pgx.ErrTxCommitRollback // somebody went on after an error
		}
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := st.read(rows); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

func (t *pgTx) commit(ctx context.Context) error {
	if !t.begun && len(t.waiting) == 0 {
		return nil // nobody has asked for anything
	}
	if riding, err := aheadOf(ctx).riding(); err != nil {
		return err
	} else if len(riding) > 0 { // may say no
		if err := t.send(ctx); err != nil {
			return err
		}
	}
	return t.send(ctx, statement{sql: "commit"})
}

// rollback undoes the transaction, or gives up the connection.
func (t *pgTx) rollback(ctx context.Context) error {
	if !t.begun {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	return t.native(func(conn *pgx.Conn) error {
		if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
			return nil
		}
		if _, err := conn.Exec(ctx, "rollback"); err != nil {
			return conn.Close(ctx) // the server undoes what is not committed
		}
		return nil
	})
}

// PrepareContext is part of [gorm.ConnPool].
func (t *pgTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.conn.PrepareContext(ctx, query)
}

// ExecContext is part of [gorm.ConnPool].
func (t *pgTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.conn.ExecContext(ctx, query, args...)
}

// QueryContext is part of [gorm.ConnPool].
func (t *pgTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.conn.QueryContext(ctx, query, args...)
}

// QueryRowContext is part of [gorm.ConnPool]. What could not be sent before
// makes the query fail too: the transaction is over.
func (t *pgTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := t.send(ctx); err != nil {
		cancelled, cancel := context.WithCancelCause(ctx)
		cancel(err)
		ctx = cancelled
	}
	return t.conn.QueryRowContext(ctx, query, args...)
}

package builtin

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Kind is the kind of desk that this package is.
const Kind provision.DeskKind = "builtin"

// Dialect names a database.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Desks keeps built-in desks in a database. It is safe for concurrent use.
type Desks struct {
	db      *sql.DB
	dialect Dialect
	now     func() time.Time
}

// New returns the desks in db. With SQLite db begins every transaction
// IMMEDIATE (_txlock=immediate), waits for locks and checks foreign keys; it
// may be limited to one connection: Desks never needs two at a time.
func New(db *sql.DB, dialect Dialect) (*Desks, error) {
	if dialect != SQLite && dialect != Postgres {
		return nil, fmt.Errorf("builtin: unknown database %q", dialect)
	}
	return &Desks{db: db, dialect: dialect, now: time.Now}, nil
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// view reads one desk. Each of its queries is read to the end before the next
// one begins, so that it can share a single connection.
type view struct {
	querier
	desk provision.DeskID
}

// view returns a view of the committed state.
func (d *Desks) view(id provision.DeskID) view { return view{querier: d.db, desk: id} }

// tx is a transaction on one desk.
type tx struct {
	view
	seats int // limit; 0: none
	now   int64
}

// write runs fn in a transaction that has the desk for itself: writers of one
// desk wait for each other. That makes look-then-write safe on both databases
// and leaves nothing to deadlock; the unique indexes stand behind it.
func (d *Desks) write(ctx context.Context, id provision.DeskID, fn func(t *tx) error) error {
	sqlTx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("builtin: begin: %w", err)
	}
	defer func() { _ = sqlTx.Rollback() }() // after Commit it does nothing

	t := &tx{view: view{querier: sqlTx, desk: id}, now: micros(d.now())}
	query := `SELECT seats FROM builtin_desks WHERE id = $1`
	if d.dialect == Postgres {
		query += ` FOR UPDATE` // SQLite has locked the whole database by now
	}
	if t.seats, err = one[int](ctx, sqlTx, query, id); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("builtin: commit: %w", err)
	}
	return nil
}

// newID returns a fresh id. All things of a desk count together, so that the
// id of an assignee says whether it is a user or a team. None is used twice.
func (t *tx) newID(ctx context.Context) (int64, error) {
	return one[int64](ctx, t, `UPDATE builtin_desks SET last_id = last_id + 1 WHERE id = $1 RETURNING last_id`, t.desk)
}

// one returns the only column of the only row; NotFound when there is none.
func one[T any](ctx context.Context, q querier, query string, args ...any) (T, error) {
	var v T
	err := q.QueryRowContext(ctx, query, args...).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return v, desk.Errorf(desk.NotFound, "the built-in desk has no such object")
	}
	if err != nil {
		return v, fmt.Errorf("builtin: query: %w", err)
	}
	return v, nil
}

// collect returns what scan makes of every row.
func collect[T any](ctx context.Context, q querier, scan func(rows *sql.Rows, v *T) error, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("builtin: query: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	var out []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, fmt.Errorf("builtin: read row: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("builtin: read rows: %w", err)
	}
	return out, nil
}

// exec runs a statement and returns how many rows it changed.
func exec(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("builtin: write: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("builtin: write: %w", err)
	}
	return n, nil
}

// micros returns t as the database keeps it, and fromMicros the reverse.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

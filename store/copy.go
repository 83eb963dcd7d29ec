package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrNotEmpty says that the database to copy to has something in it already.
var ErrNotEmpty = errors.New("the database is not empty")

// ErrCopy says that one database cannot be copied to the other.
var ErrCopy = errors.New("the database cannot be copied")

// Copied is how far the copy of one table is.
type Copied struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"` // at the end: counted in the new database
	Of    int64  `json:"-"`    // how many there are
}

// ownOfEach are tables that each database has for itself: which migrations have
// run, and which process leads the queue.
var ownOfEach = []string{"goose_db_version", "builtin_goose_version", "river_migration", "river_leader"}

// seeded are the tables in which a migration puts a row.
var seeded = []string{"audit_count", "heartbeat"}

// CopyTo copies all of an embedded database to PostgreSQL, which has the same
// schema and no data: every table and column as it is, sealed secrets and ids
// included. It is one transaction, so all or nothing; it holds off whoever would
// write to either database meanwhile, and changes nothing in the one it reads.
// told is called now and then, from one goroutine at a time. Errors are
// [ErrNotEmpty], [ErrCopy] and what the databases say.
func (s *Store) CopyTo(ctx context.Context, to *Store, told func(Copied)) (tables []Copied, err error) {
	if s.dialect != SQLite || to.dialect != Postgres {
		return nil, fmt.Errorf("%w: from %s to %s", ErrCopy, s.dialect, to.dialect)
	}
	unlock, err := to.lockMigrations(ctx) // a server that is started meanwhile waits here
	if err != nil {
		return nil, fmt.Errorf("store: copy: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	from, err := s.writer.BeginTx(ctx, nil) // immediate: nobody else writes
	if err != nil {
		return nil, fmt.Errorf("store: copy: %w", unavailable(err))
	}
	defer from.Rollback() //nolint:errcheck // nothing was written
	db := to.patient()
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: copy: %w", unavailable(err))
	}
	defer conn.Close()
	err = conn.Raw(func(driver any) error {
		return pgx.BeginFunc(ctx, driver.(*stdlib.Conn).Conn(), func(tx pgx.Tx) error {
			c := &copying{from: from, to: tx, told: told}
			tables, err = c.all(ctx)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store: copy: %w", unavailable(err))
	}
	return tables, nil
}

// CheckEmpty returns [ErrNotEmpty], with the first table that says so, unless a
// PostgreSQL database can be copied to from s: it has no table that s has not, and no
// rows but those of migrations.
func (s *Store) CheckEmpty(ctx context.Context, to *Store) error {
	known, err := sqliteTables(ctx, s.reader)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	conn, err := to.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: %w", unavailable(err))
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		return pgx.BeginFunc(ctx, driver.(*stdlib.Conn).Conn(), func(tx pgx.Tx) error { return empty(ctx, tx, known) })
	})
}

func empty(ctx context.Context, tx pgx.Tx, known []string) error {
	there, err := textsOf(ctx, tx, `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY 1`)
	if err != nil {
		return err
	}
	for _, table := range there {
		if !slices.Contains(known, table) {
			return fmt.Errorf("%w: it has a table %q, which is none of this release of Deskbridge", ErrNotEmpty, table)
		}
		if slices.Contains(ownOfEach, table) || slices.Contains(seeded, table) {
			continue
		}
		var any bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM `+quoted(table)+`)`).Scan(&any); err != nil {
			return err
		}
		if any {
			return fmt.Errorf("%w: its table %q has rows", ErrNotEmpty, table)
		}
	}
	return nil
}

// copying is a copy under way.
type copying struct {
	from *sql.Tx
	to   pgx.Tx
	told func(Copied)
}

func (c *copying) all(ctx context.Context) ([]Copied, error) {
	known, err := sqliteTables(ctx, c.from)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(slices.Clone(known), func(table string) bool { return slices.Contains(ownOfEach, table) })
	if names, err = c.parentsFirst(ctx, names); err != nil {
		return nil, err
	}
	if _, err := c.to.Exec(ctx, `SET LOCAL timezone = 'UTC'`); err != nil { // as SQLite has the times of jobs
		return nil, err
	}
	columns := make(map[string][]copiedColumn)
	for _, table := range names {
		if columns[table], err = c.columns(ctx, table); err != nil {
			return nil, err
		}
		if _, err := c.to.Exec(ctx, `LOCK TABLE `+quoted(table)+` IN EXCLUSIVE MODE`); err != nil {
			return nil, err
		}
	}
	if err := empty(ctx, c.to, known); err != nil {
		return nil, err
	}
	guarded, err := c.disarm(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, table := range seeded {
		if _, err := c.to.Exec(ctx, `DELETE FROM `+quoted(table)); err != nil {
			return nil, err
		}
	}
	done := make([]Copied, 0, len(names))
	for _, table := range names {
		copied, err := c.table(ctx, table, columns[table])
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", table, atRow(err))
		}
		done = append(done, copied)
	}
	for _, rearm := range guarded {
		if _, err := c.to.Exec(ctx, rearm); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(done, func(a, b Copied) int { return strings.Compare(a.Table, b.Table) })
	return done, nil
}

// table copies one table, has its sequences go on where those of the embedded
// database stand, and counts.
func (c *copying) table(ctx context.Context, table string, columns []copiedColumn) (Copied, error) {
	copied := Copied{Table: table}
	if err := c.from.QueryRowContext(ctx, `SELECT count(*) FROM `+quoted(table)).Scan(&copied.Of); err != nil {
		return copied, err
	}
	reading, writing := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		writing.CloseWithError(c.write(ctx, writing, copied, columns))
	}()
	var names []string
	for _, col := range columns {
		names = append(names, quoted(col.name))
	}
	_, err := c.to.Conn().PgConn().CopyFrom(ctx, reading, `COPY `+quoted(table)+` (`+strings.Join(names, ", ")+`) FROM STDIN`)
	_ = reading.CloseWithError(errors.New("the copy has ended")) // ends the writer, whatever became of it
	<-written
	if err != nil {
		return copied, err
	}
	for _, col := range columns {
		if err := c.advance(ctx, table, col); err != nil {
			return copied, err
		}
	}
	if err := c.to.QueryRow(ctx, `SELECT count(*) FROM `+quoted(table)).Scan(&copied.Rows); err != nil {
		return copied, err
	}
	if copied.Rows != copied.Of {
		return copied, fmt.Errorf("%w: %d rows have arrived, of %d", ErrCopy, copied.Rows, copied.Of)
	}
	_, err = c.to.Exec(ctx, `ANALYZE `+quoted(table)) // the first requests go by its figures
	c.told(copied)
	return copied, err
}

// advance has the sequence of a column, if it has one, go on after the highest
// number that was ever given.
func (c *copying) advance(ctx context.Context, table string, col copiedColumn) error {
	var sequence *string
	if err := c.to.QueryRow(ctx, `SELECT pg_get_serial_sequence($1, $2)`, quoted(table), col.name).Scan(&sequence); err != nil || sequence == nil {
		return err
	}
	var last int64
	err := c.from.QueryRowContext(ctx, `SELECT max(coalesce((SELECT max(`+quoted(col.name)+`) FROM `+quoted(table)+`), 0),
		coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))`, table).Scan(&last)
	if err != nil || last == 0 {
		return err
	}
	_, err = c.to.Exec(ctx, `SELECT setval($1::regclass, $2)`, *sequence, last)
	return err
}

// disarm switches off the triggers of tables, which would count anew what is
// copied and refuse what is sealed, and returns what switches each on again as
// it was.
func (c *copying) disarm(ctx context.Context, tables []string) (rearm []string, _ error) {
	rows, err := c.to.Query(ctx, `SELECT c.relname::text, t.tgname::text, t.tgenabled = 'A' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relname = ANY($1) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') ORDER BY 1, 2`, tables)
	if err != nil {
		return nil, err
	}
	var off []string
	var table, trigger string
	var always bool
	_, err = pgx.ForEachRow(rows, []any{&table, &trigger, &always}, func() error {
		on := " ENABLE TRIGGER "
		if always {
			on = " ENABLE ALWAYS TRIGGER "
		}
		off = append(off, `ALTER TABLE `+quoted(table)+` DISABLE TRIGGER `+quoted(trigger))
		rearm = append(rearm, `ALTER TABLE `+quoted(table)+on+quoted(trigger))
		return nil
	})
	for _, statement := range off {
		if err == nil {
			_, err = c.to.Exec(ctx, statement)
		}
	}
	return rearm, err
}

// parentsFirst orders tables so that each comes after those that it refers to.
func (c *copying) parentsFirst(ctx context.Context, tables []string) (ordered []string, _ error) {
	parents := make(map[string][]string)
	for _, table := range tables {
		refs, err := sqliteTexts(ctx, c.from, `SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`, table)
		if err != nil {
			return nil, err
		}
		parents[table] = refs
	}
	for len(ordered) < len(tables) {
		before := len(ordered)
		for _, table := range tables {
			waits := slices.ContainsFunc(parents[table], func(parent string) bool { return parent != table && !slices.Contains(ordered, parent) })
			if !waits && !slices.Contains(ordered, table) {
				ordered = append(ordered, table)
			}
		}
		if len(ordered) == before {
			return nil, fmt.Errorf("%w: its tables refer to one another in a circle", ErrCopy)
		}
	}
	return ordered, nil
}

// atRow adds to an error of PostgreSQL where it happened, without the value.
func atRow(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Where != "" {
		where, _, _ := strings.Cut(e.Where, ": \"")
		return fmt.Errorf("%w (%s)", err, where)
	}
	return err
}

func textsOf(ctx context.Context, tx pgx.Tx, query string) ([]string, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// sqliteTables returns the tables of an embedded database, sorted.
func sqliteTables(ctx context.Context, db querier) ([]string, error) {
	return sqliteTexts(ctx, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
}

func sqliteTexts(ctx context.Context, db querier, query string, args ...any) (out []string, _ error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// quoted returns a name as SQL has it, in both databases.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

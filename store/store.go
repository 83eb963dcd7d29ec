package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/internal/recent"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/approval"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/erasure"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/leavestep"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/plan/secrets"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/removal"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/provision/terms"
)

// Options says where the database is and how to open it.
type Options struct {
	// DatabaseURL is that of a PostgreSQL database (postgres://…). "" means
	// SQLite in DataDir.
	DatabaseURL string
	// DataDir is the directory of the SQLite file; it is made when missing.
	DataDir string
	// MustExist has [Open] fail with [ErrNoDatabase] where it would make a SQLite
	// file.
	MustExist bool

	// Key seals secrets: 32 bytes. Without one, saving a secret fails.
	Key []byte
	// OldKeys open what was sealed before the key was changed; see
	// [Store.Reseal].
	OldKeys [][]byte

	// Silence is how long a connection to PostgreSQL may be silent while an
	// answer is due; 0: a little longer than a statement may take.
	Silence time.Duration

	Log *slog.Logger // nil: slog.Default()

	// CheckLocks has a transaction panic that takes locks in another order than
	// [provision.InTx] says. It is for tests.
	CheckLocks bool
}

// Store is what every package below provision needs of a database. It is safe for concurrent use, by any number
// of processes on one database. The Store that [Store.InTx] hands out is
// bound to its transaction and to one goroutine.
type Store struct {
	*shared
	db    *gorm.DB // writes, and inside a transaction everything
	reads *gorm.DB // reads outside of transactions
	inTx  bool
	pg    *pgTx      // the transaction, on PostgreSQL; nil outside of one
	order *lockOrder // of the transaction; nil: not checked
}

// shared is what a Store and its transactions have in common.
type shared struct {
	dialect    Dialect
	sql        sqlWords
	writer     *sql.DB
	reader     *sql.DB        // the writer again on PostgreSQL
	patient    func() *sql.DB // PostgreSQL: opens it anew, without limits of time, for migrations
	lockDir    string         // SQLite: where the locks of the directory lie
	keys       *keyring
	log        *slog.Logger
	checkLocks bool // see Options
	driver     riverdriver.Driver[*sql.Tx]
	jobs       *river.Client[*sql.Tx]        // inserts only, on SQLite
	pgJobs     *river.Client[pgx.Tx]         // inserts only, on PostgreSQL
	read       *recent.Finds[readConnection] // connections by id, as they were last read
	namesakes  *atomic.Bool                  // there are some; see namesake.go
	full       *atomic.Bool                  // a transaction has found no room since the last heartbeat
}

// What the core asks of a database, package by package.
var (
	_ alarm.Store       = (*Store)(nil)
	_ approval.Store    = (*Store)(nil)
	_ leavestep.Store   = (*Store)(nil)
	_ audit.Store       = (*Store)(nil)
	_ breakglass.Store  = (*Store)(nil)
	_ credential.Store  = (*Store)(nil)
	_ deskhealth.Store  = (*Store)(nil)
	_ desksession.Store = (*Store)(nil)
	_ directory.Store   = (*Store)(nil)
	_ entitlement.Store = (*Store)(nil)
	_ erasure.Store     = (*Store)(nil)
	_ explanation.Store = (*Store)(nil)
	_ secrets.Store     = (*Store)(nil)
	_ plan.Store        = (*Store)(nil)
	_ reconcile.Store   = (*Store)(nil)
	_ removal.Store     = (*Store)(nil)
	_ report.Store      = (*Store)(nil)
	_ request.Store     = (*Store)(nil)
	_ seat.Store        = (*Store)(nil)
	_ secondadmin.Store = (*Store)(nil)
	_ session.Store     = (*Store)(nil)
	_ settings.Store    = (*Store)(nil)
	_ signin.Store      = (*Store)(nil)
	_ terms.Store       = (*Store)(nil)
)

// Open opens the database that o describes and tries whether it answers. It
// does not migrate: see [Store.Migrate].
func Open(ctx context.Context, o Options) (*Store, error) {
	keys, err := newKeyring(o.Key, o.OldKeys)
	if err != nil {
		return nil, err
	}
	sh := &shared{keys: keys, log: o.Log, checkLocks: o.CheckLocks, read: recent.New[readConnection](mostRead, readFor, time.Now), namesakes: new(atomic.Bool), full: new(atomic.Bool)}
	if sh.log == nil {
		sh.log = slog.Default()
	}
	open := sh.openSQLite
	if o.DatabaseURL != "" {
		open = sh.openPostgres
	}
	s, err := open(ctx, o)
	if err != nil {
		return nil, errors.Join(err, sh.close())
	}
	sh.jobs, err = river.NewClient(sh.driver, &river.Config{Logger: sh.log})
	if err == nil && sh.dialect == Postgres {
		sh.pgJobs, err = river.NewClient(riverpgxv5.New(nil), &river.Config{Logger: sh.log})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: jobs: %w", err), sh.close())
	}
	return s, nil
}

func (sh *shared) close() error {
	var errs []error
	if sh.reader != nil && sh.reader != sh.writer {
		errs = append(errs, sh.reader.Close())
	}
	if sh.writer != nil {
		errs = append(errs, sh.writer.Close())
	}
	return errors.Join(errs...)
}

// gormConfig is the same for both databases.
func (sh *shared) gormConfig() *gorm.Config {
	return &gorm.Config{
		Logger:                 queryLog{sh.log},
		SkipDefaultTransaction: true, // what must be atomic uses InTx
		DisableAutomaticPing:   true,
		QueryFields:            true, // never SELECT *: a newer release may have added columns
	}
}

// Close closes the database. Nothing may use the Store any more.
func (s *Store) Close() error { return s.close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("store: %w", unavailable(err))
	}
	return nil
}

// Heartbeat writes to the database, to see whether it takes writes: a full disk
// or a standby answers all the same. It fails as well when a transaction has found
// no room since the last one: so little as this may fit where nothing else does.
func (s *Store) Heartbeat(ctx context.Context) error {
	full := s.full.Swap(false) // before this write, which tells of itself
	err := s.write(ctx).Exec(`UPDATE heartbeat SET at = ? WHERE id = 1`, fromTime(time.Now())).Error
	if err != nil {
		s.full.Store(false)
		return fmt.Errorf("store: heartbeat: %w", err)
	}
	if full {
		return &provision.Error{Code: provision.Unavailable, Reason: provision.ReasonAway, Detail: "the database finds no room, or cannot write to its disk; is it full, or failing?"}
	}
	return nil
}

// LastHeartbeat returns when a server last did [Store.Heartbeat]; the beginning
// of time as computers have it when none ever did.
func (s *Store) LastHeartbeat(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.read(ctx).Raw(`SELECT at FROM heartbeat WHERE id = 1`).Scan(&at).Error
	return toTime(at), err
}

// DB returns the pool of connections that may write. On SQLite it holds a
// single one: whoever keeps a transaction open keeps every other writer out.
func (s *Store) DB() *sql.DB { return s.writer }

// Dialect returns which database this is.
func (s *Store) Dialect() string { return string(s.dialect) }

// RiverDriver returns the driver on which a River client can work the jobs
// that [Store.Enqueue] inserts.
func (s *Store) RiverDriver() riverdriver.Driver[*sql.Tx] { return s.driver }

// read returns where to read from: the transaction, when there is one.
func (s *Store) read(ctx context.Context) *gorm.DB { return s.reads.WithContext(ctx) }

// write returns where to write to.
func (s *Store) write(ctx context.Context) *gorm.DB { return s.db.WithContext(ctx) }

// each runs a query ($1, $2, …) and calls row for each row of the answer: past
// gorm, and on PostgreSQL past database/sql too, for what is asked for many
// times a second. row must not use the Store.
func (s *Store) each(ctx context.Context, query string, args []any, row func(scanner) error) error {
	began := time.Now()
	err := aheadOf(ctx).failed(s.eachRow(ctx, query, args, row))
	if took := time.Since(began); took >= slowQuery {
		s.log.WarnContext(ctx, "slow database statement", "duration", took, "sql", query)
	}
	return err
}

func (s *Store) eachRow(ctx context.Context, query string, args []any, row func(scanner) error) error {
	asked := statement{sql: query, args: args, read: eachOf(row)}
	if s.pg != nil {
		return s.pg.send(ctx, asked)
	}
	first, err := aheadOf(ctx).riding()
	if err != nil {
		return err
	}
	if len(first) > 0 && (s.dialect != Postgres || !travels(query)) {
		if err := aheadOf(ctx).settle(ctx); err != nil {
			return err
		}
		first = nil
	}
	if s.dialect == Postgres {
		conn, err := s.writer.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		return (&pgTx{conn: conn}).native(func(conn *pgx.Conn) error {
			if len(first) > 0 {
				return sendAll(ctx, conn, append(first, asked))
			}
			rows, err := conn.Query(ctx, query, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			if err := asked.read(rows); err != nil {
				return err
			}
			return rows.Err()
		})
	}
	rows, err := s.reads.Statement.ConnPool.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func eachOf(row func(scanner) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := row(rows); err != nil {
				return err
			}
		}
		return nil
	}
}

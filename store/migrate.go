package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/deskbridge/deskbridge/store/migrations"
)

// Migrate brings the schema, and River's, to what this release needs. Any
// number of processes may call it at once: one migrates, the others wait and
// find nothing left to do.
func (s *Store) Migrate(ctx context.Context) (err error) {
	if s.patient != nil {
		db := s.patient()
		defer func() { err = errors.Join(err, db.Close()) }()
		patient := *s.shared
		patient.writer, patient.driver = db, riverdatabasesql.New(db)
		s = &Store{shared: &patient}
	}
	unlock, err := s.lockMigrations(ctx)
	if err != nil {
		return fmt.Errorf("store: lock migrations: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()

	// The queue first: a migration of ours writes to its jobs.
	queue, err := rivermigrate.New(s.driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("store: migrate jobs: %w", err)
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("store: migrate jobs: %w", err)
	}
	provider, err := s.goose()
	if err != nil {
		return err
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	for _, m := range done {
		s.log.InfoContext(ctx, "migrated", "version", m.Source.Version, "duration", m.Duration)
	}
	return s.findNamesakes(ctx, func(what, id, connection string) {
		s.log.WarnContext(ctx, "the name is another's, too, letter case, width and Unicode form aside; rename one of them at the identity provider",
			what, id, "connection", connection)
	})
}

// Why a database cannot be read as it is.
var (
	// ErrNoDatabase says that there is none, or nothing of ours in it.
	ErrNoDatabase = errors.New("there is no database of Deskbridge")
	// ErrOutdated says that it waits for [Store.Migrate].
	ErrOutdated = errors.New("the database is of an older release")
)

// CheckSchema returns [ErrNoDatabase] or [ErrOutdated] unless the database can
// be read by this release. It changes nothing, and comes, as [Store.Migrate] does,
// before anything is written: it finds out whose names need care.
func (s *Store) CheckSchema(ctx context.Context) error {
	there := `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`
	if s.dialect == Postgres {
		there = `SELECT count(*) FROM (SELECT to_regclass('goose_db_version') AS found) AS t WHERE found IS NOT NULL`
	}
	var tables int
	if err := s.reader.QueryRowContext(ctx, there).Scan(&tables); err != nil {
		return fmt.Errorf("store: %w", unavailable(err))
	}
	if tables == 0 { // looking for migrations would make it
		return ErrNoDatabase
	}
	pending, err := s.Pending(ctx)
	if err != nil {
		return err
	}
	if pending {
		return ErrOutdated
	}
	return s.findNamesakes(ctx, func(_, _, _ string) {}) // the server has said who they are
}

// Pending reports whether [Store.Migrate] has something to do.
func (s *Store) Pending(ctx context.Context) (bool, error) {
	provider, err := s.goose()
	if err != nil {
		return false, err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil || pending {
		return pending, err
	}
	queue, err := rivermigrate.New(s.driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return false, fmt.Errorf("store: pending migrations: %w", err)
	}
	result, err := queue.Validate(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("store: pending migrations: %w", err)
	}
	return !result.OK, nil
}

func (s *Store) goose() (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	if s.dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	files, err := fs.Sub(migrations.Files, string(s.dialect))
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(dialect, s.writer, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log))
	if err != nil {
		return nil, fmt.Errorf("store: migrations: %w", err)
	}
	return provider, nil
}

// lockMigrations keeps other processes from migrating until unlock is called
// or this process ends.
func (s *Store) lockMigrations(ctx context.Context) (unlock func() error, _ error) {
	if s.dialect == SQLite {
		return lockFile(ctx, filepath.Join(s.lockDir, "migrate.lock"), time.Minute)
	}
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, lockMigrations); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, lockMigrations)
		return errors.Join(err, conn.Close())
	}, nil
}

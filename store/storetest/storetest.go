// Package storetest gives tests a migrated [store.Store] of their own: an
// embedded one in a temporary directory, copied from one that was migrated
// once, and a PostgreSQL one cloned from a template database. Either takes a
// fraction of a second.
package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/migrations"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// PostgresEnv names the environment variable with the URL of a PostgreSQL on
// which tests may create databases.
const PostgresEnv = "DESKBRIDGE_TEST_POSTGRES"

// Key is the encryption key of the stores.
var Key = []byte("0123456789abcdef0123456789abcdef")

// Each runs test once on every database, as subtests.
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	if servicetest.Wanted {
		t.Run("postgres", func(t *testing.T) {
			_, s := Postgres(t)
			test(t, s)
		})
	}
}

// SQLite returns a store in a temporary directory.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	dir := t.TempDir()
	Fill(t, dir)
	return open(t, store.Options{DataDir: dir})
}

// further is what [Also] has the databases come with, and what that is called.
var further struct {
	names   string
	migrate []func(ctx context.Context, s *store.Store) error
}

// Also has every database of a test binary come with the tables that migrate makes
// besides the store's: once, and not for each test. Call it before any is made, from
// an init; name, in small letters, says whose tables they are.
func Also(name string, migrate func(ctx context.Context, s *store.Store) error) {
	further.names += "_" + name
	further.migrate = append(further.migrate, migrate)
}

// sqliteFile is the name of the embedded database in its directory.
const sqliteFile = "deskbridge.db"

// Fill puts a migrated embedded database without any data into dir.
func Fill(t testing.TB, dir string) {
	t.Helper()
	file, err := migrated()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, sqliteFile), file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// migrated returns the file of a migrated embedded database.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "deskbridge-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := migrate(context.Background(), store.Options{DataDir: dir}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, sqliteFile)) // whole: who closes it last empties the journal into it
})

// Postgres returns a store in a fresh database, and the database's URL.
func Postgres(t testing.TB) (string, *store.Store) {
	t.Helper()
	servicetest.Need(t)
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	target := create(t, " TEMPLATE "+from+copied())
	return target, open(t, store.Options{DatabaseURL: target})
}

// EmptyPostgres returns the URL of a fresh database without any table.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	servicetest.Need(t)
	if err := configured(); err != nil {
		t.Fatal(err)
	}
	return create(t, "")
}

// copied has the files of the template be copied where that can be said, since
// PostgreSQL 15: it takes half of the time of reading and logging each block.
var copied = sync.OnceValue(func() (strategy string) {
	db, err := server()
	if err == nil {
		err = db.QueryRowContext(context.Background(), `SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN ' STRATEGY FILE_COPY' ELSE '' END`).Scan(&strategy)
	}
	if err != nil {
		return "" // a database is made as ever, or that says why not
	}
	return strategy
})

// create makes a database that goes with the test, and returns its URL.
func create(t testing.TB, options string) string {
	t.Helper()
	name := databaseName()
	if err := execute(`CREATE DATABASE ` + name + options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var err error
		for range 10 { // the server waits 5 s for those whom it tells to go
			if err = execute(`DROP DATABASE ` + name + ` WITH (FORCE)`); err == nil {
				return
			}
		}
		t.Error(err)
	})
	return databaseURL(name)
}

// configured returns an error that says what to do when there is no PostgreSQL.
func configured() error {
	if os.Getenv(PostgresEnv) == "" {
		return fmt.Errorf("%s is not set: run the tests with make test, or start a PostgreSQL with test/postgres.sh start and set it to the URL that prints", PostgresEnv)
	}
	return nil
}

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	o.Key, o.CheckLocks = Key, true
	o.Log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// template returns the name of a migrated database to clone. Its name tells
// the schema, so that test binaries, and the next run, share it; who has further
// tables brings those up to date that the last run left.
var template = sync.OnceValues(func() (string, error) {
	if err := configured(); err != nil {
		return "", err
	}
	digest, err := schemaDigest()
	if err != nil {
		return "", err
	}
	name := "deskbridge_template_" + digest + further.names
	ctx := context.Background()
	return name, onServer(func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(hashtext($1))`, name); err != nil {
			return err
		}
		var made bool
		err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&made)
		if err != nil || made {
			return err
		}
		draft := databaseName() // gets its name when it is complete
		if _, err := conn.ExecContext(ctx, `CREATE DATABASE `+draft); err != nil {
			return err
		}
		if err := migrate(ctx, store.Options{DatabaseURL: databaseURL(draft)}); err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, `ALTER DATABASE `+draft+` RENAME TO `+name)
		return err
	})
})

func migrate(ctx context.Context, o store.Options) error {
	o.Log = slog.New(slog.DiscardHandler)
	s, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	err = s.Migrate(ctx)
	for _, more := range further.migrate {
		if err == nil {
			err = more(ctx, s)
		}
	}
	return errors.Join(err, s.Close()) // a template must have no connections
}

// schemaDigest identifies the migrations, ours and River's.
func schemaDigest() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := migrations.Files.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", err
	}
	queue, err := rivermigrate.New(riverdatabasesql.New(nil), nil)
	if err != nil {
		return "", err
	}
	for _, m := range queue.AllVersions() {
		fmt.Fprintf(sum, "river %d\n%s", m.Version, m.SQLUp)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

func databaseName() string {
	random := make([]byte, 8)
	rand.Read(random)
	return "deskbridge_test_" + hex.EncodeToString(random)
}

// databaseURL returns the URL of another database on the same server.
func databaseURL(name string) string {
	u, err := url.Parse(os.Getenv(PostgresEnv))
	if err != nil {
		return ""
	}
	u.Path = "/" + name
	return u.String()
}

// execute runs a statement that cannot be part of a transaction.
func execute(statement string) error {
	db, err := server()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), statement)
	return err
}

// server is the server's own database, for as long as the tests run: to connect
// takes as long as to drop a database.
var server = sync.OnceValues(func() (*sql.DB, error) {
	config, err := pgx.ParseConfig(os.Getenv(PostgresEnv))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", PostgresEnv, err)
	}
	return stdlib.OpenDB(*config), nil
})

// onServer calls fn with a connection to the server's own database, which ends
// with it, and what it has locked.
func onServer(fn func(conn *sql.Conn) error) error {
	config, err := pgx.ParseConfig(os.Getenv(PostgresEnv))
	if err != nil {
		return fmt.Errorf("%s: %w", PostgresEnv, err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	return fn(conn)
}

// testWriter writes a log to a test's output.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}

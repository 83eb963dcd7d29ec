package builtin_test

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// eachDatabase runs test on SQLite and on PostgreSQL, each with fresh tables.
func eachDatabase(t *testing.T, test func(t *testing.T, desks *builtin.Desks)) {
	t.Run("sqlite", func(t *testing.T) { test(t, migrated(t, openSQLite(t), builtin.SQLite)) })
	if servicetest.Wanted {
		t.Run("postgres", func(t *testing.T) { test(t, migrated(t, openPostgres(t), builtin.Postgres)) })
	}
}

func migrated(t *testing.T, db *sql.DB, dialect builtin.Dialect) *builtin.Desks {
	t.Helper()
	desks, err := builtin.New(db, dialect)
	if err != nil {
		t.Fatal(err)
	}
	if err := desks.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return desks
}

// openSQLite opens a new database with a single connection, as the server
// does: whoever needs two at a time waits forever, and the test tells.
func openSQLite(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "desks.db")+
		"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// openPostgres opens a new database on the server that the environment names.
func openPostgres(t *testing.T) *sql.DB {
	t.Helper()
	servicetest.Need(t)
	server := os.Getenv("DESKBRIDGE_TEST_POSTGRES")
	if server == "" {
		t.Fatal("DESKBRIDGE_TEST_POSTGRES is not set: run `make test`, or `test/postgres.sh start` and export what it prints")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	name := "builtin_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec(`CREATE DATABASE ` + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`) })

	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("DESKBRIDGE_TEST_POSTGRES is no URL")
	}
	u.Path = "/" + name
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(10)
	t.Cleanup(func() { db.Close() })
	return db
}

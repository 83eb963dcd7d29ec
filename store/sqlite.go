package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// sqliteFile is the name of the database in the data directory.
const sqliteFile = "deskbridge.db"

// busyTimeoutMillis is how long a statement waits for another process, such as
// a command beside a running server.
const busyTimeoutMillis = "10000"

// openSQLite opens the file in o.DataDir with one connection that writes and a
// few that read: SQLite has one writer at a time, and readers in WAL mode never
// wait for it.
func (sh *shared) openSQLite(ctx context.Context, o Options) (*Store, error) {
	dir, err := filepath.Abs(cmp.Or(o.DataDir, "."))
	if err != nil {
		return nil, fmt.Errorf("store: data directory: %w", err)
	}
	file := filepath.Join(dir, sqliteFile)
	if !o.MustExist {
		err = makePrivate(dir, file)
	} else if _, err = os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		err = ErrNoDatabase
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	sh.dialect, sh.sql, sh.lockDir = SQLite, words[SQLite], dir

	// Immediate: a transaction that reads first and then writes would fail on
	// SQLITE_BUSY instead of waiting its turn.
	sh.writer, err = sql.Open("sqlite", sqliteDSN(file, url.Values{"_txlock": {"immediate"}}))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	sh.writer.SetMaxOpenConns(1)
	sh.writer.SetConnMaxIdleTime(0)
	err = sh.writer.PingContext(ctx) // switches to WAL before anybody reads
	for range 50 {                   // SQLite does not wait for its turn at that switch: others may be at it
		if err == nil || !strings.Contains(err.Error(), "SQLITE_BUSY") || ctx.Err() != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
		err = sh.writer.PingContext(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", file, err)
	}
	sh.reader, err = sql.Open("sqlite", sqliteDSN(file, url.Values{"_pragma": {"query_only(1)"}}))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	readers := max(8, runtime.NumCPU()) // more than searches that last: every request needs one
	sh.reader.SetMaxOpenConns(readers)
	sh.reader.SetMaxIdleConns(readers)

	db, err := gorm.Open(&sqlite.Dialector{Conn: sh.writer, DriverName: "sqlite"}, sh.gormConfig())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	reads, err := gorm.Open(&sqlite.Dialector{Conn: sh.reader, DriverName: "sqlite"}, sh.gormConfig())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := errors.Join(watch(db), watch(reads)); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	sh.driver = riversqlite.New(sh.writer)
	return &Store{shared: sh, db: db, reads: reads}, nil
}

// sqliteDSN returns the name under which the driver opens file. Full
// synchronisation makes a committed transaction survive a power cut.
func sqliteDSN(file string, more url.Values) string {
	q := url.Values{"_pragma": {
		"busy_timeout(" + busyTimeoutMillis + ")",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
	}}
	for key, values := range more {
		q[key] = append(q[key], values...)
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath() + "?" + q.Encode()
}

// makePrivate makes dir and file for our eyes only. What is there already keeps
// its permissions. SQLite gives its side files those of the database.
func makePrivate(dir, file string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

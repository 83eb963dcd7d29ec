package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// ErrServed says that a server works on an embedded database.
var ErrServed = errors.New("another Deskbridge server runs")

// LockDirectory keeps other servers off an embedded database until unlock is
// called or this process ends: two would take each other's leases. It is
// [ErrServed] that one runs; one that is stopping has a moment. Commands beside a
// server are no servers. On PostgreSQL there is nothing to keep off.
func (s *Store) LockDirectory(ctx context.Context) (unlock func() error, _ error) {
	return s.lockDirectory(ctx, serverStops)
}

// LockDirectoryAtOnce is [Store.LockDirectory] for who does not wait.
func (s *Store) LockDirectoryAtOnce(ctx context.Context) (unlock func() error, _ error) {
	return s.lockDirectory(ctx, 0)
}

func (s *Store) lockDirectory(ctx context.Context, wait time.Duration) (unlock func() error, _ error) {
	if s.dialect != SQLite {
		return func() error { return nil }, nil
	}
	unlock, err := lockFile(ctx, filepath.Join(s.lockDir, "serve.lock"), wait)
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqliteBusy {
		return nil, fmt.Errorf("%w on %s; stop it, or give this one a DESKBRIDGE_DATA_DIR of its own. Several servers can share a PostgreSQL: DESKBRIDGE_DATABASE_URL", ErrServed, s.lockDir)
	}
	return unlock, err
}

// serverStops is how long a server that is started waits for the one before.
const serverStops = 3 * time.Second

// lockFile waits so long for an exclusive lock on file, which is an SQLite
// transaction: portable, and gone with the process. The database itself cannot
// serve: its only writing connection is needed for the migrations.
func lockFile(ctx context.Context, file string, wait time.Duration) (unlock func() error, _ error) {
	if err := makePrivate(filepath.Dir(file), file); err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds())}, "_txlock": {"exclusive"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(file)}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
}

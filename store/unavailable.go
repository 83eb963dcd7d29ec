package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/provision"
)

// unavailable makes err an Unavailable [provision.Error] when it says that the
// database does not answer, cannot be written to, or took too long: the same
// may work later. Other errors stay as they are.
func unavailable(err error) error {
	if err == nil || provision.IsUnavailable(err) || !cannotAnswer(err) && !disconnected(err) {
		return err
	}
	out := &provision.Error{Code: provision.Unavailable, Detail: "the database does not answer now; try again in a moment", Err: err}
	if disconnected(err) || cannotAnything(err) {
		out.Reason = provision.ReasonAway
	}
	return out
}

// cannotAnything reports whether another statement could not be answered either: the
// database has no room or memory, takes no writes, or is SQLite and locked, which it
// is as a whole.
func cannotAnything(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "25006" || strings.HasPrefix(pg.Code, "53")
	}
	_, ok := errors.AsType[*sqlite.Error](err)
	return ok && cannotAnswer(err)
}

// cannotAnswer reports whether the database is there and cannot do it now.
func cannotAnswer(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// https://www.postgresql.org/docs/current/errcodes-appendix.html
		switch pg.Code {
		case "55P03", "57014", "25006": // lock not available; statement time-out; a standby, or read-only
			return true
		}
		return strings.HasPrefix(pg.Code, "53") || pg.Code == "40001" || pg.Code == "40P01" // insufficient resources; collisions
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqliteBusy, sqliteIO, sqliteFull:
			return true
		}
	}
	return false
}

// noRoom reports whether the database found no room on its disk.
func noRoom(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "53100" // disk full
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && (lite.Code()&0xff == sqliteFull || lite.Code()&0xff == sqliteIO)
}

// disconnected reports whether the connection to the database is gone, or none
// could be had: what was not committed then is not in force.
func disconnected(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P") // connection exception; operator intervention
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return strings.Contains(err.Error(), "conn closed") // pgx has no other word for it
}

// watch has every statement of gorm wait for what [ahead] looks up, and return
// what [unavailable] makes of its error.
func watch(db *gorm.DB) error {
	note := func(db *gorm.DB) { db.Error = unavailable(db.Error) }
	on := db.Callback()
	return errors.Join(
		on.Create().Before("*").Register("deskbridge:ahead", settleAhead),
		on.Query().Before("*").Register("deskbridge:ahead", settleAhead),
		on.Update().Before("*").Register("deskbridge:ahead", settleAhead),
		on.Delete().Before("*").Register("deskbridge:ahead", settleAhead),
		on.Row().Before("*").Register("deskbridge:ahead", settleAhead),
		on.Raw().Before("*").Register("deskbridge:ahead", settleAhead),
		on.Create().After("*").Register("deskbridge:unavailable", note),
		on.Query().After("*").Register("deskbridge:unavailable", note),
		on.Update().After("*").Register("deskbridge:unavailable", note),
		on.Delete().After("*").Register("deskbridge:unavailable", note),
		on.Row().After("*").Register("deskbridge:unavailable", note),
		on.Raw().After("*").Register("deskbridge:unavailable", note),
	)
}

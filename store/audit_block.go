package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision/audit"
)

type auditBlockRow struct {
	Number  int64 `gorm:"primaryKey;autoIncrement:false"`
	FirstID int64
	LastID  int64
	Entries int64
	At      int64
	Late    string
	Missing string
	Hash    []byte
}

func (auditBlockRow) TableName() string { return "audit_blocks" }

func (row auditBlockRow) block() (b audit.Block, err error) {
	b = audit.Block{Number: row.Number, First: row.FirstID, Last: row.LastID, Entries: int(row.Entries), At: toTime(row.At), Hash: row.Hash}
	if b.Late, err = audit.ParseIDs(row.Late); err == nil {
		b.Missing, err = audit.ParseIDs(row.Missing)
	}
	return b, err
}

// LockSealing implements [audit.Store]. SQLite lets one writer in anyway.
func (s *Store) LockSealing(ctx context.Context) error { return s.advisoryLock(ctx, lockSeal, false) }

// Blocks implements [audit.Store].
func (s *Store) Blocks(ctx context.Context, after int64, limit int) ([]audit.Block, error) {
	var rows []auditBlockRow
	if err := s.read(ctx).Where("number > ?", after).Order("number").Limit(limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, auditBlockRow.block)
}

// AddBlock implements [audit.Store]. A count that is ahead of b, because
// somebody changed it, stays so.
func (s *Store) AddBlock(ctx context.Context, b audit.Block) error {
	row := auditBlockRow{Number: b.Number, FirstID: b.First, LastID: b.Last, Entries: int64(b.Entries), At: fromTime(b.At),
		Late: b.Late.String(), Missing: b.Missing.String(), Hash: b.Hash}
	return s.InTx(ctx, func(tx *Store) error {
		err := tx.do(ctx, "audit block", func(db *gorm.DB) *gorm.DB { return db.Create(&row) })
		if err != nil {
			return err
		}
		return tx.do(ctx, "audit block", func(db *gorm.DB) *gorm.DB {
			return db.Exec(`UPDATE audit_count SET block = ?, last_id = `+s.sql.greatest+`(last_id, ?), entries = entries + ? WHERE block < ?`,
				row.Number, row.LastID, row.Entries, row.Number)
		})
	})
}

// What is waited for is looked for so often, so far apart.
const (
	writersTries = 6
	writersPause = 15 * time.Millisecond
)

// Allotted implements [audit.Store].
//
// On SQLite a transaction that writes has the database for itself. On PostgreSQL
// ids come from a sequence, whoever commits first. A transaction locks the table
// before it takes an id, and keeps the lock to its end: when those that hold one
// after the sequence was read are gone, every id up to it is there to be seen,
// or never will be.
func (s *Store) Allotted(ctx context.Context) (id int64, open bool, _ error) {
	read := func(row scanner) error { return row.Scan(&id) }
	if err := s.each(ctx, `SELECT `+s.sql.allotted, nil, read); err != nil || s.dialect == SQLite {
		return id, false, err
	}
	writers, err := s.auditWriters(ctx)
	for try := 1; err == nil && len(writers) > 0; try++ {
		if try == writersTries {
			return id, true, nil
		}
		select {
		case <-ctx.Done():
			return id, true, ctx.Err()
		case <-time.After(writersPause):
		}
		var now []string
		now, err = s.auditWriters(ctx)
		writers = slices.DeleteFunc(writers, func(w string) bool { return !slices.Contains(now, w) })
	}
	return id, false, err
}

// auditWriters returns the transactions of others that have written to the audit
// log, or are about to.
func (s *Store) auditWriters(ctx context.Context) (writers []string, _ error) {
	err := s.each(ctx, `SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'audit'::regclass
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()`, nil, func(row scanner) error {
		var w string
		err := row.Scan(&w)
		writers = append(writers, w)
		return err
	})
	return writers, err
}

// Tail implements [audit.Store]. It is one statement, that all is of one moment.
func (s *Store) Tail(ctx context.Context, unsealed bool) (t audit.Tail, _ error) {
	t.Contiguous = s.dialect == SQLite
	u := `SELECT 0 AS n, CAST(NULL AS BIGINT) AS at`
	if unsealed {
		u = `SELECT count(*) AS n, min(at) AS at FROM audit WHERE id > (SELECT id FROM l) AND seal IS NULL`
	}
	query := `WITH c AS (SELECT block, last_id, entries FROM audit_count),
			b AS (SELECT number, first_id, last_id, entries, at, late, missing, hash FROM audit_blocks ORDER BY number DESC LIMIT 1),
			o AS (SELECT seal, hash FROM audit WHERE seal IS NOT NULL ORDER BY seal DESC LIMIT 1),
			l AS (SELECT ` + s.sql.greatest + `(COALESCE((SELECT last_id FROM b), 0), COALESCE((SELECT last_id FROM c), 0)) AS id),
			u AS (` + u + `)
		SELECT c.block, c.last_id, c.entries, b.number, b.first_id, b.last_id, b.entries, b.at, b.late, b.missing, b.hash, o.seal, o.hash,
			` + s.sql.allotted + `, COALESCE((SELECT max(id) FROM audit), 0), u.n, u.at
		FROM u LEFT JOIN c ON TRUE LEFT JOIN b ON TRUE LEFT JOIN o ON TRUE`
	return t, s.each(ctx, query, nil, func(row scanner) (err error) {
		var counted [3]*int64
		var block [5]*int64
		var late, missing *string
		var hash []byte
		var seal, oldest *int64
		if err := row.Scan(&counted[0], &counted[1], &counted[2], &block[0], &block[1], &block[2], &block[3], &block[4], &late, &missing, &hash,
			&seal, &t.SealHash, &t.Allotted, &t.LastID, &t.Unsealed, &oldest); err != nil {
			return err
		}
		if counted[0] != nil {
			t.Counted = &audit.Count{Block: *counted[0], LastID: *counted[1], Entries: *counted[2]}
		}
		if seal != nil {
			t.Seal = *seal
		}
		if oldest != nil {
			t.Oldest = toTime(*oldest)
		}
		if block[0] != nil {
			t.Block, err = auditBlockRow{Number: *block[0], FirstID: *block[1], LastID: *block[2], Entries: *block[3], At: *block[4],
				Late: *late, Missing: *missing, Hash: hash}.block()
		}
		return err
	})
}

const auditLine = `SELECT id, at, connection_id, actor, operation, request, action, subject, desk_id, account_id, detail, seal, hash FROM audit `

// Lines implements [audit.Store].
func (s *Store) Lines(ctx context.Context, after, upTo int64, limit int) ([]audit.Line, error) {
	return s.auditLines(ctx, auditLine+`WHERE id > $1 AND id <= $2 AND seal IS NULL ORDER BY id LIMIT $3`, after, upTo, limit)
}

// SealedLines implements [audit.Store].
func (s *Store) SealedLines(ctx context.Context, after int64, limit int) ([]audit.Line, error) {
	return s.auditLines(ctx, auditLine+`WHERE seal > $1 ORDER BY seal LIMIT $2`, after, limit)
}

// auditLines reads entries past gorm: nobody reads more of them.
func (s *Store) auditLines(ctx context.Context, query string, args ...any) (lines []audit.Line, _ error) {
	err := s.each(ctx, query, args, func(row scanner) error {
		var l audit.Line
		var at int64
		var seal *int64
		if err := row.Scan(&l.ID, &at, &l.Connection, &l.Actor, &l.Operation, &l.Request, &l.Action, &l.Subject, &l.Desk, &l.Account, &l.Detail, &seal, &l.Hash); err != nil {
			return fmt.Errorf("store: audit entry: %w", err)
		}
		l.At = toTime(at)
		if seal != nil {
			l.Seal = *seal
		}
		lines = append(lines, l)
		return nil
	})
	return lines, err
}

package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// handle is the transaction that runs on a connection, as the driver of the
// queue wants it. Beginning and ending it is not the queue's business.
type handle struct{ on *pgx.Conn }

var _ pgx.Tx = handle{}

// Begin begins a transaction within the transaction.
func (h handle) Begin(context.Context) (pgx.Tx, error) { return nil, pgx.ErrTxClosed }

// Commit is not the queue's to do.
func (h handle) Commit(context.Context) error { return pgx.ErrTxClosed }

// Rollback is not the queue's to do.
func (h handle) Rollback(context.Context) error { return pgx.ErrTxClosed }

// CopyFrom is part of [pgx.Tx].
func (h handle) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return h.on.CopyFrom(ctx, table, columns, rows)
}

// SendBatch is part of [pgx.Tx].
func (h handle) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return h.on.SendBatch(ctx, b)
}

// LargeObjects is part of [pgx.Tx]; the queue has none.
func (h handle) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Prepare is part of [pgx.Tx].
func (h handle) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return h.on.Prepare(ctx, name, sql)
}

// Exec is part of [pgx.Tx].
func (h handle) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return h.on.Exec(ctx, sql, args...)
}

// Query is part of [pgx.Tx].
func (h handle) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return h.on.Query(ctx, sql, args...)
}

// QueryRow is part of [pgx.Tx].
func (h handle) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return h.on.QueryRow(ctx, sql, args...)
}

// Conn is part of [pgx.Tx].
func (h handle) Conn() *pgx.Conn { return h.on }

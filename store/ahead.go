package store

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// ahead is a look-up that everything under a context hangs on. On PostgreSQL it
// travels with the first statement under the context, and is answered before it;
// elsewhere it is made by itself before anything else is. When its answer is no,
// nothing under the context is done any more: no statement is answered, no
// transaction commits.
type ahead struct {
	store *Store
	sql   string
	args  []any
	// ask returns what reads a row of the answer, and what says after the last one
	// what stands against going on.
	ask func() (row func(scanner) error, judge func() error)

	mu       sync.Mutex
	answered bool
	no       error
	away     error // why the database could not be asked; one wait is enough for a request
}

type aheadKey struct{}

// aheadOf returns what is to be looked up ahead of anything under ctx; nil:
// nothing.
func aheadOf(ctx context.Context) *ahead {
	a, _ := ctx.Value(aheadKey{}).(*ahead)
	return a
}

// under returns ctx with the look-up ahead of it, and what makes the look-up now
// unless it was made, and returns what stands against going on.
func (a *ahead) under(ctx context.Context) (context.Context, func() error) {
	return context.WithValue(ctx, aheadKey{}, a), func() error { return a.settle(ctx) }
}

// riding returns the statement that is to travel ahead of others; none where it
// has been answered, by yes. Where the database did not answer before, nobody
// waits for it again.
func (a *ahead) riding() ([]statement, error) {
	if a == nil {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered {
		return nil, a.no
	}
	if a.away != nil {
		return nil, a.away
	}
	return []statement{{sql: a.sql, args: a.args, read: a.read}}, nil
}

func (a *ahead) read(rows pgx.Rows) error {
	row, judge := a.ask()
	if err := eachOf(row)(rows); err != nil {
		return err
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return a.answer(judge)
}

func (a *ahead) answer(judge func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.answered {
		a.answered, a.no = true, judge()
	}
	return a.no
}

// failed notes that the database could not be asked, so that the look-up is made
// no more; it returns err.
func (a *ahead) failed(err error) error {
	if a == nil || err == nil || !disconnected(err) {
		return unavailable(err)
	}
	err = unavailable(err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away = err
	return err
}

// settle makes the look-up by itself, unless it was made. ctx may be one with or
// without it.
func (a *ahead) settle(ctx context.Context) error {
	if riding, err := a.riding(); len(riding) == 0 {
		return err
	}
	row, judge := a.ask()
	if err := a.store.each(context.WithValue(ctx, aheadKey{}, (*ahead)(nil)), a.sql, a.args, row); err != nil {
		return a.failed(err)
	}
	return a.answer(judge)
}

// settleAhead has a statement of gorm wait for what is to be looked up ahead of it.
// In a transaction on PostgreSQL that travels with it; see [pgTx].
func settleAhead(db *gorm.DB) {
	if _, travels := db.Statement.ConnPool.(*pgTx); travels || db.DryRun || db.Error != nil {
		return
	}
	if err := aheadOf(db.Statement.Context).settle(db.Statement.Context); err != nil {
		_ = db.AddError(err)
	}
}

// travels reports whether a look-up ahead may travel with a statement outside of
// a transaction: what changes nothing can be forgotten again.
func travels(query string) bool { return strings.HasPrefix(query, "SELECT ") }

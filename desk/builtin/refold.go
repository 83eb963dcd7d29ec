package builtin

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// refoldVersion is the migration that folds names anew, since
// [provision.Fold] heeds width and Unicode form. SQLite has no function for it
// where the tables are opened by themselves.
const refoldVersion = 2

// foldedColumns are what is unique on a desk, and the column with its folded form.
var foldedColumns = []struct{ table, column, folded string }{
	{"builtin_users", "email", "email_folded"},
	{"builtin_teams", "name", "name_folded"},
	{"builtin_mailboxes", "name", "name_folded"},
}

// refold folds every name anew. Of two that have become one, the later keeps its
// old form, under which nobody finds it, until it is renamed.
func refold(ctx context.Context, tx *sql.Tx) error {
	for _, c := range foldedColumns {
		stale, err := staleNames(ctx, tx, `SELECT desk, id, `+c.column+`, `+c.folded+` FROM `+c.table+` ORDER BY desk, id`)
		if err != nil {
			return fmt.Errorf("builtin: fold %s: %w", c.table, err)
		}
		for _, s := range stale {
			if _, err := tx.ExecContext(ctx, `UPDATE `+c.table+` SET `+c.folded+` = $3 WHERE desk = $1 AND id = $2
				AND NOT EXISTS (SELECT 1 FROM `+c.table+` o WHERE o.desk = $1 AND o.`+c.folded+` = $3)`, s.desk, s.id, s.folded); err != nil {
				return fmt.Errorf("builtin: fold %s: %w", c.table, err)
			}
		}
	}
	return nil
}

// staleName is a row whose name is folded as before.
type staleName struct {
	desk   string
	id     int64
	folded string // as it should be
}

func staleNames(ctx context.Context, tx *sql.Tx, query string) (stale []staleName, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s staleName
		var name, was string
		if err := rows.Scan(&s.desk, &s.id, &name, &was); err != nil {
			return nil, err
		}
		if s.folded = provision.Fold(name); s.folded != was {
			stale = append(stale, s)
		}
	}
	return stale, rows.Err()
}

package builtin

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// AppInfo is what is known of an app without its secret.
type AppInfo struct {
	ID         string
	As         string // address of the user as whom it acts
	CreatedAt  time.Time
	TokenUntil time.Time // until when its last token is accepted; zero when none is
}

// Apps returns the apps of a desk, by time of creation.
func (d *Desks) Apps(ctx context.Context, on provision.DeskID) ([]AppInfo, error) {
	return collect(ctx, d.db, func(rows *sql.Rows, a *AppInfo) error {
		var created int64
		var until sql.NullInt64
		err := rows.Scan(&a.ID, &a.As, &created, &until)
		a.CreatedAt = fromMicros(created)
		if until.Valid {
			a.TokenUntil = fromMicros(until.Int64)
		}
		return err
	}, `SELECT a.id, u.email, a.created_at, (SELECT max(t.expires_at) FROM builtin_tokens t WHERE t.app = a.id AND t.expires_at > $2)
		FROM builtin_apps a JOIN builtin_users u ON u.desk = a.desk AND u.id = a.user_id WHERE a.desk = $1 ORDER BY a.created_at, a.id`, on, micros(d.now()))
}

// RemoveApp ends an app at once, with its tokens. NotFound when the desk has no
// such app.
func (d *Desks) RemoveApp(ctx context.Context, on provision.DeskID, id string) error {
	return d.write(ctx, on, func(t *tx) error {
		n, err := exec(ctx, t, `DELETE FROM builtin_apps WHERE desk = $1 AND id = $2`, on, clean(id))
		if err == nil && n == 0 {
			err = desk.Errorf(desk.NotFound, "the built-in desk has no such app")
		}
		return err
	})
}

// Drop deletes a desk with all that is on it. One that is not there is dropped
// already.
func (d *Desks) Drop(ctx context.Context, on provision.DeskID) error {
	err := d.write(ctx, on, func(t *tx) error {
		for _, table := range []string{"builtin_conversations", "builtin_teams", "builtin_mailboxes", "builtin_users"} { // what is about these goes with them
			if _, err := exec(ctx, t, `DELETE FROM `+table+` WHERE desk = $1`, on); err != nil {
				return err
			}
		}
		_, err := exec(ctx, t, `DELETE FROM builtin_desks WHERE id = $1`, on)
		return err
	})
	if desk.KindOf(err) == desk.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop desk: %w", err)
	}
	return nil
}

package builtin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// tokenLife is how long an access token is accepted.
const tokenLife = 48 * time.Hour

// App is the credential of a program that uses the HTTP API. It acts as one
// user, and works while that user is active. The secret is shown once: the
// desk keeps a hash.
type App struct {
	ID     string
	Secret string
}

// CreateApp makes an app that acts as a user; with "" as the desk's service
// account, which is an admin.
func (d *Desks) CreateApp(ctx context.Context, on provision.DeskID, as provision.DeskUserID) (App, error) {
	app := App{ID: strings.ToLower(rand.Text()), Secret: rand.Text() + rand.Text()}
	err := d.write(ctx, on, func(t *tx) error {
		where, arg := `u.id = $2`, any(parseID(string(as)))
		if as == "" {
			where, arg = `u.service = $2`, true
		}
		users, err := t.users(ctx, where, arg)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			return desk.Errorf(desk.NotFound, "the built-in desk has no user with this id")
		}
		_, err = exec(ctx, t, `INSERT INTO builtin_apps (id, desk, user_id, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
			app.ID, t.desk, users[0].ID, hash(app.Secret), t.now)
		return err
	})
	if err != nil {
		return App{}, fmt.Errorf("create app: %w", err)
	}
	return app, nil
}

// AppInfo is what there is to see of an app.
type AppInfo struct {
	ID        string
	As        string // the address of the user as whom it acts
	CreatedAt time.Time
}

// Apps returns the apps of a desk, the oldest first.
func (d *Desks) Apps(ctx context.Context, on provision.DeskID) (apps []AppInfo, _ error) {
	rows, err := d.db.QueryContext(ctx, `
		SELECT a.id, u.email, a.created_at FROM builtin_apps a JOIN builtin_users u ON u.desk = a.desk AND u.id = a.user_id
		WHERE a.desk = $1 ORDER BY a.created_at, a.id`, on)
	if err != nil {
		return nil, fmt.Errorf("builtin: read apps: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			app  AppInfo
			made int64
		)
		if err := rows.Scan(&app.ID, &app.As, &made); err != nil {
			return nil, fmt.Errorf("builtin: read apps: %w", err)
		}
		app.CreatedAt = fromMicros(made)
		apps = append(apps, app)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("builtin: read apps: %w", err)
	}
	return apps, nil
}

// EndApp removes an app of a desk; its access tokens stop working with it.
// NotFound when the desk has no such app.
func (d *Desks) EndApp(ctx context.Context, on provision.DeskID, id string) error {
	return d.write(ctx, on, func(t *tx) error {
		if _, err := exec(ctx, t, `DELETE FROM builtin_tokens WHERE app IN (SELECT id FROM builtin_apps WHERE id = $1 AND desk = $2)`, id, t.desk); err != nil {
			return err
		}
		n, err := exec(ctx, t, `DELETE FROM builtin_apps WHERE id = $1 AND desk = $2`, id, t.desk)
		if err == nil && n == 0 {
			err = desk.Errorf(desk.NotFound, "the desk has no app with the id %q", id)
		}
		return err
	})
}

// hash needs no salt and no slowness: what is hashed here is random.
func hash(secret string) string {
	return hex.EncodeToString(provision.HashSecret(secret))
}

// errUnauthorized is the one answer to every credential that does not work.
func errUnauthorized() error {
	return desk.Errorf(desk.Unauthorized, "the credentials are unknown, expired, or those of a deactivated user")
}

// issueToken returns a fresh access token for an app.
func (d *Desks) issueToken(ctx context.Context, id, secret string) (string, error) {
	var (
		on     provision.DeskID
		as     int64
		stored string
	)
	err := d.db.QueryRowContext(ctx, `SELECT desk, user_id, secret_hash FROM builtin_apps WHERE id = $1`, clean(id)).Scan(&on, &as, &stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("builtin: read app: %w", err)
	}
	if err != nil || subtle.ConstantTimeCompare([]byte(stored), []byte(hash(secret))) != 1 {
		return "", errUnauthorized()
	}
	token := rand.Text() + rand.Text()
	return token, d.write(ctx, on, func(t *tx) error {
		if u, err := t.user(ctx, as); err != nil || !u.Active {
			return errUnauthorized()
		}
		if _, err := exec(ctx, t, `DELETE FROM builtin_tokens WHERE app = $1 AND expires_at <= $2`, id, t.now); err != nil {
			return err
		}
		_, err := exec(ctx, t, `INSERT INTO builtin_tokens (hash, app, expires_at) VALUES ($1, $2, $3)`,
			hash(token), id, t.now+tokenLife.Microseconds())
		return err
	})
}

// caller returns the desk that a token is for, and the user it acts as.
func (d *Desks) caller(ctx context.Context, token string) (provision.DeskID, *user, error) {
	var (
		on provision.DeskID
		as int64
	)
	err := d.db.QueryRowContext(ctx, `
		SELECT a.desk, a.user_id FROM builtin_tokens t JOIN builtin_apps a ON a.id = t.app
		WHERE t.hash = $1 AND t.expires_at > $2`, hash(token), micros(d.now())).Scan(&on, &as)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, errUnauthorized()
	}
	if err != nil {
		return "", nil, fmt.Errorf("builtin: read token: %w", err)
	}
	u, err := d.view(on).user(ctx, as)
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return "", nil, err
	}
	if err != nil || !u.Active {
		return "", nil, errUnauthorized()
	}
	return on, u, nil
}

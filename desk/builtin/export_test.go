package builtin

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// SetClock makes d live at a time of the test's choosing.
func (d *Desks) SetClock(now func() time.Time) { d.now = now }

// ReadUser returns a reader of users that goes straight to the table.
func (d *Desks) ReadUser(on provision.DeskID) func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
	return func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
		t.Helper()
		var u provision.DeskUser
		var own, first, last string
		rows, err := d.db.QueryContext(t.Context(), `SELECT email, first_name, last_name, role, active FROM builtin_users WHERE desk = $1 AND id = $2`, on, parseID(string(id)))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if !rows.Next() {
			return nil
		}
		if err := rows.Scan(&u.Email, &first, &last, &own, &u.Active); err != nil {
			t.Fatal(err)
		}
		u.DisplayName = first
		if last != "" {
			u.DisplayName += " " + last
		}
		u.Role = map[string]provision.Role{"owner": "owner", "admin": "admin", "user": "agent", "light user": "limited", "none": "none"}[own]
		return &u
	}
}

// MoveConversation returns what puts a conversation of a desk into a mailbox.
func (d *Desks) MoveConversation(on provision.DeskID, mailbox string) func(*testing.T, string) {
	return func(t *testing.T, conversation string) {
		_, err := d.db.ExecContext(t.Context(), `UPDATE builtin_conversations SET mailbox = (SELECT id FROM builtin_mailboxes WHERE desk = $1 AND name = $2) WHERE desk = $1 AND id = $3`, on, mailbox, parseID(conversation))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// ReadAssignee returns a reader of assignees that goes straight to the table.
func (d *Desks) ReadAssignee(on provision.DeskID) func(t *testing.T, conversation string) desk.Assignee {
	return func(t *testing.T, conversation string) desk.Assignee {
		t.Helper()
		var a desk.Assignee
		err := d.db.QueryRowContext(t.Context(), `
			SELECT COALESCE(CAST(c.assignee AS TEXT), ''), COALESCE(p.name, '')
			FROM builtin_conversations c LEFT JOIN builtin_teams p ON p.desk = c.desk AND p.id = c.team
			WHERE c.desk = $1 AND c.id = $2`, on, parseID(conversation)).Scan(&a.User, &a.Team)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// Invited returns the addresses of those who would get an invitation.
func (d *Desks) Invited(t *testing.T, on provision.DeskID) []string {
	t.Helper()
	users, err := d.view(on).users(t.Context(), `u.invited`)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, u := range users {
		out = append(out, u.Email)
	}
	return out
}

// Dump returns what the tables of credentials hold.
func (d *Desks) Dump(t *testing.T) string {
	t.Helper()
	var out []string
	for _, query := range []string{
		`SELECT id || ' ' || desk || ' ' || secret_hash FROM builtin_apps`,
		`SELECT hash || ' ' || app FROM builtin_tokens`,
	} {
		rows, err := collect(t.Context(), d.db, scanOne[string], query)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rows...)
	}
	return strings.Join(out, "\n")
}

// Token returns an access token that acts as the service account.
func (d *Desks) Token(t testing.TB, on provision.DeskID) string {
	t.Helper()
	app, err := d.CreateApp(t.Context(), on, "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := d.issueToken(t.Context(), app.ID, app.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// View reads a user by the id that the API gave.
func (d *Desks) View(on provision.DeskID, id string) (provision.DeskUser, error) {
	u, err := d.view(on).user(context.Background(), parseID(id))
	if err != nil {
		return provision.DeskUser{}, err
	}
	return u.common(), nil
}

// scanOne scans rows of one column.
func scanOne[T any](rows *sql.Rows, v *T) error { return rows.Scan(v) }

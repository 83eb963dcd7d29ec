package builtin_test

import (
	"database/sql"
	"testing"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// TestNamesAreFoldedAnew brings names of before to the form in which they are
// compared now. Of two that have become one, the later is left as it is.
func TestNamesAreFoldedAnew(t *testing.T) {
	check := func(t *testing.T, db *sql.DB, dialect builtin.Dialect) {
		desks := migrated(t, db, dialect)
		exec := func(statement string, args ...any) {
			t.Helper()
			if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec(`INSERT INTO builtin_desks (id, company, timezone, created_at) VALUES ('d', 'Acme', 'UTC', 0)`)
		for id, name := range []string{"e\u0301quipe", "\u00e9quipe 2", "e\u0301quipe 2", "\uff34ools", "Tools", "plain"} {
			exec(`INSERT INTO builtin_teams (desk, id, name, name_folded, created_at, updated_at) VALUES ('d', $1, $2, $3, 0, 0)`, id, name, name)
		}
		exec(`DELETE FROM builtin_goose_version WHERE version_id = 2`)
		if err := desks.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range []string{"\u00e9quipe", "\u00e9quipe 2", "e\u0301quipe 2", "tools", "Tools", "plain"} {
			var got string
			if err := db.QueryRowContext(t.Context(), `SELECT name_folded FROM builtin_teams WHERE desk = 'd' AND id = $1`, id).Scan(&got); err != nil || got != want {
				t.Errorf("team %d: %q, %v, want %q", id, got, err, want)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { check(t, openSQLite(t), builtin.SQLite) })
	if servicetest.Wanted {
		t.Run("postgres", func(t *testing.T) { check(t, openPostgres(t), builtin.Postgres) })
	}
}

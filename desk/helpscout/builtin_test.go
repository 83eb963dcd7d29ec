package helpscout_test

import (
	"database/sql"
	"net/http/httptest"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/helpscout"
	"github.com/deskbridge/deskbridge/provision"
)

// own is the built-in desk that the tests reach through its HTTP API.
var own = provision.Desk{ID: "0198c0de-0000-7000-8000-000000000001", Name: "support", Kind: builtin.Kind,
	Settings: map[string]string{"teams": "Support, Billing", "mailboxes": "Support, Billing"}}

// TestBuiltinDesk runs the suite over the built-in desk's HTTP API, which was
// made from the same reference by other hands. Our own fake shares what we
// misread; this one need not.
func TestBuiltinDesk(t *testing.T) {
	desks, db := openDesks(t)
	direct, err := desks.Connector(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := desks.Open(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	app, err := desks.CreateApp(t.Context(), own.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(desks.Handler(builtin.Options{UnitsPerMinute: 1_000_000}))
	t.Cleanup(srv.Close)

	desktest.Run(t, desktest.Harness{
		Desk: func(t *testing.T) desk.Desk {
			// The address as `deskbridge desk add` prints it.
			d, err := helpscout.New(provision.Desk{Name: "over http", Kind: "helpscout", URL: srv.URL + "/desk/v2",
				Secret: app.Secret, Settings: map[string]string{"app_id": app.ID}})
			if err != nil {
				t.Fatal(err)
			}
			return helpscout.Hurried(d)
		},
		Teams:     [2]string{"Support", "Billing"},
		Mailboxes: [2]string{"Support", "Billing"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			made, err := direct.Create(t.Context(), provision.DeskUser{DisplayName: name, Email: email, Active: true, Role: provision.RoleAgent})
			if err != nil {
				t.Fatal(err)
			}
			return made.ID
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) []string {
			var ids []string
			for range n {
				id, err := desks.AddConversation(t.Context(), own.ID, builtin.NewConversation{Mailbox: "Support", Assignee: desk.Assignee{User: assignee}})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			return ids
		},
		Elsewhere: "Billing",
		Move: func(t *testing.T, conversation string) {
			_, err := db.ExecContext(t.Context(), `UPDATE builtin_conversations SET mailbox = (SELECT id FROM builtin_mailboxes WHERE desk = $1 AND name = $2) WHERE desk = $1 AND id = $3`, own.ID, "Billing", conversation)
			if err != nil {
				t.Fatal(err)
			}
		},
		Read: func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
			u, err := direct.Find(t.Context(), desk.Key{ID: id})
			if err != nil {
				t.Fatal(err)
			}
			return u
		},
		Assignee: func(t *testing.T, conversation string) (a desk.Assignee) {
			err := db.QueryRowContext(t.Context(), `
				SELECT COALESCE(CAST(c.assignee AS TEXT), ''), COALESCE(p.name, '')
				FROM builtin_conversations c LEFT JOIN builtin_teams p ON p.desk = c.desk AND p.id = c.team
				WHERE c.desk = $1 AND c.id = $2`, own.ID, conversation).Scan(&a.User, &a.Team)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
	})
}

// openDesks returns built-in desks, and the database of their own that they are
// in, on one connection as in the server.
func openDesks(t *testing.T) (*builtin.Desks, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "desks.db")+
		"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	desks, err := builtin.New(db, builtin.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	if err := desks.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return desks, db
}

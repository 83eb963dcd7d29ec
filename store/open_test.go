package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestMigrateLeavesNothingPending(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		pending, err := s.Pending(t.Context())
		if err != nil || pending {
			t.Errorf("Pending = %v, %v; want false", pending, err)
		}
		must(t, s.Migrate(t.Context()))
		must(t, s.Ping(t.Context()))
	})
}

// TestMigrateAtOnce starts several processes' worth of stores on one empty
// database.
func TestMigrateAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options func(t *testing.T) store.Options
	}{
		{"sqlite", func(t *testing.T) store.Options { return store.Options{DataDir: t.TempDir()} }},
		{"postgres", func(t *testing.T) store.Options { return store.Options{DatabaseURL: storetest.EmptyPostgres(t)} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := tt.options(t)
			atOnce(t, 5, func(int) error {
				s, err := store.Open(t.Context(), options)
				if err != nil {
					return err
				}
				defer s.Close()
				return s.Migrate(t.Context())
			})
			s := got(store.Open(t.Context(), options))(t)
			defer s.Close()
			equal(t, "pending", false, got(s.Pending(t.Context()))(t))
		})
	}
}

func TestPendingOnAnEmptyDatabase(t *testing.T) {
	for _, options := range []store.Options{{DataDir: t.TempDir()}, {DatabaseURL: storetest.EmptyPostgres(t)}} {
		s := got(store.Open(t.Context(), options))(t)
		defer s.Close()
		equal(t, s.Dialect()+" pending", true, got(s.Pending(t.Context()))(t))
	}
}

func TestSQLiteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data with space?#%41")
	s := got(store.Open(t.Context(), store.Options{DataDir: dir, Key: storetest.Key}))(t)
	must(t, s.Migrate(t.Context()))
	must(t, s.SaveConnection(t.Context(), connection("acme")))
	for path, want := range map[string]os.FileMode{dir: 0o700, "deskbridge.db": 0o600, "deskbridge.db-wal": 0o600, "deskbridge.db-shm": 0o600} {
		if path != dir {
			path = filepath.Join(dir, path)
		}
		info := got(os.Stat(path))(t)
		equal(t, path, want, info.Mode().Perm())
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var value string
		must(t, s.DB().QueryRow("PRAGMA "+pragma).Scan(&value))
		equal(t, pragma, want, value)
	}
	must(t, s.Close())

	s = got(store.Open(t.Context(), store.Options{DataDir: dir, Key: storetest.Key}))(t)
	defer s.Close()
	got(s.Connection(t.Context(), "acme"))(t) // it is still there
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, tt := range []struct {
		name    string
		options store.Options
		says    string
	}{
		{"a key of the wrong length", store.Options{DataDir: t.TempDir(), Key: []byte("short")}, "32"},
		{"an old key of the wrong length", store.Options{DataDir: t.TempDir(), OldKeys: [][]byte{[]byte("short")}}, "32"},
		{"a data directory that is a file", store.Options{DataDir: file}, "not a directory"},
		{"a URL that is none", store.Options{DatabaseURL: "postgres://u:hunter2@[::1"}, "DESKBRIDGE_DATABASE_URL"},
		{"a server that is not there", store.Options{DatabaseURL: "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable"}, "connect"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Open = %v, want an error that says %q and no password", err, tt.says)
			}
		})
	}
}

func TestSealing(t *testing.T) {
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	type open func(keys ...[]byte) *store.Store
	check := func(t *testing.T, open open) {
		ctx := t.Context()
		s := open(key(1))
		must(t, s.Migrate(ctx))
		c, d := seeded(t, s)
		bare := desk("bare")
		bare.Secret, bare.SignIn = "", protocol.DeskSignIn{}
		must(t, s.SaveDesk(ctx, bare))

		stored := func(s *store.Store, query string) string {
			var text string
			must(t, s.DB().QueryRowContext(ctx, query).Scan(&text))
			return text
		}
		sealed := stored(s, `SELECT secret FROM desks WHERE name = 'support'`) + stored(s, `SELECT sign_in FROM connections`) +
			stored(s, `SELECT sign_in FROM desks WHERE name = 'support'`)
		if strings.Contains(sealed, "hunter2") || strings.Contains(sealed, "s3cret") {
			t.Error("secrets are stored in the clear")
		}

		_, err := open(key(2)).Desk(ctx, "support")
		if err == nil || !strings.Contains(err.Error(), "old one") {
			t.Errorf("with another key: %v, want an error that says what to do", err)
		}
		got(open().Desk(ctx, "bare"))(t) // no secret, no key
		if err := open().SaveDesk(ctx, d); err == nil || !strings.Contains(err.Error(), "DESKBRIDGE_SECRET_KEY") {
			t.Errorf("saving a secret without a key: %v, want an error that says what to do", err)
		}

		rotated := open(key(2), key(1))
		equal(t, "with the old key too", d.Secret, got(rotated.Desk(ctx, "support"))(t).Secret)
		equal(t, "resealed", 2, got(rotated.Reseal(ctx))(t))
		newest := open(key(2))
		equal(t, "desk", d, got(newest.Desk(ctx, "support"))(t))
		equal(t, "connection", c, got(newest.Connection(ctx, "acme"))(t))

		must(t, s.Exec(ctx, `UPDATE desks SET secret = (SELECT secret FROM desks WHERE name = 'support') WHERE name = 'bare'`))
		if _, err := newest.Desk(ctx, "bare"); err == nil || !strings.Contains(err.Error(), "copied") {
			t.Errorf("a secret copied from another desk: %v, want an error", err)
		}
		for _, damaged := range []string{"v2.x.y", "plain", "v1." + strings.Split(stored(s, `SELECT secret FROM desks WHERE name = 'support'`), ".")[1] + ".???"} {
			must(t, s.Exec(ctx, `UPDATE desks SET secret = ? WHERE name = 'bare'`, damaged))
			if _, err := newest.Desk(ctx, "bare"); err == nil {
				t.Errorf("%q was opened", damaged)
			}
		}
	}
	run := func(name string, options func(t *testing.T) store.Options) {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			check(t, func(keys ...[]byte) *store.Store {
				if len(keys) > 0 {
					o.Key, o.OldKeys = keys[0], keys[1:]
				} else {
					o.Key, o.OldKeys = nil, nil
				}
				s := got(store.Open(t.Context(), o))(t)
				t.Cleanup(func() { s.Close() })
				return s
			})
		})
	}
	run("sqlite", func(t *testing.T) store.Options { return store.Options{DataDir: t.TempDir()} })
	run("postgres", func(t *testing.T) store.Options { return store.Options{DatabaseURL: storetest.EmptyPostgres(t)} })
}

// TestNothingPersonalIsLogged breaks unique rules and asks wrong questions: no
// value may get into the log or into what an error says.
func TestNothingPersonalIsLogged(t *testing.T) {
	for _, options := range []store.Options{{DataDir: t.TempDir()}, {DatabaseURL: storetest.EmptyPostgres(t)}} {
		var log bytes.Buffer
		options.Key, options.Log = storetest.Key, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := got(store.Open(t.Context(), options))(t)
		defer s.Close()
		ctx := t.Context()
		must(t, s.Migrate(ctx))
		c, _ := seeded(t, s)
		people(t, s, c.ID, "secretname")
		short, cancel := context.WithCancel(ctx)
		cancel()
		bad := identity(c.ID, "secretname")
		bad.Document = json.RawMessage(`{"nickName":"secretname"`)
		for _, err := range []error{
			s.InsertIdentity(ctx, identity(c.ID, "SecretName")),
			s.InsertIdentity(ctx, identity(c.ID, "secretname\x00")),
			s.InsertIdentity(ctx, bad),
			s.InsertIdentity(short, identity(c.ID, "secretname")),
			s.Exec(ctx, `INSERT INTO nowhere VALUES (?)`, "secretname"),
			s.SaveConnection(ctx, provision.Connection{ID: c.ID, Name: "acme", SignIn: c.SignIn}),
		} {
			if err != nil && strings.Contains(strings.ToLower(err.Error()), "secretname") {
				t.Errorf("%s: error %q tells a value", s.Dialect(), err)
			}
		}
		for _, value := range []string{"secretname", "s3cret", "hunter2"} {
			if strings.Contains(strings.ToLower(log.String()), value) {
				t.Errorf("%s: the log tells %s:\n%s", s.Dialect(), value, &log)
			}
		}
	}
}

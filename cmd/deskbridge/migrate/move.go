package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/store"
)

// moved is what came of `migrate --to`.
type moved struct {
	From   string         `json:"from"` // for people, without credentials
	To     string         `json:"to"`
	Tables []store.Copied `json:"tables"`
	Rows   int64          `json:"rows"`
	Head   string         `json:"head"` // of the audit log; "" when nothing was sealed yet
	keyIn  string         // the file with the secret key; "": it is set
}

// move copies the embedded database to the one at url. Nothing is written to the
// first, not even that it was read.
func move(ctx context.Context, a *command.App, url string) (_ *moved, err error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, command.Misuse("--to wants the URL of a PostgreSQL database: postgres://USER:PASSWORD@HOST:5432/DATABASE")
	}
	settings, err := a.Settings()
	if err != nil {
		return nil, err
	}
	if settings.DatabaseURL != "" {
		return nil, command.Misuse("DESKBRIDGE_DATABASE_URL is set, so the database is PostgreSQL already; unset it to read SQLite in %s", settings.DataDir)
	}
	sys, err := a.OpenExisting(ctx)
	if err != nil {
		return nil, err
	}
	defer sys.Close()
	unlock, err := sys.Store.LockDirectoryAtOnce(ctx)
	if errors.Is(err, store.ErrServed) {
		return nil, fmt.Errorf("a server runs on %s, and would go on changing it; stop it, and start it again with DESKBRIDGE_DATABASE_URL when this is done", settings.DataDir)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	target := settings
	target.DatabaseURL = url
	m := &moved{From: server.Place(settings), To: server.Place(target)}
	if settings.SecretKey == "" {
		m.keyIn = filepath.Join(settings.DataDir, "secret.key")
	}
	to, err := store.Open(ctx, store.Options{DatabaseURL: url, Log: sys.Log})
	if err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := m.copy(ctx, a, sys.Store, to); err != nil {
		if errors.Is(err, store.ErrNotEmpty) {
			return nil, fmt.Errorf("%s: %w; make a new one with createdb, or empty this one, and run the command again. Nothing was copied", m.To, err)
		}
		return nil, fmt.Errorf("%w. Nothing was copied; the command can be run again", err)
	}
	head, err := audit.New(to, nil, time.Now).Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("everything is copied to %s, but its audit log cannot be read: %w", m.To, err)
	}
	if head.Number > 0 {
		m.Head = head.String()
	}
	return m, nil
}

func (m *moved) copy(ctx context.Context, a *command.App, from, to *store.Store) error {
	if err := from.CheckEmpty(ctx, to); err != nil { // before a schema is made in somebody else's database
		return err
	}
	if err := to.Migrate(ctx); err != nil {
		return err
	}
	desks, err := builtin.New(to.DB(), builtin.Postgres)
	if err != nil {
		return err
	}
	if err := desks.Migrate(ctx); err != nil {
		return err
	}
	told, done := progress(a)
	m.Tables, err = from.CopyTo(ctx, to, told)
	done()
	if err != nil {
		return err
	}
	for _, t := range m.Tables {
		m.Rows += t.Rows
	}
	return nil
}

// progress returns what tells, on a terminal, how far a copy is, and what ends
// that.
func progress(a *command.App) (told func(store.Copied), done func()) {
	f, ok := output.Terminal(a.Stderr)
	if !ok {
		return func(store.Copied) {}, func() {}
	}
	return func(c store.Copied) { fmt.Fprintf(f, "\r\x1b[K%s: %d of %d", c.Table, c.Rows, c.Of) }, func() { fmt.Fprint(f, "\r\x1b[K") }
}

func (m *moved) print(w io.Writer) error {
	var rows [][]string
	for _, t := range m.Tables {
		if t.Rows > 0 {
			rows = append(rows, []string{t.Table, fmt.Sprint(t.Rows)})
		}
	}
	if err := output.Table(w, "TABLE | ROWS", rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nCopied %d rows of %d tables from %s to %s; counted on both sides, table by table, and the same.\n", m.Rows, len(m.Tables), m.From, m.To)
	if m.Head != "" {
		fmt.Fprintf(w, "The audit log ends with the head %s, as before.\n", m.Head)
	}
	key := "the same DESKBRIDGE_SECRET_KEY"
	if m.keyIn != "" {
		key = fmt.Sprintf("the same secret key (in %s: keep DESKBRIDGE_DATA_DIR, or set DESKBRIDGE_SECRET_KEY_FILE)", m.keyIn)
	}
	fmt.Fprintf(w, `
Now set DESKBRIDGE_DATABASE_URL to the URL that --to has, with %s, and start the server:
it goes on with the same tokens, keys and sessions. `+"`deskbridge audit verify`"+` reads the whole log.
The SQLite database is left as it was. Start no server on it any more: it would change the desks, too.
`, key)
	return nil
}

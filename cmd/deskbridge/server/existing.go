package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/store"
)

// sameSettings is what to do when a command looks in another place than the
// server.
const sameSettings = "give the command the settings of the server: run it in the same folder, or set DESKBRIDGE_DATA_DIR, DESKBRIDGE_DATABASE_URL and DESKBRIDGE_SECRET_KEY, or --config FILE"

// OpenExisting is [Open] of a database that is there. It makes neither a
// folder, nor a database, nor a secret key, and runs no migrations; errors say
// which place was looked at, and how to point elsewhere. With a key that does
// not open the database's secrets it fails at once.
func OpenExisting(ctx context.Context, settings config.Server, log *slog.Logger) (*System, error) {
	nothing := func() error {
		return fmt.Errorf("there is nothing of Deskbridge at %s; %s. To begin here, run `deskbridge serve`, or `deskbridge migrate`", Place(settings), sameSettings)
	}
	keys, missing := secretKeys(settings, false)
	options := store.Options{DatabaseURL: settings.DatabaseURL, DataDir: settings.DataDir, MustExist: true, Log: log}
	if missing == nil {
		options.Key, options.OldKeys = keys[0], keys[1:]
	}
	st, err := store.Open(ctx, options)
	if errors.Is(err, store.ErrNoDatabase) {
		return nil, nothing()
	}
	if err != nil {
		return nil, err
	}
	sys := &System{Settings: settings, Store: st, Log: log}
	switch err = st.CheckSchema(ctx); {
	case errors.Is(err, store.ErrNoDatabase):
		err = nothing()
	case errors.Is(err, store.ErrOutdated):
		err = fmt.Errorf("the database at %s is of an older release than this program; start the new server, or run `deskbridge migrate`", Place(settings))
	case err == nil && missing != nil:
		err = missing
	case err == nil:
		if err = st.CheckSecrets(ctx); errors.Is(err, store.ErrSecrets) {
			err = fmt.Errorf("the secret key does not belong to the database at %s: %w", Place(settings), err)
		}
	}
	if err == nil {
		err = sys.wire(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return sys, nil
}

// Place says for people which database settings name: without credentials.
func Place(s config.Server) string {
	if s.DatabaseURL == "" {
		return "SQLite " + absolute(filepath.Join(s.DataDir, "deskbridge.db"))
	}
	u, err := url.Parse(s.DatabaseURL)
	if err != nil {
		return "PostgreSQL"
	}
	if host := u.Query().Get("host"); u.Host == "" && host != "" { // a socket
		return "PostgreSQL " + host + " " + strings.TrimPrefix(u.Path, "/")
	}
	return "PostgreSQL " + u.Host + u.Path
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso"
	apps "github.com/deskbridge/deskbridge/sso/deskidp"
	"github.com/deskbridge/deskbridge/store"
)

// app is one run of the program.
type app struct {
	environ        []string
	stdout, stderr io.Writer
	configFile     string
}

func (a *app) getenv(name string) string {
	value, _ := a.lookupEnv(name)
	return value
}

func (a *app) lookupEnv(name string) (string, bool) {
	for _, pair := range a.environ {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// system is everything behind the commands, on an open database.
type system struct {
	settings config.Server
	store    *store.Store
	builtin  *builtin.Desks
	core     *core.Core
	signIn   *sso.Handler
	apps     *apps.Handler
	log      *slog.Logger
	cause    provision.Cause // of what a command changes
}

func (a *app) settings() (config.Server, error) {
	s, err := config.Load(a.configFile, a.environ)
	if err != nil {
		return s, usageError{fmt.Errorf("settings: %w", err)}
	}
	return s, nil
}

// open opens the database for a command, with all migrations run. Commands
// speak for themselves: of the log they show warnings.
func (a *app) open(ctx context.Context) (*system, error) {
	settings, err := a.settings()
	if err != nil {
		return nil, err
	}
	if settings.LogLevel == "info" {
		settings.LogLevel = "warn"
	}
	return openSystem(ctx, settings, newLogger(settings, a.stderr))
}

func openSystem(ctx context.Context, settings config.Server, log *slog.Logger) (*system, error) {
	keys, err := secretKeys(settings)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{DatabaseURL: settings.DatabaseURL, DataDir: settings.DataDir, Key: keys[0], OldKeys: keys[1:], Log: log})
	if err != nil {
		return nil, err
	}
	sys := &system{settings: settings, store: st, log: log}
	limits := policy(settings)
	limits.Checks = sys.checks()
	sys.core = core.New(st, limits, log)
	proxies, err := settings.Proxies()
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	sys.signIn = sso.New(ssoCore(sys.core), sso.Options{PublicURL: settings.PublicURL, Log: log, RequestID: requestID,
		Fetch: fetch.Options{AllowHosts: settings.Hosts()}, TrustedProxies: proxies})
	sys.apps, err = apps.New(deskidpCore(sys.core), apps.Options{PublicURL: settings.PublicURL, Log: log, RequestID: requestID, Door: sys.signIn,
		Fetch: fetch.Options{AllowHosts: settings.Hosts()}, Kinds: signIns})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	sys.signIn.Mount(sys.apps)
	sys.builtin, err = builtin.New(st.DB(), builtin.Dialect(st.Dialect()))
	if err == nil {
		err = sys.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return sys, nil
}

func (s *system) migrate(ctx context.Context) error {
	if err := s.store.Migrate(ctx); err != nil {
		return err
	}
	return s.builtin.Migrate(ctx)
}

func (s *system) close() {
	if err := s.store.Close(); err != nil {
		s.log.Error("closing the database failed", "err", err)
	}
}

func policy(s config.Server) core.Policy {
	grace := s.Grace
	if grace == 0 {
		grace = -1 // as configured: none
	}
	return core.Policy{Grace: grace, Session: session.Policy{Idle: s.SessionIdle, Life: s.SessionLife}, Brake: reconcile.Brake{
		Off: s.Brake == "off", People: s.BrakePeople, Percent: s.BrakePercent, Window: s.BrakeWindow,
	}}
}

func newLogger(s config.Server, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo // config has checked it
	}
	opts := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// secretKeys returns the configured keys, or the one under the data directory,
// which is made at first use.
func secretKeys(s config.Server) ([][]byte, error) {
	keys, err := s.Keys()
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	path := filepath.Join(s.DataDir, "secret.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(s.DataDir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w; set DESKBRIDGE_SECRET_KEY, or a DESKBRIDGE_DATA_DIR that can be written to", err)
	}
	s.SecretKey = strings.TrimSpace(string(text))
	if keys, err = s.Keys(); err != nil {
		return nil, fmt.Errorf("secret key in %s: %w", path, err)
	}
	return keys, nil
}

// makeKey writes a new key to path. Of several processes that try at once all
// get the same: the first one's.
func makeKey(dir, path string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var key [32]byte
	rand.Read(key[:])
	temp, err := os.CreateTemp(dir, "secret-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

package server

import (
	"context"
	"errors"
	"log/slog"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/deskidp"
	"github.com/deskbridge/deskbridge/store"
)

// System is everything behind the commands, on an open database.
type System struct {
	Settings config.Server
	Store    *store.Store
	Builtin  *builtin.Desks
	Core     *core.Core
	SignIn   *sso.Handler
	deskIDP  *deskidp.Handler
	Clock    *store.Clock // what time it is in the database
	Log      *slog.Logger
	Cause    provision.Cause // of what a command changes
}

// Open opens the database that settings name, with all migrations run, and
// wires everything that stands on it. [System.Close] closes it.
func Open(ctx context.Context, settings config.Server, log *slog.Logger) (*System, error) {
	keys, err := secretKeys(settings)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{DatabaseURL: settings.DatabaseURL, DataDir: settings.DataDir, Key: keys[0], OldKeys: keys[1:], Log: log})
	if err != nil {
		return nil, err
	}
	sys := &System{Settings: settings, Store: st, Log: log}
	sys.Clock, err = st.NewClock(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	limits := policy(settings)
	limits.Now = sys.Clock.Now
	limits.Checks = sys.checks()
	limits.Hosting = sys.hosting()
	sys.Core = core.New(st, limits, log)
	proxies, err := settings.Proxies()
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	sys.SignIn = sso.New(SSOCore(sys.Core), sso.Options{PublicURL: settings.PublicURL, Log: log, RequestID: requestID,
		Fetch: fetch.Options{AllowHosts: settings.Hosts()}, TrustedProxies: proxies})
	sys.deskIDP, err = deskidp.New(deskidpCore(sys.Core), deskidp.Options{PublicURL: settings.PublicURL, Log: log, RequestID: requestID, Portal: sys.SignIn,
		Fetch: fetch.Options{AllowHosts: settings.Hosts()}, Kinds: SignIns})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	sys.SignIn.Mount(sys.deskIDP)
	sys.Builtin, err = builtin.New(st.DB(), builtin.Dialect(st.Dialect()))
	if err == nil {
		err = sys.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return sys, nil
}

func (s *System) migrate(ctx context.Context) error {
	if err := s.Store.Migrate(ctx); err != nil {
		return err
	}
	return s.Builtin.Migrate(ctx)
}

// Close closes the database. Nothing may use the System any more.
func (s *System) Close() {
	if err := s.Store.Close(); err != nil {
		s.Log.Error("closing the database failed", "err", err)
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

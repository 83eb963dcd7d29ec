package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/live"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
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
	Admin    *admin.Handler // the admin API and the console, which a server alone has
	live     *live.Watcher  // which pages of the console follow; nil: there is no console
	deskIDP  *deskidp.Handler
	Clock    *store.Clock // what time it is in the database
	Log      *slog.Logger
	Cause    provision.Cause // of what a command changes

	// Command runs a command for somebody elsewhere; nil: the server runs none. Package
	// remote sets it.
	Command func(w http.ResponseWriter, r *http.Request, who *admin.Actor, name string) error
}

// Open opens the database that settings name, with all migrations run, and
// wires everything that stands on it. [System.Close] closes it.
func Open(ctx context.Context, settings config.Server, log *slog.Logger) (*System, error) {
	keys, err := secretKeys(settings, true)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{DatabaseURL: settings.DatabaseURL, DataDir: settings.DataDir, Key: keys[0], OldKeys: keys[1:], Log: log})
	if err != nil {
		return nil, err
	}
	sys := &System{Settings: settings, Store: st, Log: log}
	if err := sys.wire(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := sys.migrate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return sys, nil
}

// wire puts on the store what stands on it.
func (s *System) wire(ctx context.Context) (err error) {
	settings := s.Settings
	s.Clock, err = s.Store.NewClock(ctx, nil)
	if err != nil {
		return err
	}
	limits := policy(settings)
	limits.Now = s.Clock.Now
	limits.Checks = s.checks()
	limits.Hosting = s.hosting()
	limits.Remains = s.remains
	limits.Alarms = alarm.Options{Console: settings.PublicURL + "/admin/", Mails: settings.SMTPURL != "", CheckURL: fetch.Options{AllowHosts: settings.Hosts()}.Check}
	s.Core = core.New(s.Store, limits, s.Log)
	proxies, err := settings.Proxies()
	if err != nil {
		return err
	}
	s.SignIn = sso.New(SSOCore(s.Core), sso.Options{PublicURL: settings.PublicURL, Log: s.Log, RequestID: requestID,
		Fetch: fetch.Options{AllowHosts: settings.Hosts()}, TrustedProxies: proxies})
	s.deskIDP, err = deskidp.New(deskidpCore(s.Core), deskidp.Options{PublicURL: settings.PublicURL, Log: s.Log, RequestID: requestID, Portal: s.SignIn,
		Fetch: fetch.Options{AllowHosts: settings.Hosts()}, Kinds: SignIns})
	if err != nil {
		return err
	}
	s.SignIn.Mount(s.deskIDP)
	s.Admin, err = admin.New(admin.Core{Administration: s.Core.Administration}, admin.Options{PublicURL: settings.PublicURL, Log: s.Log, RequestID: requestID,
		ClientAddress: s.SignIn.ClientAddress, BreakGlass: s.SignIn.BreakGlassAdmin, Person: s.SignIn.Person, Now: s.Core.Now})
	if err != nil {
		return err
	}
	s.Builtin, err = builtin.New(s.Store.DB(), builtin.Dialect(s.Store.Dialect()))
	return err
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
	silence, _ := s.SilenceLimit() // config has checked it
	if silence == 0 {
		silence = -1 // as configured: off
	}
	kept, _ := s.RequestLogKept() // likewise
	return core.Policy{Grace: grace, SilentAfter: silence, RequestLog: kept, Session: session.Policy{Idle: s.SessionIdle, Life: s.SessionLife}, Brake: reconcile.Brake{
		Off: s.Brake == "off", People: s.BrakePeople, Percent: s.BrakePercent, Window: s.BrakeWindow,
	}, SecondAdmin: secondadmin.Policy{On: s.SecondAdmin == "on", Wait: s.SecondAdminWait}}
}

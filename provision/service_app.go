package provision

import (
	"context"
	"maps"
	"time"
)

const (
	// appEndBatch is how many sessions at desks end in one transaction.
	appEndBatch = 200
	// appEndWindow is longer than clocks of replicas differ and transactions take.
	appEndWindow = 5 * time.Minute
	// appTellLease is how long a replica has for telling a desk before another
	// one tries.
	appTellLease = 30 * time.Second
	// appTellTries is how often it is tried to tell a desk, after a second, two,
	// four and so on, at most appTellMost: for a day in all, so that a desk that
	// is down over night hears of it.
	appTellTries = 36
	appTellMost  = time.Hour
	// keepAppSessions is for how long the end of a session can be looked at, and
	// appSessionLife how long one that nobody used is remembered. A desk that
	// keeps people signed in for longer without asking us cannot be told.
	keepAppSessions = 30 * 24 * time.Hour
	appSessionLife  = 180 * 24 * time.Hour
)

// AppEntryOf returns what a person may do on a desk. A Denied error tells in
// Field why they are not let in.
func (s *Service) AppEntryOf(ctx context.Context, desk Desk, person IdentityID) (AppEntry, error) {
	return appEntry(ctx, s.store, desk, person)
}

func appEntry(ctx context.Context, store Store, desk Desk, person IdentityID) (AppEntry, error) {
	accounts, err := store.AccountsOf(ctx, []IdentityID{person})
	if err != nil {
		return AppEntry{}, err
	}
	for i := range accounts {
		if accounts[i].Desk == desk.ID {
			return enter(&accounts[i], desk.SignIn.BeforeReady)
		}
	}
	return enter(nil, false)
}

// EnterApp notes that somebody signs in to a desk, and returns the session
// there: the same for each sign-in with one session of ours. Whoever was
// suspended, signed out or lost access meanwhile gets a Denied error. detail
// goes into the audit log.
func (s *Service) EnterApp(ctx context.Context, c Cause, desk Desk, session Session, p Protocol, detail map[string]any) (app AppSession, entry AppEntry, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		// Under the lock: a suspension that commits before us must not be missed;
		// one that comes after us finds the session that we leave here.
		person, err := tx.LockIdentity(ctx, session.Connection, session.Identity)
		if err != nil && !isNotFound(err) {
			return err
		}
		live, err := tx.Sessions(ctx, SessionFilter{ID: session.ID}, 1)
		if err != nil {
			return err
		}
		if !person.Active() || len(live) == 0 {
			return Errorf(Denied, AppRefusedSession, "you are not signed in any more")
		}
		if entry, err = appEntry(ctx, tx, desk, person.ID); err != nil {
			return err
		}
		if app, err = s.openApp(ctx, tx, desk, session, p); err != nil {
			return err
		}
		e := s.entry(c, person.Connection, "app.signed_in", string(person.ID))
		e.Desk, e.Account, e.Detail = desk.ID, entry.Account, maps.Clone(detail)
		if e.Detail == nil {
			e.Detail = map[string]any{}
		}
		e.Detail["protocol"], e.Detail["app_session"], e.Detail["session"] = p, app.ID, session.ID
		return s.record(ctx, tx, e)
	})
	return app, entry, err
}

func (s *Service) openApp(ctx context.Context, tx Store, desk Desk, session Session, p Protocol) (AppSession, error) {
	app, err := tx.OpenAppSession(ctx, session.ID, desk.ID, p)
	if err != nil && !isNotFound(err) {
		return app, err
	}
	if isNotFound(err) {
		app = AppSession{ID: NewID[AppSessionID](), Session: session.ID, Identity: session.Identity, Connection: session.Connection,
			Desk: desk.ID, Protocol: p, CreatedAt: s.now()}
	}
	app.SeenAt = s.now()
	return app, tx.SaveAppSession(ctx, app)
}

// AppVisitor is who is behind a session at a desk, at this moment.
type AppVisitor struct {
	Session    AppSession
	Person     Identity
	Connection Connection
	Desk       Desk
	Entry      AppEntry
}

// AppVisitor returns who is behind a session at a desk. Once it has ended, or
// the person may no longer be there, that is a Denied error.
func (s *Service) AppVisitor(ctx context.Context, id AppSessionID) (v AppVisitor, err error) {
	over := Errorf(Denied, AppRefusedSession, "the session at the desk is over")
	if v.Session, err = s.store.AppSession(ctx, id); isNotFound(err) || err == nil && v.Session.EndedAt != nil {
		return v, over
	}
	if err != nil {
		return v, err
	}
	if v.Person, err = s.store.Identity(ctx, v.Session.Connection, v.Session.Identity); isNotFound(err) || err == nil && !v.Person.Active() {
		return v, over
	}
	if err != nil {
		return v, err
	}
	if v.Connection, err = s.store.Connection(ctx, string(v.Session.Connection)); err != nil {
		return v, err
	}
	if v.Desk, err = s.store.Desk(ctx, string(v.Session.Desk)); err != nil {
		return v, err
	}
	if v.Connection.SignIn.Disabled {
		return v, over
	}
	v.Entry, err = appEntry(ctx, s.store, v.Desk, v.Person.ID)
	return v, err
}

// AppSession returns a session at a desk, ended ones too.
func (s *Service) AppSession(ctx context.Context, id AppSessionID) (AppSession, error) {
	return s.store.AppSession(ctx, id)
}

// RecordAppRefusal notes in the audit log that somebody was not let in to a
// desk. person is empty where nobody had signed in. detail holds no tokens and
// no addresses.
func (s *Service) RecordAppRefusal(ctx context.Context, c Cause, desk DeskID, conn ConnectionID, person IdentityID, reason string, detail map[string]any) error {
	subject := string(person)
	if subject == "" {
		subject = c.Request
	}
	e := s.entry(c, conn, "app.refused", subject)
	e.Desk, e.Detail = desk, maps.Clone(detail)
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	e.Detail["reason"] = reason
	return s.record(ctx, s.store, e)
}

// EndApps ends sessions at desks that have lost what they rest on, and returns
// how many; 0 says that none is left. Any number of replicas may do it at once.
// Without all it looks at what changed within some minutes, which costs next to
// nothing.
func (s *Service) EndApps(ctx context.Context, all bool) (ended int, _ error) {
	var since time.Time
	if !all {
		since = s.now().Add(-appEndWindow)
	}
	endings, err := s.store.AppEndings(ctx, since, appEndBatch)
	if err != nil || len(endings) == 0 {
		return 0, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		ended = 0
		for _, ending := range endings {
			app, err := tx.EndAppSession(ctx, ending.ID, ending.Why, s.now())
			if isNotFound(err) {
				continue // another replica was first
			}
			if err != nil {
				return err
			}
			ended++
			if err := s.record(ctx, tx, s.appEntry(app, "app.ended")); err != nil {
				return err
			}
		}
		return nil
	})
	return ended, err
}

func (s *Service) appEntry(app AppSession, action string) Entry {
	e := s.entry(Cause{Actor: "system", Action: "desk sessions"}, app.Connection, action, string(app.Identity))
	e.Desk = app.Desk
	e.Detail = map[string]any{"protocol": app.Protocol, "app_session": app.ID, "why": app.Reason}
	return e
}

// ClaimAppTellings returns sessions of whose end their desks are to be told
// now. Each must come back by [Service.AppTold] or [Service.AppNotTold];
// otherwise it is due again soon.
func (s *Service) ClaimAppTellings(ctx context.Context, limit int) ([]AppSession, error) {
	now := s.now()
	return s.store.ClaimAppTellings(ctx, now, now.Add(appTellLease), limit)
}

// AppTold notes that the desk has heard of the end of a session; how says in
// what way. "": it has no ear for that, and nothing is noted in the audit log.
func (s *Service) AppTold(ctx context.Context, app AppSession, how string) error {
	if how == "" {
		app.TellAt = nil
		return s.store.SaveAppSession(ctx, app)
	}
	e := s.appEntry(app, "app.told")
	e.Detail["how"], e.Detail["attempts"] = how, app.Attempts
	return s.finishTelling(ctx, app, e)
}

// AppNotTold notes that the desk could not be told. It is tried again, later
// each time; at last that is given up, and the audit log says so. why holds no
// personal data.
func (s *Service) AppNotTold(ctx context.Context, app AppSession, why string) (again bool, _ error) {
	if app.Attempts >= appTellTries {
		e := s.appEntry(app, "app.not_told")
		e.Detail["problem"], e.Detail["attempts"] = why, app.Attempts
		return false, s.finishTelling(ctx, app, e)
	}
	wait := min(time.Second<<min(app.Attempts-1, 20), appTellMost)
	app.TellAt = new(s.now().Add(wait))
	return true, s.store.SaveAppSession(ctx, app)
}

func (s *Service) finishTelling(ctx context.Context, app AppSession, e Entry) error {
	app.TellAt = nil
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.SaveAppSession(ctx, app); err != nil {
			return err
		}
		return s.record(ctx, tx, e)
	})
}

// SweepApps deletes sessions at desks that are of no use any more.
func (s *Service) SweepApps(ctx context.Context) error {
	now := s.now()
	return s.store.SweepApps(ctx, now.Add(-keepAppSessions), now.Add(-appSessionLife))
}

// DeskByClientID returns the desk that is this OpenID Connect client.
func (s *Service) DeskByClientID(ctx context.Context, clientID string) (Desk, error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return Desk{}, err
	}
	for _, d := range desks {
		if o := d.SignIn.OIDC; o != nil && o.ClientID == clientID {
			return d, nil
		}
	}
	return Desk{}, Errorf(NotFound, "client_id", "no desk has this client_id")
}

// freeClientID refuses a desk with the client_id of another one: a code for
// one of them would be good for the other.
func freeClientID(ctx context.Context, tx Store, desk Desk) error {
	if desk.SignIn.OIDC == nil {
		return nil
	}
	desks, err := tx.Desks(ctx)
	if err != nil {
		return err
	}
	for _, d := range desks {
		if o := d.SignIn.OIDC; o != nil && d.ID != desk.ID && o.ClientID == desk.SignIn.OIDC.ClientID {
			return Errorf(Conflict, "sign_in.oidc.client_id", "desk %q has this client_id already; give each its own", d.Name)
		}
	}
	return nil
}

package session

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// sessionTouchEvery is how stale a session's last use may be: noting each use
// would turn every read into a write.
const sessionTouchEvery = time.Minute

// cookiePrefix is what the secrets of sessions begin with: secret scanners must
// tell them from the tokens of identity providers.
const cookiePrefix = "dbk_"

// NewCookie returns the secret of a session, for a cookie.
func NewCookie() string { return cookiePrefix + provision.NewSecret() }

// ErrNone is the same for a cookie that never was, one that is over, and
// one whose person has no business here any more.
var ErrNone = &provision.Error{Code: provision.Denied, Reason: "session", Detail: "not signed in"}

// Policy bounds sessions.
type Policy struct {
	Idle time.Duration // without use; default 2 h
	Life time.Duration // whatever happens; default 12 h
}

// StartSession opens a session for somebody who signed in just now, and
// returns the secret for their cookie: the only time it can be seen. notAfter,
// when not zero, is when the IdP wants it to end. old, when not empty, is the
// secret of a session that this one replaces.
func (s *Service) StartSession(ctx context.Context, c provision.Cause, session provision.Session, notAfter time.Time, old string) (provision.Session, string, error) {
	secret := NewCookie()
	err := s.inTx(ctx, func(tx Store) error {
		// Under the lock: a suspension that commits before us must not be
		// missed, one that comes after us ends this session.
		person, err := tx.LockIdentity(ctx, session.Connection, session.Identity)
		if err != nil {
			return err
		}
		if err := person.RefuseSignIn(s.now()); err != nil {
			return err
		}
		replaced, _, _, err := tx.Session(ctx, provision.HashSecret(old))
		if err != nil && !provision.IsNotFound(err) {
			return err
		}
		session, err = s.OpenIn(ctx, tx, c, session, AuthnContext{}, secret, notAfter, &replaced)
		return err
	})
	return session, secret, err
}

// OpenIn opens a session for somebody whose row is locked, in the place of old;
// nil, or the zero one: of none.
func (s *Service) OpenIn(ctx context.Context, tx Store, c provision.Cause, session provision.Session, p AuthnContext, secret string, notAfter time.Time, old *provision.Session) (provision.Session, error) {
	now := s.now()
	session.ID, session.Hash, session.CreatedAt, session.SeenAt = provision.NewID[provision.SessionID](), provision.HashSecret(secret), now, now
	session.EndsAt = now.Add(s.policy.Life)
	if !notAfter.IsZero() && notAfter.Before(session.EndsAt) {
		session.EndsAt = notAfter.UTC().Truncate(time.Microsecond)
	}
	session.Agent = provision.Clip(session.Agent)
	if session.AuthnAt.After(now) { // a clock that is ahead makes no sign-in fresher than it is
		session.AuthnAt = now
	}
	session.AuthnAt = session.AuthnAt.UTC().Truncate(time.Microsecond)
	if old != nil && old.ID != "" {
		if err := s.replaceSession(ctx, tx, c, *old, session); err != nil {
			return session, err
		}
	}
	if err := tx.InsertSession(ctx, session); err != nil {
		return session, err
	}
	entry := s.audit.Entry(c, session.Connection, audit.SessionStarted, string(session.Identity))
	entry.Detail = p.detail(session)
	return session, s.audit.Record(ctx, tx, entry)
}

func (s *Service) replaceSession(ctx context.Context, tx Store, c provision.Cause, old, by provision.Session) error {
	if old.Identity == by.Identity { // whoever signs in again stays at work where they are
		if err := tx.MoveDeskSessions(ctx, old.ID, by.ID); err != nil {
			return err
		}
	}
	if old.EndedAt != nil {
		return nil
	}
	return s.EndIn(ctx, tx, c, provision.SessionFilter{ID: old.ID}, provision.EndedByNew)
}

// Session returns the live session behind a cookie, with its person and
// connection. Whoever was suspended or removed since has none, whatever the
// cookie: this is asked at each request. Anything else is Denied.
func (s *Service) Session(ctx context.Context, secret string) (provision.Session, provision.Identity, provision.Connection, error) {
	if secret == "" {
		return provision.Session{}, provision.Identity{}, provision.Connection{}, ErrNone
	}
	session, person, conn, err := s.store.Session(ctx, provision.HashSecret(secret))
	if provision.IsNotFound(err) {
		return provision.Session{}, provision.Identity{}, provision.Connection{}, ErrNone
	}
	if err != nil {
		return provision.Session{}, provision.Identity{}, provision.Connection{}, err
	}
	if err := s.checkLive(ctx, session, person, conn); err != nil {
		return provision.Session{}, provision.Identity{}, provision.Connection{}, err
	}
	return session, person, conn, nil
}

// ForwardAuthSubject is Session for a reverse proxy, which asks at each request of
// everybody: with the person's groups and, when desk names one, their account
// there, by a single look-up.
func (s *Service) ForwardAuthSubject(ctx context.Context, secret, desk string) (ForwardAuthSubject, error) {
	if secret == "" {
		return ForwardAuthSubject{}, ErrNone
	}
	v, err := s.store.ForwardAuthSubject(ctx, provision.HashSecret(secret), desk)
	if provision.IsNotFound(err) {
		return ForwardAuthSubject{}, ErrNone
	}
	if err != nil {
		return ForwardAuthSubject{}, err
	}
	if err := s.checkLive(ctx, v.Session, v.Person, v.Connection); err != nil {
		return ForwardAuthSubject{}, err
	}
	for _, m := range v.Person.Claimed() {
		v.Groups = append(v.Groups, m.Name)
	}
	return v, nil
}

// checkLive refuses a session that is over, and one whose person has no business
// here any more. It notes that the session was used, to the minute.
func (s *Service) checkLive(ctx context.Context, session provision.Session, person provision.Identity, conn provision.Connection) error {
	now := s.now()
	if !session.Live(now, s.policy.Idle) || !person.Admitted(now) || conn.SignIn.Disabled {
		return ErrNone
	}
	if now.Sub(session.SeenAt) > sessionTouchEvery {
		return s.store.TouchSession(ctx, session.ID, now)
	}
	return nil
}

// Sessions returns up to limit sessions that have not ended, newest first; 0
// means all.
func (s *Service) Sessions(ctx context.Context, f provision.SessionFilter, limit int) ([]provision.Session, error) {
	return s.store.Sessions(ctx, f, limit)
}

// EndSessions ends every session that f selects at once, and returns them.
// None is no error.
func (s *Service) EndSessions(ctx context.Context, c provision.Cause, f provision.SessionFilter, why provision.SessionEnd) (ended []provision.Session, err error) {
	if f == (provision.SessionFilter{}) {
		return nil, provision.Errorf(provision.Invalid, "sessions", "say whose sessions end")
	}
	err = s.inTx(ctx, func(tx Store) error {
		ended, err = tx.EndSessions(ctx, f, s.now(), why)
		if err != nil {
			return err
		}
		return s.recordEnds(ctx, tx, c, ended, why)
	})
	return ended, err
}

// EndByMessage ends every session that one of the filters selects, and those
// that m names and that have not begun yet. m serves once: the second time it is
// Denied with the reason [provision.RefusedReplay]. When nothing could be ended, it may
// come again.
func (s *Service) EndByMessage(ctx context.Context, conn provision.ConnectionID, c provision.Cause, m LogoutMessage, filters ...provision.SessionFilter) (ended []provision.Session, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		ended = nil
		first, err := tx.Remember(ctx, ReplayKey(conn, m.Key), m.Expires)
		if err == nil && !first {
			err = provision.Refuse(provision.RefusedReplay, "this message of the identity provider was used before")
		}
		if err != nil {
			return err
		}
		if err := s.overtakes(ctx, tx, conn, m); err != nil {
			return err
		}
		for _, f := range filters {
			more, err := tx.EndSessions(ctx, f, s.now(), provision.EndedByIdP)
			if err != nil {
				return err
			}
			ended = append(ended, more...)
		}
		return s.recordEnds(ctx, tx, c, ended, provision.EndedByIdP)
	})
	return ended, err
}

// Ender is what ending sessions needs of a transaction.
type Ender interface {
	audit.Appender
	// EndSessions ends every session that f selects, and returns them.
	EndSessions(ctx context.Context, f provision.SessionFilter, at time.Time, why provision.SessionEnd) ([]provision.Session, error)
	// DropGrants deletes what an identity provider gave with somebody's sign-ins, by
	// which it is asked about them.
	DropGrants(ctx context.Context, id provision.IdentityID) error
}

// EndIn is [Service.EndSessions] in somebody else's transaction.
func (s *Service) EndIn(ctx context.Context, tx Ender, c provision.Cause, f provision.SessionFilter, why provision.SessionEnd) error {
	ended, err := tx.EndSessions(ctx, f, s.now(), why)
	if err != nil {
		return err
	}
	return s.recordEnds(ctx, tx, c, ended, why)
}

func (s *Service) recordEnds(ctx context.Context, tx audit.Appender, c provision.Cause, ended []provision.Session, why provision.SessionEnd) error {
	entries := make([]provision.Entry, len(ended))
	for i, e := range ended {
		entries[i] = s.audit.Entry(c, e.Connection, audit.SessionEnded, string(e.Identity))
		entries[i].Detail = map[string]any{"session": e.ID, "why": why}
	}
	if len(entries) == 0 {
		return nil
	}
	return s.audit.Record(ctx, tx, entries...)
}

// Sweep deletes what sign-in needs no more.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.store.SweepSignIns(ctx, now, now.Add(-keepSessions))
}

// keepSessions is how long ended sessions can be looked at.
const keepSessions = 30 * 24 * time.Hour

package provision

import (
	"context"
	"crypto/sha256"
	"time"
)

// sessionTouchEvery is how stale a session's last use may be: noting each use
// would turn every read into a write.
const sessionTouchEvery = time.Minute

// cookiePrefix is what the secrets of sessions begin with: secret scanners must
// tell them from the tokens of identity providers.
const cookiePrefix = "dbk_"

// newCookie returns the secret of a session, for a cookie.
func newCookie() string { return cookiePrefix + NewSecret() }

// errNoSession is the same for a cookie that never was, one that is over, and
// one whose person has no business here any more.
var errNoSession = &Error{Code: Denied, Field: "session", Detail: "not signed in"}

// SessionPolicy bounds sessions.
type SessionPolicy struct {
	Idle time.Duration // without use; default 2 h
	Life time.Duration // whatever happens; default 12 h
}

// StartSession opens a session for somebody who signed in just now, and
// returns the secret for their cookie: the only time it can be seen. notAfter,
// when not zero, is when the IdP wants it to end. old, when not empty, is the
// secret of a session that this one replaces.
func (s *Service) StartSession(ctx context.Context, c Cause, session Session, notAfter time.Time, old string) (Session, string, error) {
	secret := newCookie()
	err := s.inTx(ctx, func(tx Store) error {
		// Under the lock: a suspension that commits before us must not be
		// missed, one that comes after us ends this session.
		person, err := tx.LockIdentity(ctx, session.Connection, session.Identity)
		if err != nil {
			return err
		}
		if !person.Active() {
			return refuse(RefusedSuspended, "your account was suspended by your organisation")
		}
		session, err = s.openSession(ctx, tx, c, session, Proof{}, secret, notAfter, old)
		return err
	})
	return session, secret, err
}

// openSession opens a session for somebody whose row is locked.
func (s *Service) openSession(ctx context.Context, tx Store, c Cause, session Session, p Proof, secret string, notAfter time.Time, old string) (Session, error) {
	hash := sha256.Sum256([]byte(secret))
	now := s.now()
	session.ID, session.Hash, session.CreatedAt, session.SeenAt = NewID[SessionID](), hash[:], now, now
	session.EndsAt = now.Add(s.policy.Life)
	if !notAfter.IsZero() && notAfter.Before(session.EndsAt) {
		session.EndsAt = notAfter.UTC().Truncate(time.Microsecond)
	}
	session.Agent = clip(session.Agent)
	if old != "" {
		if err := s.replaceSession(ctx, tx, c, old, session); err != nil {
			return session, err
		}
	}
	if err := tx.InsertSession(ctx, session); err != nil {
		return session, err
	}
	entry := s.entry(c, session.Connection, "session.started", string(session.Identity))
	entry.Detail = p.detail(session)
	return session, s.record(ctx, tx, entry)
}

func (s *Service) replaceSession(ctx context.Context, tx Store, c Cause, secret string, by Session) error {
	hash := sha256.Sum256([]byte(secret))
	old, _, _, err := tx.Session(ctx, hash[:])
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if old.Identity == by.Identity { // whoever signs in again stays at work where they are
		if err := tx.MoveAppSessions(ctx, old.ID, by.ID); err != nil {
			return err
		}
	}
	return s.endSessions(ctx, tx, c, SessionFilter{ID: old.ID}, EndedByNew)
}

// Session returns the live session behind a cookie, with its person and
// connection. Whoever was suspended or removed since has none, whatever the
// cookie: this is asked at each request. Anything else is Denied.
func (s *Service) Session(ctx context.Context, secret string) (Session, Identity, Connection, error) {
	if secret == "" {
		return Session{}, Identity{}, Connection{}, errNoSession
	}
	hash := sha256.Sum256([]byte(secret))
	session, person, conn, err := s.store.Session(ctx, hash[:])
	if isNotFound(err) {
		return Session{}, Identity{}, Connection{}, errNoSession
	}
	if err != nil {
		return Session{}, Identity{}, Connection{}, err
	}
	if err := s.admit(ctx, session, person, conn); err != nil {
		return Session{}, Identity{}, Connection{}, err
	}
	return session, person, conn, nil
}

// Visitor is Session for a reverse proxy, which asks at each request of
// everybody: with the person's groups and, when desk names one, their account
// there, by a single look-up.
func (s *Service) Visitor(ctx context.Context, secret, desk string) (Visitor, error) {
	if secret == "" {
		return Visitor{}, errNoSession
	}
	hash := sha256.Sum256([]byte(secret))
	v, err := s.store.Visitor(ctx, hash[:], desk)
	if isNotFound(err) {
		return Visitor{}, errNoSession
	}
	if err != nil {
		return Visitor{}, err
	}
	if err := s.admit(ctx, v.Session, v.Person, v.Connection); err != nil {
		return Visitor{}, err
	}
	for _, m := range v.Person.claimed() {
		v.Groups = append(v.Groups, m.Name)
	}
	return v, nil
}

// admit refuses a session that is over, and one whose person has no business
// here any more. It notes that the session was used, to the minute.
func (s *Service) admit(ctx context.Context, session Session, person Identity, conn Connection) error {
	now := s.now()
	if !session.Live(now, s.policy.Idle) || !person.Active() || conn.SignIn.Disabled {
		return errNoSession
	}
	if now.Sub(session.SeenAt) > sessionTouchEvery {
		return s.store.TouchSession(ctx, session.ID, now)
	}
	return nil
}

// Sessions returns up to limit sessions that have not ended, newest first; 0
// means all.
func (s *Service) Sessions(ctx context.Context, f SessionFilter, limit int) ([]Session, error) {
	return s.store.Sessions(ctx, f, limit)
}

// EndSessions ends every session that f selects at once, and returns them.
// None is no error.
func (s *Service) EndSessions(ctx context.Context, c Cause, f SessionFilter, why SessionEnd) (ended []Session, err error) {
	if f == (SessionFilter{}) {
		return nil, Errorf(Invalid, "sessions", "say whose sessions end")
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
// Denied with the field [RefusedReplay]. When nothing could be ended, it may
// come again.
func (s *Service) EndByMessage(ctx context.Context, conn ConnectionID, c Cause, m Farewell, filters ...SessionFilter) (ended []Session, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		ended = nil
		first, err := tx.Remember(ctx, memory(conn, m.Key), m.Expires)
		if err == nil && !first {
			err = refuse(RefusedReplay, "this message of the identity provider was used before")
		}
		if err != nil {
			return err
		}
		if err := s.overtakes(ctx, tx, conn, m); err != nil {
			return err
		}
		for _, f := range filters {
			more, err := tx.EndSessions(ctx, f, s.now(), EndedByIdP)
			if err != nil {
				return err
			}
			ended = append(ended, more...)
		}
		return s.recordEnds(ctx, tx, c, ended, EndedByIdP)
	})
	return ended, err
}

// sessionEnder is what ending sessions needs of a transaction.
type sessionEnder interface {
	appender
	// EndSessions ends every session that f selects, and returns them.
	EndSessions(ctx context.Context, f SessionFilter, at time.Time, why SessionEnd) ([]Session, error)
}

// endSessions is [Service.EndSessions] in somebody else's transaction.
func (s *Service) endSessions(ctx context.Context, tx sessionEnder, c Cause, f SessionFilter, why SessionEnd) error {
	ended, err := tx.EndSessions(ctx, f, s.now(), why)
	if err != nil {
		return err
	}
	return s.recordEnds(ctx, tx, c, ended, why)
}

func (s *Service) recordEnds(ctx context.Context, tx appender, c Cause, ended []Session, why SessionEnd) error {
	entries := make([]Entry, len(ended))
	for i, e := range ended {
		entries[i] = s.entry(c, e.Connection, "session.ended", string(e.Identity))
		entries[i].Detail = map[string]any{"session": e.ID, "why": why}
	}
	if len(entries) == 0 {
		return nil
	}
	return s.record(ctx, tx, entries...)
}

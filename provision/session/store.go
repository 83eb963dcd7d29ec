package session

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	Ender

	LockIdentity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error)
	// Session returns the session whose cookie has this hash with its person
	// and connection, by one look-up; ended ones, too.
	Session(ctx context.Context, hash []byte) (provision.Session, provision.Identity, provision.Connection, error)
	// ForwardAuthSubject returns the session, ended ones too, with whatever belongs to it,
	// by one look-up; desk, when not empty, is the name of a desk.
	ForwardAuthSubject(ctx context.Context, hash []byte, desk string) (ForwardAuthSubject, error)
	Sessions(ctx context.Context, f provision.SessionFilter, limit int) ([]provision.Session, error) // that have not ended, newest first
	InsertSession(ctx context.Context, s provision.Session) error
	TouchSession(ctx context.Context, id provision.SessionID, at time.Time) error
	SaveOneTimeToken(ctx context.Context, t OneTimeToken) error // a second one with the same hash is a Conflict
	OneTimeToken(ctx context.Context, kind OneTimeKind, hash []byte) (OneTimeToken, error)
	// TakeOneTimeToken returns a one-time token and deletes it: of several who try, one
	// gets it.
	TakeOneTimeToken(ctx context.Context, kind OneTimeKind, hash []byte) (OneTimeToken, error)
	// SealTicket seals text under the secret key that all replicas share:
	// [Store.OpenTicket] opens it for the same purpose only, and for nobody else
	// is anything to be read in it or changed.
	SealTicket(purpose string, text []byte) (string, error)
	// OpenTicket returns what was sealed for a purpose; NotFound when it was not.
	OpenTicket(purpose, sealed string) ([]byte, error)
	// Remember notes that key was seen, until it expires. It reports whether
	// that is the first time.
	Remember(ctx context.Context, key string, expires time.Time) (first bool, err error)
	// RememberLonger remembers key until expires, or longer when it is so already.
	RememberLonger(ctx context.Context, key string, expires time.Time) error
	// Remembered reports whether key was seen, and has not expired at now.
	Remembered(ctx context.Context, key string, now time.Time) (bool, error)
	// SweepSignIns deletes one-time tokens and the replay cache entries that expired before now, and
	// sessions that ended before then.
	SweepSignIns(ctx context.Context, now, then time.Time) error
	// MoveDeskSessions gives those of one session that have not ended to another.
	MoveDeskSessions(ctx context.Context, from, to provision.SessionID) error
}

package signin

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
)

// OneTimeRef is a one-time token that somebody shows.
type OneTimeRef struct {
	Kind   session.OneTimeKind
	Secret string
}

// Attempt names a sign-in that began here, and may be answered once.
type Attempt struct {
	ID    string    // nobody can guess it; "": nothing began here
	Until time.Time // no answer is taken from then on
}

// Key is what an attempt that was answered is remembered by.
func (a Attempt) Key() string { return "attempt " + a.ID }

// SignInRequest is a verified login on its way to a session.
type SignInRequest struct {
	Login provision.Login

	// Attempt is the sign-in that is answered. Of several who answer the same one
	// gets in; for the others it is NotFound.
	Attempt Attempt
	// OneTime are used up by the sign-in, like Attempt.
	OneTime []OneTimeRef
	// Once names what must not come a second time, until then: an assertion.
	// The second time it is Denied with the reason [provision.RefusedReplay].
	Once      string
	OnceUntil time.Time

	// Issued is when the identity provider said so; zero: not known. A [session.LogoutMessage]
	// since then refuses it with the reason [provision.RefusedEnded].
	Issued time.Time

	// Grant is kept of somebody known by sign-in alone, where the connection asks the
	// identity provider about them.
	Grant RefreshToken

	Session      provision.Session    // Protocol, Issuer and Subject are the login's
	AuthnContext session.AuthnContext // for the audit log
	NotAfter     time.Time            // when the IdP wants the session to end; zero: not said
	Old          string               // secret of the session that this one replaces; may be empty
}

// SignIn finds the person behind a verified login, or makes them when the
// connection may, and opens their session, in one transaction with everything
// that may be used once only. The secret for the cookie can be seen only now.
//
// Every sign-in passes it, and changes nothing of people whom SCIM
// describes. Whoever is suspended or removed is refused, and is never made
// again. A Denied error tells in Field why.
//
// The person is, in this order: whoever this login was before, unless it means
// somebody else now (see judge); whoever SCIM gave the configured externalId;
// whoever SCIM gave the user name; where the connection allows it, the only one
// with the verified address; somebody new.
func (s *Service) SignIn(ctx context.Context, conn provision.ConnectionID, c provision.Cause, e SignInRequest) (in SignedIn, opened provision.Session, secret string, err error) {
	secret = session.NewCookie()
	var not provision.IdentityID
	err = s.again(func() error {
		return s.inTx(ctx, func(tx Store) error {
			loaded, err := s.load(ctx, tx, conn, e, not)
			if err != nil {
				return err
			}
			d := signInTx{Service: s, tx: tx, cause: c, login: e.Login, grant: e.Grant, not: &not}
			if in, err = d.run(ctx, loaded); err != nil {
				return err
			}
			opened = e.Session
			opened.Identity, opened.Connection = in.Person.ID, conn
			opened.Protocol, opened.Issuer, opened.Subject = e.Login.Protocol, e.Login.Issuer, e.Login.Subject
			opened, err = s.sessions.OpenIn(ctx, tx, c, opened, e.AuthnContext, secret, e.NotAfter, loaded.Replaced)
			return err
		})
	})
	return in, opened, secret, err
}

// load uses up what serves once, and returns what the sign-in is decided by. An
// answer that was used before is refused, and so is one that is older than a
// logout.
func (s *Service) load(ctx context.Context, tx Store, conn provision.ConnectionID, e SignInRequest, not provision.IdentityID) (Loaded, error) {
	for _, ref := range e.OneTime {
		t, err := tx.TakeOneTimeToken(ctx, ref.Kind, provision.HashSecret(ref.Secret))
		if err != nil {
			return Loaded{}, err
		}
		if t.Connection != conn || !s.now().Before(t.ExpiresAt) {
			return Loaded{}, provision.Errorf(provision.NotFound, "", "no such one-time token")
		}
	}
	q := question(conn, e.Login, not)
	again := map[string]error{}
	once := func(key string, until time.Time, err error) {
		key = session.ReplayKey(conn, key)
		q.Once = append(q.Once, Once{key, until})
		again[key] = err
	}
	if e.Attempt.ID != "" {
		once(e.Attempt.Key(), e.Attempt.Until, provision.Errorf(provision.NotFound, "", "this sign-in was answered before"))
	}
	if e.Once != "" {
		once(e.Once, e.OnceUntil, provision.Refuse(provision.RefusedReplay, "this answer of the identity provider was used before"))
	}
	q.Logouts, q.LogoutAt = session.LogoutKeys(conn, e.Login, e.Session.Index, e.Issued)
	if e.Old != "" {
		q.Replaces = provision.HashSecret(e.Old)
	}
	loaded, err := tx.LoadSignIn(ctx, q)
	if err != nil {
		return loaded, err
	}
	for i, first := range loaded.First {
		if !first {
			return loaded, again[q.Once[i].Key]
		}
	}
	if loaded.Ended {
		return loaded, provision.Refuse(provision.RefusedEnded, "you have signed out at the identity provider since it sent this; sign in again")
	}
	return loaded, nil
}

// question asks who is behind a login.
func question(conn provision.ConnectionID, l provision.Login, not provision.IdentityID) Question {
	return Question{Connection: conn, Protocol: l.Protocol, Issuer: l.Issuer, Subjects: provision.Distinct(append([]string{l.Subject}, l.Spellings...)), Not: not}
}

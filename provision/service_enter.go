package provision

import (
	"context"
	"crypto/sha256"
	"time"
)

// TicketRef is a ticket that somebody shows.
type TicketRef struct {
	Kind   TicketKind
	Secret string
}

// Entrance is a verified login on its way to a session.
type Entrance struct {
	Login Login

	// Tickets are used up by the sign-in. Of several who show the same one
	// gets in; for the others it is NotFound.
	Tickets []TicketRef
	// Once names what must not come a second time, until then: an assertion.
	// The second time it is Denied with the field [RefusedReplay].
	Once      string
	OnceUntil time.Time

	// Issued is when the identity provider said so; zero: not known. A [Farewell]
	// since then refuses it with the field [RefusedEnded].
	Issued time.Time

	Session  Session   // Protocol, Issuer and Subject are the login's
	Proof    Proof     // for the audit log
	NotAfter time.Time // when the IdP wants the session to end; zero: not said
	Old      string    // secret of the session that this one replaces; may be empty
}

// RefusedReplay is why something that was used before is refused.
const RefusedReplay = "replay"

// Enter signs somebody in and opens their session, in one transaction with
// everything that may be used once only: see [Service.SignIn] and
// [Service.StartSession]. The secret for the cookie can be seen only now.
func (s *Service) Enter(ctx context.Context, conn ConnectionID, c Cause, e Entrance) (in SignedIn, opened Session, secret string, err error) {
	secret = newCookie()
	err = s.again(func() error {
		return s.inTx(ctx, func(tx Store) error {
			if err := s.useUp(ctx, tx, conn, e); err != nil {
				return err
			}
			if err := s.overtaken(ctx, tx, conn, e.Login, e.Session.Index, e.Issued); err != nil {
				return err
			}
			d := door{Service: s, tx: tx, cause: c, login: e.Login}
			var err error
			if in, err = d.enter(ctx, conn); err != nil {
				return err
			}
			opened = e.Session
			opened.Identity, opened.Connection = in.Person.ID, conn
			opened.Protocol, opened.Issuer, opened.Subject = e.Login.Protocol, e.Login.Issuer, e.Login.Subject
			opened, err = s.openSession(ctx, tx, c, opened, e.Proof, secret, e.NotAfter, e.Old)
			return err
		})
	})
	return in, opened, secret, err
}

// useUp takes what serves once.
func (s *Service) useUp(ctx context.Context, tx Store, conn ConnectionID, e Entrance) error {
	for _, ref := range e.Tickets {
		hash := sha256.Sum256([]byte(ref.Secret))
		t, err := tx.TakeTicket(ctx, ref.Kind, hash[:])
		if err != nil {
			return err
		}
		if t.Connection != conn || !s.now().Before(t.ExpiresAt) {
			return Errorf(NotFound, "", "no such ticket")
		}
	}
	if e.Once == "" {
		return nil
	}
	first, err := tx.Remember(ctx, memory(conn, e.Once), e.OnceUntil)
	if err == nil && !first {
		err = refuse(RefusedReplay, "this answer of the identity provider was used before")
	}
	return err
}

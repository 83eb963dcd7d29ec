package credential

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// MaxOverlap is for how long a token may go on after a rotation.
const MaxOverlap = 90 * 24 * time.Hour

// RotateToken puts a new secret in the place of the token called nameOrID, and
// returns the new token with it: the only time it can be seen. The old one is
// accepted for overlap still, but no longer than it would have been. The new
// one lives for life; 0: for as long as the old one was made for. The id of an
// OAuth client stays.
func (s *Service) RotateToken(ctx context.Context, c provision.Cause, conn provision.ConnectionID, nameOrID string, overlap, life time.Duration) (fresh, old Token, secret string, _ error) {
	if overlap < 0 || overlap > MaxOverlap {
		return fresh, old, "", provision.Errorf(provision.Invalid, "overlap", "the overlap must be between 0 and %d days", MaxOverlap/(24*time.Hour))
	}
	if life < 0 {
		return fresh, old, "", provision.Errorf(provision.Invalid, "expires", "a token cannot expire in the past")
	}
	err := s.inTx(ctx, func(tx Store) error {
		if _, err := provision.LockStaying(ctx, tx.LockConnection, conn); err != nil { // one rotation at a time
			return err
		}
		tokens, err := tx.Tokens(ctx, conn)
		if err != nil {
			return err
		}
		if old, err = current(tokens, nameOrID); err != nil {
			return err
		}
		if old.RevokedAt != nil || old.ReplacedAt != nil {
			return provision.Errorf(provision.Conflict, "token", "token %q has ended or was rotated already; name one that is in use", provision.Clip(nameOrID))
		}
		fresh = s.successor(old, life)
		secret = fresh.newSecret()
		s.replace(&old, overlap)
		for _, t := range []Token{old, fresh} { // the old one first: the name is then free
			if err := tx.SaveToken(ctx, t); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, s.tokenEntry(c, fresh, audit.TokenRotated))
	})
	return fresh, old, secret, err
}

func (s *Service) successor(old Token, life time.Duration) Token {
	fresh := Token{ID: provision.NewID[provision.TokenID](), Connection: old.Connection, Name: old.Name, ClientID: old.ClientID, ReadOnly: old.ReadOnly, CreatedAt: s.now()}
	if life == 0 && old.ExpiresAt != nil {
		life = old.ExpiresAt.Sub(old.CreatedAt)
	}
	if life > 0 {
		fresh.ExpiresAt = new(fresh.CreatedAt.Add(life))
	}
	return fresh
}

func (s *Service) replace(old *Token, overlap time.Duration) {
	now := s.now()
	old.ReplacedAt = &now
	if ends := now.Add(overlap); old.ExpiresAt == nil || ends.Before(*old.ExpiresAt) {
		old.ExpiresAt = &ends
	}
}

// RevokeToken ends the token called nameOrID at once, with its access tokens,
// and by name those too that it replaced. Revoking twice is no error.
func (s *Service) RevokeToken(ctx context.Context, c provision.Cause, conn provision.ConnectionID, nameOrID string) (revoked Token, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockConnection(ctx, conn); err != nil { // a rotation would save what it has read before
			return err
		}
		tokens, err := tx.Tokens(ctx, conn)
		if err != nil {
			return err
		}
		if revoked, err = current(tokens, nameOrID); err != nil {
			return err
		}
		for _, t := range tokens {
			if t.RevokedAt != nil || t.ID != revoked.ID && (t.Name != nameOrID || string(revoked.ID) == nameOrID) {
				continue
			}
			t.RevokedAt = new(s.now())
			if t.ID == revoked.ID {
				revoked = t
			}
			if err := tx.SaveToken(ctx, t); err != nil {
				return err
			}
			if err := s.audit.Record(ctx, tx, s.tokenEntry(c, t, audit.TokenRevoked)); err != nil {
				return err
			}
		}
		return nil
	})
	return revoked, err
}

// current returns the token with this id, else the newest with this name; one
// that neither ended nor was replaced goes before all others.
func current(tokens []Token, nameOrID string) (found Token, _ error) {
	for _, t := range tokens {
		if string(t.ID) == nameOrID {
			return t, nil
		}
		if t.Name == nameOrID && (found.ID == "" || found.RevokedAt != nil || found.ReplacedAt != nil) {
			found = t
		}
	}
	if found.ID == "" {
		return found, provision.Errorf(provision.NotFound, "token", "this connection has no token %q; `deskbridge token list` shows them", provision.Clip(nameOrID))
	}
	return found, nil
}

// RevokeIn ends tokens at once, those that have not ended yet, in somebody else's
// transaction, which has locked their connection.
func (s *Service) RevokeIn(ctx context.Context, tx Saver, c provision.Cause, tokens []Token) error {
	for _, t := range tokens {
		if t.RevokedAt != nil {
			continue
		}
		t.RevokedAt = new(s.now())
		if err := tx.SaveToken(ctx, t); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, tx, s.tokenEntry(c, t, audit.TokenRevoked)); err != nil {
			return err
		}
	}
	return nil
}

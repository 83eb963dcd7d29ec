package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// tokenPrefix marks our tokens for people and for secret scanners.
const tokenPrefix = "dbr_"

// touchEvery is how stale a token's last use may be: noting each use would
// turn every read into a write.
const touchEvery = time.Minute

var errToken = &Error{Code: Denied, Detail: "the bearer token is missing, unknown, expired or not valid for this URL"}

// Authenticate returns the connection that is called nameOrID, when bearer is
// a usable token of it. An unknown connection, a token of another connection,
// and an expired or revoked token are all the same Denied: nothing can be
// probed. The token's last use is noted, to the minute.
func (s *Service) Authenticate(ctx context.Context, nameOrID, bearer string) (Connection, Token, error) {
	hash := sha256.Sum256([]byte(bearer))
	token, conn, err := s.store.TokenByHash(ctx, hash[:])
	if isNotFound(err) {
		return Connection{}, Token{}, errToken
	}
	if err != nil {
		return Connection{}, Token{}, err
	}
	now := s.now()
	if !token.Usable(now) || (conn.Name != nameOrID && string(conn.ID) != nameOrID) {
		return Connection{}, Token{}, errToken
	}
	if token.LastUsedAt == nil || now.Sub(*token.LastUsedAt) > touchEvery {
		if err := s.store.TouchToken(ctx, token.ID, now); err != nil {
			return Connection{}, Token{}, err
		}
	}
	return conn, token, nil
}

// CreateToken makes a bearer token for a connection and returns it: the only
// time it can be seen. A zero life never ends.
func (s *Service) CreateToken(ctx context.Context, c Cause, conn ConnectionID, name string, life time.Duration) (Token, string, error) {
	if err := ValidateName("name", name); err != nil {
		return Token{}, "", err
	}
	if life < 0 {
		return Token{}, "", Errorf(Invalid, "expires", "a token cannot expire in the past")
	}
	secret := newSecret()
	hash := sha256.Sum256([]byte(secret))
	token := Token{ID: NewID[TokenID](), Connection: conn, Name: name, Hash: hash[:], CreatedAt: s.now()}
	if life > 0 {
		ends := token.CreatedAt.Add(life)
		token.ExpiresAt = &ends
	}
	err := s.store.InTx(ctx, func(tx Store) error {
		if err := tx.SaveToken(ctx, token); err != nil {
			return err
		}
		return tx.Append(ctx, s.entry(c, conn, "token.created", string(token.ID)))
	})
	return token, secret, err
}

// newSecret returns 256 random bits in a form for headers and URLs.
func newSecret() string {
	var raw [32]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
}

// Tokens returns a connection's tokens, oldest first, revoked ones included.
func (s *Service) Tokens(ctx context.Context, conn ConnectionID) ([]Token, error) {
	return s.store.Tokens(ctx, conn)
}

// RevokeToken ends the token called nameOrID at once. Revoking twice is no
// error.
func (s *Service) RevokeToken(ctx context.Context, c Cause, conn ConnectionID, nameOrID string) (revoked Token, _ error) {
	err := s.store.InTx(ctx, func(tx Store) error {
		tokens, err := tx.Tokens(ctx, conn)
		if err != nil {
			return err
		}
		var found *Token
		for i := range tokens {
			t := &tokens[i]
			if string(t.ID) == nameOrID || t.Name == nameOrID && (found == nil || found.RevokedAt != nil) {
				found = t
			}
		}
		if found == nil {
			return Errorf(NotFound, "token", "this connection has no token %q; `deskbridge token list` shows them", clip(nameOrID))
		}
		if revoked = *found; found.RevokedAt != nil {
			return nil
		}
		now := s.now()
		found.RevokedAt = &now
		revoked = *found
		if err := tx.SaveToken(ctx, *found); err != nil {
			return err
		}
		return tx.Append(ctx, s.entry(c, conn, "token.revoked", string(found.ID)))
	})
	return revoked, err
}

package credential

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// What our secrets begin with, for people and for secret scanners.
const (
	tokenPrefix  = "dbr_" // bearer tokens
	secretPrefix = "dbs_" // secrets of OAuth clients
	accessPrefix = "dba_" // access tokens
	clientPrefix = "dbc_" // ids of OAuth clients, which are no secrets
)

// AccessTokenLife is for how long an access token is good.
const AccessTokenLife = time.Hour

// touchEvery is how stale a token's last use may be: noting each use would
// turn every read into a write.
const touchEvery = time.Minute

// Authenticate returns the connection that is called nameOrID, when bearer is
// a usable token of it, or an access token of a client of it; ReadOnly of the
// token is then that of the access token. An unknown connection, a token of
// another connection, and an expired or revoked token are all the same Denied:
// nothing can be probed. The token's last use is noted, to the minute.
func (s *Service) Authenticate(ctx context.Context, nameOrID, bearer string) (provision.Connection, Token, error) {
	token, conn, err := s.bearer(ctx, bearer)
	if provision.IsNotFound(err) {
		return provision.Connection{}, Token{}, Refuse("unknown token")
	}
	if err != nil {
		return provision.Connection{}, Token{}, err
	}
	if reason := token.refused(s.now(), conn, nameOrID); reason != "" {
		return provision.Connection{}, Token{}, refuse(&Refusal{Reason: reason, Token: token.Name, Connection: conn.Name})
	}
	if err := s.touch(ctx, conn, token); err != nil {
		return conn, token, err
	}
	if !strings.HasPrefix(bearer, accessPrefix) {
		s.seen.Note(string(token.Hash), sighting{token, conn})
	}
	return conn, token, nil
}

// bearer looks up what a request shows.
func (s *Service) bearer(ctx context.Context, bearer string) (Token, provision.Connection, error) {
	hash := provision.HashSecret(bearer)
	if !strings.HasPrefix(bearer, accessPrefix) {
		token, conn, err := s.store.TokenByHash(ctx, hash)
		if err == nil && token.ClientID != "" {
			// It is good for the token endpoint alone.
			err = refuse(&Refusal{Reason: "secret of an OAuth client in place of an access token", Token: token.Name, Connection: conn.Name})
		}
		return token, conn, err
	}
	access, token, conn, err := s.store.AccessTokenByHash(ctx, hash)
	if err == nil && !s.now().Before(access.ExpiresAt) {
		err = refuse(&Refusal{Reason: "expired access token", Token: token.Name, Connection: conn.Name})
	}
	token.ReadOnly = token.ReadOnly || access.ReadOnly
	return token, conn, err
}

// touch notes that a token is used, and tells the log when its end is near:
// that is when somebody would be missing it.
func (s *Service) touch(ctx context.Context, conn provision.Connection, t Token) error {
	now := s.now()
	if t.LastUsedAt != nil && now.Sub(*t.LastUsedAt) <= touchEvery {
		return nil
	}
	if t.warning(now) {
		s.log.WarnContext(ctx, "a token of an identity provider expires soon; `deskbridge token rotate` replaces it without a gap",
			"connection", conn.Name, "token", t.Name, "expires", *t.ExpiresAt, "days", int(t.ExpiresAt.Sub(now)/(24*time.Hour)))
	}
	return s.store.TouchToken(ctx, t.ID, now)
}

// TokenDraft is what a new token is to be.
type TokenDraft struct {
	Name     string
	Life     time.Duration // 0: for ever
	ReadOnly bool
	Client   bool // an OAuth client rather than a bearer token
}

// CreateToken makes a bearer token for a connection and returns it: the only
// time it can be seen. A zero life never ends.
func (s *Service) CreateToken(ctx context.Context, c provision.Cause, conn provision.ConnectionID, name string, life time.Duration) (Token, string, error) {
	return s.DraftToken(ctx, c, conn, TokenDraft{Name: name, Life: life})
}

// DraftToken makes a token as draft has it, and returns its secret: the only
// time it can be seen.
func (s *Service) DraftToken(ctx context.Context, c provision.Cause, conn provision.ConnectionID, draft TokenDraft) (token Token, secret string, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		if _, err := provision.LockStaying(ctx, tx.LockConnection, conn); err != nil {
			return err
		}
		token, secret, err = s.CreateIn(ctx, tx, c, conn, draft)
		return err
	})
	return token, secret, err
}

// Saver is what a new token needs of a transaction.
type Saver interface {
	audit.Appender
	SaveToken(ctx context.Context, t Token) error
}

// CreateIn is [Service.DraftToken] in somebody else's transaction.
func (s *Service) CreateIn(ctx context.Context, tx Saver, c provision.Cause, conn provision.ConnectionID, draft TokenDraft) (Token, string, error) {
	if err := provision.ValidateName("name", draft.Name); err != nil {
		return Token{}, "", err
	}
	if draft.Life < 0 {
		return Token{}, "", provision.Errorf(provision.Invalid, "expires", "a token cannot expire in the past")
	}
	token := Token{ID: provision.NewID[provision.TokenID](), Connection: conn, Name: draft.Name, ReadOnly: draft.ReadOnly, CreatedAt: s.now()}
	if draft.Client {
		token.ClientID = clientPrefix + string(token.ID)
	}
	if draft.Life > 0 {
		token.ExpiresAt = new(token.CreatedAt.Add(draft.Life))
	}
	secret := token.newSecret()
	if err := tx.SaveToken(ctx, token); err != nil {
		return token, secret, err
	}
	return token, secret, s.audit.Record(ctx, tx, s.tokenEntry(c, token, audit.TokenCreated))
}

// newSecret gives the token a new secret and returns it.
func (t *Token) newSecret() string {
	secret := newBearer()
	if t.ClientID != "" {
		secret = secretPrefix + provision.NewSecret()
	}
	t.Hash = provision.HashSecret(secret)
	return secret
}

// newBearer returns the secret of a bearer token.
func newBearer() string { return tokenPrefix + provision.NewSecret() }

func (s *Service) tokenEntry(c provision.Cause, t Token, action provision.Action) provision.Entry {
	e := s.audit.Entry(c, t.Connection, action, string(t.ID))
	if t.ClientID != "" || t.ReadOnly {
		e.Detail = map[string]any{"client": t.ClientID != "", "read_only": t.ReadOnly}
	}
	return e
}

// Tokens returns a connection's tokens, or with "" all, oldest first, those
// that ended included.
func (s *Service) Tokens(ctx context.Context, conn provision.ConnectionID) ([]Token, error) {
	return s.store.Tokens(ctx, conn)
}

// Token returns the token of a connection that is called nameOrID: the newest of a
// name, and one that has not ended before all others.
func (s *Service) Token(ctx context.Context, conn provision.ConnectionID, nameOrID string) (Token, error) {
	tokens, err := s.store.Tokens(ctx, conn)
	if err != nil {
		return Token{}, err
	}
	return current(tokens, nameOrID)
}

// AuthenticateClient returns the OAuth client with this id and secret. Whatever
// is wrong is the same Denied.
func (s *Service) AuthenticateClient(ctx context.Context, id, secret string) (Token, error) {
	token, conn, err := s.store.TokenByHash(ctx, provision.HashSecret(secret))
	if err != nil && !provision.IsNotFound(err) {
		return Token{}, err
	}
	switch {
	case err != nil || token.ClientID == "":
		return Token{}, Refuse("unknown client secret")
	case subtle.ConstantTimeCompare([]byte(token.ClientID), []byte(id)) != 1:
		return Token{}, refuse(&Refusal{Reason: "client secret of another client id", Token: token.Name, Connection: conn.Name})
	}
	if reason := token.refused(s.now(), conn, conn.Name); reason != "" {
		return Token{}, refuse(&Refusal{Reason: reason, Token: token.Name, Connection: conn.Name})
	}
	return token, s.touch(ctx, conn, token)
}

// IssueAccessToken returns an access token for an OAuth client, good until
// expires; readOnly narrows what the client may do. Expired ones are deleted
// on the way, so that what is kept follows what is in use.
func (s *Service) IssueAccessToken(ctx context.Context, client Token, readOnly bool) (secret string, expires time.Time, _ error) {
	now := s.now()
	secret = accessPrefix + provision.NewSecret()
	access := AccessToken{Hash: provision.HashSecret(secret), Token: client.ID, ReadOnly: readOnly || client.ReadOnly, CreatedAt: now, ExpiresAt: now.Add(AccessTokenLife)}
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.SweepAccessTokens(ctx, now); err != nil {
			return err
		}
		return tx.InsertAccessToken(ctx, access)
	})
	return secret, access.ExpiresAt, err
}

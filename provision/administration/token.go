package administration

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

const (
	// TokenPrefix is what tokens of the admin API begin with: people and secret
	// scanners must tell them from those of identity providers.
	TokenPrefix = "dbm_"
	// DefaultTokenLife is how long a token lives unless its draft says otherwise.
	DefaultTokenLife = 90 * 24 * time.Hour
	// MaxTokenLife is how long one may live at most.
	MaxTokenLife = 366 * 24 * time.Hour

	// touchEvery is how stale a token's last use may be: noting each use would turn
	// every read into a write.
	touchEvery = time.Minute
	mostVerbs  = 100
)

// TokenID is the id of a [Token].
type TokenID string

// Token is a bearer token of the admin API. Only the hash of its secret is kept.
type Token struct {
	ID    TokenID
	Name  string // unique among those that are not revoked
	Hash  []byte // SHA-256 of the secret
	Role  Role
	Verbs []string // what it may do of what the role may; none: all that needs no fresh sign-in
	Reach []Reach  // of a [MailboxManager]

	// Person is whose the token is, of Connection: it can do no more than they may
	// at this moment, and nothing when they have left. Empty: it is nobody's, and
	// outlives everybody.
	Person     provision.IdentityID
	Connection provision.ConnectionID

	CreatedBy  string // actor
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  *time.Time
	LastUsedAt *time.Time // kept to the minute
}

// Usable reports whether the token is accepted at now, whoever it belongs to.
func (t *Token) Usable(now time.Time) bool { return t.RevokedAt == nil && now.Before(t.ExpiresAt) }

// Standing returns what the token was made for.
func (t *Token) Standing() Standing { return Standing{Role: t.Role, Reach: t.Reach} }

// TokenDraft is what a new token is to be.
type TokenDraft struct {
	Name  string
	Role  Role
	Verbs []string
	Reach []Reach
	Life  time.Duration // 0: [DefaultTokenLife]; at most [MaxTokenLife]
}

// Maker is who makes a token.
type Maker struct {
	Standing   Standing
	Person     provision.IdentityID // whose the token will be; empty: nobody's
	Connection provision.ConnectionID
}

// CreateToken makes a token and returns its secret: the only time it can be seen.
// Nobody gives more than they have: by says who makes it.
func (s *Service) CreateToken(ctx context.Context, c provision.Cause, by Maker, draft TokenDraft) (t Token, secret string, _ error) {
	if draft.Life == 0 {
		draft.Life = DefaultTokenLife
	}
	_, badRole := ParseRole(string(draft.Role))
	var badLife error
	if draft.Life < 0 || draft.Life > MaxTokenLife {
		badLife = provision.Errorf(provision.Invalid, "expires", "a token of the admin API lives for %d days at most", MaxTokenLife/(24*time.Hour))
	}
	reach, badReach := checkReach(draft.Role, draft.Reach)
	if badRole != nil {
		badReach = nil
	}
	var badVerbs error
	if len(draft.Verbs) > mostVerbs {
		badVerbs = provision.Errorf(provision.Invalid, "verbs", "a token names %d verbs at most", mostVerbs)
	}
	if err := provision.AllOf(provision.ValidateName("name", draft.Name), badRole, badLife, badReach, badVerbs); err != nil {
		return t, "", err
	}
	t = Token{ID: provision.NewID[TokenID](), Name: draft.Name, Role: draft.Role, Verbs: provision.Sorted(draft.Verbs), Reach: reach,
		Person: by.Person, Connection: by.Connection, CreatedBy: c.Actor, CreatedAt: s.now()}
	t.ExpiresAt = t.CreatedAt.Add(draft.Life)
	if !by.Standing.Covers(t.Standing()) {
		return t, "", provision.Refuse("role", "nobody makes a token that may do more than they may themselves")
	}
	secret = TokenPrefix + provision.NewSecret()
	t.Hash = provision.HashSecret(secret)
	err := s.inTx(ctx, func(tx Store) error {
		for _, r := range reach {
			if _, err := tx.Desk(ctx, string(r.Desk)); err != nil {
				return err
			}
		}
		if err := tx.SaveAPIToken(ctx, t); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.tokenEntry(c, t, audit.APITokenCreated))
	})
	return t, secret, err
}

// Tokens returns the tokens of the admin API, oldest first, those that ended
// included.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) { return s.store.APITokens(ctx) }

// RevokeToken ends the token of a name or id at once. Revoking twice is no error.
func (s *Service) RevokeToken(ctx context.Context, c provision.Cause, nameOrID string) (t Token, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		tokens, err := tx.APITokens(ctx)
		if err != nil {
			return err
		}
		at := -1
		for i, one := range slices.Backward(tokens) { // the newest of a name, one that is not revoked before all others
			if string(one.ID) == nameOrID {
				at = i
				break
			}
			if one.Name == nameOrID && (at < 0 || tokens[at].RevokedAt != nil && one.RevokedAt == nil) {
				at = i
			}
		}
		if at < 0 {
			return provision.Errorf(provision.NotFound, "token", "there is no token %q of the admin API; `deskbridge api-token list` shows them", provision.Clip(nameOrID))
		}
		t = tokens[at]
		if t.RevokedAt != nil {
			return nil
		}
		t.RevokedAt = new(s.now())
		if err := tx.SaveAPIToken(ctx, t); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.tokenEntry(c, t, audit.APITokenRevoked))
	})
	return t, err
}

func (s *Service) tokenEntry(c provision.Cause, t Token, action provision.Action) provision.Entry {
	e := s.audit.Entry(c, "", action, string(t.ID))
	e.Detail = map[string]any{"name": t.Name, "role": t.Role, "expires_at": t.ExpiresAt}
	if len(t.Verbs) > 0 {
		e.Detail["verbs"] = t.Verbs
	}
	if len(t.Reach) > 0 {
		e.Detail["reach"] = t.Reach
	}
	return e
}

// Authenticate returns the token that bearer is, with what it may do at this
// moment. Whatever is wrong with it is the same Denied: one that never was, was
// revoked, has expired, or whose person has no longer what it was made for. Its
// last use is noted, to the minute.
func (s *Service) Authenticate(ctx context.Context, bearer string) (Token, Standing, error) {
	t, err := s.store.APITokenByHash(ctx, provision.HashSecret(bearer))
	if provision.IsNotFound(err) {
		return Token{}, Standing{}, errToken
	}
	if err != nil {
		return Token{}, Standing{}, err
	}
	now := s.now()
	if !t.Usable(now) {
		return Token{}, Standing{}, errToken
	}
	if t.Person != "" {
		has, err := s.standingOfID(ctx, t.Connection, t.Person)
		if err != nil {
			return Token{}, Standing{}, err
		}
		if !has.Covers(t.Standing()) {
			return Token{}, Standing{}, errToken
		}
	}
	if t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) > touchEvery {
		if err := s.store.TouchAPIToken(ctx, t.ID, now); err != nil {
			return Token{}, Standing{}, err
		}
	}
	return t, t.Standing(), nil
}

// standingOfID is [Service.StandingOf] for an id, which nobody may have any more.
func (s *Service) standingOfID(ctx context.Context, conn provision.ConnectionID, id provision.IdentityID) (Standing, error) {
	person, err := s.store.Identity(ctx, conn, id)
	if provision.IsNotFound(err) {
		return Standing{}, nil
	}
	if err != nil {
		return Standing{}, err
	}
	return s.StandingOf(ctx, &person)
}

var errToken = &provision.Error{Code: provision.Denied, Reason: "credentials", Detail: "the token is unknown, has expired or was revoked, or whoever made it has left"}

// Package signed checks tokens that an identity provider signs itself, such as
// Entra's when no secret token is entered there, against what the settings of a
// connection say of them.
package signed

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
)

const (
	// maxToken is how long a signed token may be; Entra's take about 2 kB.
	maxToken = 16 << 10
	// skew is how far the clocks of two servers may be apart.
	skew = time.Minute
)

// namePrefix is the name of the token, for the audit log, of whoever shows one
// that the identity provider signed. No token of ours can be called this.
const namePrefix = "jwt:"

// Looks reports whether a bearer token has the form of a JWT. None of
// ours has dots in it.
func Looks(bearer string) bool {
	return strings.Count(bearer, ".") == 2 && strings.HasPrefix(bearer, "eyJ") // {"
}

// Tokens checks tokens that an identity provider signs itself, such as
// Entra's when no secret token is entered there.
type Tokens struct {
	core   *settings.Service
	client *http.Client
	log    *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	keys map[provision.ConnectionID]keysAt // of connections that take them
}

type keysAt struct {
	address string
	set     *fetch.KeySet
}

// New returns Tokens that fetches keys with client; nil: from public servers
// only.
func New(core *settings.Service, client *http.Client, log *slog.Logger, now func() time.Time) *Tokens {
	if client == nil {
		client = fetch.New(fetch.Options{})
	}
	return &Tokens{core: core, client: client, log: log, now: now, keys: make(map[provision.ConnectionID]keysAt)}
}

// Authenticate returns the connection called name when it takes signed tokens
// and this is one of its identity provider. Everything else is Denied, keys
// that cannot be fetched among it.
func (s *Tokens) Authenticate(ctx context.Context, name, bearer string) (provision.Connection, credential.Token, error) {
	if len(bearer) > maxToken {
		return provision.Connection{}, credential.Token{}, credential.Refuse("malformed token")
	}
	conn, err := s.core.Connection(ctx, name)
	if err != nil {
		return provision.Connection{}, credential.Token{}, err
	}
	if conn.JWT == nil {
		return provision.Connection{}, credential.Token{}, credential.Refuse("signed token: the connection takes none")
	}
	if err := s.check(ctx, conn, bearer); err != nil {
		if ctx.Err() == nil {
			s.log.InfoContext(ctx, "scim: a signed token was refused", "connection", conn.Name, "err", err)
		}
		return provision.Connection{}, credential.Token{}, credential.Refuse("signed token: " + err.Error())
	}
	return conn, credential.Token{Connection: conn.ID, Name: namePrefix + string(conn.IdP)}, nil
}

func (s *Tokens) check(ctx context.Context, conn provision.Connection, bearer string) error {
	payload, err := s.keysOf(conn).VerifySignature(ctx, bearer)
	if err != nil {
		return err
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return errors.New("the claims are no JSON object")
	}
	return c.check(conn.JWT, s.now())
}

// keysOf returns the keys of a connection. There is one set for each, for as
// long as it is configured with the same address.
func (s *Tokens) keysOf(conn provision.Connection) *fetch.KeySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.keys[conn.ID]
	if have.set == nil || have.address != conn.JWT.JWKSURL {
		have = keysAt{address: conn.JWT.JWKSURL, set: fetch.NewKeySet(s.client, conn.JWT.JWKSURL)}
		s.keys[conn.ID] = have
	}
	return have.set
}

// claims are those of a token. They are read by go-jose's JSON, for which names
// count by letter case and a name given twice is a mistake.
type claims map[string]json.RawMessage

// check returns what is wrong with the claims; errors name claims, never values.
func (c claims) check(want *protocol.JWT, now time.Time) error {
	switch {
	case c.text("iss") != want.Issuer:
		return errors.New("iss is not the configured issuer")
	case !slices.Contains(c.texts("aud"), want.Audience):
		return errors.New("aud does not hold the configured audience")
	case want.Subject != "" && c.text("sub") != want.Subject:
		return errors.New("sub is not the configured subject")
	case want.Tenant != "" && c.text("tid") != want.Tenant:
		return errors.New("tid is not the configured tenant")
	case want.App != "" && !c.isFrom(want.App):
		return errors.New("azp or appid is not the configured app")
	case c["nonce"] != nil || c["events"] != nil:
		return errors.New("this is an ID token or a logout token, and no access token") // OpenID Connect Back-Channel Logout §2.4
	}
	return c.checkTimes(now)
}

// checkTimes checks when the token is good (RFC 7519 §4.1.4-6). exp and iat
// must be there; nbf may.
func (c claims) checkTimes(now time.Time) error {
	exp, okExp := c.time("exp")
	iat, okIat := c.time("iat")
	nbf, okNbf := c.time("nbf")
	switch {
	case !okExp || !okIat || c["nbf"] != nil && !okNbf:
		return errors.New("exp or iat is missing, or no time")
	case !now.Before(exp.Add(skew)):
		return errors.New("exp is over")
	case iat.After(now.Add(skew)) || !iat.Before(exp):
		return errors.New("iat is in the future, or not before exp")
	case okNbf && nbf.After(now.Add(skew)):
		return errors.New("nbf is in the future")
	}
	return nil
}

// isFrom reports whether the token was issued to an app. Identity providers
// have four names for that; none may say otherwise.
func (c claims) isFrom(app string) bool {
	said := 0
	for _, name := range []string{"azp", "appid", "cid", "client_id"} {
		if c[name] == nil {
			continue
		}
		if said++; c.text(name) != app {
			return false
		}
	}
	return said > 0
}

func (c claims) text(name string) string {
	var text string
	if json.Unmarshal(c[name], &text) != nil {
		return ""
	}
	return text
}

// texts returns a claim that is a string or a list of strings.
func (c claims) texts(name string) []string {
	if text := c.text(name); text != "" {
		return []string{text}
	}
	var list []string
	if json.Unmarshal(c[name], &list) != nil {
		return nil
	}
	return list
}

// time returns a NumericDate (RFC 7519 §2): seconds, maybe with a fraction.
func (c claims) time(name string) (time.Time, bool) {
	var seconds *float64
	if json.Unmarshal(c[name], &seconds) != nil || seconds == nil || math.Abs(*seconds) > 1<<40 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(*seconds * 1e6)), true
}

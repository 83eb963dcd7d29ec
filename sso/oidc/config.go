package oidc

import (
	"crypto"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/fetch"
)

// Ways to tell the provider who asks for tokens (OpenID Connect Core §9).
const (
	AuthBasic      = "client_secret_basic"
	AuthPost       = "client_secret_post"
	AuthPrivateKey = "private_key_jwt"
)

const (
	// DefaultSkew is how far the provider's clock may be ahead of ours.
	DefaultSkew = 2 * time.Minute
	// MaxTokenAge is how long ago a token may have been issued: it comes straight
	// from the provider, and an hour covers a clock that was never set.
	MaxTokenAge = time.Hour
	// DefaultGroupsClaim is where Okta, Entra ID, Keycloak and most others put the
	// groups, if they are told to send them.
	DefaultGroupsClaim = "groups"

	// scopeGroups is what Okta, Dex, authentik and others call the scope that has
	// them sent. No standard knows it.
	scopeGroups = "groups"
	// scopeOffline asks for a refresh token (OpenID Connect Core §11).
	scopeOffline = "offline_access"
)

// Config is what an admin and the server say of one provider. Issuer,
// ClientID, RedirectURL and a secret or key are needed; the rest works at its
// zero value.
type Config struct {
	Issuer       string // exactly as the provider writes it, trailing slash or not
	ClientID     string
	ClientSecret string
	AuthMethod   string // one of the constants; "": what fits the secret or key and the provider
	PrivateKey   ClientKey
	RedirectURL  string // of this connection alone, which is the first defence against mix-up (RFC 9700 §4.4)

	Scopes        []string      // nil: openid, profile and email, and groups where the provider lists it; openid is added when it is missing
	Prompt        string        // OpenID Connect Core §3.1.2.1; "": not sent
	MaxAge        time.Duration // how long ago the person may have signed in at the provider; 0: does not matter. Whole seconds
	ACRValues     []string      // asked for, and one of them demanded in the token; nil: does not matter
	Offline       bool          // ask for a refresh token (OpenID Connect Core §11; Google has access_type for it)
	UserInfo      bool          // ask the userinfo end point for claims that the ID token lacks
	GroupsClaim   string        // "": DefaultGroupsClaim. Dots lead into objects: realm_access.roles
	HostedDomains []string      // when there are any, hd must be one of them; from Google nobody is accepted while there are none
	Entra         bool          // treat as Entra ID; its own issuers are known by their host

	Fetch  fetch.Options    // which hosts may be spoken to over http or at addresses that are not public
	Client *http.Client     // a client of fetch.New(Fetch), to share; nil: one of its own
	Skew   time.Duration    // for nbf, iat and auth_time; 0: DefaultSkew. exp gets none
	Now    func() time.Time // nil: time.Now

	KeysFailed func() // called when a request for the provider's keys has failed; nil: nobody wants to know
}

// ClientKey is the key that signs for the client with private_key_jwt.
type ClientKey struct {
	Signer      crypto.Signer // RSA, P-256 or Ed25519; nil: none
	ID          string        // the key's id at the provider; may be empty
	Certificate []byte        // DER, as uploaded to Entra ID, which knows keys by it; may be nil
}

// String names the provider, and keeps the secret out of messages.
func (c Config) String() string { return c.Issuer }

// LogValue keeps the secret out of logs.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", c.Issuer), slog.String("client_id", c.ClientID))
}

// withDefaults returns c with its zero values filled in, and nothing of it
// shared with the caller.
func (c Config) withDefaults() Config {
	c.Scopes = slices.Clone(c.Scopes)
	c.ACRValues = slices.Clone(c.ACRValues)
	c.HostedDomains = slices.Clone(c.HostedDomains)
	if c.GroupsClaim == "" {
		c.GroupsClaim = DefaultGroupsClaim
	}
	if c.Client == nil || c.Client.Transport == nil { // the default transport keeps to no rule
		c.Client = fetch.New(c.Fetch)
	}
	if c.Skew == 0 {
		c.Skew = DefaultSkew
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// scopes returns what to ask the provider for. Groups are asked for where the
// provider says that it knows the word: others refuse the whole sign-in over a
// scope that they do not know (RFC 6749 §4.1.2.1).
func (c Config) scopes(m metadata) []string {
	scopes := c.Scopes
	if scopes == nil {
		scopes = []string{"openid", "profile", "email"}
		if slices.Contains(m.Scopes, scopeGroups) {
			scopes = append(scopes, scopeGroups)
		}
	}
	if !slices.Contains(scopes, "openid") {
		scopes = append([]string{"openid"}, scopes...)
	}
	if c.Offline && !c.isGoogle() && !slices.Contains(scopes, scopeOffline) {
		scopes = append(slices.Clone(scopes), scopeOffline)
	}
	return scopes
}

// check returns what in the settings can never work, without asking anybody.
func (c Config) check() error {
	switch {
	case c.ClientID == "":
		return refuse(ReasonConfig, "there is no client id; copy it from the provider")
	case c.RedirectURL == "":
		return refuse(ReasonConfig, "there is no redirect URL")
	case c.MaxAge < 0 || c.Skew < 0:
		return refuse(ReasonConfig, "a time limit is negative")
	}
	if err := c.checkAuth(); err != nil {
		return err
	}
	return c.checkIssuer()
}

func (c Config) checkAuth() error {
	switch c.AuthMethod {
	case "":
		if c.ClientSecret == "" && c.PrivateKey.Signer == nil {
			return refuse(ReasonConfig, "there is neither a client secret nor a private key; create one at the provider")
		}
	case AuthBasic, AuthPost:
		if c.ClientSecret == "" {
			return refuse(ReasonConfig, "%s needs a client secret; create one at the provider", c.AuthMethod)
		}
	case AuthPrivateKey:
		if c.PrivateKey.Signer == nil {
			return refuse(ReasonConfig, "private_key_jwt needs a private key")
		}
	default:
		return refuse(ReasonConfig, "%q is no way to authenticate; use %s, %s or %s, or leave it out",
			c.AuthMethod, AuthBasic, AuthPost, AuthPrivateKey)
	}
	return nil
}

// ours reports whether domain is one of those that hd may name.
func (c Config) ours(domain string) bool {
	return domain != "" && slices.ContainsFunc(c.HostedDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

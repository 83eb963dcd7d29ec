package oidc

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"golang.org/x/oauth2"
)

// StaleAfter is for how long a relying party should be used before [Discover]
// is asked for a new one. Keys are refreshed by themselves, and need no new one.
const StaleAfter = 24 * time.Hour

// RelyingParty speaks with one provider for one connection. It never changes,
// but for the keys that it remembers, and is safe for concurrent use.
type RelyingParty struct {
	config   Config
	metadata metadata
	fetched  time.Time
	client   *http.Client
	provider *gooidc.Provider
	keys     *fetch.KeySet
	verifier *gooidc.IDTokenVerifier
	auth     clientAuth
	oauth    oauth2.Config
}

// Issuer returns the provider's issuer, which is one half of the key of every
// account that it vouches for.
func (rp *RelyingParty) Issuer() string { return rp.metadata.Issuer }

// Age returns how long ago the provider's metadata was fetched.
func (rp *RelyingParty) Age(now time.Time) time.Duration { return now.Sub(rp.fetched) }

// Stale reports whether the metadata is older than [StaleAfter].
func (rp *RelyingParty) Stale(now time.Time) bool { return rp.Age(now) > StaleAfter }

// KeysFetched returns when the keys in use were fetched, the zero time before
// the first token, and why the last attempt failed, nil when it did not.
func (rp *RelyingParty) KeysFetched() (time.Time, error) { return rp.keys.Fetched() }

// BackChannelLogout reports whether the provider says that it tells us when
// somebody has signed out, and whether it then names the session.
func (rp *RelyingParty) BackChannelLogout() (supported, withSession bool) {
	return rp.metadata.BackChannelLogout, rp.metadata.BackChannelLogoutSIDs
}

// AuthURL returns where to send the browser for a sign-in: the code flow with
// PKCE by SHA-256, the answer in the query (OpenID Connect Core §3.1.2.1).
// loginHint is the address that the person has typed; it may be empty. asks are
// what this sign-in asks for, before what the settings say.
func (rp *RelyingParty) AuthURL(a Attempt, loginHint string, asks ...Ask) string {
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(a.Verifier),
		gooidc.Nonce(a.Nonce),
		oauth2.SetAuthURLParam("response_mode", "query"),
	}
	wishes := rp.wishes(loginHint)
	for _, ask := range asks {
		wishes[ask.Name] = ask.Value
	}
	for name, value := range wishes {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	return rp.oauth.AuthCodeURL(a.State, options...)
}

// Ask is a parameter of one authorization request that a provider may or may not
// heed: prompt, max_age. Whether it did is for the caller to see, in
// [Token.AuthTime]; max_age has the provider say it (OpenID Connect Core §2).
type Ask struct{ Name, Value string }

// wishes returns the parameters that a provider may or may not heed; the ID
// token is checked for those that matter.
func (rp *RelyingParty) wishes(loginHint string) map[string]string {
	wishes := map[string]string{
		"login_hint": loginHint,
		"prompt":     rp.config.Prompt,
		"acr_values": strings.Join(rp.config.ACRValues, " "),
	}
	if rp.config.MaxAge > 0 {
		wishes["max_age"] = strconv.FormatInt(int64(rp.config.MaxAge/time.Second), 10)
	}
	if rp.config.isGoogle() && rp.config.Offline {
		wishes["access_type"] = "offline"
	}
	if rp.config.isGoogle() && len(rp.config.HostedDomains) == 1 {
		wishes["hd"] = rp.config.HostedDomains[0]
	}
	return wishes
}

// context returns ctx with the client that the libraries are to use.
func (rp *RelyingParty) context(ctx context.Context) context.Context {
	return gooidc.ClientContext(ctx, rp.client)
}

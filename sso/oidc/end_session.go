package oidc

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// maxEndSessionURL is how many bytes the address has that a browser is sent to
// for a sign-out. A token with many groups makes a longer one, which providers
// refuse: Entra with AADSTS90015, others with 414 or 431.
const maxEndSessionURL = 2000

// maxLogoutHint is how many bytes of that may name the person.
const maxLogoutHint = 512

// EndSessionURL returns where to send the browser so that the person is signed
// out at the provider too (OpenID Connect RP-Initiated Logout §2); false if the
// provider has no such place. The hint is [Token.Raw], which may have expired
// since; postLogoutRedirect must be registered with the provider. All three may
// be empty. A hint that makes the address longer than 2,000 bytes stays out:
// client_id says who asks, and logout_hint for whom.
func (rp *RelyingParty) EndSessionURL(idTokenHint, postLogoutRedirect, state string) (string, bool) {
	if rp.metadata.EndSession == "" {
		return "", false
	}
	u, err := url.Parse(rp.metadata.EndSession)
	if err != nil {
		return "", false
	}
	query := u.Query()
	query.Set("client_id", rp.config.ClientID)
	set := func(name, value string) string {
		if value != "" {
			query.Set(name, value)
		}
		u.RawQuery = query.Encode()
		return u.String()
	}
	set("post_logout_redirect_uri", postLogoutRedirect)
	set("state", state)
	if to := set("id_token_hint", idTokenHint); len(to) <= maxEndSessionURL {
		return to, true
	}
	query.Del("id_token_hint")
	return set("logout_hint", logoutHint(idTokenHint)), true
}

// logoutHint returns what the provider calls the person whom an ID token speaks
// of: Entra's own word for it first (its optional claim login_hint), then what
// people type. "": the token, which was checked when it came, says nothing of the kind.
func logoutHint(idToken string) string {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	c, err := readClaims(payload)
	if err != nil {
		return ""
	}
	for _, name := range []string{"login_hint", "preferred_username", "email"} {
		if hint := c.text(name); hint != "" && len(hint) <= maxLogoutHint {
			return hint
		}
	}
	return ""
}

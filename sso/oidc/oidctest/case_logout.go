package oidctest

import (
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/sso/oidc"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutCases are back-channel logouts.
func logoutCases() []Case {
	with := func(name string, value any) func(*Provider) {
		return func(p *Provider) { p.Logout = func(c map[string]any) { put(c, name, value) } }
	}
	without := func(names ...string) func(*Provider) {
		return func(p *Provider) {
			p.Logout = func(c map[string]any) {
				for _, name := range names {
					delete(c, name)
				}
			}
		}
	}
	signed := func(f func(p *Provider, c map[string]any) string) func(*Provider) {
		return func(p *Provider) { p.SignLogout = func(c map[string]any) string { return f(p, c) } }
	}
	return []Case{
		{ID: "OB01", Title: "a good logout token", Part: Logout, Accept: true, Set: func(*Provider) {}},
		{ID: "OB01b", Title: "of type JWT", Part: Logout, Accept: true, Set: signed(func(p *Provider, c map[string]any) string { return p.Key.Sign(c) })},
		{ID: "OB01c", Title: "names the session only", Part: Logout, Accept: true, Set: without("sub")},
		{ID: "OB01d", Title: "names the person only", Part: Logout, Accept: true, Set: without("sid")},
		{ID: "OB01e", Title: "by a new key", Part: Logout, Accept: true, Set: (*Provider).Rotate},
		{ID: "OB02", Title: "a jti that came before", Part: Logout, Accept: true, Account: true, Set: with("jti", "the same every time")},
		{ID: "OB03", Title: "with nonce", Part: Logout, Reason: oidc.ReasonNonce, Set: with("nonce", "n")},
		{ID: "OB03b", Title: "with a nonce that is null", Part: Logout, Reason: oidc.ReasonNonce, Set: func(p *Provider) { p.Logout = func(c map[string]any) { c["nonce"] = nil } }},
		{ID: "OB04", Title: "no events", Part: Logout, Reason: oidc.ReasonEvents, Set: with("events", nil)},
		{ID: "OB04b", Title: "another event", Part: Logout, Reason: oidc.ReasonEvents, Set: with("events", map[string]any{"https://other.example/event": map[string]any{}})},
		{ID: "OB04c", Title: "the event is no object", Part: Logout, Reason: oidc.ReasonEvents, Set: with("events", map[string]any{logoutEvent: true})},
		{ID: "OB05", Title: "another audience", Part: Logout, Reason: oidc.ReasonAudience, Set: with("aud", "another")},
		{ID: "OB06", Title: "another issuer", Part: Logout, Reason: oidc.ReasonIssuer, Set: with("iss", "https://other.example")},
		{ID: "OB07", Title: "expired", Part: Logout, Reason: oidc.ReasonExpired, Set: with("exp", time.Now().Add(-time.Minute).Unix())},
		{ID: "OB07b", Title: "no exp", Part: Logout, Reason: oidc.ReasonExpired, Set: with("exp", nil)},
		{ID: "OB07c", Title: "issued yesterday", Part: Logout, Reason: oidc.ReasonIssuedAt, Set: with("iat", time.Now().Add(-24*time.Hour).Unix())},
		{ID: "OB07d", Title: "no iat", Part: Logout, Reason: oidc.ReasonIssuedAt, Set: with("iat", nil)},
		{ID: "OB08", Title: "no jti", Part: Logout, Reason: oidc.ReasonTokenID, Set: with("jti", nil)},
		{ID: "OB08b", Title: "a jti of 300 bytes", Part: Logout, Reason: oidc.ReasonTokenID, Set: with("jti", strings.Repeat("j", 300))},
		{ID: "OB09", Title: "neither sub nor sid", Part: Logout, Reason: oidc.ReasonSession, Set: without("sub", "sid")},
		{ID: "OB10", Title: "alg none", Part: Logout, Reason: oidc.ReasonAlgorithm, Set: signed(func(_ *Provider, c map[string]any) string {
			return Forge(map[string]any{"alg": "none", "typ": "logout+jwt"}, c, unsigned)
		})},
		{ID: "OB11", Title: "the attacker's key", Part: Logout, Reason: oidc.ReasonSignature, Set: signed(func(p *Provider, c map[string]any) string {
			return AttackerKey(p.Key.ID).Sign(c)
		})},
		{ID: "OB12", Title: "an ID token", Part: Logout, Reason: oidc.ReasonEvents, Set: signed(func(p *Provider, c map[string]any) string {
			delete(c, "events")
			c["nonce"], c["sub"] = "n", Attacker()["sub"]
			return p.Key.Sign(c)
		})},
		{ID: "OB13", Title: "of the type of access tokens", Part: Logout, Reason: oidc.ReasonType, Set: signed(func(p *Provider, c map[string]any) string {
			header := p.Key.Header()
			header["typ"] = "at+jwt"
			return Forge(header, c, p.Key.Signature)
		})},
		{ID: "OB14", Title: "a sid that is a number", Part: Logout, Reason: oidc.ReasonMalformed, Set: with("sid", 5)},
	}
}

package oidctest

import (
	"time"

	"github.com/deskbridge/deskbridge/sso/oidc"
)

// at returns a claim that is a time from now.
func at(name string, fromNow time.Duration) func(*Provider) {
	return claimsOf(func(_ *Provider, c map[string]any) { c[name] = time.Now().Add(fromNow).Unix() })
}

// claimCases are signed by the provider, and wrong in one claim.
func claimCases() []Case {
	both := []string{ClientID, "another"}
	return []Case{
		{ID: "OT15", Title: "expired", Part: SignIn, Reason: oidc.ReasonExpired, Set: at("exp", -time.Second)},
		{ID: "OT16", Title: "no exp", Part: SignIn, Reason: oidc.ReasonExpired, Set: claim("exp", nil)},
		{ID: "OT17", Title: "nbf ahead", Part: SignIn, Reason: oidc.ReasonNotYet, Set: at("nbf", time.Hour)},
		{ID: "OT17b", Title: "nbf three minutes ahead", Part: SignIn, Reason: oidc.ReasonNotYet, Set: at("nbf", 3*time.Minute)},
		{ID: "OT18", Title: "iat a day ahead", Part: SignIn, Reason: oidc.ReasonIssuedAt, Set: at("iat", 24*time.Hour)},
		{ID: "OT18b", Title: "iat a day ago", Part: SignIn, Reason: oidc.ReasonIssuedAt, Set: at("iat", -24*time.Hour)},
		{ID: "OT19", Title: "no iat", Part: SignIn, Reason: oidc.ReasonIssuedAt, Set: claim("iat", nil)},
		{ID: "OT20", Title: "another audience", Part: SignIn, Reason: oidc.ReasonAudience, Set: claim("aud", "another")},
		{ID: "OT21", Title: "no audience", Part: SignIn, Reason: oidc.ReasonAudience, Set: claim("aud", nil)},
		{ID: "OT21b", Title: "an empty list of audiences", Part: SignIn, Reason: oidc.ReasonAudience, Set: claim("aud", []string{})},
		{ID: "OT22", Title: "two audiences, and azp is the other", Part: SignIn, Reason: oidc.ReasonAuthorized, Set: claimsOf(func(_ *Provider, c map[string]any) { c["aud"], c["azp"] = both, "another" })},
		{ID: "OT23", Title: "another azp", Part: SignIn, Reason: oidc.ReasonAuthorized, Set: claim("azp", "another")},
		{ID: "OT23b", Title: "azp that is no string", Part: SignIn, Reason: oidc.ReasonAuthorized, Set: claim("azp", both)},
		{ID: "OT24", Title: "two audiences, and no azp", Part: SignIn, Reason: oidc.ReasonAuthorized, Set: claim("aud", both)},
		{ID: "OT25", Title: "another issuer", Part: SignIn, Reason: oidc.ReasonIssuer, Set: claim("iss", "https://other.example")},
		{ID: "OT26", Title: "issuer with a slash more", Part: SignIn, Reason: oidc.ReasonIssuer, Set: claimsOf(func(p *Provider, c map[string]any) { c["iss"] = p.Issuer + "/" })},
		{ID: "OT27", Title: "no issuer", Part: SignIn, Reason: oidc.ReasonIssuer, Set: claim("iss", nil)},
		{ID: "OT28", Title: "no sub", Part: SignIn, Reason: oidc.ReasonSubject, Set: claim("sub", nil)},
		{ID: "OT29", Title: "an empty sub", Part: SignIn, Reason: oidc.ReasonSubject, Set: claim("sub", "")},
		{ID: "OT29b", Title: "a sub of spaces", Part: SignIn, Reason: oidc.ReasonSubject, Set: claim("sub", " \t ")},
		{ID: "OT29c", Title: "a sub that is a number", Part: SignIn, Reason: oidc.ReasonSubject, Set: claim("sub", 7)},
		{ID: "OT30", Title: "at_hash of another access token", Part: SignIn, Reason: oidc.ReasonAccessToken, Set: claim("at_hash", atHash("another"))},
		{ID: "OT30b", Title: "an empty at_hash", Part: SignIn, Reason: oidc.ReasonAccessToken, Set: claim("at_hash", "")},
		{ID: "OT32", Title: "userinfo of another sub", Part: SignIn, UserInfo: true, Reason: oidc.ReasonUserInfoSub, Set: func(p *Provider) {
			p.UserInfo = func(c map[string]any) { c["sub"] = Victim()["sub"] }
		}},
		{ID: "OT32b", Title: "userinfo without sub", Part: SignIn, UserInfo: true, Reason: oidc.ReasonUserInfoSub, Set: func(p *Provider) {
			p.UserInfo = func(c map[string]any) { delete(c, "sub") }
		}},
		{ID: "OT34", Title: "a logout token", Part: SignIn, Reason: oidc.ReasonLogout, Set: forge(func(p *Provider, c map[string]any) string {
			return p.LogoutToken(c["sub"].(string), "")
		})},
		{ID: "OT34b", Title: "a logout token with the nonce and without its type", Part: SignIn, Reason: oidc.ReasonLogout, Set: claim("events", map[string]any{logoutEvent: map[string]any{}})},
	}
}

package oidctest

import (
	"net/url"

	"github.com/deskbridge/deskbridge/sso/oidc"
)

// answer returns a change of the redirect back to us.
func answer(f func(p *Provider, query url.Values)) func(*Provider) {
	return func(p *Provider) { p.Answer = func(query url.Values) { f(p, query) } }
}

// answerCases are what the browser brings back that it should not. What needs
// two browsers or two providers is not here: take one's answer to the other.
func answerCases() []Case {
	return []Case{
		{ID: "OS01", Title: "state changed", Part: SignIn, Reason: oidc.ReasonState, Set: answer(func(_ *Provider, q url.Values) { q.Set("state", q.Get("state")[1:]+"A") })},
		{ID: "OS02", Title: "state missing", Part: SignIn, Reason: oidc.ReasonState, Set: answer(func(_ *Provider, q url.Values) { q.Del("state") })},
		{ID: "OS02b", Title: "state empty", Part: SignIn, Reason: oidc.ReasonState, Set: answer(func(_ *Provider, q url.Values) { q.Set("state", "") })},
		{ID: "OS07", Title: "nonce of another sign-in", Part: SignIn, Reason: oidc.ReasonNonce, Set: claim("nonce", "n-0S6_WzA2Mj")},
		{ID: "OS08", Title: "no nonce", Part: SignIn, Reason: oidc.ReasonNonce, Set: claim("nonce", nil)},
		{ID: "OS09", Title: "an error together with a code", Part: SignIn, Reason: oidc.ReasonProviderError, Set: answer(func(_ *Provider, q url.Values) { q.Set("error", "access_denied") })},
		{ID: "OS10", Title: "an ID token in the query, and no code", Part: SignIn, Reason: oidc.ReasonCode, Set: answer(func(p *Provider, q url.Values) {
			q.Del("code")
			q.Set("id_token", p.Key.Sign(Victim()))
			q.Set("access_token", "taken from elsewhere")
		})},
		{ID: "OS10b", Title: "the victim's ID token in the query beside a code of one's own", Part: SignIn, Accept: true, Account: true, Set: answer(func(p *Provider, q url.Values) {
			q.Set("id_token", p.Key.Sign(Victim()))
		})},
		{ID: "OS11", Title: "another iss", Part: SignIn, Reason: oidc.ReasonAnswerIssuer, Set: answer(func(_ *Provider, q url.Values) { q.Set("iss", "https://other.example") })},
		{ID: "OS11b", Title: "iss with a slash more", Part: SignIn, Reason: oidc.ReasonAnswerIssuer, Set: answer(func(_ *Provider, q url.Values) { q.Set("iss", q.Get("iss")+"/") })},
		{ID: "OS12", Title: "no iss although advertised", Part: SignIn, Reason: oidc.ReasonAnswerIssuer, Set: answer(func(_ *Provider, q url.Values) { q.Del("iss") })},
		{ID: "OS13", Title: "state twice", Part: SignIn, Reason: oidc.ReasonParameter, Set: answer(func(_ *Provider, q url.Values) { q.Add("state", q.Get("state")) })},
		{ID: "OS13b", Title: "code twice", Part: SignIn, Reason: oidc.ReasonParameter, Set: answer(func(_ *Provider, q url.Values) { q.Add("code", "another") })},
		{ID: "OS14", Title: "a code that nobody gave", Part: SignIn, Reason: oidc.ReasonExchange, Set: answer(func(_ *Provider, q url.Values) { q.Set("code", "made-up") })},
		{ID: "OR02", Title: "markup in error and error_description", Part: SignIn, Reason: oidc.ReasonProviderError, Set: answer(func(_ *Provider, q url.Values) {
			q.Del("code")
			q.Set("error", "<script>alert(1)</script>")
			q.Set("error_description", "<img src=x onerror=alert(1)>")
		})},
	}
}

// accountCases are signed by the provider, and say what it does not know.
func accountCases() []Case {
	person := func(sub string, claims map[string]any) func(*Provider) {
		return func(p *Provider) {
			p.User = Attacker()
			p.User["sub"] = sub
			for name, value := range claims {
				put(p.User, name, value)
			}
		}
	}
	const known, unknown = "subject-of-mallory", "subject-of-a-newcomer"
	vera := Victim()["email"]
	mail := func(address string) func(*Provider) { return person(unknown, map[string]any{"email": address}) }
	return []Case{
		{ID: "OA01", Title: "the victim's address, not verified, of another sub", Part: SignIn, Accept: true, Account: true, Set: person(unknown, map[string]any{"email": vera, "email_verified": false})},
		{ID: "OA02", Title: "the victim's address, nothing said of verified, of another sub", Part: SignIn, Accept: true, Account: true, Set: person(unknown, map[string]any{"email": vera, "email_verified": nil})},
		{ID: "OA02b", Title: "the victim's address, verified as 1", Part: SignIn, Accept: true, Account: true, Set: person(unknown, map[string]any{"email": vera, "email_verified": 1})},
		{ID: "OA02c", Title: "the victim's address, and one's own in userinfo, which is verified", Part: SignIn, Accept: true, Account: true, UserInfo: true, Set: func(p *Provider) {
			person(unknown, map[string]any{"email": vera, "email_verified": nil})(p)
			p.UserInfo = func(c map[string]any) { c["email"], c["email_verified"] = "mallory@acme.example", true }
		}},
		{ID: "OA02d", Title: "the victim's address, vouched for by a claim that only Entra ID has", Part: SignIn, Accept: true, Account: true, Set: person(unknown, map[string]any{"email": vera, "email_verified": nil, "xms_edov": true})},
		{ID: "OA03", Title: "a known sub takes the victim's address, not verified", Part: SignIn, Accept: true, Account: true, Set: person(known, map[string]any{"email": vera, "email_verified": false})},
		{ID: "OA04", Title: "the victim's sub, of another provider", Part: SignIn, Accept: true, Account: true, Other: true, Set: func(p *Provider) {
			p.User = Attacker()
			p.User["sub"] = Victim()["sub"]
		}},
		{ID: "OA05", Title: "the victim's verified address, of another provider", Part: SignIn, Accept: true, Account: true, Other: true, Set: person(unknown, map[string]any{"email": vera})},
		{ID: "OA10", Title: "an address with a Cyrillic a", Part: SignIn, Accept: true, Account: true, Set: mail("ver\u0430@acme.example")},
		{ID: "OA11", Title: "an address with a full-width a", Part: SignIn, Accept: true, Account: true, Set: mail("ver\uff41@acme.example")},
		{ID: "OA12", Title: "an address with a zero-width space", Part: SignIn, Accept: true, Account: true, Set: mail("vera\u200b@acme.example")},
		{ID: "OA20", Title: "an address of a domain that nobody owns", Part: SignIn, Accept: true, Account: true, Set: mail("vera@elsewhere.example")},
	}
}

package oidctest

import (
	"encoding/json"
	"strings"

	"github.com/deskbridge/deskbridge/sso/oidc"
)

// strictCases are tokens that two readers could take for two different things.
// OY numbers are this package's own.
func strictCases() []Case {
	text := func(change func(claims string) string) func(*Provider) {
		return func(p *Provider) {
			p.Sign = func(c map[string]any) string {
				encoded, err := json.Marshal(c)
				if err != nil {
					panic(err)
				}
				return Forge(p.Key.Header(), change(string(encoded)), p.Key.Signature)
			}
		}
	}
	header := func(name string, value any) func(*Provider) {
		return func(p *Provider) {
			p.Sign = func(c map[string]any) string {
				header := p.Key.Header()
				header[name] = value
				return Forge(header, c, p.Key.Signature)
			}
		}
	}
	token := func(change func(token string) string) func(*Provider) {
		return func(p *Provider) { p.Sign = func(c map[string]any) string { return change(p.Key.Sign(c)) } }
	}
	return []Case{
		{ID: "OY01", Title: "sub twice", Part: SignIn, Reason: oidc.ReasonMalformed, Set: text(func(c string) string { return `{"sub":"subject-of-vera",` + c[1:] })},
		{ID: "OY02", Title: "SUB after sub", Part: SignIn, Accept: true, Account: true, Set: text(func(c string) string { return c[:len(c)-1] + `,"SUB":"subject-of-vera"}` })},
		{ID: "OY03", Title: "SUB and no sub", Part: SignIn, Reason: oidc.ReasonSubject, Set: text(func(c string) string { return strings.Replace(c, `"sub"`, `"SUB"`, 1) })},
		{ID: "OY04", Title: "something after the claims", Part: SignIn, Reason: oidc.ReasonMalformed, Set: text(func(c string) string { return c + `{}` })},
		{ID: "OY05", Title: "a list in place of claims", Part: SignIn, Reason: oidc.ReasonMalformed, Set: text(func(c string) string { return `[` + c + `]` })},
		{ID: "OY06", Title: "no UTF-8", Part: SignIn, Reason: oidc.ReasonMalformed, Set: text(func(c string) string { return strings.Replace(c, "mallory", "m\xff", 1) })},
		{ID: "OY07", Title: "half a surrogate pair in sub", Part: SignIn, Reason: oidc.ReasonSubject, Set: text(func(c string) string { return strings.Replace(c, `"subject-of-mallory"`, `"a\ud800"`, 1) })},
		{ID: "OY08", Title: "NUL in sub", Part: SignIn, Reason: oidc.ReasonMalformed, Set: claim("sub", "subject-of-vera\x00")},
		{ID: "OY09", Title: "12,000 nested lists", Part: SignIn, Reason: oidc.ReasonMalformed, Set: text(func(c string) string {
			return c[:len(c)-1] + `,"x":` + strings.Repeat("[", 12000) + strings.Repeat("]", 12000) + `}`
		})},
		{ID: "OY10", Title: "exp beyond all dates", Part: SignIn, Reason: oidc.ReasonExpired, Set: claim("exp", 1e300)},
		{ID: "OY11", Title: "exp as a string", Part: SignIn, Reason: oidc.ReasonExpired, Set: claim("exp", "99999999999")},
		{ID: "OY12", Title: "a sub of 300 bytes", Part: SignIn, Reason: oidc.ReasonSubject, Set: claim("sub", strings.Repeat("s", 300))},
		{ID: "OY13", Title: "crit in the header", Part: SignIn, Reason: oidc.ReasonMalformed, Set: header("crit", []string{"exp"})},
		{ID: "OY14", Title: "b64 in the header", Part: SignIn, Reason: oidc.ReasonMalformed, Set: header("b64", true)},
		{ID: "OY15", Title: "an access token (RFC 9068)", Part: SignIn, Reason: oidc.ReasonType, Set: header("typ", "at+jwt")},
		{ID: "OY16", Title: "an access token by its full type", Part: SignIn, Reason: oidc.ReasonType, Set: header("typ", "application/AT+JWT")},
		{ID: "OY17", Title: "JSON serialization", Part: SignIn, Reason: oidc.ReasonMalformed, Set: token(func(token string) string {
			parts := strings.Split(token, ".")
			return `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
		})},
		{ID: "OY18", Title: "white space in the token", Part: SignIn, Reason: oidc.ReasonMalformed, Set: token(func(token string) string { return token[:20] + "\n" + token[20:] })},
		{ID: "OY19", Title: "four parts", Part: SignIn, Reason: oidc.ReasonMalformed, Set: token(func(token string) string { return token + "." })},
		{ID: "OY20", Title: "nonce that is a number", Part: SignIn, Reason: oidc.ReasonNonce, Set: claim("nonce", 1)},
		{ID: "OY21", Title: "a claim that is kept nowhere", Part: SignIn, Reason: oidc.ReasonMalformed, Set: claim("_claim_names", map[string]any{"groups": "src1"})},
		{ID: "OY22", Title: "a header that is no JSON", Part: SignIn, Reason: oidc.ReasonMalformed, Set: token(func(token string) string { return "A" + token })},
	}
}

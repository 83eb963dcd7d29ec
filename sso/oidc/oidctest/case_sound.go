package oidctest

import (
	"fmt"
	"time"
)

// soundCases are unusual, and in order.
func soundCases() []Case {
	return []Case{
		{ID: "OC01", Title: "a good sign-in", Part: SignIn, Accept: true, Set: func(*Provider) {}},
		{ID: "OI01", Title: "ES256", Part: SignIn, Accept: true, Set: func(p *Provider) { p.Key = NewES256() }},
		{ID: "OI01b", Title: "EdDSA", Part: SignIn, Accept: true, Set: func(p *Provider) { p.Key = NewEdDSA() }},
		{ID: "OI01c", Title: "PS256", Part: SignIn, Accept: true, Set: func(p *Provider) { p.Key.Alg = "PS256" }},
		{ID: "OI02", Title: "aud as a list", Part: SignIn, Accept: true, Set: claim("aud", []string{ClientID})},
		{ID: "OI02b", Title: "two audiences, and azp says that it is ours", Part: SignIn, Accept: true, Set: claimsOf(func(_ *Provider, c map[string]any) {
			c["aud"], c["azp"] = []string{"another", ClientID}, ClientID
		})},
		{ID: "OI03", Title: "clock 30 s ahead", Part: SignIn, Accept: true, Set: func(p *Provider) { p.Ahead = 30 * time.Second }},
		{ID: "OI03b", Title: "clock 30 s behind", Part: SignIn, Accept: true, Set: func(p *Provider) { p.Ahead = -30 * time.Second }},
		{ID: "OI04", Title: "more groups than fit into the token", Part: SignIn, Accept: true, Set: claimsOf(func(p *Provider, c map[string]any) {
			c["_claim_names"] = map[string]any{"groups": "src1"}
			c["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "http://" + p.Forbidden() + "/groups", "access_token": "for the forbidden server"}}
		})},
		{ID: "OI04b", Title: "more groups, told of by hasgroups", Part: SignIn, Accept: true, Set: claim("hasgroups", true)},
		{ID: "OI05", Title: "300 groups, non-ASCII, email_verified as a string", Part: SignIn, Accept: true, Set: claimsOf(func(_ *Provider, c map[string]any) {
			groups := make([]string, 300)
			for i := range groups {
				groups[i] = fmt.Sprintf("Förderung/日本/%03d", i)
			}
			c["groups"], c["name"], c["email_verified"] = groups, "Žofie Ångström 李", "true"
		})},
		{ID: "OI06", Title: "a new signing key", Part: SignIn, Accept: true, Set: (*Provider).Rotate},
		{ID: "OI06b", Title: "a new signing key under the old id", Part: SignIn, Accept: true, Set: func(p *Provider) {
			id := p.Key.ID
			p.Rotate()
			p.Key.ID = id
		}},
		{ID: "OI11", Title: "a key without an id", Part: SignIn, Accept: true, Set: func(p *Provider) { p.Key.ID = "" }},
		{ID: "OI12", Title: "at_hash missing", Part: SignIn, Accept: true, Set: claim("at_hash", nil)},
		{ID: "OI13", Title: "nbf missing", Part: SignIn, Accept: true, Set: claim("nbf", nil)},
		{ID: "OI14", Title: "claims that are null", Part: SignIn, Accept: true, Set: claimsOf(func(_ *Provider, c map[string]any) {
			c["azp"], c["zoneinfo"], c["address"] = ClientID, nil, map[string]any{"formatted": nil}
		})},
		{ID: "OI15", Title: "userinfo of the same person", Part: SignIn, Accept: true, UserInfo: true, Set: func(*Provider) {}},
		{ID: "OC99", Title: "a good sign-in at the end", Part: SignIn, Accept: true, Set: func(*Provider) {}},
	}
}

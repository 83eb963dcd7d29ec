package oidctest

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// discoveryCases are issuers that lead, or are led, to where nobody should go.
func discoveryCases() []Case {
	issuer := func(of func(p *Provider) string) func(*Provider) { return func(p *Provider) { p.Issuer = of(p) } }
	forbiddenPort := func(p *Provider) string { return p.Forbidden()[strings.LastIndex(p.Forbidden(), ":"):] }
	document := func(name string, value func(p *Provider) any) func(*Provider) {
		return func(p *Provider) { p.Discovery = func(d map[string]any) { put(d, name, value(p)) } }
	}
	return []Case{
		{ID: "OX00", Title: "a good provider", Part: Discovery, Accept: true, Set: func(*Provider) {}},
		{ID: "OX01", Title: "an internal address", Part: Discovery, Reason: string(fetch.PrivateHost), Set: issuer(func(p *Provider) string { return "https://" + p.Forbidden() })},
		{ID: "OX01b", Title: "an internal address over http", Part: Discovery, Reason: oidc.ReasonIssuerURL, Set: issuer(func(p *Provider) string { return "http://" + p.Forbidden() })},
		{ID: "OX02", Title: "an internal address as one number", Part: Discovery, Reason: oidc.ReasonIssuerURL, Set: issuer(func(p *Provider) string { return "http://2130706433" + forbiddenPort(p) })},
		{ID: "OX03", Title: "an internal address in IPv6", Part: Discovery, Reason: string(fetch.PrivateHost), Set: issuer(func(p *Provider) string { return "https://[::ffff:127.0.0.1]" + forbiddenPort(p) })},
		{ID: "OX04", Title: "a file", Part: Discovery, Reason: oidc.ReasonIssuerURL, Set: issuer(func(*Provider) string { return "file:///etc/passwd" })},
		{ID: "OX04b", Title: "a password in the issuer", Part: Discovery, Reason: oidc.ReasonIssuerURL, Set: issuer(func(p *Provider) string { return "http://user:password@" + p.Host() })},
		{ID: "OX04c", Title: "a query in the issuer", Part: Discovery, Reason: oidc.ReasonIssuerURL, Set: issuer(func(p *Provider) string { return p.Issuer + "?a=b" })},
		{ID: "OX05", Title: "another issuer in the document", Part: Discovery, Reason: oidc.ReasonMismatch, Set: document("issuer", func(*Provider) any { return "https://other.example" })},
		{ID: "OX05b", Title: "the issuer written with a slash more", Part: Discovery, Reason: oidc.ReasonMismatch, Set: issuer(func(p *Provider) string { return p.Issuer + "/" })},
		{ID: "OX05c", Title: "no issuer in the document", Part: Discovery, Reason: oidc.ReasonMismatch, Set: document("issuer", func(*Provider) any { return nil })},
		{ID: "OX06", Title: "a redirect to an internal address", Part: Discovery, Reason: string(fetch.Redirected), Set: func(p *Provider) {
			p.Handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://"+p.Forbidden()+"/", http.StatusFound)
			}
		}},
		{ID: "OX07", Title: "an internal jwks_uri", Part: Discovery, Reason: oidc.ReasonEndpoint, Set: document("jwks_uri", func(p *Provider) any { return "http://" + p.Forbidden() + "/jwks" })},
		{ID: "OX07b", Title: "an internal token_endpoint", Part: Discovery, Reason: oidc.ReasonEndpoint, Set: document("token_endpoint", func(p *Provider) any { return "http://" + p.Forbidden() + "/token" })},
		{ID: "OX07c", Title: "an internal jwks_uri over https", Part: Discovery, Reason: string(fetch.PrivateHost), Set: document("jwks_uri", func(p *Provider) any { return "https://" + p.Forbidden() + "/jwks" })},
		{ID: "OX07d", Title: "an internal token_endpoint over https", Part: Discovery, Reason: string(fetch.PrivateHost), Set: document("token_endpoint", func(p *Provider) any { return "https://" + p.Forbidden() + "/token" })},
		{ID: "OX07e", Title: "an authorization_endpoint that is a script", Part: Discovery, Reason: oidc.ReasonEndpoint, Set: document("authorization_endpoint", func(*Provider) any { return "javascript:alert(1)" })},
		{ID: "OX07f", Title: "an end_session_endpoint that is a script", Part: Discovery, Reason: oidc.ReasonEndpoint, Set: document("end_session_endpoint", func(*Provider) any { return "javascript:alert(1)" })},
		{ID: "OX07h", Title: "an authorization_endpoint with a fragment", Part: Discovery, Reason: oidc.ReasonEndpoint, Set: document("authorization_endpoint", func(p *Provider) any { return p.Issuer + "/authorize#x" })},
		{ID: "OX07g", Title: "no jwks_uri", Part: Discovery, Reason: oidc.ReasonDiscovery, Set: document("jwks_uri", func(*Provider) any { return nil })},
		{ID: "OX08", Title: "64 MB", Part: Discovery, Reason: string(fetch.TooLarge), Set: func(p *Provider) {
			p.Handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				filling := []byte(strings.Repeat(" ", 1<<20))
				for range 64 {
					if _, err := w.Write(filling); err != nil {
						return // nobody reads any more
					}
				}
			}
		}},
		{ID: "OX09", Title: "weak algorithms only", Part: Discovery, Reason: oidc.ReasonWeak, Set: document("id_token_signing_alg_values_supported", func(*Provider) any { return []string{"none", "HS256"} })},
		{ID: "OX10", Title: "no JSON", Part: Discovery, Reason: oidc.ReasonDiscovery, Set: func(p *Provider) {
			p.Handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<!doctype html>")) }
		}},
		{ID: "OX11", Title: "status 500", Part: Discovery, Reason: string(fetch.BadStatus), Set: func(p *Provider) {
			p.Handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
		}},
		{ID: "OX12", Title: "no code flow", Part: Discovery, Reason: oidc.ReasonDiscovery, Set: document("response_types_supported", func(*Provider) any { return []string{"id_token"} })},
	}
}

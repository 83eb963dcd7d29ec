package scim_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// broker is a token endpoint beside a server, with a client that may do
// everything and one that may read.
type broker struct {
	*server
	endpoint       string
	client, reader credential.Token
	secret, narrow string
}

func newBroker(t *testing.T, s *store.Store) *broker {
	t.Helper()
	b := &broker{server: newServer(t, s, scim.Limits{RatePerSecond: -1})}
	web := httptest.NewServer(scim.TokenEndpoint(scimCore(b.core), scim.Options{Log: slog.New(slog.NewTextHandler(b.log, nil))}))
	t.Cleanup(web.Close)
	b.endpoint = web.URL + "/oauth/token"
	var err error
	if b.client, b.secret, err = b.core.Tokens.DraftToken(t.Context(), provision.Cause{}, b.conn.ID, credential.TokenDraft{Name: "idp", Client: true}); err != nil {
		t.Fatal(err)
	}
	if b.reader, b.narrow, err = b.core.Tokens.DraftToken(t.Context(), provision.Cause{}, b.conn.ID, credential.TokenDraft{Name: "reader", Client: true, ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	return b
}

// post sends a token request; header are names and values.
func (b *broker) post(body string, header ...string) reply {
	b.t.Helper()
	return b.at(b.endpoint, "POST", body, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// basic returns an Authorization header as RFC 6749 §2.3.1 has it.
func basic(id, secret string) []string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return []string{"Authorization", r.Header.Get("Authorization")}
}

func (b *broker) parameters(id, secret string) string {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}.Encode()
}

func TestAccessTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := newBroker(t, s)
		const ask = "grant_type=client_credentials"
		for _, tt := range []struct {
			name, body string
			header     []string
			scope      string
		}{
			{"by Basic", ask, basic(b.client.ClientID, b.secret), "scim"},
			{"by parameters", b.parameters(b.client.ClientID, b.secret), nil, "scim"},
			{"Basic with the id once more", ask + "&client_id=" + b.client.ClientID, basic(b.client.ClientID, b.secret), "scim"},
			{"with a scope", ask + "&scope=scim", basic(b.client.ClientID, b.secret), "scim"},
			{"a narrower one", ask + "&scope=scim.read", basic(b.client.ClientID, b.secret), "scim.read"},
			{"both", ask + "&scope=scim.read+scim", basic(b.client.ClientID, b.secret), "scim"},
			{"an empty one", ask + "&scope=", basic(b.client.ClientID, b.secret), "scim"},
			{"a client that reads", ask, basic(b.reader.ClientID, b.narrow), "scim.read"},
			{"what nobody knows", ask + "&resource=x&audience=y", basic(b.client.ClientID, b.secret), "scim"},
		} {
			got := b.post(tt.body, tt.header...)
			access, _ := got.body["access_token"].(string)
			if got.status != 200 || !strings.HasPrefix(access, "dba_") || got.body["token_type"] != "Bearer" || got.body["expires_in"] != 3600.0 || got.body["scope"] != tt.scope {
				t.Errorf("%s: %d %s", tt.name, got.status, got.raw)
			}
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Pragma") != "no-cache" || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %v", tt.name, got.header)
			}
			write := map[string]int{"scim": 400, "scim.read": 403}[tt.scope] // 400: the body is none
			for want, method := range map[int]string{200: "GET", write: "POST"} {
				if got := b.at(b.url+"/Users", method, map[string]string{"POST": "{}"}[method], "Authorization", "Bearer "+access); got.status != want {
					t.Errorf("%s: %s with it: %d %s, want %d", tt.name, method, got.status, got.raw, want)
				}
			}
		}
		if log := b.log.String(); strings.Contains(log, b.secret) || strings.Contains(log, "dba_") {
			t.Errorf("the log holds secrets:\n%s", log)
		}
	})
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	b := newBroker(t, storetest.SQLite(t))
	const ask = "grant_type=client_credentials"
	right := basic(b.client.ClientID, b.secret)
	_, bearer, err := b.core.Tokens.DraftToken(t.Context(), provision.Cause{}, b.conn.ID, credential.TokenDraft{Name: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	_, gone, err := b.core.Tokens.DraftToken(t.Context(), provision.Cause{}, b.conn.ID, credential.TokenDraft{Name: "gone", Client: true})
	if err != nil {
		t.Fatal(err)
	}
	revoked, err := b.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, b.conn.ID, "gone")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, body string
		header     []string
		status     int
		code       string
	}{
		{"no client", ask, nil, 401, "invalid_client"},
		{"a wrong secret", ask, basic(b.client.ClientID, "x"), 401, "invalid_client"},
		{"no secret", ask, basic(b.client.ClientID, ""), 401, "invalid_client"},
		{"an unknown client", ask, basic("x", b.secret), 401, "invalid_client"},
		{"another client's secret", ask, basic(b.client.ClientID, b.narrow), 401, "invalid_client"},
		{"a bearer token", ask, basic("", bearer), 401, "invalid_client"},
		{"a revoked client", ask, basic(revoked.ClientID, gone), 401, "invalid_client"},
		{"another scheme", ask, []string{"Authorization", "Bearer " + b.secret}, 401, "invalid_client"},
		{"Basic that is none", ask, []string{"Authorization", "Basic !"}, 401, "invalid_client"},
		{"a secret of a hundred kilobytes", ask, basic("x", strings.Repeat("x", 100_000)), 401, "invalid_client"},
		{"a NUL", ask, basic("a\x00", "b\x00"), 401, "invalid_client"},
		{"Basic and parameters", b.parameters(b.client.ClientID, b.secret), right, 400, "invalid_request"},
		{"Basic and another id", ask + "&client_id=x", right, 400, "invalid_request"},
		{"no grant type", "scope=scim", right, 400, "invalid_request"},
		{"nothing", "", right, 400, "invalid_request"},
		{"a parameter twice", ask + "&" + ask, right, 400, "invalid_request"},
		{"no form", "grant_type=%zz", right, 400, "invalid_request"},
		{"JSON", `{"grant_type":"client_credentials"}`, append([]string{"Content-Type", "application/json"}, right...), 400, "invalid_request"},
		{"a large request", ask + "&x=" + strings.Repeat("x", 16<<10), right, 413, "invalid_request"},
		{"a password grant", "grant_type=password&username=a&password=b", right, 400, "unsupported_grant_type"},
		{"a refresh", "grant_type=refresh_token&refresh_token=x", right, 400, "unsupported_grant_type"},
		{"an unknown scope", ask + "&scope=admin", right, 400, "invalid_scope"},
		{"one known, one not", ask + "&scope=scim+openid", right, 400, "invalid_scope"},
		{"more than it may", ask + "&scope=scim", basic(b.reader.ClientID, b.narrow), 400, "invalid_scope"},
	} {
		got := b.post(tt.body, tt.header...)
		if got.status != tt.status || got.body["error"] != tt.code || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s %v", tt.name, got.status, got.raw, got.header)
		}
		description, _ := got.body["error_description"].(string)
		if description == "" || strings.ContainsAny(description, `"\`) {
			t.Errorf("%s: description %q", tt.name, description)
		}
		if challenged := got.header.Get("WWW-Authenticate") == `Basic realm="scim"`; challenged != (tt.status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", tt.name, got.header.Get("WWW-Authenticate"))
		}
	}
	if got := b.at(b.endpoint+"?client_secret="+b.secret, "POST", ask, "Content-Type", "application/x-www-form-urlencoded"); got.status != 400 {
		t.Errorf("a secret in the URL: %d %s", got.status, got.raw)
	}
	if got := b.at(b.endpoint, "GET", ""); got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %s", got.status, got.raw)
	}
}

func TestAccessTokensAreLimited(t *testing.T) {
	b := newBroker(t, storetest.SQLite(t))
	header := basic(b.client.ClientID, b.secret)
	for n := range 5000 {
		got := b.post("grant_type=client_credentials", header...)
		if got.status == 200 {
			continue
		}
		if n < 100 || got.status != 429 || got.body["error"] != "temporarily_unavailable" || got.header.Get("Retry-After") != "1" {
			t.Errorf("after %d: %d %s %v", n, got.status, got.raw, got.header)
		}
		return
	}
	t.Log("this machine is slower than the limit")
}

// failing is a store whose look-ups of tokens fail.
type failing struct{ *store.Store }

func (failing) TokenByHash(context.Context, []byte) (credential.Token, provision.Connection, error) {
	return credential.Token{}, provision.Connection{}, errors.New("disk full")
}

func TestTheTokenEndpointSaysNothingOfInternalErrors(t *testing.T) {
	b := newBroker(t, storetest.SQLite(t))
	web := httptest.NewServer(scim.TokenEndpoint(scimCore(core.New(failing{}, core.Policy{}, nil)), scim.Options{Log: slog.New(slog.DiscardHandler)}))
	defer web.Close()
	got := b.at(web.URL, "POST", b.parameters("a", "b"), "Content-Type", "application/x-www-form-urlencoded")
	if got.status != 500 || got.body["error"] != "server_error" || strings.Contains(got.raw, "disk") {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

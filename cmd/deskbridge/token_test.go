package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/token"
)

// TestOAuthClient goes the whole way of an OAuth client: made by a command, an
// access token from the endpoint, a SCIM request with it, and its end by a
// command, beside a running server.
func TestOAuthClient(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		b.connect("acme")
		client := commandJSON[token.Line](b, "token", "create", "acme", "entra", "--client", "--expires", "240h")
		resp, err := http.PostForm(client.TokenURL, url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ClientID}, "client_secret": {client.Secret}})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var access struct {
			Token string `json:"access_token"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&access); err != nil || resp.StatusCode != 200 || access.Token == "" {
			t.Fatalf("status %d, %v", resp.StatusCode, err)
		}
		if got := b.users(access.Token); got != 200 {
			t.Errorf("with an access token: %d", got)
		}
		if _, _, metrics := b.get("/metrics"); !strings.Contains(metrics, `deskbridge_token_expires_timestamp_seconds{connection="acme",token="entra"} `) ||
			!strings.Contains(metrics, `deskbridge_token_last_used_timestamp_seconds{connection="acme",token="entra"} `) ||
			!strings.Contains(metrics, `route="/oauth/token",status="200"} 1`) {
			t.Errorf("the metrics do not show it:\n%s", metrics)
		}
		b.command("token", "revoke", "acme", "entra")
		if got := b.users(access.Token); got != 401 {
			t.Errorf("after its client was revoked: %d", got)
		}
		if log := b.log.String(); strings.Contains(log, client.Secret) || strings.Contains(log, access.Token) {
			t.Error("the log holds a secret")
		}
	})
}

// users returns the status of a list of users with a bearer token.
func (b *bridge) users(token string) int {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+"/scim/acme/v2/Users", http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

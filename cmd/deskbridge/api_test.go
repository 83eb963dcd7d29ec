package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/apitoken"
)

// TestAdminAPI goes the whole way of a program that keeps the configuration: a token
// from a command, a plan, its application to a desk that is made by it, and the end of
// the token, beside a running server.
func TestAdminAPI(t *testing.T) {
	b := newBridge(t)
	b.connect("acme")
	token := commandJSON[apitoken.Line](b, "api-token", "add", "pipeline", "admin", "--may", "plan.draft", "--may", "plan.apply", "--may", "desks.read", "--may", "audit.read")
	ask := func(method, path, body string, into any) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token.Token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if into != nil {
			if err := json.Unmarshal(text, into); err != nil || resp.StatusCode != 200 {
				t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
			}
		}
		return resp.StatusCode
	}
	const draft = `{"draft": {"desks": [{"name": "second", "kind": "builtin", "settings": {"teams": "Tier 1"}}],
		"rules": [{"connection": "acme", "group": "Support", "desk": "second", "role": "agent", "teams": ["Tier 1"]}]}}`
	var p api.Plan
	ask("POST", "/api/v1/plans", draft, &p)
	if len(p.Changes) != 2 {
		t.Fatalf("plan: %+v", p)
	}
	ask("POST", "/api/v1/plans/"+p.Hash+"/apply", draft, &p)
	if got := ask("POST", "/api/v1/plans/"+p.Hash+"/apply", draft, nil); got != 412 {
		t.Errorf("the same plan again: %d", got)
	}
	b.command("desk", "check", "second") // it is open for use
	var applied api.Page[api.Entry]
	ask("GET", "/api/v1/audit?action=plan.applied", "", &applied)
	if len(applied.Items) == 0 || applied.Items[0].Actor != "api:pipeline" || applied.Items[0].Request == "" {
		t.Errorf("entered: %+v", applied)
	}
	for path, want := range map[string]int{"/api/openapi.json": 200, "/api/docs": 200, "/api/v1/people": 403, "/api/v1/nothing": 404, "/admin/": 403} {
		if path == "/api/openapi.json" || path == "/api/docs" {
			if status, _, _ := b.get(path); status != want {
				t.Errorf("%s: %d", path, status)
			}
			continue
		}
		if got := ask("GET", path, "", nil); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if _, _, metrics := b.get("/metrics"); !strings.Contains(metrics, `route="/api/v1/plans/{hash}/apply",status="200"`) {
		t.Error("the metrics do not have the route")
	}
	b.command("api-token", "revoke", "pipeline")
	if got := ask("GET", "/api/v1/desks", "", nil); got != 401 {
		t.Errorf("a token that was revoked: %d", got)
	}
	if log := b.log.String(); strings.Contains(log, token.Token) {
		t.Error("the log holds the token")
	}
	if _, words, _ := strings.Cut(b.command("audit", "export", "--format", "text"), "pipeline (admin API) applied the plan"); words == "" {
		t.Error("the audit log does not say in words who applied it")
	}
}

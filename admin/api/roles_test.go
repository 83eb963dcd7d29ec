package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// operation is what the document says of one route.
type operation struct {
	ID     string   `json:"operationId"`
	Verb   string   `json:"x-verb"`
	Roles  []string `json:"x-roles"`
	StepUp bool     `json:"x-step-up"`

	method, path string
}

// operations reads all routes from the document.
func operations(t *testing.T) (out []operation) {
	t.Helper()
	text, err := api.New(api.Core{}, api.Options{}).Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), "/api/v1"+path
			out = append(out, op)
		}
	}
	if len(out) < 30 {
		t.Fatalf("only %d routes", len(out))
	}
	return out
}

// TestEachRoleOnEachRoute asks each route as each role, with a token that names its
// verb, and as nobody: it is let in or refused as the table says.
func TestEachRoleOnEachRoute(t *testing.T) {
	o := newOffice(t)
	place := strings.NewReplacer("{connection}", "acme", "{desk}", "support", "{hash}", strings.Repeat("0", 64), "{id}", "0190ffff", "{token}", "none", "{target}", "none", "{wave}", "none", "{link}", "none")
	for _, op := range operations(t) {
		rule, ok := admin.RuleOf(admin.Verb(op.Verb))
		if !ok || rule.Changes != (op.method != "GET") && rule.Verb != admin.PlanDraft && op.ID != "search-people" {
			t.Errorf("%s is %s, of which the table says %+v", op.ID, op.Verb, rule)
		}
		path := place.Replace(op.path)
		ask := func(token string) int {
			o.Offset.Add(int64(time.Minute)) // nobody asks too much
			ctx, cancel := context.WithTimeout(o.Context(), time.Minute)
			if op.ID == "events" {
				cancel()
				ctx, cancel = context.WithTimeout(o.Context(), 50*time.Millisecond)
			}
			defer cancel()
			var body any
			if op.method == "POST" {
				body = map[string]any{}
			}
			return o.callIn(ctx, token, op.method, path, body).Code
		}
		if got := ask(""); got != http.StatusUnauthorized {
			t.Errorf("%s as nobody: %d", op.ID, got)
		}
		for _, role := range administration.Roles {
			want := slices.Contains(rule.Roles, role) && !rule.BrowserOnly
			got := ask(o.tokenOf(role, op.Verb))
			if refused := got == http.StatusUnauthorized || got == http.StatusForbidden; refused == want || got >= 500 {
				t.Errorf("%s as %s: %d, and the table lets them in: %t\n%s", op.ID, role, got, want, o.log.String())
			}
		}
		// Without the verb a token is not let in to what needs a fresh sign-in.
		if got := ask(o.tokenOf(administration.Owner)); (got == http.StatusForbidden) != rule.StepUp {
			t.Errorf("%s with a token for all: %d", op.ID, got)
		}
	}
}

// TestStepUp asks as a break-glass admin who has signed in just now, and a while ago.
func TestStepUp(t *testing.T) {
	o := newOffice(t)
	o.StopClock()
	grant := map[string]any{"connection": "acme", "group": "IT", "claimed": true, "role": "auditor"}
	o.owner = o.Now().Add(-admin.FreshFor)
	o.refused(o.call("", "POST", "/api/v1/admins", grant), 403, "step-up")
	o.owner = o.Now()
	made := read[answer.AdminGrant](o, o.call("", "POST", "/api/v1/admins", grant), 201)
	if made.GrantedBy != "break-glass:safe" || made.Role != "auditor" || !made.Claimed {
		t.Errorf("granted: %+v", made)
	}
	token := read[answer.APIToken](o, o.call("", "POST", "/api/v1/api-tokens", map[string]any{"name": "ci", "role": "admin", "verbs": []string{"plan.draft"}}), 201)
	if !strings.HasPrefix(token.Secret, administration.TokenPrefix) || !token.ExpiresAt.Equal(token.CreatedAt.Add(90*24*time.Hour)) {
		t.Errorf("token: %+v", token)
	}
	o.refused(o.call("", "POST", "/api/v1/api-tokens", map[string]any{"name": "other", "role": "auditor", "verbs": []string{"plan.apply"}}), 400, "invalid")
	o.refused(o.call(token.Secret, "GET", "/api/v1/people", nil), 403, "scope")
	for _, listed := range get[api.Page[answer.APIToken]](o, "/api/v1/api-tokens").Items {
		if listed.Secret != "" {
			t.Errorf("a secret is shown twice: %+v", listed)
		}
	}
	read[answer.APIToken](o, o.call("", "DELETE", "/api/v1/api-tokens/ci", nil), 200)
	o.refused(o.call(token.Secret, "POST", "/api/v1/plans", map[string]any{"draft": map[string]any{}}), 401, "credentials")
	read[answer.AdminGrant](o, o.call("", "DELETE", "/api/v1/admins/"+made.ID, nil), 200)
	o.refused(o.call("", "DELETE", "/api/v1/admins/"+made.ID, nil), 404, "not_found")
	entries := get[api.Page[api.Entry]](o, "/api/v1/audit?action=admin.granted,admin.revoked")
	if len(entries.Items) != 2 || entries.Items[0].Actor != "break-glass:safe" || entries.Items[0].Cause != "DELETE /api/v1/admins/{id}" || entries.Items[0].Request != "req-1" {
		t.Errorf("entered: %+v", entries.Items)
	}
}

// TestMailboxManagers lets a mailbox manager draft and apply rules of what they
// manage, and nothing beyond.
func TestMailboxManagers(t *testing.T) {
	o := newOffice(t)
	o.Group("Support")
	o.Rule("Support", provision.RoleAgent)
	manager := o.tokenOf(administration.MailboxManager)
	rule := func(group, role string, teams ...string) map[string]any {
		return map[string]any{"connection": "acme", "desk": "support", "group": group, "role": role, "teams": teams}
	}
	kept := rule("Support", "agent")
	draft := func(rules ...map[string]any) map[string]any {
		return map[string]any{"draft": map[string]any{"rules": rules}}
	}
	and := func(r map[string]any, field string, value any) map[string]any {
		r[field] = value
		return r
	}
	good := draft(kept, rule("Support Leads", "", "Tier 1"))
	p := read[api.Plan](o, o.call(manager, "POST", "/api/v1/plans", good), 200)
	if len(p.Changes) != 1 || p.Changes[0].Kind != "rule" || p.Changes[0].After.Teams[0] != "Tier 1" {
		t.Fatalf("plan: %+v", p)
	}
	for name, beyond := range map[string]map[string]any{
		"another team":       draft(kept, rule("Support Leads", "", "Tier 2")),
		"a role":             draft(kept, rule("Support Leads", "agent", "Tier 1")),
		"the end of a role":  draft(and(rule("Support", "agent"), "until", "2099-01-31")),
		"a team for a while": draft(kept, and(rule("Support Leads", "", "Tier 2"), "until", "2099-01-31")),
		"a role of the desk": draft(and(rule("Support", "agent"), "desk_roles", []string{"Tier 1 lead"})),
		"taking a rule away": draft(rule("Support Leads", "", "Tier 1")),
		"a desk":             {"draft": map[string]any{"desks": []map[string]any{{"name": "support"}}}},
	} {
		if w := o.call(manager, "POST", "/api/v1/plans", beyond); w.Code != 403 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if w := o.call(manager, "POST", "/api/v1/plans/"+p.Hash+"/apply", beyond); w.Code != 403 {
			t.Errorf("applying %s: %d %s", name, w.Code, w.Body)
		}
	}
	ending := draft(and(and(rule("Support", "agent"), "until", "2099-01-31"), "desk_roles", []string{"Tier 1 lead"}))
	if p := read[api.Plan](o, o.call(o.token, "POST", "/api/v1/plans", ending), 200); len(p.Changes) != 1 || p.Changes[0].After.Until != "2099-01-31" || len(p.Changes[0].After.DeskRoles) != 1 {
		t.Errorf("the end of a rule, and a role of the desk: %+v", p)
	}
	o.refused(o.call(manager, "POST", "/api/v1/plans/"+strings.Repeat("0", 64)+"/apply", good), 412, "stale")
	losing := map[string]any{"draft": good["draft"], "expect_losses": 1}
	o.refused(o.call(manager, "POST", "/api/v1/plans/"+p.Hash+"/apply", losing), 403, "role")
	o.refused(o.call(o.tokenOf(administration.Admin, "plan.apply"), "POST", "/api/v1/plans/"+p.Hash+"/apply", losing), 403, "scope")
	read[api.Plan](o, o.call(manager, "POST", "/api/v1/plans/"+p.Hash+"/apply", good), 200)
	if rules := get[api.Page[api.Rule]](o, "/api/v1/rules"); len(rules.Items) != 2 {
		t.Errorf("rules: %+v", rules)
	}
	o.refused(o.call(manager, "GET", "/api/v1/people", nil), 403, "role")
	if desks := read[api.Page[api.Desk]](o, o.call(manager, "GET", "/api/v1/desks", nil), 200); len(desks.Items) != 1 {
		t.Errorf("desks: %+v", desks)
	}
}

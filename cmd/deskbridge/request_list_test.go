package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/requestlist"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// listedRequests is what `request list --json` prints.
type listedRequests struct {
	Requests []requestlist.Line `json:"requests"`
	Next     string             `json:"next"`
}

// TestRequestsAreListed: each SCIM request and each sign-in is in the request log,
// those that were refused too, by what it means; with what it caused, and nobody's
// name.
func TestRequestsAreListed(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		b.apply(`
connections: [{name: acme, idp: okta}]
desks: [{name: support, kind: builtin, settings: {teams: Tier 1}}]
rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [Tier 1]}]
`)
		secret := strings.TrimSpace(b.command("token", "create", "acme", "okta-2027"))
		okta := idp{simulated.NewIdP(b.url+"/scim/acme/v2", secret)}
		ada := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
		support := okta.group(t, "Support", ada)
		okta.mustPatch(t, "/Users/"+ada, map[string]any{"op": "replace", "path": "active", "value": false})
		okta.mustPatch(t, "/Users/"+ada, map[string]any{"op": "replace", "path": "active", "value": false})
		okta.mustPatch(t, "/Groups/"+support, map[string]any{"op": "remove", "path": "members", "value": []any{map[string]any{"value": ada}}})
		okta.mustDo(t, "GET", `/Users?filter=userName+eq+"ada@acme.example"`, nil, 200)
		okta.mustDo(t, "GET", "/ServiceProviderConfig", nil, 200)
		okta.mustDo(t, "POST", "/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ada@acme.example", "active": true}, 201, 409)
		wrong := idp{simulated.NewIdP(b.url+"/scim/acme/v2", "dbr_nobody")}
		wrong.mustDo(t, "GET", "/Users", nil, 401)
		idp{simulated.NewIdP(b.url+"/scim/nobody/v2", "dbr_nobody")}.mustDo(t, "GET", "/Users", nil, 401)
		res, err := http.Post(b.url+"/sso/login", "application/x-www-form-urlencoded", strings.NewReader("email=ada@nowhere.example"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res, err = http.Get(b.url + "/sso/acme/login"); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()

		var all []requestlist.Line
		b.eventually("the request log has them", func() bool {
			all = commandJSON[listedRequests](b, "request", "list").Requests
			return len(all) >= 12
		})
		bySays := map[string]requestlist.Line{}
		for _, r := range all {
			if _, seen := bySays[r.Says]; !seen || r.Status >= 400 {
				bySays[r.Says] = r
			}
		}
		for _, tt := range []struct {
			says string
			want func(requestlist.Line) bool
		}{
			{"create a group: 1 member added", func(r requestlist.Line) bool {
				return r.Group == support && r.Entries == 3 && r.Accounts == 1 && r.Status == 201
			}},
			{"change a person: suspended", func(r requestlist.Line) bool {
				return r.Person == ada && r.Entries == 1 && r.Accounts == 1 && r.Token == "okta-2027" && r.Connection == "acme"
			}},
			{"change a person: nothing", func(r requestlist.Line) bool { return r.Entries == 0 && r.Accounts == 0 }},
			{"change a group: 1 member removed", func(r requestlist.Line) bool { return r.Group == support && r.Entries == 1 }},
			{"look for people by userName", func(r requestlist.Line) bool { return r.Status == 200 && r.MS > 0 && r.Address == "127.0.0.1" }},
			{"ask what this server can do", func(r requestlist.Line) bool { return r.Status == 200 }},
			{"GET /scim/{connection}/v2/Users", func(r requestlist.Line) bool { return r.Status == 401 && r.Reason != "" && r.Entries == 0 }},
			{"sign in", func(r requestlist.Line) bool { return r.Status >= 400 && r.Reason != "" && r.Code != "" }},
		} {
			if r, ok := bySays[tt.says]; !ok || !tt.want(r) {
				t.Errorf("%s: %+v", tt.says, r)
			}
		}
		count := func(want int, args ...string) {
			t.Helper()
			if got := commandJSON[listedRequests](b, append([]string{"request", "list"}, args...)...).Requests; len(got) != want {
				t.Errorf("request list %v: %d, want %d: %+v", args, len(got), want, got)
			}
		}
		count(2, "--status", "401")
		count(1, "--status", "401", "--connection", "acme")
		count(len(all), "--since", "1h")
		count(0, "--since", "2100-01-01")
		if about := commandJSON[listedRequests](b, "request", "list", "--person", ada).Requests; len(about) < 3 {
			t.Errorf("of Ada: %+v", about)
		}
		first := commandJSON[listedRequests](b, "request", "list", "--limit", "4")
		second := commandJSON[listedRequests](b, "request", "list", "--limit", "100", "--after", first.Next)
		if len(first.Requests)+len(second.Requests) != len(all) || second.Requests[0].ID != all[4].ID {
			t.Errorf("pages of %d and %d of %d", len(first.Requests), len(second.Requests), len(all))
		}

		suspended := bySays["change a person: suspended"]
		f := audit.Filter{Request: suspended.ID, Since: suspended.At.At.Add(-time.Minute)}
		if entries, err := b.sys.Core.Audit.Latest(t.Context(), f, audit.Place{}, 10); err != nil || len(entries) != 1 || entries[0].Action != audit.UserSuspended {
			t.Errorf("the audit log has of that request %v, %v", entries, err)
		}
		text := b.command("request", "list", "--format", "csv")
		for _, secret := range []string{"ada@", secret, "dbr_nobody", "nowhere.example"} {
			if strings.Contains(strings.ReplaceAll(text, "Ada Byron", ""), secret) {
				t.Errorf("the request log holds %q", secret)
			}
		}
		for _, args := range []string{"--status often", "--since yesterday", "--after x"} {
			if _, err := b.try(append([]string{"request", "list"}, strings.Fields(args)...)...); err == nil {
				t.Errorf("request list %s says nothing", args)
			}
		}
		if n := b.metric("deskbridge_request_log_dropped_total"); n != 0 {
			t.Errorf("%v requests were left out", n)
		}

		b.stop() // what waits is written
	}, "DESKBRIDGE_SWEEP=off")
}

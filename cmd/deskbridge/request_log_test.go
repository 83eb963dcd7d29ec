package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// requestLine returns what the log says of a request.
func (b *bridge) requestLine(id string) map[string]any {
	b.t.Helper()
	var line map[string]any
	b.eventually("the log has the request", func() bool {
		for text := range strings.SplitSeq(b.log.String(), "\n") {
			var l map[string]any
			if json.Unmarshal([]byte(text), &l) == nil && l["msg"] == "request" && l["request"] == id {
				line = l
				return true
			}
		}
		return false
	})
	return line
}

// TestTheLogSaysWhoAndWhy: the line of a SCIM request names connection, token
// and kind of identity provider, why it was refused, and the person or group by
// id; and nobody by name.
func TestTheLogSaysWhoAndWhy(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		acme := commandJSON[server.ConnectionURLs](b, "connection", "add", "acme", "--idp", "okta")
		other := commandJSON[server.ConnectionURLs](b, "connection", "add", "other", "--idp", "entra")
		token := func(args ...string) string {
			return strings.TrimSpace(b.command(append([]string{"token", "create", "acme"}, args...)...))
		}
		short, revoked, rotated := token("short", "--expires", "1s"), token("gone"), token("turned")
		b.command("token", "revoke", "acme", "gone")
		b.command("token", "rotate", "acme", "turned", "--overlap", "0")
		okta := idp{simulated.NewIdP(acme.SCIMURL, acme.Token)}
		ada := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
		support := okta.group(t, "Support", ada)
		time.Sleep(1100 * time.Millisecond) // short expires

		for _, tt := range []struct {
			name                     string
			method, url, token, body string
			status                   int
			want                     map[string]any // nil: absent
		}{
			{"a look at a person", "GET", acme.SCIMURL + "/Users/" + ada, acme.Token, "", 200, map[string]any{"connection": "acme", "token": "first", "client": "okta", "identity": ada, "reason": nil}},
			{"a change of a group", "PATCH", acme.SCIMURL + "/Groups/" + support, acme.Token, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"Help"}]}`, 204,
				map[string]any{"connection": "acme", "group": support}},
			{"a new person", "POST", acme.SCIMURL + "/Users", acme.Token, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bo@acme.example"}`, 201, map[string]any{"connection": "acme"}},
			{"a name that is taken", "POST", acme.SCIMURL + "/Users", acme.Token, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ADA@acme.example"}`, 409,
				map[string]any{"connection": "acme", "token": "first", "scim_type": "uniqueness", "held_by": ada}},
			{"a member that was never pushed", "POST", acme.SCIMURL + "/Groups", acme.Token, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"X","members":[{"value":"ada@acme.example"}]}`, 400,
				map[string]any{"connection": "acme", "scim_type": "invalidValue"}},
			{"a filter that is none", "GET", acme.SCIMURL + "/Users?filter=ada", acme.Token, "", 400, map[string]any{"connection": "acme", "scim_type": "invalidFilter"}},
			{"somebody unknown, by a name", "GET", acme.SCIMURL + "/Users/ada@acme.example", acme.Token, "", 404, map[string]any{"connection": "acme", "identity": nil}},
			{"an unknown token", "GET", acme.SCIMURL + "/Users", "dbr_nobody", "", 401, map[string]any{"connection": "acme", "client": "okta", "token": nil, "reason": "unknown token"}},
			{"an expired token", "GET", acme.SCIMURL + "/Users", short, "", 401, map[string]any{"connection": "acme", "token": "short", "reason": "expired token"}},
			{"a revoked token", "GET", acme.SCIMURL + "/Users", revoked, "", 401, map[string]any{"connection": "acme", "token": "gone", "reason": "revoked token"}},
			{"a replaced token", "GET", acme.SCIMURL + "/Users", rotated, "", 401, map[string]any{"connection": "acme", "token": "turned", "reason": "replaced token, whose overlap is over"}},
			{"a token of another connection", "GET", acme.SCIMURL + "/Users", other.Token, "", 401, map[string]any{"connection": "acme", "token": "first", "token_connection": "other", "reason": "token of another connection"}},
			{"no token", "GET", acme.SCIMURL + "/Users", "", "", 401, map[string]any{"connection": "acme", "reason": "no token"}},
			{"a signed token where none is taken", "GET", acme.SCIMURL + "/Users", "eyJh.e30.x", "", 401, map[string]any{"connection": "acme", "reason": "signed token: the connection takes none"}},
			{"a connection that is none", "GET", b.url + "/scim/nobody/v2/Users", "dbr_nobody", "", 401, map[string]any{"connection": nil, "reason": "no such connection"}},
		} {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, tt.url, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/scim+json")
			if tt.token != "" {
				req.Header.Set("Authorization", "Bearer "+tt.token)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != tt.status {
				t.Errorf("%s: %d %s, want %d", tt.name, res.StatusCode, answer, tt.status)
			}
			line := b.requestLine(res.Header.Get("X-Request-Id"))
			for key, want := range tt.want {
				if fmt.Sprint(line[key]) != fmt.Sprint(want) {
					t.Errorf("%s: %s is %v, want %v, in %v", tt.name, key, line[key], want, line)
				}
			}
			if tt.status >= 400 && line["reason"] == nil {
				t.Errorf("%s: no reason in %v", tt.name, line)
			}
			if tt.status == 401 && !strings.Contains(string(answer), "The bearer token is missing, unknown, expired or revoked, or the connection does not exist.") {
				t.Errorf("%s: whoever may not in is told more than that: %s", tt.name, answer)
			}
		}
		for _, secret := range []string{"ada@", "ADA@", "Byron", "bo@acme", acme.Token, short, "dbr_nobody"} {
			if strings.Contains(b.log.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
		if n := b.metric(`deskbridge_http_request_seconds_count{connection="acme",method="GET",route="/scim/{connection}/v2/Users",status="401"}`); n != 7 {
			t.Errorf("%v refused requests of acme by the metric, want 7", n)
		}
		if n := b.metric(`deskbridge_http_request_seconds_count{connection="",method="GET",route="/scim/{connection}/v2/Users",status="401"}`); n != 1 {
			t.Errorf("%v requests of no connection by the metric, want 1", n)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// TestDurationsHaveOneUnit in the log, which their name says.
func TestDurationsHaveOneUnit(t *testing.T) {
	var out strings.Builder
	settings, err := (&command.App{}).Settings()
	if err != nil {
		t.Fatal(err)
	}
	log := server.NewLogger(settings, &out)
	log.Info("x", "duration", 1500*time.Millisecond, "for", 10*time.Second)
	log.With("took", time.Minute).Info("y")
	for _, want := range []string{`"ms":1500`, `"for_ms":10000`, `"took_ms":60000`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in %s", want, out.String())
		}
	}
}

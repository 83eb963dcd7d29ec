package scim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	service "github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// real is a service provider by others, or at least not by this package.
type real struct {
	*testing.T
	url, token string
}

// do sends a request past the connector, and returns the answer.
func (r real) do(method, path string, body any) (int, object) {
	r.Helper()
	var data []byte
	if body != nil {
		var err error
		data, err = json.Marshal(body)
		must(r.T, err)
	}
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, bytes.NewReader(data))
	must(r.T, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	must(r.T, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(r.T, err)
	var answer object
	if resp.StatusCode < 300 && len(raw) > 0 {
		answer, err = decode(raw)
		must(r.T, err)
	}
	return resp.StatusCode, answer
}

// made makes a resource by hand.
func (r real) made(path string, body object) string {
	r.Helper()
	status, answer := r.do(http.MethodPost, path, body)
	if status != http.StatusCreated {
		r.Fatalf("POST %s: HTTP %d", path, status)
	}
	return answer.Text("id")
}

func (r real) user(name, email, role string) provision.DeskUserID {
	return provision.DeskUserID(r.made("/Users", object{"schemas": []string{scimclient.UserSchema}, "userName": email, "displayName": name, "active": true,
		"emails": []any{object{"value": email, "primary": true}}, "roles": []any{object{"value": role, "primary": true}}}))
}

// suite runs the suite, in a place that is prepared as the documentation says.
func (r real) suite() {
	r.user("Deskbridge", "deskbridge@example.test", "admin")
	for _, name := range []string{"Support", "Billing"} {
		r.made("/Groups", object{"schemas": []string{scimclient.GroupSchema}, "displayName": name})
	}
	desktest.Run(r.T, desktest.Harness{
		Desk: func(t *testing.T) desk.Desk {
			d, err := New(provision.Desk{URL: r.url, Secret: r.token, Settings: map[string]string{"service_account": "deskbridge@example.test", "limited_role": "viewer", "attributes": "display_name, title, phone, timezone"}})
			must(t, err)
			return d
		},
		Teams:    [2]string{"Support", "Billing"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID { return r.user(name, email, "agent") },
		Read: func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
			status, u := r.do(http.MethodGet, "/Users/"+string(id), nil)
			if status != http.StatusOK {
				return nil
			}
			role := provision.RoleNone
			for _, v := range u.Objects("roles") {
				role = map[string]provision.Role{"viewer": provision.RoleLimited, "agent": provision.RoleAgent, "admin": provision.RoleAdmin}[v.Text("value")]
			}
			active, _ := u.Flag("active")
			return &provision.DeskUser{Email: u.Objects("emails")[0].Text("value"), DisplayName: u.Text("displayName"), Active: active, Role: role}
		},
	})
}

// TestDeskbridgeAsDesk: what one Deskbridge writes, the SCIM of another understands.
func TestDeskbridgeAsDesk(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	c := core.New(storetest.SQLite(t), core.Policy{}, log)
	_, token, err := c.Settings.AddConnection(t.Context(), provision.Cause{Actor: "test"}, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	must(t, err)
	web := httptest.NewUnstartedServer(nil)
	public := "http://" + web.Listener.Addr().String()
	web.Config.Handler = service.New(service.Core{Directory: c.Directory, Settings: c.Settings, Tokens: c.Tokens}, service.Options{PublicURL: public, Log: log, Limits: service.Limits{RatePerSecond: -1}})
	web.Start()
	t.Cleanup(web.Close)
	real{t, public + "/scim/acme/v2", token}.suite()
}

// TestScimmy runs the suite against scimmy-routers, with users that show no groups.
func TestScimmy(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_NODE")
	script, err := os.ReadFile("../../test/nodeclients/scim.mjs")
	must(t, err)
	settings, err := json.Marshal(map[string]string{"token": fakeToken})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "--eval", string(script), "--", string(settings))
	cmd.Dir, cmd.Stderr = os.Getenv("DESKBRIDGE_TEST_NODE"), os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	var begin struct{ URL string }
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the server ended: %v", lines.Err())
	}
	must(t, json.Unmarshal(lines.Bytes(), &begin))
	real{t, begin.URL, fakeToken}.suite()
}

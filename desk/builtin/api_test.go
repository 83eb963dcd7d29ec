package builtin_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// server is a desk behind its HTTP API, at a standstill in time: an owner
// (user 1), the service account (2), the teams Support (3) and Billing (5) and
// the mailboxes Support (4) and Billing (6).
type server struct {
	*httptest.Server
	desks *builtin.Desks
	desk  desk.Desk
	token string // acts as the service account
	now   time.Time
}

func serve(t *testing.T, o builtin.Options) *server {
	return serveOn(t, migrated(t, openSQLite(t), builtin.SQLite), o)
}

func serveOn(t *testing.T, desks *builtin.Desks, o builtin.Options) *server {
	t.Helper()
	s := &server{desks: desks, now: time.Date(2026, 5, 4, 9, 30, 15, 250_000_000, time.UTC)}
	desks.SetClock(func() time.Time { return s.now })
	s.desk = connect(t, desks, support)
	o.PublicURL = "https://desk.example.test"
	s.Server = httptest.NewServer(desks.Handler(o))
	t.Cleanup(s.Close)
	s.token = s.tokenOf(t, "")
	return s
}

// tokenOf returns an access token of a fresh app that acts as a user.
func (s *server) tokenOf(t *testing.T, as provision.DeskUserID) string {
	t.Helper()
	app, err := s.desks.CreateApp(t.Context(), support.ID, as)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().PostForm(s.URL+"/desk/v2/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app.ID}, "client_secret": {app.Secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.AccessToken == "" {
		t.Fatalf("no token: %d, %v", res.StatusCode, err)
	}
	return body.AccessToken
}

// user makes a user by the connector.
func (s *server) user(t *testing.T, given, family string, role provision.Role, units ...string) *provision.DeskUser {
	t.Helper()
	want := provision.DeskUser{GivenName: given, FamilyName: family, Email: strings.ToLower(given) + "@example.test",
		Active: true, Role: role, Mailboxes: units}
	if role != provision.RoleLimited {
		want.Teams = units
	}
	made, err := s.desk.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (s *server) conversation(t *testing.T, n builtin.NewConversation) string {
	t.Helper()
	id, err := s.desks.AddConversation(t.Context(), support.ID, n)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// answer is what a test looks at.
type answer struct {
	*http.Response
	body []byte
}

// do sends a request with the service account's token. A body that is no
// string is sent as JSON.
func (s *server) do(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return s.doAs(t, s.token, method, path, body)
}

func (s *server) doAs(t *testing.T, token, method, path string, body any) answer {
	t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/desk/v2"+path, r)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return send(t, s.Client(), req)
}

func send(t *testing.T, client *http.Client, req *http.Request) answer {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, raw}
}

var random = regexp.MustCompile(`("logRef":\s*|"access_token":\s*)"[^"]*"|(Correlation-Id: )\S+`)

// golden compares a whole answer, status and header included, with a file.
func golden(t *testing.T, name string, a answer) {
	t.Helper()
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s\n", a.Status)
	for _, key := range slices.Sorted(maps.Keys(a.Header)) {
		if key != "Date" && key != "Content-Length" {
			fmt.Fprintf(&out, "%s: %s\n", key, strings.Join(a.Header[key], ", "))
		}
	}
	if len(a.body) > 0 {
		out.WriteByte('\n')
		if err := json.Indent(&out, a.body, "", "  "); err != nil {
			out.Write(a.body)
		}
	}
	got := random.ReplaceAll(out.Bytes(), []byte(`${1}${2}"…"`))
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

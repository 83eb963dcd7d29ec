package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/scim/scimtest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// server is a SCIM service provider with one connection, acme.
type server struct {
	t     testing.TB
	core  *core.Core
	conn  provision.Connection
	url   string // base URL of acme
	token string
	log   *journal
}

// journal keeps what the server logs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// requestID is the id of every request in the tests.
const requestID = "req-1"

func newServer(t testing.TB, s core.Database, limits scim.Limits) *server {
	t.Helper()
	out := &server{t: t, log: &journal{}}
	log := slog.New(slog.NewTextHandler(out.log, nil))
	out.core = core.New(s, core.Policy{}, log)
	var err error
	out.conn, out.token, err = out.core.Settings.AddConnection(t.Context(), provision.Cause{Actor: "cli"}, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(nil)
	public := "http://" + web.Listener.Addr().String()
	web.Config.Handler = scim.New(scimCore(out.core), scim.Options{PublicURL: public + "/", Log: log, Limits: limits,
		RequestID: func(context.Context) string { return requestID }})
	web.Start()
	t.Cleanup(func() {
		web.Close()
		if t.Failed() {
			t.Logf("log of the server:\n%s", out.log)
		}
	})
	out.url = public + "/scim/acme/v2"
	return out
}

// onSQLite starts a server on the embedded database.
func onSQLite(t testing.TB) *server {
	t.Helper()
	return newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: -1})
}

// reply is an answer of the server.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// do sends a request with the token; extra are header names and values.
func (s *server) do(method, path, body string, extra ...string) reply {
	s.t.Helper()
	return s.at(s.url+path, method, body, append([]string{"Authorization", "Bearer " + s.token}, extra...)...)
}

func (s *server) at(url, method, body string, header ...string) reply {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out.body); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, url, err, raw)
		}
	}
	return out
}

// want sends a request and fails the test unless it gets status.
func (s *server) want(status int, method, path, body string, extra ...string) reply {
	s.t.Helper()
	got := s.do(method, path, body, extra...)
	if got.status != status {
		s.t.Fatalf("%s %s %s: got %d %s, want %d", method, path, body, got.status, got.raw, status)
	}
	return got
}

func (r reply) id() string {
	id, _ := r.body["id"].(string)
	return id
}

// user creates a user and returns the id.
func (s *server) user(name string) string {
	s.t.Helper()
	return s.want(201, "POST", "/Users", `{"userName":"`+name+`"}`).id()
}

// group creates a group and returns the id.
func (s *server) group(name string, members ...string) string {
	s.t.Helper()
	list, err := json.Marshal(members)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.want(201, "POST", "/Groups", `{"displayName":"`+name+`","members":`+string(list)+`}`).id()
}

// TestTraces replays what identity providers were seen or are documented to
// send, on both databases.
func TestTraces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		on := newServer(t, s, scim.Limits{RatePerSecond: -1})
		scimtest.Replay(t, on.url, on.token, "testdata/traces", true)
	})
}

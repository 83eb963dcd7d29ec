package requesttracker

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// answer is what a fake RT says to one kind of request. File is a recording of
// a real one, under testdata.
type answer struct {
	status int // 0: 200
	header map[string]string
	body   string
	file   string
}

// script maps "METHOD path" to the answer. What it does not hold is an error
// of the test.
type script map[string]answer

// fakeRT answers from a script and counts requests.
type fakeRT struct {
	*httptest.Server
	mu   sync.Mutex
	hits map[string]int
}

const (
	fakeToken = "1-27-0123456789abcdef"
	apiPrefix = "/REST/2.0"
)

func newFakeRT(t *testing.T, s script) *fakeRT {
	t.Helper()
	f := &fakeRT{hits: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + strings.TrimPrefix(r.URL.Path, apiPrefix)
		f.mu.Lock()
		f.hits[what]++
		f.mu.Unlock()
		a, ok := s[what]
		if !ok {
			t.Errorf("unexpected request %s", what)
			a = answer{status: http.StatusTeapot}
		}
		if got := r.Header.Get("Authorization"); got != "token "+fakeToken {
			t.Errorf("%s: Authorization is %q", what, got)
		}
		a.write(t, w)
	}))
	t.Cleanup(f.Close)
	return f
}

func (a answer) write(t *testing.T, w http.ResponseWriter) {
	body := a.body
	if a.file != "" {
		data, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(a.file)))
		if err != nil {
			t.Error(err)
		}
		body = string(data)
	}
	w.Header().Set("Content-Type", `application/json; charset="utf-8"`)
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write([]byte(body)) // a client that has gone is part of some tests
}

func (f *fakeRT) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits[what]
}

// connect returns a connector on a fake at home, quick to give up.
func connect(t *testing.T, home string) *rt {
	t.Helper()
	d, err := New(provision.Desk{Name: "support", Kind: "requesttracker", URL: home, Secret: fakeToken})
	if err != nil {
		t.Fatal(err)
	}
	c := d.(*rt)
	c.client.HTTP.Timeout = 2 * time.Second
	return c
}

// recorded is the desk as the recordings show it: Ada, user 570, agent in
// Support Agents, owner of ticket 79.
func recorded(more script) script {
	s := script{
		"GET /rt":          {body: `{"Version" : "5.0.3+dfsg-3~deb12u6"}`},
		"GET /user/27":     {file: "self.json"},
		"GET /user/570":    {file: "user.json"},
		"GET /user/Nobody": {file: "nobody.json"},
		"GET /user/4711":   {status: 404, body: `{"message":"Not Found"}`},
		"POST /groups":     {file: "groups.json"},
		"POST /users":      {file: "users_none.json"},
		"GET /tickets":     {file: "tickets.json"},
		"GET /queues/all":  {file: "queues.json"},
	}
	for what, a := range more {
		s[what] = a
	}
	return s
}

// pause returns how long the desk asked to be left alone.
func pause(err error) time.Duration {
	e, ok := errors.AsType[*desk.Error](err)
	if !ok {
		return 0
	}
	return e.RetryAfter
}

package redmine

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// answer is what a fake Redmine says to one kind of request.
type answer struct {
	status int // 0: 200
	header map[string]string
	body   string
}

// script maps "METHOD path", without the ending .json, to answers: the first for
// the first request, and so on; the last for all that follow. What it does not
// hold is an error of the test.
type script map[string][]answer

// fakeRedmine answers from a script and remembers what it was asked.
type fakeRedmine struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string][]string // queries and bodies, by "METHOD path"
}

const fakeKey = "0123456789abcdef0123456789abcdef01234567"

func newFake(t *testing.T, s script) *fakeRedmine {
	t.Helper()
	f := &fakeRedmine{asked: map[string][]string{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		what := r.Method + " " + strings.TrimSuffix(r.URL.Path, ".json")
		f.mu.Lock()
		n := len(f.asked[what])
		f.asked[what] = append(f.asked[what], r.URL.RawQuery+string(body))
		f.mu.Unlock()
		if !strings.HasSuffix(r.URL.Path, ".json") || r.Header.Get("X-Redmine-API-Key") != fakeKey {
			t.Errorf("%s %s came with the key %q", r.Method, r.URL.Path, r.Header.Get("X-Redmine-API-Key"))
		}
		answers := s[what]
		if len(answers) == 0 {
			t.Errorf("unexpected request %s", what)
			answers = []answer{{status: http.StatusTeapot}}
		}
		answers[min(n, len(answers)-1)].write(w)
	}))
	t.Cleanup(f.Close)
	return f
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write([]byte(a.body)) // a client that has gone is part of some tests
}

func (f *fakeRedmine) count(what string) int { return len(f.log(what)) }

func (f *fakeRedmine) log(what string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asked[what]...)
}

// connect returns a connector on a fake at home, quick to give up.
func connect(t *testing.T, home string, settings map[string]string) *redmine {
	t.Helper()
	d, err := New(provision.Desk{Name: "support", Kind: "redmine", URL: home, Secret: fakeKey, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	c := d.(*redmine)
	c.client.HTTP.Timeout = 2 * time.Second
	return c
}

func says(bodies ...string) []answer {
	var answers []answer
	for _, body := range bodies {
		answers = append(answers, answer{body: body})
	}
	return answers
}

// What Redmine 5.0.4 shows of Ada, user 9, who is in the group Support Agents
// and Developer in the project Support.
const (
	ada     = `{"user":{"id":9,"login":"ada@example.test","admin":false,"firstname":"Ada","lastname":"Byron","mail":"ada@example.test","created_on":"2026-11-21T20:25:37Z","updated_on":"2026-11-21T20:25:38Z","last_login_on":null,"passwd_changed_on":"2026-11-21T20:25:37Z","twofa_scheme":null,"api_key":"2baab620237e451a33d1a174ea9471f52aefc62e","status":1,"custom_fields":[{"id":1,"name":"SCIM external id","value":"9b1c"}],"groups":[{"id":5,"name":"Support Agents"}],"memberships":[{"id":3,"project":{"id":1,"name":"Support"},"roles":[{"id":6,"name":"Team","inherited":true},{"id":4,"name":"Developer"}]}]}}`
	nobody  = `{"users":[],"total_count":0,"offset":0,"limit":100}`
	justAda = `{"users":[{"id":9,"login":"ada@example.test","admin":false,"firstname":"Ada","lastname":"Byron","mail":"ada@example.test","custom_fields":[{"id":1,"name":"SCIM external id","value":"9b1c"}]}],"total_count":1,"offset":0,"limit":100}`
)

// recorded is the desk as it was on a Redmine 5.0.4.
func recorded(more script) script {
	s := script{
		"GET /users/current": says(`{"user":{"id":8,"login":"deskbridge","admin":true,"firstname":"Deskbridge","lastname":"Service","mail":"bridge@desk.example.test","status":1}}`),
		"GET /users/9":       says(ada),
		"GET /users/4711":    {{status: 404}},
		"GET /users":         says(nobody),
		"GET /groups":        says(`{"groups":[{"id":6,"name":"Billing Agents"},{"id":7,"name":"Desk Readers"},{"id":5,"name":"Support Agents"}]}`),
		"GET /groups/5":      says(`{"group":{"id":5,"name":"Support Agents","users":[{"id":9,"name":"Ada Byron"},{"id":10,"name":"Grace Hopper"}]}}`),
		"GET /projects":      says(`{"projects":[{"id":2,"name":"Billing","identifier":"billing","status":1},{"id":3,"name":"Old","identifier":"old","status":5},{"id":1,"name":"Support","identifier":"support","status":1}],"total_count":3,"offset":0,"limit":100}`),
		"GET /roles":         says(`{"roles":[{"id":3,"name":"Manager"},{"id":4,"name":"Developer"},{"id":5,"name":"Reporter"},{"id":6,"name":"Team"}]}`),
		"GET /roles/4":       says(`{"role":{"id":4,"name":"Developer","assignable":true}}`),
		"GET /custom_fields": says(`{"custom_fields":[{"id":1,"name":"SCIM external id","customized_type":"user","field_format":"string","regexp":"","min_length":null,"max_length":null,"is_required":false,"is_filter":false,"searchable":false,"multiple":false,"default_value":null,"visible":true}]}`),
		"GET /issues/79":     says(`{"issue":{"id":79,"project":{"id":1,"name":"Support"},"assigned_to":{"id":9,"name":"Ada Byron"}}}`),
	}
	maps.Copy(s, more)
	return s
}

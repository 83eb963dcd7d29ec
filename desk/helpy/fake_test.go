package helpy

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

const fakeKey = "0123456789abcdef0123456789abcdef"

// fake is a Helpy as its source describes it, and stricter: what Helpy would take
// and do harm with is an error of the test. Its tricks are what it may do besides.
type fake struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	users   []*fakeUser
	tickets []*fakeTicket
	asked   []string // "METHOD path" of requests, without /api/v1
	keyOf   int64    // whose key fakeKey is; 0: nobody's
	lazy    int      // how often somebody is shown after their deletion
	trick   func(w http.ResponseWriter, r *http.Request, honest func()) (done bool)
}

// fakeUser is a row of the table of users: what the API shows of it, and what it
// does not show.
type fakeUser struct {
	shown    map[string]any
	password string
	doomed   int // how often it is shown before it is gone; 0: it stays
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, keyOf: 1}
	f.add("Deskbridge", "deskbridge@example.test", "admin").shown["team_list"] = []any{"support", "billing"}
	f.add("System", "system@example.test", "user")
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// add makes a user past the API, as an admin does by hand.
func (f *fake) add(name, email, role string) *fakeUser {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.row(map[string]any{"name": name, "email": email, "role": role, "active": true, "priority": "normal", "language": "en", "status": "available"})
	u.password = "their own"
	f.users = append(f.users, u)
	return u
}

// row returns a new row.
func (f *fake) row(fields map[string]any) *fakeUser {
	shown := map[string]any{"id": int64(len(f.users) + 1), "assigned_ticket_count": 0, "sign_in_count": 0, "team_list": []any{}, "thumbnail": nil, "created_at": "2026-11-30T08:00:00.000Z"}
	for _, name := range written {
		shown[name] = fields[name]
	}
	return &fakeUser{shown: shown}
}

func (u *fakeUser) id() int64               { return u.shown["id"].(int64) }
func (u *fakeUser) text(name string) string { s, _ := u.shown[name].(string); return s }
func (u *fakeUser) deskID() provision.DeskUserID {
	return provision.DeskUserID(strconv.FormatInt(u.id(), 10))
}

// user returns the row with a number; nil when there is none.
func (f *fake) user(id int64) *fakeUser {
	for _, u := range f.users {
		if u.id() == id && u.doomed >= 0 {
			return u
		}
	}
	return nil
}

func (f *fake) connect(t *testing.T) *helpy { return connect(t, f.URL) }

func connect(t *testing.T, address string) *helpy {
	t.Helper()
	d, err := New(provision.Desk{URL: address, Secret: fakeKey})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*helpy)
}

// ServeHTTP answers as Helpy does, or plays a trick.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v1")
	if !ok {
		f.t.Errorf("%s %s is no request to the API", r.Method, r.URL.Path)
	}
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+path)
	trick := f.trick
	f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked has gone
	}
	honest := func() { f.answer(r, path, body).write(w) }
	if trick == nil || !trick(w, r, honest) {
		honest()
	}
}

// reply is an answer: JSON, or with page one for people.
type reply struct {
	status int
	header map[string]string
	body   any
	page   bool
}

func (a reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	if a.page {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Helpy</title>")
		return
	}
	w.WriteHeader(a.status)
	if a.status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(a.body)
	}
}

func refuse(status int, words string) reply {
	return reply{status: status, body: map[string]any{"error": words}}
}

// crash is an exception that the API does not rescue.
var crash = reply{status: http.StatusInternalServerError, page: true}

// answer is what Helpy does and says, as it stands at this moment.
func (f *fake) answer(r *http.Request, path string, sent []byte) reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.route(r, path, sent)
	text, err := json.Marshal(a.body)
	if err != nil {
		f.t.Error(err)
	}
	a.body = json.RawMessage(text)
	return a
}

func (f *fake) route(r *http.Request, path string, sent []byte) reply {
	if r.Header.Get("X-Token") != fakeKey || f.keyOf == 0 || f.user(f.keyOf) == nil {
		return refuse(http.StatusUnauthorized, "Unauthorized. Invalid or expired token.")
	}
	self := f.user(f.keyOf)
	if role := self.text("role"); role != "admin" && role != "agent" {
		return refuse(http.StatusUnauthorized, "Unauthorized. Insufficient access priviledges.")
	}
	body := map[string]any{}
	if len(sent) > 0 {
		if err := json.Unmarshal(sent, &body); err != nil || r.Header.Get("Content-Type") != "application/json" {
			f.t.Errorf("%s %s sends %.100q as %q", r.Method, path, sent, r.Header.Get("Content-Type"))
		}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	what := r.Method + " " + parts[0]
	if len(parts) > 1 {
		what += "/" + strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' {
				return -1
			}
			return c
		}, strings.Join(parts[1:], "/"))
	}
	id, _ := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	if id > math.MaxInt32 {
		f.t.Errorf("%s %s asks for a number that makes the database fail", r.Method, path)
		return crash
	}
	switch what {
	case "GET users":
		return f.list(func(*fakeUser) bool { return true })
	case "GET users/self":
		return reply{status: http.StatusOK, body: self.shown}
	case "GET users/search":
		return f.search(r.URL.Query().Get("q"))
	case "GET users/":
		return f.list(func(u *fakeUser) bool { return u.id() == id })
	case "POST users":
		return f.create(body)
	case "PATCH users/":
		return f.update(f.user(id), body)
	case "DELETE users/":
		return f.delete(f.user(id), id)
	case "POST users/anonymize/":
		return f.anonymize(f.user(id), id)
	case "GET tickets/status/new", "GET tickets/status/open", "GET tickets/status/pending":
		return f.byStatus(parts[2], r.URL.Query().Get("page"), r.URL.Query().Get("per_page"))
	case "GET tickets/":
		return f.showTicket(id)
	case "POST tickets/assign/":
		return f.assign(id, body)
	case "PATCH topics/":
		return f.updateTopic(id, body)
	}
	f.t.Errorf("Helpy has no %s %s", r.Method, path)
	return reply{status: http.StatusNotFound, page: true}
}

// only fails when a body holds what the API does not declare, and would drop.
func (f *fake) only(body map[string]any, names ...string) {
	for name := range body {
		if !slices.Contains(names, name) {
			f.t.Errorf("the API declares no parameter %s", name)
		}
	}
}

// count returns how many requests were made that begin like this.
func (f *fake) count(prefix string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, what := range f.asked {
		if strings.HasPrefix(what, prefix) {
			n++
		}
	}
	return n
}

// play sets a trick, and forgets what was asked.
func (f *fake) play(trick func(w http.ResponseWriter, r *http.Request, honest func()) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trick, f.asked = trick, nil
}

// harness is the fake for the suite. Its teams are those of the service account.
func (f *fake) harness() desktest.Harness {
	return desktest.Harness{
		Desk:  func(t *testing.T) desk.Desk { return f.connect(t) },
		Teams: [2]string{"support", "billing"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			return f.add(name, email, "agent").deskID()
		},
		Outsider: func(t *testing.T) provision.DeskUserID {
			u := f.add("Out Sider", "outsider@example.test", "agent")
			u.shown["team_list"] = []any{"billing"}
			return u.deskID()
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) (ids []string) {
			for range n {
				ids = append(ids, f.open(assignee))
			}
			return ids
		},
		Read: func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := strconv.ParseInt(string(id), 10, 64)
			u := f.user(n)
			if u == nil {
				return nil
			}
			roles := map[string]provision.Role{"user": provision.RoleNone, "editor": provision.RoleLimited, "agent": provision.RoleAgent, "admin": provision.RoleAdmin}
			return &provision.DeskUser{Email: u.text("email"), DisplayName: u.text("name"), Active: u.shown["active"] == true, Role: roles[u.text("role")]}
		},
		Assignee: func(t *testing.T, conversation string) desk.Assignee {
			f.mu.Lock()
			defer f.mu.Unlock()
			n, _ := strconv.ParseInt(conversation, 10, 64)
			if to, ok := f.ticket(n).shown["assigned_user_id"].(int64); ok {
				return desk.Assignee{User: provision.DeskUserID(strconv.FormatInt(to, 10))}
			}
			return desk.Assignee{}
		},
	}
}

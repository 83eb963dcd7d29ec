package helpy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// TestRefusals: what a status means, and what somebody has to do about it. No error
// holds an address or the key.
func TestRefusals(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	u := f.add("Ada", "ada@example.test", "agent")
	for _, tt := range []struct {
		name  string
		a     reply
		kind  desk.Kind
		words string
	}{
		{"a key that was deleted", refuse(401, "Unauthorized. Invalid or expired token."), desk.Unauthorized, "Settings > API Keys"},
		{"an owner of the key without rights", refuse(401, "Unauthorized. Insufficient access priviledges."), desk.Unauthorized, "make the service account an admin again"},
		{"a sign-in of a proxy", reply{status: 401, page: true}, desk.Unauthorized, "Settings > API Keys"},
		{"forbidden by something else", refuse(403, "no"), desk.Permanent, "something before Helpy"},
		{"not found by a proxy", reply{status: 404, page: true}, desk.Retryable, "not part of Helpy's API"},
		{"not found by nobody", reply{status: 404, header: map[string]string{"Content-Type": "text/plain"}, body: "no"}, desk.Retryable, "not part of Helpy's API"},
		{"not found by a gateway", refuse(404, "Not Found"), desk.Retryable, "not part of Helpy's API"},
		{"not found by another", reply{status: 404, body: map[string]any{"message": "Not Found"}}, desk.Retryable, "not part of Helpy's API"},
		{"not found by Helpy", noRow(3), desk.NotFound, "no such record"},
		{"malformed", refuse(400, "name is missing"), desk.Permanent, "name is missing"},
		{"invalid", refuse(422, "Validation failed: Name can't be blank"), desk.Permanent, "Name can't be blank"},
		{"too many", reply{status: 429, header: map[string]string{"Retry-After": "7"}, body: map[string]any{}}, desk.Retryable, "HTTP 429"},
		{"a crash", crash, desk.Retryable, "HTTP 500"},
		{"a gateway", reply{status: 503, page: true}, desk.Retryable, "HTTP 503"},
		{"a way elsewhere", reply{status: 302, header: map[string]string{"Location": "/en"}, page: true}, desk.Retryable, "redirects"},
		{"a page", reply{status: 200, page: true}, desk.Retryable, "is a proxy in the way?"},
		{"success of another kind", reply{status: 202, body: map[string]any{}}, desk.Retryable, "is a proxy in the way?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
				if r.Method == http.MethodGet {
					return false
				}
				tt.a.write(w)
				return true
			})
			err := d.SetActive(t.Context(), u.deskID(), u.shown["active"] != true)
			wantKind(t, err, tt.kind, tt.words)
			if strings.Contains(err.Error(), "ada@") || strings.Contains(err.Error(), fakeKey) {
				t.Errorf("the error tells too much: %v", err)
			}
			if e, _ := errors.AsType[*desk.Error](err); tt.a.status == 429 && e.RetryAfter != 7*time.Second {
				t.Errorf("the pause is %v", e.RetryAfter)
			}
		})
	}
}

// TestReasonsHoldNoNames: what Helpy says against a request is told unless it quotes
// what was sent.
func TestReasonsHoldNoNames(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	for words, told := range map[string]bool{
		"Validation failed: Title is too long": true, "Validation failed: Email ADA@new.test is blocked": false,
		"Nobody is called Augusta King here": false, strings.Repeat("a", 300): false,
	} {
		u := f.add("Ada", fmt.Sprintf("ada%d@example.test", len(f.users)), "agent")
		f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
			if r.Method == http.MethodPatch {
				refuse(422, words).write(w)
			}
			return r.Method == http.MethodPatch
		})
		err := d.SetProfile(t.Context(), u.deskID(), provision.DeskUser{Email: "ada@new.test", DisplayName: "Augusta King"})
		wantKind(t, err, desk.Permanent, "HTTP 422")
		if strings.Contains(err.Error(), words) != told {
			t.Errorf("of %q: %v", words, err)
		}
	}
}

// TestYesAndNothingDone: each write is read back.
func TestYesAndNothingDone(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	u, heir := f.add("Ada", "ada@example.test", "agent"), f.add("Heir", "heir@example.test", "agent")
	one := f.open(u.deskID())
	f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
		switch r.Method {
		case http.MethodPost:
			reply{status: 201, body: map[string]any{"id": 4}}.write(w)
		case http.MethodPatch:
			reply{status: 200, body: map[string]any{"id": 3}}.write(w)
		case http.MethodDelete:
			reply{status: 204}.write(w)
		default:
			return false
		}
		return true
	})
	_, created := d.Create(t.Context(), person("new@example.test"))
	for what, err := range map[string]error{
		"create":     created,
		"profile":    d.SetProfile(t.Context(), u.deskID(), provision.DeskUser{Email: "new@example.test"}),
		"role":       d.SetRole(t.Context(), u.deskID(), provision.RoleAdmin),
		"deactivate": d.SetActive(t.Context(), u.deskID(), false),
		"delete":     d.Delete(t.Context(), u.deskID()),
		"anonymize":  d.Anonymize(t.Context(), u.deskID()),
		"assign":     d.Assign(t.Context(), one, desk.Assignee{User: heir.deskID()}),
		"unassign":   d.Assign(t.Context(), one, desk.Assignee{}),
	} {
		t.Run(what, func(t *testing.T) { wantKind(t, err, desk.Permanent, "and did not do it") })
	}
}

// TestMalformed: half an answer is none.
func TestMalformed(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	f.add("Ada", "ada@example.test", "agent")
	for _, body := range []string{
		``, `{`, `null`, `{}`, `[{}]`, `[null]`, `[{"id":3}]`, `[{"id":"3"}]`, `[{"id":4,"email":"a@b.test","role":"agent","active":true,"account_number":null,"team_list":[]}]`,
		`[{"id":3,"email":"a@b.test","role":"agent","active":true,"account_number":null}]`, `[{"id":3,"role":"agent","active":true,"account_number":null,"team_list":[]}]`,
		`[{"id":3,"email":"a@b.test","active":true,"account_number":null,"team_list":[]}]`,
		`[{"id":3,"email":"a@b.test","role":"agent","active":true,"account_number":null,"team_list":[]},{"id":3}]`, `[{"id":3,"email":"ada`, `"[]"`, `[{"id":3,"team_list":"support"}]`,
	} {
		f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, body)
			return true
		})
		got, err := d.Find(t.Context(), desk.Key{ID: "3"})
		if got != nil || desk.KindOf(err) != desk.Retryable || err == nil {
			t.Errorf("of %s: Find = %+v, %v", body, got, err)
		}
		if _, err := d.Check(t.Context()); err == nil {
			t.Errorf("of %s: Check finds nothing", body)
		}
		if err := d.Assign(t.Context(), "3", desk.Assignee{}); err == nil || desk.KindOf(err) == desk.NotFound {
			t.Errorf("of %s: Assign = %v", body, err)
		}
		if !strings.HasPrefix(body, `[{"id":4`) { // which is a list
			if users, _, err := d.List(t.Context(), ""); err == nil {
				t.Errorf("of %s: List = %+v", body, users)
			}
		}
	}
}

// TestCheck says what is missing, and where to click.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(f *fake)
		kind    desk.Kind // of the error; "": a problem
		words   string
	}{
		{"an agent's key", func(f *fake) { f.users[0].shown["role"] = "agent" }, "", "choose Administrator"},
		{"an editor's key", func(f *fake) { f.users[0].shown["role"] = "editor" }, desk.Unauthorized, "make the service account an admin"},
		{"a key that was deleted", func(f *fake) { f.keyOf = 0 }, desk.Unauthorized, "Settings > API Keys"},
		{"no forum of tickets", func(f *fake) {
			f.trick = func(w http.ResponseWriter, r *http.Request, honest func()) bool {
				if strings.Contains(r.URL.Path, "/tickets/") {
					refuse(404, "Couldn't find Forum with 'id'=1").write(w)
				}
				return strings.Contains(r.URL.Path, "/tickets/")
			}
		}, "", "forum with the number 1"},
		{"something else at the address", func(f *fake) {
			f.trick = func(w http.ResponseWriter, r *http.Request, honest func()) bool {
				reply{status: 200, body: map[string]any{"name": "Wiki"}}.write(w)
				return true
			}
		}, desk.Retryable, "there is no Helpy"},
		{"nothing at the address", func(f *fake) {
			f.trick = func(w http.ResponseWriter, r *http.Request, honest func()) bool {
				refuse(404, "Not Found").write(w)
				return true
			}
		}, desk.Retryable, "not part of Helpy's API"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			tt.prepare(f)
			p, err := f.connect(t).Check(t.Context())
			if tt.kind != "" {
				wantKind(t, err, tt.kind, tt.words)
			} else if err != nil || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], tt.words) {
				t.Errorf("Check = %q, %v", p.Problems, err)
			}
		})
	}
}

// TestLargeHelpy: customers are users too, and come all at once.
func TestLargeHelpy(t *testing.T) {
	f := newFake(t)
	for i := range 1200 {
		f.add("Customer", fmt.Sprintf("customer%d@example.test", i), "user").shown["bio"] = strings.Repeat("b", kit.MaxAnswerBytes/1000)
	}
	d := f.connect(t)
	listed, cursor, pages := 0, "", 0
	for {
		users, next, err := d.List(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		if pages++; pages == 1 {
			f.add("Late", "late@example.test", "user")
		}
		listed += len(users)
		if cursor = next; next == "" {
			break
		}
	}
	if listed != 1202 || pages != 3 || f.count("GET /users") != 1 {
		t.Errorf("%d users on %d pages, by %d requests", listed, pages, f.count("GET /users"))
	}
}

// TestNobodyAtHome: errors of the network hold no address of anybody, and the key goes
// nowhere else.
func TestNobodyAtHome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	d := connect(t, "http://"+l.Addr().String())
	if _, err = d.Find(t.Context(), desk.Key{Email: "ada@example.test"}); desk.KindOf(err) != desk.Retryable || strings.Contains(err.Error(), "ada") {
		t.Errorf("Find: %v", err)
	}

	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(elsewhere.Close)
	f := newFake(t)
	f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		return true
	})
	if _, err := f.connect(t).Check(t.Context()); desk.KindOf(err) != desk.Retryable || reached.Load() {
		t.Errorf("Check: %v; the key went to another address: %t", err, reached.Load())
	}
}

// TestSubPath: a Helpy may be below a path of its host.
func TestSubPath(t *testing.T) {
	f := newFake(t)
	below := httptest.NewServer(http.StripPrefix("/help", f))
	t.Cleanup(below.Close)
	if got, err := connect(t, below.URL+"/help/").Find(t.Context(), desk.Key{ID: "1"}); err != nil || got == nil {
		t.Errorf("Find = %+v, %v", got, err)
	}
}

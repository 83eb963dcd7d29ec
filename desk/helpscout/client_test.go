package helpscout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// answer is what a script says to one kind of request.
type answer struct {
	status int // 0: 200
	header map[string]string
	body   string
}

// script maps "METHOD /path" to the answer. A token is given to anybody; what
// else it does not hold is an error of the test.
type script struct {
	t       *testing.T
	answers map[string]answer

	mu   sync.Mutex
	hits map[string]int
}

func newScript(t *testing.T, answers map[string]answer) *script {
	return &script{t: t, answers: answers, hits: map[string]int{}}
}

func (s *script) connect() *helpScout { return connect(s.t, "http://127.0.0.1:1/api", transport{s}) }

func (s *script) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[what]
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v2")
	s.mu.Lock()
	s.hits[what]++
	s.mu.Unlock()
	a, ok := s.answers[what]
	switch {
	case ok:
	case what == "POST /oauth2/token":
		a = answer{body: `{"token_type":"bearer","access_token":"t","expires_in":172800}`}
	default:
		s.t.Errorf("unexpected request %s", what)
		a = answer{status: http.StatusTeapot}
	}
	w.Header().Set("Content-Type", "application/json")
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	w.WriteHeader(max(a.status, 200))
	_, _ = w.Write([]byte(a.body))
}

const adaBody = `{"id":71,"firstName":"Ada","lastName":"Byron","email":"ada@example.test","role":"user","type":"user"}`

var html = map[string]string{"Content-Type": "text/html; charset=utf-8"}

func TestStatus(t *testing.T) {
	const refused = `{"logRef":"5c0e-1","message":"ada@example.test is taken","_embedded":{"errors":[
		{"path":"role","message":"ada@example.test","rejectedValue":"ada@example.test","_links":{"about":{"href":"https://developer.example.test/#EnumValue"}}},
		{"path":"ada@example.test","message":"x"},{"path":"lastName"}]}}`
	for _, tt := range []struct {
		name   string
		answer answer
		kind   desk.Kind
		words  string
		after  time.Duration
	}{
		{"an unknown object", answer{status: 404, body: `{"message":"Not found"}`}, desk.NotFound, "no such object", 0},
		{"an unknown object, without a word", answer{status: 404}, desk.NotFound, "no such object", 0},
		{"a proxy's page for what it does not know", answer{status: 404, header: html, body: "<h1>Not Found</h1>"}, desk.Retryable, "proxy", 0},
		{"a refused token, twice", answer{status: 401}, desk.Unauthorized, "My Apps", 0},
		{"a missing right", answer{status: 403, body: `{"message":"Forbidden"}`}, desk.Permanent, "Administrator", 0},
		{"what is wrong, by field", answer{status: 400, body: refused}, desk.Permanent, "role (EnumValue), lastName", 0},
		{"references for Help Scout's support", answer{status: 400, body: refused, header: map[string]string{"Correlation-ID": "c0ffee"}}, desk.Permanent, "logRef=5c0e-1 Correlation-ID=c0ffee", 0},
		{"references that are none", answer{status: 400, body: `{"logRef":"ada@example.test"}`, header: map[string]string{"Correlation-ID": "ada@example.test"}}, desk.Permanent, "HTTP 400", 0},
		{"a refusal that is no document", answer{status: 422, body: `["ada@example.test"]`}, desk.Permanent, "HTTP 422", 0},
		{"too large", answer{status: 413}, desk.Permanent, "HTTP 413", 0},
		{"too many requests", answer{status: 429, header: map[string]string{"X-RateLimit-Retry-After": "17"}}, desk.Retryable, "rate limit", 17 * time.Second},
		{"maintenance", answer{status: 503, header: map[string]string{"Retry-After": "60"}}, desk.Retryable, "503", time.Minute},
		{"a crash", answer{status: 500, header: html, body: "<h1>ada@example.test</h1>"}, desk.Retryable, "500", 0},
		{"a redirect", answer{status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, desk.Retryable, "redirects", 0},
		{"success of another kind", answer{status: 202, body: adaBody}, desk.Retryable, "HTTP 202", 0},
		{"a welcome page", answer{header: html, body: "<h1>Welcome!</h1>"}, desk.Retryable, "proxy", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, map[string]answer{"GET /users/71": tt.answer})
			err := s.connect().client.get(t.Context(), "/users/71", nil)
			wantKind(t, err, tt.kind, tt.words)
			if e, ok := errors.AsType[*desk.Error](err); !ok || e.RetryAfter != tt.after || e.Detail == "" {
				t.Errorf("error is %+v, want RetryAfter %v", e, tt.after)
			}
			if want := 1 + btoi(tt.answer.status == 401); s.count("GET /users/71") != want {
				t.Errorf("%d requests, want %d", s.count("GET /users/71"), want)
			}
		})
	}
}

func btoi(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// TestWritesNeedTheirStatus: an order that somebody answered with a friendly
// 200 was not obeyed.
func TestWritesNeedTheirStatus(t *testing.T) {
	for _, a := range []answer{
		{body: `{"error":"not today"}`}, {status: 202}, {status: 200, header: html, body: "<p>Welcome!</p>"}, {status: 204, header: html, body: "x"},
	} {
		s := newScript(t, map[string]answer{"DELETE /users/71": a, "PATCH /conversations/9": a, "PUT /teams/5/members": a, "POST /users": a,
			"GET /users/me": {body: `{"id":2,"role":"admin","type":"user"}`}, "GET /users/71": {body: adaBody},
			"GET /teams":           {body: `{"_embedded":{"teams":[{"id":5,"name":"Support"}]},"page":{"number":1,"totalPages":1}}`},
			"GET /teams/5/members": {body: `{"page":{"number":1,"totalPages":0}}`}})
		d := s.connect()
		wantKind(t, d.Delete(t.Context(), "71"), desk.Retryable, "")
		wantKind(t, d.Assign(t.Context(), "9", desk.Assignee{User: "71"}), desk.Retryable, "")
		wantKind(t, d.ChangeTeams(t.Context(), "71", []string{"Support"}, nil), desk.Retryable, "")
		_, err := d.Create(t.Context(), ada())
		wantKind(t, err, desk.Retryable, "")
		for _, write := range []string{"DELETE /users/71", "PATCH /conversations/9", "PUT /teams/5/members", "POST /users"} {
			if got := s.count(write); got != 1 {
				t.Errorf("%s was sent %d times", write, got)
			}
		}
	}
}

// TestNoContentWithAType: web servers give an empty answer a type of their own.
func TestNoContentWithAType(t *testing.T) {
	s := newScript(t, map[string]answer{"PATCH /conversations/9": {status: 204, header: html}})
	if err := s.connect().Assign(t.Context(), "9", desk.Assignee{}); err != nil {
		t.Error(err)
	}
}

func ada() provision.DeskUser {
	return provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Ada Byron", Email: "ada@example.test", Role: provision.RoleAgent, Active: true}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		name       string
		user, list string // answers to a look-up by id, and by e-mail
	}{
		{"nothing", ``, ``},
		{"null", `null`, `null`},
		{"an empty object", `{}`, `{}`},
		{"half an answer", adaBody[:40], `{"_embedded":{"users":[` + adaBody[:40]},
		{"a list for an object", `[]`, `[]`},
		{"text for a number", strings.Replace(adaBody, "71", `"71"`, 1), `{"_embedded":{"users":[{"id":"71"}]},"page":{"number":1,"totalPages":1}}`},
		{"an object for a list", `{"id":71,"role":7}`, `{"_embedded":{"users":{"71":` + adaBody + `}},"page":{"number":1,"totalPages":1}}`},
		{"somebody else, another page", strings.Replace(adaBody, "71", "72", 1), `{"_embedded":{"users":[]},"page":{"number":2,"totalPages":2}}`},
		{"failure in a 200", `{"error":"ada@example.test"}`, `{"logRef":"x","message":"ada@example.test"}`},
		{"more than any answer has", `{"a":"` + strings.Repeat("a", kit.MaxAnswerBytes) + `"}`, `{"a":"` + strings.Repeat("a", kit.MaxAnswerBytes) + `"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, map[string]answer{"GET /users/71": {body: tt.user}, "GET /users": {body: tt.list}})
			for _, key := range []desk.Key{{ID: "71"}, {Email: "ada@example.test"}} {
				got, err := s.connect().Find(t.Context(), key)
				if got != nil {
					t.Errorf("Find = %+v", got)
				}
				wantKind(t, err, desk.Retryable, "")
				if err != nil && len(err.Error()) > 400 {
					t.Errorf("the error is %d bytes long", len(err.Error()))
				}
			}
		})
	}
}

// TestBrokenOff: fewer bytes came than were announced.
func TestBrokenOff(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/token") {
			fmt.Fprint(w, `{"access_token":"t","token_type":"bearer"}`)
			return
		}
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, adaBody)
	}))
	t.Cleanup(srv.Close)
	_, err := connect(t, srv.URL, nil).Find(t.Context(), desk.Key{ID: "71"})
	wantKind(t, err, desk.Retryable, "broke off")
}

func TestSilence(t *testing.T) {
	silent := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(silent) })

	t.Run("ends with the connector's time limit", func(t *testing.T) {
		d := connect(t, srv.URL, nil)
		d.client.HTTP.Timeout = 50 * time.Millisecond
		_, err := d.Find(t.Context(), desk.Key{Email: "ada@example.test"})
		wantKind(t, err, desk.Retryable, "")
	})
	t.Run("ends with the caller's", func(t *testing.T) {
		d := connect(t, srv.URL, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		for range 5 { // all but one wait for the same token
			wg.Go(func() {
				_, err := d.Find(ctx, desk.Key{Email: "ada@example.test"})
				wantKind(t, err, desk.Retryable, "")
			})
		}
		wg.Wait()
	})
}

// TestRedirectsAreNotFollowed: neither the secret nor the token goes to another
// address, whoever says so.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s reached another host", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	for _, path := range []string{"POST /oauth2/token", "GET /users/me"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			s := newScript(t, map[string]answer{path: {status: status, header: map[string]string{"Location": elsewhere.URL}}})
			srv := httptest.NewServer(s)
			_, err := connect(t, srv.URL+"/api", nil).Check(t.Context())
			wantKind(t, err, desk.Retryable, "redirects")
			srv.Close()
		}
	}
}

func TestToken(t *testing.T) {
	t.Run("one serves many, at once and for hours", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			d := f.connect()
			for range 47 {
				var wg sync.WaitGroup
				for range 5 {
					wg.Go(func() { wantCheck(t, d) })
				}
				wg.Wait()
				time.Sleep(time.Hour)
			}
			if f.issued != 1 {
				t.Errorf("%d tokens", f.issued)
			}
		})
	})
	t.Run("is replaced before it ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			d := f.connect()
			wantCheck(t, d)
			time.Sleep(fakeLife - time.Minute)
			before := f.count("GET /users/me")
			wantCheck(t, d)
			if f.issued != 2 || f.count("GET /users/me") != before+1 {
				t.Errorf("%d tokens, %d requests", f.issued, f.count("GET /users/me")-before)
			}
		})
	})
	t.Run("that is refused is replaced once, for all", func(t *testing.T) {
		f := newFake(t)
		d := f.connect()
		wantCheck(t, d)
		clear(f.tokens) // as when an administrator resets the app's secret and takes it back
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { wantCheck(t, d) })
		}
		wg.Wait()
		if f.issued != 2 {
			t.Errorf("%d tokens", f.issued)
		}
	})
	t.Run("a write is repeated with the new one", func(t *testing.T) {
		f := newFake(t)
		d := f.connect()
		wantCheck(t, d)
		clear(f.tokens)
		if _, err := d.Create(t.Context(), ada()); err != nil {
			t.Error(err)
		}
	})
}

func wantCheck(t *testing.T, d *helpScout) {
	t.Helper()
	if _, err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTokenRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer answer
		kind   desk.Kind
		words  string
	}{
		{"a wrong secret", answer{status: 401, body: `{"error":"invalid_client","error_description":"` + fakeAppSecret + `"}`}, desk.Unauthorized, "invalid_client"},
		{"a wrong id", answer{status: 400, body: `{"error":"` + fakeAppSecret + `"}`}, desk.Unauthorized, "App ID"},
		{"an app that is gone", answer{status: 403, body: fakeAppSecret}, desk.Unauthorized, "App Secret"},
		{"too many requests", answer{status: 429, header: map[string]string{"Retry-After": "9"}}, desk.Retryable, "429"},
		{"a crash", answer{status: 500, body: fakeAppSecret}, desk.Retryable, "500"},
		{"an answer without a token", answer{body: `{}`}, desk.Retryable, "no access token"},
		{"a page", answer{header: html, body: "<p>" + fakeAppSecret}, desk.Retryable, "no access token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, map[string]answer{"POST /oauth2/token": tt.answer})
			_, err := s.connect().Check(t.Context())
			wantKind(t, err, tt.kind, tt.words)
		})
	}
}

package requesttracker

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

func TestStatus(t *testing.T) {
	soon := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, tt := range []struct {
		name   string
		answer answer
		kind   desk.Kind
		words  string
		after  time.Duration // a date counts as "between 80 and 90 seconds"
	}{
		{"an unknown record", answer{status: 404, body: `{"message":"Not Found"}`}, desk.NotFound, "no such record", 0},
		{"a proxy's page for what it does not know", answer{status: 404, body: "<h1>Not Found</h1>"}, desk.Retryable, "other than RT", 0},
		{"a refused token", answer{status: 401, body: `{"message":"Unauthorized"}`}, desk.Unauthorized, "Auth Tokens", 0},
		{"a login page of a proxy", answer{status: 401, body: `<html>Sign in</html>`}, desk.Unauthorized, "token", 0},
		{"a missing right", answer{status: 403, body: `{"message":"Forbidden"}`}, desk.Permanent, "User Rights", 0},
		{"too many requests, in seconds", answer{status: 429, header: map[string]string{"Retry-After": "17"}}, desk.Retryable, "429", 17 * time.Second},
		{"maintenance, until a date", answer{status: 503, header: map[string]string{"Retry-After": soon}}, desk.Retryable, "503", 90 * time.Second},
		{"maintenance, nonsense until", answer{status: 503, header: map[string]string{"Retry-After": "-5"}}, desk.Retryable, "503", 0},
		{"a crash", answer{status: 500, body: `{"message":"Internal Server Error"}`}, desk.Retryable, "500", 0},
		{"a bad gateway, to the end", answer{status: 502}, desk.Retryable, "502", 0},
		{"a request that RT does not understand", answer{status: 400, body: `{"message":"JSON parse error: unexpected end"}`}, desk.Permanent, "JSON parse error", 0},
		{"a sentence in another language", answer{status: 400, body: `{"message":"Zugriff von ada@example.test verweigert"}`}, desk.Permanent, "HTTP 400", 0},
		{"another program", answer{status: 405}, desk.Permanent, "not REST 2.0", 0},
		{"a redirect", answer{status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, desk.Retryable, "redirects", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := newFakeRT(t, script{"GET /user/570": tt.answer})
			err := connect(t, rt.URL).client.Get(t.Context(), "/user/570", nil, nil)
			wantKind(t, err, tt.kind, tt.words)
			after := pause(err)
			if after != tt.after && (tt.after != 90*time.Second || after < 80*time.Second || after > 90*time.Second) {
				t.Errorf("RetryAfter is %v, want %v", after, tt.after)
			}
			if strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), fakeToken) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer answer
	}{
		{"nothing", answer{}},
		{"a page of a proxy", answer{body: "<!DOCTYPE html><p>Welcome!"}},
		{"half an answer", answer{body: `{"id" : 570, "Name" : "ada`}},
		{"fewer bytes than announced", answer{body: `{"id"`, header: map[string]string{"Content-Length": "1000"}}},
		{"a list for a record", answer{body: `[]`}},
		{"an object for a number", answer{body: `{"id" : {"a" : 1}, "Disabled" : "0", "Memberships" : []}`}},
		{"somebody else", answer{file: "self.json"}},
		{"more than any answer has", answer{body: `{"Name" : "` + strings.Repeat("a", kit.MaxAnswerBytes) + `"}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := newFakeRT(t, recorded(script{"GET /user/570": tt.answer}))
			got, err := connect(t, rt.URL).Find(t.Context(), desk.Key{ID: "570"})
			if got != nil {
				t.Errorf("Find = %+v", got)
			}
			wantKind(t, err, desk.Retryable, "")
			if len(err.Error()) > 400 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestRetries(t *testing.T) {
	t.Run("a read is tried again", func(t *testing.T) {
		rt := newFakeRT(t, recorded(script{"POST /groups": {status: 502}}))
		_, err := connect(t, rt.URL).Find(t.Context(), desk.Key{ID: "570"})
		wantKind(t, err, desk.Retryable, "502")
		if got := rt.count("POST /groups"); got != 1+readRetries {
			t.Errorf("%d tries", got)
		}
	})
	t.Run("a write is not", func(t *testing.T) {
		rt := newFakeRT(t, recorded(script{"PUT /user/570": {status: 502}}))
		wantKind(t, connect(t, rt.URL).SetActive(t.Context(), "570", false), desk.Retryable, "502")
		if got := rt.count("PUT /user/570"); got != 1 {
			t.Errorf("%d tries", got)
		}
	})
	t.Run("nor is one that broke on the way", func(t *testing.T) {
		var tries atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" {
				answer{file: "user.json"}.write(t, w)
				return
			}
			tries.Add(1)
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		}))
		t.Cleanup(srv.Close)
		wantKind(t, connect(t, srv.URL).SetActive(t.Context(), "570", false), desk.Retryable, "")
		if tries.Load() != 1 {
			t.Errorf("%d tries", tries.Load())
		}
	})
	t.Run("a pause that RT asks for is the caller's to keep", func(t *testing.T) {
		rt := newFakeRT(t, recorded(script{"POST /groups": {status: 503, header: map[string]string{"Retry-After": "1"}}}))
		_, err := connect(t, rt.URL).Find(t.Context(), desk.Key{ID: "570"})
		if got := rt.count("POST /groups"); got != 1 || pause(err) != time.Second {
			t.Errorf("%d tries, %v", got, err)
		}
	})
	t.Run("nobody at home", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		_, err = connect(t, "http://"+l.Addr().String()).Check(t.Context())
		wantKind(t, err, desk.Retryable, "refused")
	})
}

func TestRedirectKeepsToken(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(elsewhere.Close)
	rt := newFakeRT(t, script{"GET /rt": {status: 307, header: map[string]string{"Location": elsewhere.URL + "/REST/2.0/rt"}}})
	_, err := connect(t, rt.URL).Check(t.Context())
	wantKind(t, err, desk.Retryable, "redirects")
	if reached.Load() {
		t.Error("the token went to another address")
	}
}

func TestPages(t *testing.T) {
	for _, tt := range []struct {
		name  string
		total func(pages int) string
	}{
		{"that RT counts", func(int) string { return "250" }},
		{"that RT will not count for us", func(int) string { return "null" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n, _ := strconv.Atoi(r.URL.Query().Get("page"))
				size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
				var items []string
				for id := (n-1)*size + 1; id <= min(n*size, 250); id++ {
					items = append(items, `{"type" : "user", "id" : `+strconv.Itoa(id)+`}`)
				}
				body := `{"total" : ` + tt.total(n) + `, "pages" : 3.0, "items" : [` + strings.Join(items, ",") + `]}`
				answer{body: body}.write(t, w)
			}))
			t.Cleanup(srv.Close)
			ids, err := connect(t, srv.URL).groups.members(t.Context(), 33, false)
			if err != nil || len(ids) != 250 || ids[0] != 1 || ids[249] != 250 {
				t.Errorf("%d members, %v", len(ids), err)
			}
		})
	}
	t.Run("without end", func(t *testing.T) {
		rt := newFakeRT(t, script{"GET /group/33/members": {body: `{"total" : null, "items" : [{"type" : "user", "id" : 1}]}`}})
		_, err := connect(t, rt.URL).groups.members(t.Context(), 33, false)
		wantKind(t, err, desk.Permanent, "pages")
	})
}

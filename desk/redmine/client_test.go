package redmine

import (
	"errors"
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

// pause returns how long the desk asked to be left alone.
func pause(err error) time.Duration {
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

func TestStatus(t *testing.T) {
	soon := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, tt := range []struct {
		name   string
		answer answer
		kind   desk.Kind
		words  string
		after  time.Duration // a date counts as "between 80 and 90 seconds"
	}{
		{"an unknown record", answer{status: 404}, desk.NotFound, "no such record", 0},
		{"an unknown record, in JSON", answer{status: 404, body: `{"status":404,"error":"Not Found"}`}, desk.NotFound, "no such record", 0},
		{"a page of a proxy, or Redmine's for what it does not know", answer{status: 404, body: "<h1>Not Found</h1>"}, desk.Retryable, "REST API", 0},
		{"a refused key", answer{status: 401}, desk.Unauthorized, "My account", 0},
		{"a login page of a proxy", answer{status: 401, body: `<html>Sign in</html>`}, desk.Unauthorized, "API key", 0},
		{"no administrator", answer{status: 403}, desk.Permanent, "administrator", 0},
		{"a refusal", answer{status: 422, body: `{"errors":["First name is too long (maximum is 30 characters)"]}`}, desk.Permanent, "maximum is 30", 0},
		{"a refusal without a word", answer{status: 422}, desk.Permanent, "refuses it", 0},
		{"somebody else was writing", answer{status: 409}, desk.Retryable, "409", 0},
		{"too many requests, in seconds", answer{status: 429, header: map[string]string{"Retry-After": "17"}}, desk.Retryable, "429", 17 * time.Second},
		{"maintenance, until a date", answer{status: 503, header: map[string]string{"Retry-After": soon}}, desk.Retryable, "503", 90 * time.Second},
		{"maintenance, nonsense until", answer{status: 503, header: map[string]string{"Retry-After": "-5"}}, desk.Retryable, "503", 0},
		{"a crash", answer{status: 500, body: `{"status":500,"error":"ada@example.test"}`}, desk.Retryable, "500", 0},
		{"a bad gateway, to the end", answer{status: 502}, desk.Retryable, "502", 0},
		{"another program", answer{status: 405}, desk.Permanent, "HTTP 405", 0},
		{"a redirect", answer{status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, desk.Retryable, "redirects", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, script{"GET /users/9": {tt.answer}})
			err := connect(t, f.URL, nil).client.Get(t.Context(), "/users/9", nil, nil)
			wantKind(t, err, tt.kind, tt.words)
			after := pause(err)
			if after != tt.after && (tt.after != 90*time.Second || after < 80*time.Second || after > 90*time.Second) {
				t.Errorf("RetryAfter is %v, want %v", after, tt.after)
			}
			if strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), fakeKey) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	const sent = `{"user":{"mail":"Ada@Example.test","firstname":"Ada","n":["Byron",1,true,null]}}`
	for _, tt := range []struct{ name, received, want string }{
		{"what is wrong", `{"errors":["Email is invalid","Login has already been taken"]}`, ": Email is invalid; Login has already been taken"},
		{"no names and addresses", `{"errors":["ada@example.test is taken","Nobody is called BYRON","Domain Example.Test is not allowed","Login is invalid"]}`, ": Login is invalid"},
		{"nothing but names", `{"errors":["No ada here"]}`, ""},
		{"not a whole page", `{"errors":["` + strings.Repeat("a", 500) + `"]}`, ""},
		{"not any number of them", `{"errors":["1","2","3","4","5","6","7"]}`, ": 1; 2; 3; 4; 5"},
		{"another form", `{"errors":{"mail":["is invalid"]}}`, ""},
		{"no JSON", `<p>Ada`, ""},
		{"nothing", ``, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := reasons(&kit.Answer{Body: []byte(tt.received), Sent: []byte(sent)}); got != tt.want {
				t.Errorf("reasons = %q, want %q", got, tt.want)
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
		{"half an answer", answer{body: `{"user":{"id":9,"login":"ada`}},
		{"fewer bytes than announced", answer{body: `{"user"`, header: map[string]string{"Content-Length": "1000"}}},
		{"a list for a record", answer{body: `[]`}},
		{"another document", answer{body: `{"issue":{"id":9}}`}},
		{"text for a number", answer{body: `{"user":{"id":"nine"}}`}},
		{"somebody else", answer{body: strings.Replace(ada, `"id":9`, `"id":90`, 1)}},
		{"more than any answer has", answer{body: `{"user":{"login":"` + strings.Repeat("a", kit.MaxAnswerBytes) + `"}}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(script{"GET /users/9": {tt.answer}}))
			got, err := connect(t, f.URL, nil).Find(t.Context(), desk.Key{ID: "9"})
			if got != nil {
				t.Errorf("Find = %+v", got)
			}
			wantKind(t, err, desk.Retryable, "")
			if len(err.Error()) > 400 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
		})
	}
	for _, list := range []string{`{}`, `{"users":null,"total_count":"many"}`, `{"users":{}}`, `{"errors":[]}`, `[]`} {
		t.Run("a list of users that is "+list, func(t *testing.T) {
			f := newFake(t, recorded(script{"GET /users": says(list)}))
			got, err := connect(t, f.URL, nil).Find(t.Context(), desk.Key{Email: "ada@example.test"})
			if got != nil {
				t.Errorf("Find = %+v", got)
			}
			wantKind(t, err, desk.Retryable, "")
		})
	}
}

func TestErrorsHoldNoAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	d := connect(t, "http://"+l.Addr().String(), nil)
	_, err = d.Find(t.Context(), desk.Key{Email: "ada@example.test"})
	wantKind(t, err, desk.Retryable, "refused")
	if strings.Contains(err.Error(), "ada") {
		t.Errorf("the error tells too much: %v", err)
	}
}

func TestRetries(t *testing.T) {
	t.Run("a read is tried again", func(t *testing.T) {
		f := newFake(t, recorded(script{"GET /projects": {{status: 502}}}))
		_, err := connect(t, f.URL, nil).Find(t.Context(), desk.Key{ID: "9"})
		wantKind(t, err, desk.Retryable, "502")
		if got := f.count("GET /projects"); got != 1+readRetries {
			t.Errorf("%d tries", got)
		}
	})
	t.Run("a write is not", func(t *testing.T) {
		f := newFake(t, recorded(script{"PUT /users/9": {{status: 502}}}))
		wantKind(t, connect(t, f.URL, nil).SetActive(t.Context(), "9", false), desk.Retryable, "502")
		if got := f.count("PUT /users/9"); got != 1 {
			t.Errorf("%d tries", got)
		}
	})
	t.Run("nor is one that broke on the way", func(t *testing.T) {
		var writes, reads atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && reads.Add(1) > 1 { // the first is lost as well
				answer{body: ada}.write(w)
				return
			}
			if r.Method != http.MethodGet {
				writes.Add(1)
			}
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		}))
		t.Cleanup(srv.Close)
		wantKind(t, connect(t, srv.URL, nil).SetActive(t.Context(), "9", false), desk.Retryable, "")
		if writes.Load() != 1 || reads.Load() != 2 {
			t.Errorf("%d writes, %d reads", writes.Load(), reads.Load())
		}
	})
	t.Run("a pause that Redmine asks for is the caller's to keep", func(t *testing.T) {
		f := newFake(t, recorded(script{"GET /projects": {{status: 503, header: map[string]string{"Retry-After": "1"}}}}))
		_, err := connect(t, f.URL, nil).Find(t.Context(), desk.Key{ID: "9"})
		if got := f.count("GET /projects"); got != 1 || pause(err) != time.Second {
			t.Errorf("%d tries, %v", got, err)
		}
	})
}

func TestRedirectKeepsKey(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(elsewhere.Close)
	f := newFake(t, script{"GET /users/current": {{status: 307, header: map[string]string{"Location": elsewhere.URL + "/users/current.json"}}}})
	_, err := connect(t, f.URL, nil).Check(t.Context())
	wantKind(t, err, desk.Retryable, "redirects")
	if reached.Load() {
		t.Error("the key went to another address")
	}
}

func TestSubPath(t *testing.T) {
	f := newFake(t, script{"GET /tracker/users/4711": {{status: 404}}})
	got, err := connect(t, f.URL+"/tracker/", nil).Find(t.Context(), desk.Key{ID: provision.DeskUserID("4711")})
	if got != nil || err != nil || f.count("GET /tracker/users/4711") != 1 {
		t.Errorf("Find = %+v, %v", got, err)
	}
}

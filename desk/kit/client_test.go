package kit

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	parallel = 3
	retries  = 2
	secret   = "hunter2"
)

var acme = Vendor{Name: "Acme", API: "Acme's API", Unauthorized: "make a new key", Forbidden: "grant a right", NotFound: "Acme has no such record"}

// connect returns a client of what handle answers, and its server's URL.
func connect(t *testing.T, handle http.HandlerFunc, change ...func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewServer(handle)
	t.Cleanup(srv.Close)
	return clientOf(t, srv.URL+"/api", change...)
}

func clientOf(t *testing.T, address string, change ...func(*Config)) *Client {
	t.Helper()
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Kind: "acme", Base: base, Suffix: ".json", Header: http.Header{"Authorization": {secret}},
		Parallel: parallel, Timeout: 2 * time.Second, Retries: retries, Vendor: acme}
	for _, c := range change {
		c(&config)
	}
	return New(config)
}

func wantKind(t *testing.T, err error, kind desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("error is %v, want %s with %q", err, kind, words)
		return
	}
	if strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), secret) {
		t.Errorf("the error tells too much: %v", err)
	}
}

// says answers everything alike, and counts.
func says(hits *atomic.Int32, status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // a client that has gone is part of some tests
	}
}

func breakOff(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

var (
	read   = Call{Method: http.MethodGet, Path: "/users", Query: url.Values{"email": {"ada@example.test"}}}
	search = Call{Method: http.MethodPost, Path: "/search", Body: []string{"ada@example.test"}, Read: true}
	write  = Call{Method: http.MethodPut, Path: "/users/1", Body: map[string]string{"name": "ada"}}
)

func TestRequest(t *testing.T) {
	var got []string
	c := connect(t, func(_ http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		got = append(got, r.Method+" "+r.URL.String(), string(body[:n]), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("Accept"))
	})
	for _, call := range []Call{read, {Method: http.MethodPut, Path: "/users/1", Body: map[string]int{"a": 1},
		Header: http.Header{"authorization": {"other"}, "Accept": {"application/hal+json"}}}} {
		if _, err := c.Do(t.Context(), call, nil); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"GET /api/users.json?email=ada%40example.test", "", "", secret, "application/json",
		"PUT /api/users/1.json", `{"a":1}`, "application/json", "other", "application/hal+json",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestWant(t *testing.T) {
	for _, tt := range []struct {
		name   string
		want   int
		status int
		header []string
		body   string
		kind   desk.Kind // "": success
	}{
		{"any success", 0, 202, nil, "", ""},
		{"the wanted one", 204, 204, nil, "", ""},
		{"success of another kind", 204, 200, nil, `{}`, desk.Retryable},
		{"a friendly page", 0, 200, []string{"Content-Type", "text/html"}, "<p>Welcome, ada!", desk.Retryable},
		{"an answer of the wrong type", 0, 200, []string{"Content-Type", "text/plain"}, `{"id":1}`, ""},
		{"nothing, with a type", 0, 200, []string{"Content-Type", "text/html"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var hits atomic.Int32
			call := write
			call.Want = tt.want
			a, err := connect(t, says(&hits, tt.status, tt.body, tt.header...)).Do(t.Context(), call, nil)
			if tt.kind != "" {
				wantKind(t, err, tt.kind, "Acme's API")
				if !errors.Is(err, ErrForeign) {
					t.Errorf("error is %v, want ErrForeign", err)
				}
			} else if err != nil {
				t.Error(err)
			}
			if a == nil || a.Status != tt.status || string(a.Sent) != `{"name":"ada"}` {
				t.Errorf("answer is %+v", a)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	var hits atomic.Int32
	c := connect(t, says(&hits, 422, `{"why":"taken"}`), func(config *Config) {
		config.Explain = func(a *Answer, e *desk.Error) {
			if a.Status == 422 {
				e.Kind = desk.Conflict
				e.Detail += string(a.Body[8:13])
			}
		}
	})
	_, err := c.Do(t.Context(), write, nil)
	wantKind(t, err, desk.Conflict, "acme: PUT /users/1: desk: conflict: Acme refuses the request (HTTP 422)taken")
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct{ name, body string }{
		{"nothing", ""},
		{"half an answer", `{"id":1,"name":"ada`},
		{"a page", "<p>ada"},
		{"a list for an object", `["ada"]`},
		{"text for a number", `{"id":"ada"}`},
		{"a time that is none", `{"id":1,"at":"ada"}`},
		{"more than any answer has", `{"name":"` + strings.Repeat("a", MaxAnswerBytes) + `"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var hits atomic.Int32
			var into struct {
				ID int
				At time.Time
			}
			_, err := connect(t, says(&hits, 200, tt.body)).Do(t.Context(), read, &into)
			wantKind(t, err, desk.Retryable, "Acme")
			if hits.Load() != 1 {
				t.Errorf("%d tries", hits.Load())
			}
		})
	}
	t.Run("fewer bytes than announced", func(t *testing.T) {
		var hits atomic.Int32
		a, err := connect(t, says(&hits, 200, `{"id"`, "Content-Length", "1000")).Do(t.Context(), read, nil)
		wantKind(t, err, desk.Retryable, "broke off")
		if a == nil || a.Status != 200 {
			t.Errorf("answer is %+v", a)
		}
	})
}

func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name string
		call Call
		want int32
	}{{"a read", read, 1 + retries}, {"a search", search, 1 + retries}, {"a write", write, 1}} {
		t.Run(tt.name+" through a bad gateway", func(t *testing.T) {
			var hits atomic.Int32
			_, err := connect(t, says(&hits, 502, "")).Do(t.Context(), tt.call, nil)
			wantKind(t, err, desk.Retryable, "502")
			if hits.Load() != tt.want {
				t.Errorf("%d tries, want %d", hits.Load(), tt.want)
			}
		})
		t.Run(tt.name+" that broke on the way", func(t *testing.T) {
			var hits atomic.Int32
			_, err := connect(t, func(w http.ResponseWriter, _ *http.Request) {
				hits.Add(1)
				breakOff(w)
			}).Do(t.Context(), tt.call, nil)
			wantKind(t, err, desk.Retryable, "EOF")
			if hits.Load() != tt.want {
				t.Errorf("%d tries, want %d", hits.Load(), tt.want)
			}
		})
	}
	t.Run("a pause that is asked for is the caller's to keep", func(t *testing.T) {
		var hits atomic.Int32
		_, err := connect(t, says(&hits, 503, "", "Retry-After", "1")).Do(t.Context(), read, nil)
		e, ok := errors.AsType[*desk.Error](err)
		if !ok || e.RetryAfter != time.Second || hits.Load() != 1 {
			t.Errorf("%d tries, %v", hits.Load(), err)
		}
	})
	t.Run("none are wanted", func(t *testing.T) {
		var hits atomic.Int32
		c := connect(t, says(&hits, 502, ""), func(config *Config) { config.Retries = 0 })
		_, err := c.Do(t.Context(), read, nil)
		wantKind(t, err, desk.Retryable, "502")
		if hits.Load() != 1 {
			t.Errorf("%d tries", hits.Load())
		}
	})
}

func TestNobodyAtHome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	a, err := clientOf(t, "http://"+l.Addr().String()).Do(t.Context(), read, nil)
	wantKind(t, err, desk.Retryable, "refused")
	if a != nil {
		t.Errorf("answer is %+v", a)
	}
}

// TestPacer: every request goes by the context's pacer, which hears how it
// went; one that it does not let through is not sent.
func TestPacer(t *testing.T) {
	var asked atomic.Int32
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if asked.Add(1) > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{}`))
	})
	var heard []error
	closed := errors.New("not now")
	ctx := desk.WithPacer(t.Context(), func(ctx context.Context, send func(context.Context) error) error {
		if len(heard) == 2 {
			return closed
		}
		err := send(ctx)
		heard = append(heard, err)
		return err
	})
	for range 3 {
		if _, err := c.Do(ctx, read, nil); len(heard) == 2 && asked.Load() > 2 && !errors.Is(err, closed) {
			t.Errorf("Do = %v", err)
		}
	}
	_, err := c.Do(ctx, read, nil)
	if !errors.Is(err, closed) || asked.Load() != 2 || len(heard) != 2 || heard[0] != nil || desk.KindOf(heard[1]) != desk.Retryable {
		t.Errorf("Do = %v; %d requests, of which was heard %v", err, asked.Load(), heard)
	}
}

func TestSilence(t *testing.T) {
	var asked atomic.Int32
	silent := func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-r.Context().Done()
	}
	t.Run("ends with the client's time limit", func(t *testing.T) {
		c := connect(t, silent)
		c.HTTP.Timeout = 50 * time.Millisecond
		_, err := c.Do(t.Context(), read, nil)
		wantKind(t, err, desk.Retryable, "answers too slowly (0.05 s)")
		if n := asked.Load(); n > 1 {
			t.Errorf("asked %d times: a time-out is not repeated", n)
		}
	})
	t.Run("ends with the caller's", func(t *testing.T) {
		c := connect(t, silent)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		for range 2 * parallel { // half of them wait for a slot
			wg.Go(func() {
				_, err := c.Do(ctx, read, nil)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error is %v", err)
				}
			})
		}
		wg.Wait()
		if !c.slots.TryAcquire(parallel) {
			t.Error("some slots are still taken")
		}
	})
}

func TestParallel(t *testing.T) {
	var now, most atomic.Int32
	c := connect(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.Do(t.Context(), read, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > parallel {
		t.Errorf("%d requests at once", most.Load())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s reached another host", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		var hits atomic.Int32
		_, err := connect(t, says(&hits, status, "", "Location", elsewhere.URL)).Do(t.Context(), read, nil)
		wantKind(t, err, desk.Retryable, "redirects")
	}
}

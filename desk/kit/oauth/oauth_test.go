package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/oauth"
)

const secret = "hunter2-hunter2"

// network serves without wires, for tests that turn the clock.
type network struct{ http.Handler }

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func app() *oauth.App {
	return &oauth.App{Vendor: kit.Vendor{Name: "Desk"}, Endpoint: "http://127.0.0.1:1/token", ID: "app", Secret: secret, Refused: "Desk refuses the app"}
}

// TestTokensAreKept: one serves many, is replaced near its end, and once for all when it is refused.
func TestTokensAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		client := &http.Client{Transport: network{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil || r.PostForm.Get("client_secret") != secret || r.PostForm.Get("grant_type") != "client_credentials" {
				t.Errorf("the form is %v, %v", r.PostForm, err)
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"token_type":"bearer","access_token":"t%d","expires_in":3600}`, asked.Add(1))
		})}}
		a := app()
		want := func(refused, token string) {
			t.Helper()
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					if got, err := a.Token(t.Context(), client, refused); err != nil || got != token {
						t.Errorf("Token = %q, %v; want %q", got, err, token)
					}
				})
			}
			wg.Wait()
		}
		want("", "t1")
		time.Sleep(54 * time.Minute)
		want("", "t1")
		time.Sleep(2 * time.Minute) // four minutes before its end
		want("", "t2")
		want("t1", "t2")
		want("t2", "t3")
	})
}

// TestNoToken: what an administrator can mend is told apart, and nothing that was answered is
// repeated.
func TestNoToken(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		kind   desk.Kind
		words  string
		after  time.Duration
	}{
		{"a wrong secret", 401, `{"error":"invalid_client","error_description":"` + secret + `"}`, desk.Unauthorized, "Desk refuses the app: HTTP 401 invalid_client", 0},
		{"a code that is none", 400, `{"error":"` + secret + `"}`, desk.Unauthorized, "Desk refuses the app: HTTP 400", 0},
		{"a redirect", 307, ``, desk.Retryable, "redirects", 0},
		{"too many requests", 429, secret, desk.Retryable, "no access token now (HTTP 429)", 9 * time.Second},
		{"an answer without one", 200, `{}`, desk.Retryable, "gives no access token", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := &http.Client{
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
				Transport: network{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("Location", "http://elsewhere.example.test/")
					w.Header().Set("Retry-After", "9")
					w.WriteHeader(tt.status)
					_, _ = w.Write([]byte(tt.body))
				})}}
			got, err := app().Token(t.Context(), client, "")
			if got != "" || desk.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.words) || strings.Contains(err.Error(), secret) {
				t.Errorf("Token = %q, %v", got, err)
			}
			var e *desk.Error
			if e, _ = err.(*desk.Error); e == nil || e.RetryAfter != tt.after {
				t.Errorf("RetryAfter of %+v, want %v", e, tt.after)
			}
		})
	}
}

// TestRefusedToken: a call whose token is refused goes once more, with another one, and no third
// time.
func TestRefusedToken(t *testing.T) {
	for good, want := range map[string]int{"Bearer t1": 1, "Bearer t2": 2, "Bearer t3": 2} {
		var tokens, calls int
		serve := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path == "/token" {
				tokens++
				fmt.Fprintf(w, `{"token_type":"bearer","access_token":"t%d"}`, tokens)
				return
			}
			if calls++; r.Header.Get("Authorization") != good {
				w.WriteHeader(http.StatusUnauthorized)
			}
			fmt.Fprint(w, `{}`)
		}
		a := app()
		c := kit.New(kit.Config{Kind: "desk", Base: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Parallel: 1, Vendor: a.Vendor, Token: a.Token})
		c.HTTP.Transport = network{http.HandlerFunc(serve)}
		err := c.Post(t.Context(), "/users", map[string]string{}, nil)
		if refused := good == "Bearer t3"; calls != want || (desk.KindOf(err) == desk.Unauthorized && err != nil) != refused || !refused && err != nil {
			t.Errorf("%s: %d calls, %v", good, calls, err)
		}
	}
}

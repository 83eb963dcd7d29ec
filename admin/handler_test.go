package admin_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// door is a Handler that says who asked.
type door struct {
	*provisiontest.Harness
	handler *admin.Handler
	person  *provision.Identity // who is signed in
	owner   bool                // a break-glass admin is
	broken  error
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{Harness: provisiontest.New(t, storetest.SQLite(t))}
	var err error
	d.handler, err = admin.New(admin.Core{Administration: d.Core.Administration}, admin.Options{
		PublicURL: "https://bridge.example.test", Log: slog.New(slog.DiscardHandler), Now: d.Now,
		RequestID:     func(context.Context) string { return "req-1" },
		ClientAddress: func(r *http.Request) netip.Addr { return netip.MustParseAddrPort(r.RemoteAddr).Addr() },
		BreakGlass: func(*http.Request) (breakglass.Admin, time.Time, error) {
			if d.broken != nil || !d.owner {
				return breakglass.Admin{}, time.Time{}, orNone(d.broken)
			}
			return breakglass.Admin{Name: "safe"}, d.Now(), nil
		},
		Person: func(*http.Request) (provision.Session, provision.Identity, provision.Connection, error) {
			if d.person == nil {
				return provision.Session{}, provision.Identity{}, provision.Connection{}, session.ErrNone
			}
			person, err := d.Core.Directory.Identity(t.Context(), d.Conn.ID, d.person.ID)
			return provision.Session{AuthnAt: d.Now()}, person, d.Conn, err
		},
	})
	d.Must(err)
	tell := func(w http.ResponseWriter, r *http.Request) {
		who := admin.ActorOf(r.Context())
		json.NewEncoder(w).Encode([]string{string(who.Kind), who.Name, string(who.Role()), who.Cause("x", "y").Actor})
	}
	api := http.NewServeMux()
	api.HandleFunc("/api/v1/who", tell)
	d.handler.API = api
	return d
}

func orNone(err error) error {
	if err == nil {
		return session.ErrNone
	}
	return err
}

// ask returns the answer to a request that edit may change.
func (d *door) ask(method string, edit func(*http.Request)) *httptest.ResponseRecorder {
	d.Helper()
	r := httptest.NewRequestWithContext(d.Context(), method, "https://bridge.example.test/api/v1/who", strings.NewReader("{}"))
	r.RemoteAddr = "192.0.2.1:4711"
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

func bearer(secret string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
}

// TestWhoAsks comes by each way there is.
func TestWhoAsks(t *testing.T) {
	d := newDoor(t)
	says := func(edit func(*http.Request), status int, want ...string) {
		t.Helper()
		w := d.ask("GET", edit)
		var got []string
		json.Unmarshal(w.Body.Bytes(), &got)
		if w.Code != status || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("status %d, %s; want %d, %v", w.Code, w.Body, status, want)
		}
	}
	says(nil, 200, "", "", "", "")
	d.owner = true
	says(nil, 200, "break-glass", "safe", "owner", "break-glass:safe")
	d.owner = false
	ada := d.Person("ada")
	d.person = &ada
	says(nil, 200, "person", ada.UserName, "", "person:"+string(ada.ID))
	d.Group("IT", provision.MemberID(ada.ID))
	_, err := d.Core.Administration.Grant(d.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: d.Conn.ID, Group: "IT", Role: administration.Admin})
	d.Must(err)
	says(nil, 200, "person", ada.UserName, "admin", "person:"+string(ada.ID))
	_, secret, err := d.Core.Administration.CreateToken(d.Context(), provisiontest.ByTest, administration.Maker{Standing: administration.Standing{Role: administration.Owner}},
		administration.TokenDraft{Name: "ci", Role: administration.Auditor})
	d.Must(err)
	says(bearer(secret), 200, "token", "ci", "auditor", "api:ci")
	// Whoever shows a token is that token, and never the browser's session.
	d.owner = true
	says(bearer(secret), 200, "token", "ci", "auditor", "api:ci")
	says(bearer(secret+"x"), 401)
	says(func(r *http.Request) { r.SetBasicAuth("ada", "x") }, 401)
	d.owner, d.person = false, nil
	d.broken = io.ErrUnexpectedEOF
	says(nil, 500)
	d.broken = &provision.Error{Code: provision.Unavailable}
	says(nil, 503)
}

// TestOtherSites has pages of other sites send requests by the browser of somebody
// who is signed in.
func TestOtherSites(t *testing.T) {
	d := newDoor(t)
	d.owner = true
	for _, tt := range []struct {
		name, method string
		headers      map[string]string
		want         int
	}{
		{"our own page", "POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"our own page, behind a proxy that changes the host", "POST", map[string]string{"Origin": "https://bridge.example.test", "Host": "inside:8080"}, 200},
		{"no browser", "POST", nil, 200},
		{"another site", "POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		{"a neighbour of ours", "POST", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.test"}, 403},
		{"an old browser on another site", "DELETE", map[string]string{"Origin": "https://evil.example"}, 403},
		{"a frame without an origin", "PUT", map[string]string{"Origin": "null"}, 403},
		{"a link from another site", "GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
	} {
		w := d.ask(tt.method, func(r *http.Request) {
			for name, value := range tt.headers {
				if name == "Host" {
					r.Host = value
				}
				r.Header.Set(name, value)
			}
		})
		if w.Code != tt.want {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
		for name, want := range map[string]string{"Content-Security-Policy": admin.Policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=31536000"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", tt.name, name, got)
			}
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: another site may read the answer", tt.name)
		}
	}
}

// TestGuessesAreLimited tries tokens from one address: soon it is told to wait,
// while a good token from there is let in, and so is everybody elsewhere.
func TestGuessesAreLimited(t *testing.T) {
	d := newDoor(t)
	d.StopClock()
	_, secret, err := d.Core.Administration.CreateToken(d.Context(), provisiontest.ByTest, administration.Maker{Standing: administration.Standing{Role: administration.Owner}},
		administration.TokenDraft{Name: "ci", Role: administration.Auditor})
	d.Must(err)
	wrong := bearer(administration.TokenPrefix + provision.NewSecret())
	codes := make(map[int]int)
	for range 30 {
		codes[d.ask("GET", wrong).Code]++
	}
	if codes[401] != 10 || codes[429] != 20 {
		t.Errorf("guesses: %v", codes)
	}
	if w := d.ask("GET", bearer(secret)); w.Code != 200 {
		t.Errorf("a good token: %d", w.Code)
	}
	if w := d.ask("GET", func(r *http.Request) { wrong(r); r.RemoteAddr = "198.51.100.7:1" }); w.Code != 401 {
		t.Errorf("from elsewhere: %d", w.Code)
	}
	codes = make(map[int]int)
	for range 300 {
		codes[d.ask("GET", bearer(secret)).Code]++
	}
	if codes[429] == 0 || codes[200] < 100 {
		t.Errorf("a crowd of requests: %v", codes)
	}
}

// TestNothingIsServedYet: a console that is not there is not found, and neither is
// what lies beside it.
func TestNothingIsServedYet(t *testing.T) {
	d := newDoor(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "https://bridge.example.test/admin/", http.NoBody)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

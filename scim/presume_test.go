package scim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestTokensEndAtOnce: whoever has used a token a moment ago cannot use it once
// it has ended, or its connection has another name. Nothing is changed by what it
// is shown with, and nothing told.
func TestTokensEndAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		id, admin := s.user("ada"), s.token
		bulk := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
			{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"bo"}},{"method":"DELETE","path":"/Users/` + id + `"}]}`
		rename := func(to string) {
			if _, err := st.DB().ExecContext(t.Context(), `UPDATE connections SET name = '`+to+`'`); err != nil {
				t.Fatal(err)
			}
		}
		for name, end := range map[string]func(credential.Token){
			"revoked": func(token credential.Token) {
				if _, err := s.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, s.conn.ID, string(token.ID)); err != nil {
					t.Fatal(err)
				}
			},
			"renamed": func(credential.Token) { rename("other") },
		} {
			for _, r := range []struct{ method, path, body string }{
				{"GET", "/Users/" + id, ""}, {"GET", "/Users/nobody", ""}, {"GET", "/Users", ""}, {"GET", "/Schemas", ""}, {"GET", "/nowhere", ""},
				{"PATCH", "/Schemas", "{}"}, {"POST", "/Users", `{"userName":"bo"}`}, {"POST", "/Users", `{`}, {"PUT", "/Users/" + id, `{"userName":"eve"}`},
				{"PATCH", "/Users/" + id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`},
				{"DELETE", "/Users/" + id, ""}, {"POST", "/Groups", `{"displayName":"g"}`}, {"POST", "/Bulk", bulk},
			} {
				token, secret, err := s.core.Tokens.DraftToken(t.Context(), provision.Cause{}, s.conn.ID, credential.TokenDraft{Name: "t" + strconv.Itoa(rand.Int())})
				if err != nil {
					t.Fatal(err)
				}
				s.token = secret
				for range 2 {
					s.want(200, "GET", "/Users/"+id, "")
				}
				end(token)
				for range 2 {
					got := s.want(401, r.method, r.path, r.body)
					if got.header.Get("Allow") != "" || got.header.Get("ETag") != "" {
						t.Errorf("%s: %s %s tells: %v", name, r.method, r.path, got.header)
					}
				}
				rename("acme")
			}
		}
		s.token = admin
		if got := s.want(200, "GET", "/Users", ""); got.body["totalResults"] != 1.0 || s.want(200, "GET", "/Users/"+id, "").body["userName"] != "ada" {
			t.Errorf("something was changed: %s", got.raw)
		}
		if got := s.want(200, "GET", "/Groups", ""); got.body["totalResults"] != 0.0 {
			t.Errorf("a group was made: %s", got.raw)
		}
	})
}

// TestTokensChangeAtOnce: a connection that has changed since its token was seen
// is what it is now, for what is read, what is written and what is refused.
func TestTokensChangeAtOnce(t *testing.T) {
	st := storetest.SQLite(t)
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	change := func() {
		s.want(200, "GET", "/Users", "")
		if _, err := st.DB().ExecContext(t.Context(), `UPDATE connections SET created_at = created_at + 1`); err != nil {
			t.Fatal(err)
		}
	}
	change()
	s.want(201, "POST", "/Users", `{"userName":"bo"}`)
	change()
	s.want(409, "POST", "/Users", `{"userName":"bo"}`)
	change()
	if got := s.want(200, "GET", "/Users", ""); got.body["totalResults"] != 1.0 {
		t.Errorf("got %s", got.raw)
	}
}

// TestRevokedInTheMiddle has requests come in while their token is revoked:
// whichever begins after that is refused, and what was refused was not done.
func TestRevokedInTheMiddle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		admin := s.token
		for range 5 {
			token, secret, err := s.core.Tokens.DraftToken(t.Context(), provision.Cause{}, s.conn.ID, credential.TokenDraft{Name: "t" + strconv.Itoa(rand.Int())})
			if err != nil {
				t.Fatal(err)
			}
			s.token = secret
			s.want(200, "GET", "/Users", "")
			var wait sync.WaitGroup
			var mu sync.Mutex
			var made, refused []string
			revoked := make(chan struct{})
			for range 8 {
				wait.Go(func() {
					for {
						late := false
						select {
						case <-revoked:
							late = true
						default:
						}
						name := provision.NewSecret()
						status := postAs(t.Context(), s.url+"/Users", secret, `{"userName":"`+name+`"}`)
						mu.Lock()
						if status == 201 {
							made = append(made, name)
						} else {
							refused = append(refused, name)
						}
						mu.Unlock()
						if late && status != 401 {
							t.Errorf("a request after the end of its token: %d", status)
						}
						if late {
							return
						}
					}
				})
			}
			if _, err := s.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, s.conn.ID, string(token.ID)); err != nil {
				t.Error(err)
			}
			close(revoked)
			wait.Wait()
			s.token = admin
			there := func(name string) bool {
				return s.find("/Users", `userName eq "`+name+`"`).body["totalResults"] == 1.0
			}
			if i := slices.IndexFunc(refused, there); i >= 0 {
				t.Errorf("%s was refused, and is there", refused[i])
			}
			if slices.ContainsFunc(made, func(name string) bool { return !there(name) }) {
				t.Error("somebody was made, and is not there")
			}
		}
	})
}

// TestNothingIsCountedTwice: of a request that begins anew, because its token or
// its connection is not what it was a moment ago, the log has what came of it at
// last, and the connection's rate one request.
func TestNothingIsCountedTwice(t *testing.T) {
	st := storetest.SQLite(t)
	const burst = 20
	s := newServer(t, st, scim.Limits{RatePerSecond: 1e-9, Burst: burst})
	left := burst
	count := func(status int, method, path, body string) {
		t.Helper()
		s.want(status, method, path, body)
		left--
	}
	id := s.user("ada")
	left--
	for range 5 {
		if _, err := st.DB().ExecContext(t.Context(), `UPDATE connections SET created_at = created_at + 1`); err != nil {
			t.Fatal(err)
		}
		count(200, "GET", "/Users/"+id, "")
	}
	admin := s.token
	token, secret, err := s.core.Tokens.DraftToken(t.Context(), provision.Cause{}, s.conn.ID, credential.TokenDraft{Name: "old"})
	if err != nil {
		t.Fatal(err)
	}
	s.token = secret
	count(200, "GET", "/Users/"+id, "")
	if _, err := s.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, s.conn.ID, string(token.ID)); err != nil {
		t.Fatal(err)
	}
	deletes := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` +
		strings.Repeat(`{"method":"DELETE","path":"/Users/`+id+`"},`, burst) + `{"method":"DELETE","path":"/Users/` + id + `"}]}`
	count(401, "POST", "/Bulk", deletes)
	s.token = admin
	count(200, "GET", "/Users/"+id, "")
	for ; left > 0; left-- {
		s.want(200, "GET", "/Users/"+id, "")
	}
	s.want(429, "GET", "/Users/"+id, "")
}

// TestLogOfAnotherTry: the line of a request whose token was revoked a moment ago
// says nothing of what the request would have done.
func TestLogOfAnotherTry(t *testing.T) {
	s := onSQLite(t)
	id := s.user("ada")
	token, secret, err := s.core.Tokens.DraftToken(t.Context(), provision.Cause{}, s.conn.ID, credential.TokenDraft{Name: "old"})
	if err != nil {
		t.Fatal(err)
	}
	handler := scim.New(scimCore(s.core), scim.Options{PublicURL: "http://scim.test"})
	ask := func() (status int, line string) {
		ctx, said := requestlog.With(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/scim/acme/v2/Users/"+id, http.NoBody)
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, fmt.Sprint(said.Attrs())
	}
	if status, line := ask(); status != http.StatusOK || !strings.Contains(line, id) {
		t.Fatalf("%d %s", status, line)
	}
	if _, err := s.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, s.conn.ID, string(token.ID)); err != nil {
		t.Fatal(err)
	}
	if status, line := ask(); status != http.StatusUnauthorized || strings.Contains(line, id) || !strings.Contains(line, "revoked") {
		t.Errorf("%d %s", status, line)
	}
}

// absent is a database that falls silent.
type absent struct {
	*store.Store
	away   bool
	silent bool // to transactions
	begin  int  // how many transactions it answers before
	held   int  // of how many transactions it then says that they took too long
	waits  int  // for an answer that does not come
}

func (a *absent) InTx(ctx context.Context, fn func(tx *store.Store) error) error {
	if a.begin--; !a.silent || a.begin >= 0 {
		return a.Store.InTx(ctx, fn)
	}
	a.waits++
	if a.held > 0 {
		a.held--
		a.silent = a.held > 0
		return &provision.Error{Code: provision.Unavailable}
	}
	return errAway
}

var errAway = &provision.Error{Code: provision.Unavailable, Reason: provision.ReasonAway}

func (a *absent) TokenAhead(ctx context.Context, hash []byte, judge func(credential.Token, provision.Connection, error) error) (context.Context, func() error) {
	under, settle := a.Store.TokenAhead(ctx, hash, judge)
	if !a.away {
		return under, settle
	}
	a.waits++
	return under, func() error { return errAway }
}

func (a *absent) TokenByHash(ctx context.Context, hash []byte) (credential.Token, provision.Connection, error) {
	if !a.away {
		return a.Store.TokenByHash(ctx, hash)
	}
	a.waits++
	return credential.Token{}, provision.Connection{}, errAway
}

// TestOneWaitForTheDatabase: while the database does not answer, a request is
// told so once that is known, and does not ask again.
func TestOneWaitForTheDatabase(t *testing.T) {
	st := &absent{Store: storetest.SQLite(t)}
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	s.want(200, "GET", "/Schemas", "")
	st.away = true
	if got := s.want(503, "GET", "/Schemas", ""); st.waits != 1 || got.header.Get("Retry-After") == "" {
		t.Errorf("%d waits, Retry-After %q", st.waits, got.header.Get("Retry-After"))
	}
	st.away = false
	s.want(200, "GET", "/Schemas", "")

	remove := `{"method":"DELETE","path":"/Users/x"}`
	s.bulk("", remove).want("404")
	st.silent = true
	s.bulk("", remove, remove, `{"method":"MOVE","path":"/Users/x"}`, remove).want("503 503 400 503")
	if n := strings.Count(s.log.String(), "request failed"); st.waits != 2 || n != 2 {
		t.Errorf("%d waits, of which the log tells %d times", st.waits, n)
	}

	group := func(id, name, member string) string {
		return post("/Groups", id, `{"displayName":"`+name+`","members":[{"value":"bulkId:`+member+`"}]}`)
	}
	circle := []string{group("a", "a", "b"), group("b", "b", "a"), group("c", "c", "d"), group("d", "d", "c")}
	const left = "could not be taken back"
	for _, tt := range []struct {
		name        string
		begin, held int
		operations  []string
		want        string
		left        int // groups made by halves
	}{
		{"while half a circle is there", 1, 0, circle, "503 503 503 503", 1},
		{"when one is taken back", 1, 0, []string{group("g", "g", "h"), group("h", " ", "g"), group("i", "i", "j"), group("j", "j", "i")}, "409 400 503 503", 1},
		{"one resource that is held is not waited for again", 0, 1, []string{remove, remove, `{"method":"DELETE","path":"/Users/y"}`}, "503 503 404", 0},
	} {
		st.silent, st.begin, st.held, st.waits = true, tt.begin, tt.held, 0
		from := len(s.log.String())
		s.bulk("", tt.operations...).want(tt.want)
		told := s.log.String()[from:]
		if n := strings.Count(told, "request failed"); st.waits != 1 || n != 1 {
			t.Errorf("%s: %d waits, of which the log tells %d times:\n%s", tt.name, st.waits, n, told)
		}
		st.silent = false
		lines := strings.Count(told, left)
		found := 0
		resources, _ := s.want(200, "GET", "/Groups", "").body["Resources"].([]any)
		for _, g := range resources {
			if strings.Contains(told, g.(map[string]any)["id"].(string)) {
				found++
			}
		}
		if found != tt.left || lines != min(tt.left, 1) {
			t.Errorf("%s: %d groups are left and named, by %d lines, want %d:\n%s", tt.name, found, lines, tt.left, told)
		}
	}
}

// postAs returns the status of a POST; 0: there was no answer.
func postAs(ctx context.Context, url, token, body string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

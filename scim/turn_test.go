package scim_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// crowd adds n people with a title: one by SCIM, and the others like them past it,
// which takes a fraction of the time.
func (s *server) crowd(st *store.Store, n int, title string) {
	s.t.Helper()
	made := s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"crowd-0","title":"%s"}`, title))
	like, err := st.Identity(s.t.Context(), s.conn.ID, provision.IdentityID(made.id()))
	if err != nil {
		s.t.Fatal(err)
	}
	err = st.InTx(s.t.Context(), func(tx *store.Store) error {
		for i := range n - 1 {
			like.ID, like.UserName = provision.NewID[provision.IdentityID](), fmt.Sprintf("crowd-%d", i+1)
			like.Document = bytes.Replace(like.Document, fmt.Appendf(nil, `"crowd-%d"`, i), fmt.Appendf(nil, "%q", like.UserName), 1)
			if err := tx.InsertIdentity(s.t.Context(), like); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// anyOf is a filter of n comparisons that no index answers.
func anyOf(n int) string {
	terms := make([]string, n)
	for i := range terms {
		terms[i] = fmt.Sprintf(`title co "a%d"`, i)
	}
	return strings.Join(terms, " or ")
}

// TestFiltersHaveALimit checks how many comparisons a filter may have, wherever
// they stand.
func TestFiltersHaveALimit(t *testing.T) {
	s := onSQLite(t)
	for _, tt := range []struct {
		filter string
		status int
	}{
		{anyOf(50), 200}, {anyOf(51), 400}, {anyOf(220), 400},
		{"emails[" + strings.ReplaceAll(anyOf(50), "title", "value") + "]", 200},
		{"emails[" + strings.ReplaceAll(anyOf(25), "title", "value") + "] or not (" + anyOf(26) + ")", 400},
	} {
		got := s.do("GET", "/Users?filter="+url.QueryEscape(tt.filter), "")
		if kind := got.body["scimType"]; got.status != tt.status || tt.status == 400 && (kind != "invalidFilter" || !strings.Contains(got.raw, "50 comparisons")) {
			t.Errorf("%.60s…: %d %s, want %d", tt.filter, got.status, got.raw, tt.status)
		}
	}
}

// TestSearchesHaveATime checks that a search which the database cannot answer in
// time is given up, whether it finds somebody on the way or not, and that others
// are found meanwhile and afterwards.
func TestSearchesHaveATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		const limit = 40 * time.Millisecond
		s := newServer(t, st, scim.Limits{RatePerSecond: -1, QueryTime: limit, MaxOperations: 2000})
		s.want(201, "POST", "/Users", `{"userName":"first","title":"a1"}`)
		s.crowd(st, 3600, strings.Repeat("x", 100))
		filter := "filter=" + url.QueryEscape(anyOf(50))
		for _, query := range []string{filter, filter + "&count=1000", filter + "&cursor", filter + "&sortBy=title", filter + "&count=0"} {
			if got := s.patient("/Users?"+query, 400); got.status != 400 || got.body["scimType"] != "tooMany" {
				t.Errorf("%s: %d %.300s", query[len(filter):], got.status, got.raw)
			}
		}
		for _, query := range []string{`userName eq "first"`, `userName eq "first" and title pr`} {
			if got := s.patient("/Users?filter="+url.QueryEscape(query), 200); got.status != 200 || got.body["totalResults"] != 1.0 {
				t.Errorf("%s: %d %s", query, got.status, got.raw)
			}
		}
	})
}

// patient asks until the answer has a status, some times, each of which takes 3 s at
// most: on a busy machine a
// connection or a look-up may take longer than the little time that a test gives it.
func (s *server) patient(path string, status int) (got reply) {
	s.t.Helper()
	for range 20 {
		start := time.Now()
		got = s.do("GET", path, "")
		if took := time.Since(start); took > 3*time.Second {
			s.t.Errorf("%s: %d %.300s after %v", path, got.status, got.raw, took)
		}
		if got.status == status {
			return got
		}
	}
	return got
}

// TestSearchesOfOneConnectionWaitForEachOther checks that searches that look at
// everybody leave the database to others: those of the same connection wait, and
// are told to come again, while look-ups, writes and other connections go on.
func TestSearchesOfOneConnectionWaitForEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1, MaxOperations: 2000, Wait: 300 * time.Millisecond, QueryTime: 2 * time.Second})
		s.crowd(st, 3600, strings.Repeat("x", 200))
		other, otherToken, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{Actor: "cli"}, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		answers := map[int]int{}
		var attack sync.WaitGroup
		stop := make(chan struct{})
		for range 22 {
			attack.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					got := s.do("GET", "/Users?count=1&filter="+url.QueryEscape(anyOf(50)), "")
					mu.Lock()
					answers[got.status]++
					mu.Unlock()
					if got.status == 429 && got.header.Get("Retry-After") == "" {
						t.Error("429 without Retry-After")
					}
				}
			})
		}
		var slowest time.Duration
		for i := range 20 {
			start := time.Now()
			url := strings.Replace(s.url, "acme", other.Name, 1) + "/Users"
			got := s.at(url, "POST", fmt.Sprintf(`{"userName":"u%d"}`, i), "Authorization", "Bearer "+otherToken)
			if got.status != 201 {
				t.Errorf("another connection: %d %s", got.status, got.raw)
			}
			got = s.at(url+"/"+got.id(), "GET", "", "Authorization", "Bearer "+otherToken)
			if got.status != 200 {
				t.Errorf("another connection: %d %s", got.status, got.raw)
			}
			slowest = max(slowest, time.Since(start))
		}
		close(stop)
		attack.Wait()
		t.Logf("the slowest of another connection: %v; answers %v", slowest, answers)
		if slowest > 5*time.Second { // of the 22 that wait, none is before it
			t.Errorf("another connection waited for %v", slowest)
		}
		if answers[429] == 0 || answers[500] > 0 || answers[503] > 0 {
			t.Errorf("answers to the attack: %v", answers)
		}
	})
}

// TestRequestsOfOneConnectionAreBounded checks that a connection has so many
// requests under way, and another one is answered beside them.
func TestRequestsOfOneConnectionAreBounded(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: -1, RequestsAtOnce: 2, Wait: 200 * time.Millisecond})
	_, otherToken, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{Actor: "cli"}, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
	if err != nil {
		t.Fatal(err)
	}
	held := make([]*slowBody, 2)
	for i := range held {
		held[i] = s.hang(`{"userName":"slow-` + fmt.Sprint(i) + `"}`)
	}
	got := s.do("GET", "/Users", "")
	if got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("a third request: %d %s", got.status, got.raw)
	}
	if got := s.at(strings.Replace(s.url, "acme", "other", 1)+"/Users", "GET", "", "Authorization", "Bearer "+otherToken); got.status != 200 {
		t.Errorf("another connection: %d %s", got.status, got.raw)
	}
	for _, body := range held {
		if status := body.finish(); status != 201 {
			t.Errorf("a request that took its time: %d", status)
		}
	}
	s.want(200, "GET", "/Users", "")
}

// TestLargePatchesKeepNobodyWaiting sends the costliest PATCHes that are taken
// again and again, while another connection writes.
func TestLargePatchesKeepNobodyWaiting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		_, otherToken, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{Actor: "cli"}, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
		if err != nil {
			t.Fatal(err)
		}
		url := strings.Replace(s.url, "acme", "other", 1)
		patch := func(form string) string {
			operations := make([]string, 999)
			for i := range operations {
				operations[i] = strings.ReplaceAll(form, "#", fmt.Sprint(i))
			}
			return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(operations, ",") + `]}`
		}
		var attack sync.WaitGroup
		stop := make(chan struct{})
		for i, form := range []string{
			`{"op":"add","path":"urn:x:y:list","value":[#]}`,
			`{"op":"add","path":"emails[type eq \"t#\"].value","value":"x#"}`,
		} {
			id, body := s.user(fmt.Sprintf("victim-%d", i)), patch(form)
			attack.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if got := s.do("PATCH", "/Users/"+id, body); got.status != 200 && got.status != 413 { // out of time on a busy machine
							t.Errorf("%s: %d %.300s", form, got.status, got.raw)
						}
					}
				}
			})
		}
		var slowest time.Duration
		for i := range 20 {
			start := time.Now()
			if got := s.at(url+"/Users", "POST", fmt.Sprintf(`{"userName":"u%d"}`, i), "Authorization", "Bearer "+otherToken); got.status != 201 {
				t.Errorf("another connection: %d %s", got.status, got.raw)
			}
			slowest = max(slowest, time.Since(start))
		}
		close(stop)
		attack.Wait()
		if slowest > 5*time.Second { // as long as a busy machine takes, and no lock held for all of them
			t.Errorf("another connection waited for %v", slowest)
		}
		t.Logf("another connection waited for %v at most", slowest)
	})
}

// slowBody is a request whose body has come by half.
type slowBody struct {
	rest   func()
	status chan int
}

// hang sends half of a request to make a user.
func (s *server) hang(body string) *slowBody {
	s.t.Helper()
	from, to := io.Pipe()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+"/Users", from)
	if err != nil {
		s.t.Fatal(err)
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Authorization", "Bearer "+s.token)
	out := &slowBody{status: make(chan int, 1)}
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			out.status <- 0
			return
		}
		_ = res.Body.Close()
		out.status <- res.StatusCode
	}()
	half := len(body) / 2
	if _, err := io.WriteString(to, body[:half]); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // until the server is at it
	out.rest = func() {
		_, _ = io.WriteString(to, body[half:])
		_ = to.Close()
	}
	return out
}

// finish sends the rest, and returns the status of the answer.
func (b *slowBody) finish() int {
	b.rest()
	return <-b.status
}

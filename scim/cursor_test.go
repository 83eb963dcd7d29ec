package scim_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// walk returns what a walk by cursor over path finds: one name a resource.
// between runs after each page.
func (s *server) walk(path string, params url.Values, between func(page int)) []string {
	s.t.Helper()
	var out []string
	cursor := ""
	for page := 0; ; page++ {
		params.Set("cursor", cursor)
		got := s.want(200, "GET", path+"?"+params.Encode(), "")
		if _, ok := got.body["startIndex"]; ok {
			s.t.Fatalf("a page by cursor has a startIndex: %s", got.raw)
		}
		out = append(out, got.names()...)
		next, more := got.body["nextCursor"].(string)
		if !more {
			return out
		}
		if cursor = next; between != nil {
			between(page)
		}
	}
}

// crowd inserts n people at once.
func crowd(t *testing.T, st *store.Store, conn provision.ConnectionID, n int) []string {
	t.Helper()
	names := make([]string, n)
	now := time.Now().UTC()
	err := st.InTx(t.Context(), func(tx *store.Store) error {
		for i := range names {
			names[i] = fmt.Sprintf("u%05d", (i*7919)%n) // in no order
			id := provision.Identity{ID: provision.NewID[provision.IdentityID](), Connection: conn, UserName: names[i],
				Status: provision.StatusActive, Version: 1, CreatedAt: now, UpdatedAt: now}
			if err := tx.InsertIdentity(t.Context(), id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestCursorLosesNobody walks over 1,000 people, twenty pages of them, while 80
// are deleted and 80 are made, some of each after every page: how long a page is
// proves nothing. Everybody who was there before and is there afterwards is seen
// once; nobody is seen twice.
func TestCursorLosesNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		names := crowd(t, st, s.conn.ID, 1000)
		ids := map[string]string{}
		for i := range 160 {
			name := names[i*6]
			got := s.find("/Users", `userName eq "`+name+`"`)
			ids[name] = got.body["Resources"].([]any)[0].(map[string]any)["id"].(string)
		}
		for _, order := range []string{"", "userName"} {
			gone := slices.Collect(func(yield func(string) bool) {
				for name := range ids {
					if !yield(name) {
						return
					}
				}
			})[:80]
			step, made := 0, 0
			seen := s.walk("/Users", url.Values{"count": {"50"}, "sortBy": {order}, "attributes": {"userName"}}, func(page int) {
				var both sync.WaitGroup
				from := step
				step = min(step+4, len(gone))
				both.Go(func() {
					for _, name := range gone[from:step] {
						if got := s.do("DELETE", "/Users/"+ids[name], ""); got.status != 204 {
							t.Errorf("delete: %d %s", got.status, got.raw)
						}
					}
				})
				both.Go(func() {
					for range 4 {
						made++
						if got := s.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%05d-%s-%d"}`, made*11, order, page)); got.status != 201 {
							t.Errorf("create: %d %s", got.status, got.raw)
						}
					}
				})
				both.Wait()
			})
			for _, name := range gone[:step] {
				delete(ids, name)
				names = slices.DeleteFunc(names, func(n string) bool { return n == name })
			}
			if step < 75 || made < 75 {
				t.Fatalf("%d deleted, %d made: the test proves nothing", step, made)
			}
			times := map[string]int{}
			for _, name := range seen {
				if times[name]++; times[name] > 1 {
					t.Errorf("sortBy=%s: %s was seen twice", order, name)
				}
			}
			for _, name := range names {
				if times[name] != 1 {
					t.Errorf("sortBy=%s: %s was lost", order, name)
				}
			}
		}
	})
}

// TestCursorFollowsEveryOrder compares walks with one large page, by GET and by
// search, at the root and on each type.
func TestCursorFollowsEveryOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		for i := range 7 {
			title := []string{`,"title":"b"`, `,"title":"B"`, ``, `,"title":"a <&>\u0001"`}[i%4]
			s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d","active":%t%s,"emails":[{"value":"e%d@x"}]}`, i, i%2 == 0, title, i%3))
			s.group(fmt.Sprintf("g%d", i))
		}
		for _, path := range []string{"", "/Users", "/Groups"} {
			for _, sort := range []string{"", "id", "userName", "title", "active", "emails", "displayName", "meta.created", "meta.lastModified"} {
				if path == "/Groups" && !slices.Contains([]string{"", "id", "displayName", "meta.created"}, sort) {
					continue
				}
				for _, order := range []string{"ascending", "descending"} {
					params := url.Values{"sortBy": {sort}, "sortOrder": {order}, "filter": {"meta.created pr"}}
					want := s.want(200, "GET", path+"?"+params.Encode(), "").names()
					params.Set("count", "3")
					if diff := cmp.Diff(want, s.walk(path, params, nil)); diff != "" {
						t.Errorf("%s by %s %s (-page +walk):\n%s", path, sort, order, diff)
					}
					var found []string
					for cursor := `""`; cursor != "null"; {
						page := s.search(path, fmt.Sprintf(`"sortBy":%q,"sortOrder":%q,"count":4,"cursor":%s`, sort, order, cursor))
						found = append(found, page.names()...)
						raw, err := json.Marshal(page.body["nextCursor"])
						if err != nil {
							t.Fatal(err)
						}
						cursor = string(raw)
					}
					if diff := cmp.Diff(want, found); diff != "" {
						t.Errorf("%s by %s %s (-page +search):\n%s", path, sort, order, diff)
					}
				}
			}
		}
	})
}

// TestCursorBelongsToItsQuery checks which cursors are taken and which are not.
func TestCursorBelongsToItsQuery(t *testing.T) {
	s := onSQLite(t)
	for i := range 5 {
		s.user(fmt.Sprintf("u%d", i))
	}
	other, token, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{Actor: "cli"}, provision.Connection{Name: "other", IdP: provision.IdPGeneric})
	if err != nil {
		t.Fatal(err)
	}
	first := s.want(200, "GET", "/Users?cursor=&count=2&sortBy=userName", "")
	cursor := first.body["nextCursor"].(string)
	if first.body["totalResults"] != 5.0 || first.body["itemsPerPage"] != 2.0 {
		t.Errorf("got %s", first.raw)
	}
	next := "/Users?sortBy=userName&cursor=" + cursor
	if got := s.want(200, "GET", next+"&count=1&attributes=userName&startIndex=4", ""); !slices.Equal(got.names(), []string{"u2"}) {
		t.Errorf("another page size and selection: got %s", got.raw)
	}
	if got := s.want(200, "GET", next+"&count=0", ""); got.body["totalResults"] != 5.0 || got.body["nextCursor"] != nil {
		t.Errorf("count=0: got %s", got.raw)
	}
	forged := func(at map[string]any) string {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			t.Fatal(err)
		}
		var c map[string]any
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		for name, value := range at {
			c[name] = value
		}
		if raw, err = json.Marshal(c); err != nil {
			t.Fatal(err)
		}
		return "/Users?sortBy=userName&cursor=" + base64.RawURLEncoding.EncodeToString(raw)
	}
	for name, path := range map[string]string{
		"another order":      "/Users?sortBy=userName&sortOrder=descending&cursor=" + cursor,
		"another sort":       "/Users?cursor=" + cursor,
		"another filter":     next + "&filter=active%20eq%20true",
		"another type":       strings.Replace(next, "/Users", "/Groups", 1) + "&filter=id%20pr",
		"the root":           strings.Replace(next, "/Users", "", 1),
		"cut off":            next[:len(next)-1],
		"no base64":          next + "!",
		"a key of no kind":   forged(map[string]any{"k": []int{1}}),
		"a key of the wrong": forged(map[string]any{"k": 7}),
		"a broken number":    forged(map[string]any{"k": 1.5}),
		"a NUL in the key":   forged(map[string]any{"k": "a\x00"}),
		"no id":              forged(map[string]any{"i": ""}),
		"far too long":       forged(map[string]any{"k": strings.Repeat("x", 20_000)}),
	} {
		got := s.do("GET", path, "")
		if name == "another type" {
			if got.status != 400 {
				t.Errorf("%s: got %d %s", name, got.status, got.raw)
			}
			continue
		}
		if got.status != 400 || got.body["scimType"] != "invalidCursor" {
			t.Errorf("%s: got %d %s", name, got.status, got.raw)
		}
	}
	got := s.at(strings.Replace(s.url, "acme", other.Name, 1)+next, "GET", "", "Authorization", "Bearer "+token)
	if got.status != 400 || got.body["scimType"] != "invalidCursor" {
		t.Errorf("another connection: got %d %s", got.status, got.raw)
	}
}

func TestCursorExpires(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: -1, CursorTimeout: time.Nanosecond})
	s.user("a")
	s.user("b")
	cursor := s.want(200, "GET", "/Users?count=1&cursor", "").body["nextCursor"].(string)
	time.Sleep(2 * time.Millisecond)
	if got := s.want(400, "GET", "/Users?count=1&cursor="+cursor, ""); got.body["scimType"] != "expiredCursor" {
		t.Errorf("got %s", got.raw)
	}
}

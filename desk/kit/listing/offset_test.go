package listing_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
)

var vendor = kit.Vendor{Name: "Desk", API: "its API"}

// numbers is a list of numbers of a kind, as handle answers for it, with two on a page.
func numbers(t *testing.T, kind string, handle http.HandlerFunc) listing.Offset[int] {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := kit.New(kit.Config{Base: base, Parallel: 1, Timeout: time.Minute, Vendor: vendor})
	return listing.Offset[int]{Client: c, Vendor: vendor, Path: "/numbers", Key: "numbers", Query: url.Values{"kind": {kind}}, Size: 2, Most: 9}
}

// byKind answers with the numbers of a kind as limit and offset say.
func byKind(all map[string][]int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		of := all[r.URL.Query().Get("kind")]
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		page := append([]int{}, of[min(offset, len(of)):min(offset+limit, len(of))]...)
		_ = json.NewEncoder(w).Encode(map[string]any{"numbers": page, "total_count": len(of)}) // to a recorder of its own
	}
}

func TestOffset(t *testing.T) {
	l := numbers(t, "odd", byKind(map[string][]int{"odd": {1, 3, 5}}))
	all, err := l.All(t.Context())
	if err != nil || !slices.Equal(all, []int{1, 3, 5}) {
		t.Errorf("All = %v, %v", all, err)
	}
	p, err := l.Page(t.Context(), 1)
	if err != nil || !slices.Equal(p.Items, []int{3, 5}) || p.Total != 3 {
		t.Errorf("Page = %+v, %v", p, err)
	}
	for answer, want := range map[string]desk.Kind{
		`{"numbers":[1,3]}`:                      "", // it comes whole
		`{"numbers":[],"total_count":0}`:         "",
		`{"numbers":null,"total_count":0}`:       desk.Retryable,
		`{"numbers":{},"total_count":1}`:         desk.Retryable,
		`{"numbers":[1],"total_count":"many"}`:   desk.Retryable,
		`{"total_count":1}`:                      desk.Retryable,
		`{"numbers":[],"total_count":1}`:         desk.Retryable, // fewer than it says there are
		`{"numbers":[1],"total_count":1000}`:     desk.Permanent, // no end
		`[1,3]`:                                  desk.Retryable,
		`{"numbers":["one"],"total_count":1}`:    desk.Retryable,
		`{"errors":["somebody's name"],"it":[]}`: desk.Retryable,
	} {
		l := numbers(t, "", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }) // a client that has gone is no error
		if _, err := l.All(t.Context()); (err == nil) != (want == "") || err != nil && desk.KindOf(err) != want {
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
	}
}

// TestChain: one list follows the other, also where one of them is empty, and a cursor says where.
func TestChain(t *testing.T) {
	handle := byKind(map[string][]int{"odd": {1, 3, 5}, "even": {2}})
	chain := listing.Chain[int]{numbers(t, "odd", handle), numbers(t, "none", handle), numbers(t, "even", handle)}
	all, err := chain.All(t.Context())
	if err != nil || !slices.Equal(all, []int{1, 3, 5, 2}) {
		t.Errorf("All = %v, %v", all, err)
	}
	var pages [][]int
	var on []int
	for cursor := ""; ; {
		items, at, next, err := chain.Page(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		pages, on = append(pages, items), append(on, at)
		if cursor = next; cursor == "" {
			break
		}
	}
	if want := [][]int{{1, 3}, {5}, {}, {2}}; !slices.EqualFunc(pages, want, slices.Equal) || !slices.Equal(on, []int{0, 0, 1, 2}) {
		t.Errorf("pages are %v, on the lists %v", pages, on)
	}
	for _, cursor := range []string{"x", "1", "3:0", "-1:0", "0:-1", "0:x", "0:0:0"} {
		if _, _, _, err := chain.Page(t.Context(), cursor); err == nil || desk.KindOf(err) != desk.Permanent {
			t.Errorf("at %q: %v", cursor, err)
		}
	}
	broken := numbers(t, "", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	if _, err := append(chain, broken).All(context.Background()); err == nil {
		t.Error("a list that fails is taken for an empty one")
	}
}

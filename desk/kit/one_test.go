package kit

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

// serve returns a client of a desk that answers so.
func serve(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Kind: "test", Base: base, Parallel: 1, Timeout: 5 * time.Second, Vendor: Vendor{Name: "Desk", API: "Desk's API", NotFound: "Desk has no such record"}})
}

func TestOne(t *testing.T) {
	type user struct{ ID int64 }
	for _, tt := range []struct {
		name, number, key, body string
		status                  int
		want                    desk.Kind // "": it is there
	}{
		{"there it is", "7", "", `{"id":7}`, 200, ""},
		{"under a key", "7", "user", `{"user":{"id":7}}`, 200, ""},
		{"no number gets into no path", "7/../8", "", `{"id":7}`, 200, desk.NotFound},
		{"it is not there", "7", "", `{}`, 404, desk.NotFound},
		{"somebody else is not it", "7", "", `{"id":8}`, 200, desk.Retryable},
		{"nothing under the key is not it", "7", "user", `{"id":7}`, 200, desk.Retryable},
		{"null is not it", "7", "user", `{"user":null}`, 200, desk.Retryable},
		{"a list is not it", "7", "", `[]`, 200, desk.Retryable},
		{"what is refused is no absence", "7", "", `{}`, 401, desk.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/users/7" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			u, err := One[user]{Client: c, What: "user", Path: "/users/", Key: tt.key, Is: func(u *user, number string) bool {
				return strconv.FormatInt(u.ID, 10) == number
			}}.Read(t.Context(), tt.number)
			switch {
			case tt.want == "" && (err != nil || u.ID != 7):
				t.Errorf("%v, %v", u, err)
			case tt.want != "" && (err == nil || desk.KindOf(err) != tt.want):
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func TestLacking(t *testing.T) {
	for object, want := range map[string]string{
		`{"id":1,"name":null}`: "", // null is shown
		`{"id":1}`:             "name",
		`[]`:                   "id",
		`no JSON`:              "id",
	} {
		if got := Lacking([]byte(object), "id", "name"); got != want {
			t.Errorf("Lacking(%s) = %q, want %q", object, got, want)
		}
	}
}

func TestCursorList(t *testing.T) {
	pages := map[string]string{
		"":  `{"things":[1,2],"meta":{"has_more":true,"after_cursor":"b"},"links":{"next":"https://evil.example.test/"}}`,
		"b": `{"things":[3],"meta":{"has_more":false}}`,
	}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(pages[r.URL.Query().Get("page[after]")]))
	})
	list := CursorList[int]{Client: c, Path: "/things", Key: "things", Size: 2, Most: 3}
	if all, err := list.All(t.Context()); err != nil || !slices.Equal(all, []int{1, 2, 3}) {
		t.Errorf("%v, %v", all, err)
	}
	var seen []int
	err := list.Each(t.Context(), func(items []int, _ bool) (bool, error) {
		seen = append(seen, items...)
		return false, nil
	})
	if err != nil || len(seen) != 2 {
		t.Errorf("stopped after %v, %v", seen, err)
	}
	for name, page := range map[string]string{
		"goes on without a cursor": `{"things":[1],"meta":{"has_more":true}}`,
		"goes on where it was":     `{"things":[1],"meta":{"has_more":true,"after_cursor":"b"}}`,
		"does not say":             `{"things":[1],"meta":{}}`,
		"no list":                  `{"meta":{"has_more":false}}`,
		"null":                     `{"things":null,"meta":{"has_more":false}}`,
	} {
		pages["b"] = page
		if all, err := list.All(t.Context()); err == nil || desk.KindOf(err) != desk.Retryable {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
	pages["b"] = `{"things":[-3],"meta":{"has_more":false}}`
	list.Is = func(i *int) bool { return *i > 0 }
	if all, err := list.All(t.Context()); err == nil || desk.KindOf(err) != desk.Retryable {
		t.Errorf("something else than was asked for: %v, %v", all, err)
	}
	pages["b"] = `{"things":[3],"meta":{"has_more":true,"after_cursor":"c"}}`
	pages["c"] = `{"things":[3],"meta":{"has_more":true,"after_cursor":"b"}}`
	if _, err := list.All(t.Context()); err == nil || desk.KindOf(err) != desk.Permanent {
		t.Errorf("a list without an end: %v", err)
	}
}

func TestPart(t *testing.T) {
	whole, cursor := []int{1, 2, 3, 4, 5}, ""
	var pages []string
	for {
		page, next, err := Part(whole, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, strings.Trim(strings.Join(strings.Fields(strconv.Itoa(len(page))+" "+next), ">"), ">"))
		if cursor = next; cursor == "" {
			break
		}
	}
	if want := []string{"2>2", "2>3", "1"}; !slices.Equal(pages, want) {
		t.Errorf("%v, want %v", pages, want)
	}
	if page, next, err := Part(whole, "9", 2); len(page) != 0 || next != "" || err != nil {
		t.Errorf("beyond the end: %v, %q, %v", page, next, err)
	}
	if _, _, err := Part(whole, "x", 2); err == nil {
		t.Error("a cursor of somebody else's was taken")
	}
}

func TestOwnLimit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		status  int
		headers map[string]string
		own     bool
	}{
		{"others may still be sent", 429, map[string]string{"X-RateLimit-Remaining": "12"}, true},
		{"none may", 429, map[string]string{"X-RateLimit-Remaining": "0"}, false},
		{"the desk does not say", 429, nil, false},
		{"that is no limit", 503, map[string]string{"Ratelimit-Remaining": "12"}, false},
	} {
		a := &Answer{Status: tt.status, Header: http.Header{}}
		for name, value := range tt.headers {
			a.Header.Set(name, value)
		}
		e := &desk.Error{Kind: desk.Retryable, Detail: "busy"}
		OwnLimit(a, e, "too many of these", time.Minute)
		if own := e.Err == desk.ErrNotAsked && e.RetryAfter == time.Minute && e.Detail == "too many of these"; own != tt.own {
			t.Errorf("%s: %+v", tt.name, e)
		}
	}
}

func TestE164(t *testing.T) {
	for text, want := range map[string]string{
		" +44 (20) 7946-0958 ": "+442079460958",
		"+1.202.555.0143":      "+12025550143",
		"020 7946 0958":        "", // whose country?
		"+44 20 ext 5":         "",
		"+0123456789":          "",
		"+12345":               "",
		"+1234567890123456":    "",
		"":                     "",
	} {
		if got := E164(text); got != want {
			t.Errorf("E164(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestUnicodeDomain(t *testing.T) {
	for email, want := range map[string]string{
		"Ada@xn--bcher-kva.EXAMPLE": "Ada@bücher.example",
		"Ada@Desk.EXAMPLE":          "Ada@Desk.EXAMPLE",
		"nobody":                    "nobody",
		"ada@xn--\xff.example":      "ada@xn--\xff.example",
	} {
		if got := UnicodeDomain(email); got != want {
			t.Errorf("UnicodeDomain(%q) = %q, want %q", email, got, want)
		}
	}
}

func TestLastWordApart(t *testing.T) {
	for name, want := range map[string][2]string{"Ada King Byron": {"Ada King", "Byron"}, "Ada": {"Ada", ""}, "": {"", ""}, "Ada\u00a0Byron": {"Ada", "Byron"}} {
		if first, last := LastWordApart(name); first != want[0] || last != want[1] {
			t.Errorf("LastWordApart(%q) = %q, %q", name, first, last)
		}
	}
}

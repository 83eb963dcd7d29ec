package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestLimitsOfValues checks the limits that nobody can set: what they let pass
// and what they do not.
func TestLimitsOfValues(t *testing.T) {
	s := onSQLite(t)
	group := s.group("g")
	number := 0
	user := func(rest string) string {
		number++
		return fmt.Sprintf(`{"userName":"u%d"%s}`, number, rest)
	}
	nested := func(n int) string {
		return user(`,"urn:x:ext":` + strings.Repeat(`{"a":`, n-1) + `1` + strings.Repeat(`}`, n-1))
	}
	many := func(n int, form string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ","+form, i)
		}
		return b.String()[1:]
	}
	patch := func(path, value string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"` + path + `","value":` + value + `}]}`
	}
	text := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	grown := s.want(201, "POST", "/Users", user("")).id()
	for i := range 3 {
		s.want(200, "PATCH", "/Users/"+grown, patch(fmt.Sprintf("urn:x:%d:User:a", i), text(300_000)))
	}
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		kind                     string
	}{
		{"32 levels", "POST", "/Users", nested(32), 201, ""},
		{"more levels", "POST", "/Users", nested(34), 400, "invalidSyntax"},
		{"1,000 names", "POST", "/Users", user(`,"urn:x:ext":{` + many(1000, `"a%d":1`) + `}`), 201, ""},
		{"1,001 names", "POST", "/Users", user(`,"urn:x:ext":{` + many(1001, `"a%d":1`) + `}`), 400, "invalidSyntax"},
		{"1,000 values", "POST", "/Users", user(`,"emails":[` + many(1000, `{"value":"%d@x"}`) + `]`), 201, ""},
		{"1,001 values", "POST", "/Users", user(`,"emails":[` + many(1001, `{"value":"%d@x"}`) + `]`), 400, "invalidValue"},
		{"1,000 values of an unknown attribute", "POST", "/Users", user(`,"urn:x:ext":{"l":[` + many(1000, `%d`) + `]}`), 201, ""},
		{"1,001 values of one", "POST", "/Users", user(`,"urn:x:ext":{"l":[` + many(1001, `%d`) + `]}`), 400, "invalidValue"},
		{"1,001 values of one without a schema", "POST", "/Users", user(`,"l":[` + many(1001, `%d`) + `]`), 400, "invalidValue"},
		{"1,001 values of an unknown part", "POST", "/Users", user(`,"name":{"l":[` + many(1001, `%d`) + `]}`), 400, "invalidValue"},
		{"1,001 values by PATCH", "PATCH", "/Users/" + grown, patch("urn:x:0:User:l", "["+many(1001, `%d`)+"]"), 400, "invalidValue"},
		{"a userName of 1,024 bytes", "POST", "/Users", `{"userName":` + text(1024) + `}`, 201, ""},
		{"a longer one", "POST", "/Users", `{"userName":` + text(1025) + `}`, 400, "invalidValue"},
		{"an externalId of 1,024 bytes", "POST", "/Users", user(`,"externalId":` + text(1024)), 201, ""},
		{"a longer one", "POST", "/Users", user(`,"externalId":` + text(1025)), 400, "invalidValue"},
		{"an e-mail address of 1,025 bytes", "POST", "/Users", user(`,"emails":[{"value":` + text(1025) + `}]`), 400, "invalidValue"},
		{"a displayName of a group of 1,024 bytes", "PUT", "/Groups/" + group, `{"displayName":` + text(1024) + `}`, 200, ""},
		{"a longer one", "PUT", "/Groups/" + group, `{"displayName":` + text(1025) + `}`, 400, "invalidValue"},
		{"a resource of 1 MiB and more", "PATCH", "/Users/" + grown, patch("urn:x:9:User:a", text(300_000)), 413, ""},
		{"a cursor of 16 KiB and more", "GET", "/Users?cursor=" + strings.Repeat("A", 16<<10+1), "", 400, "invalidCursor"},
		{"a page of more than may be", "GET", "/Users?count=100000", "", 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(tt.method, tt.path, tt.body)
			if kind, _ := got.body["scimType"].(string); got.status != tt.status || kind != tt.kind {
				t.Errorf("got %d %.300s", got.status, got.raw)
			}
		})
	}
}

// TestNumbersThatNoDatabaseTakes checks that no number in an attribute that
// nobody knows keeps others from being found: it is refused, or it does no harm.
func TestNumbersThatNoDatabaseTakes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		s.want(201, "POST", "/Users", `{"userName":"ada","title":"Lead"}`)
		for i, tt := range []struct {
			number string
			status int
		}{
			{"1e999999", 400}, {"1e-999999", 400}, {"0e-20000", 400}, {"-1e-20000", 400}, {"0." + strings.Repeat("0", 20_000) + "1", 400},
			{strings.Repeat("9", 200_000), 400}, {"1E+99999999999999999999", 400}, {"5e-324", 201}, {"-1.50", 201}, {"12345678901234567890", 201},
		} {
			got := s.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%d","urn:x:ext":{"n":[%s]}}`, i, tt.number))
			if got.status != tt.status || tt.status == 400 && got.body["scimType"] != "invalidValue" {
				t.Errorf("%.30s: got %d %.300s", tt.number, got.status, got.raw)
			}
		}
		for _, query := range []string{"filter=title%20pr", "filter=nickName%20pr", "sortBy=title&count=100"} {
			s.want(200, "GET", "/Users?"+query, "")
		}
	})
}

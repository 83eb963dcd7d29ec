package scim_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// FuzzBulk sends any bulk request to a fresh connection. The server must not
// fail, must not answer more operations than were sent, and must leave exactly
// what it says it made: nothing half made, nothing that it did not tell of.
func FuzzBulk(f *testing.F) {
	for _, operations := range []string{
		post("/Users", "u", `{"userName":"ada"}`) + `,` + post("/Groups", "g", `{"displayName":"g","members":["bulkId:u"]}`),
		post("/Groups", "a", `{"displayName":"a","members":["bulkId:b"]}`) + `,` + post("/Groups", "b", `{"displayName":"b","members":["bulkId:a"]}`),
		post("/Groups", "a", `{"displayName":"a","members":["bulkId:b"]}`) + `,` + post("/Groups", "b", `{"members":["bulkId:a"]}`),
		post("/Groups", "a", `{"displayName":"a","members":["bulkId:a"]}`) + `,{"method":"DELETE","path":"/Groups/bulkId:a"}`,
		post("/Users", "a", `{"userName":"a","externalId":"1","active":false}`) + `,` + post("/Users", "b", `{"userName":"b","externalId":"1"}`),
		post("/Users", "a", `{"userName":"a","manager":"bulkId:b"}`) + `,` + post("/Users", "b", `{"userName":"b","x":["bulkId:a",{"value":"bulkId:c"}]}`) + `,` + post("/Users", "c", `{"userName":"bulkId:a"}`),
		`{"method":"PUT","path":"/Users/bulkId:x","version":"*","data":{}},1,{"method":"PATCH","path":"/Groups/%zz","data":{"schemas":["x"]}}`,
	} {
		f.Add(0, operations)
		f.Add(1, operations)
	}
	s := onSQLite(f)
	n := 0
	f.Fuzz(func(t *testing.T, failOn int, operations string) {
		n++
		conn, token, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{Actor: "cli"}, provision.Connection{Name: fmt.Sprintf("c%d", n), IdP: provision.IdPGeneric})
		if err != nil {
			t.Fatal(err)
		}
		on := &server{t: t, core: s.core, conn: conn, token: token, log: s.log, url: strings.Replace(s.url, "acme", conn.Name, 1)}
		got := on.do("POST", "/Bulk", fmt.Sprintf(`{%s,"failOnErrors":%d,"Operations":[%s]}`, bulkSchema, failOn, operations))
		made := map[string]bool{}
		switch got.status {
		case 200:
			checkBulk(t, got, failOn, made)
		case 400, 413:
		default:
			t.Fatalf("got %d %s", got.status, got.raw)
		}
		there := map[string]bool{}
		for _, resource := range on.want(200, "GET", "?count=1000", "").body["Resources"].([]any) {
			there[resource.(map[string]any)["meta"].(map[string]any)["location"].(string)] = true
		}
		if diff := cmp.Diff(made, there); diff != "" {
			t.Fatalf("%s\n(-told +there):\n%s", got.raw, diff)
		}
	})
}

// checkBulk checks the results and fills in what they say was made.
func checkBulk(t *testing.T, got reply, failOn int, made map[string]bool) {
	failed := 0
	for _, element := range got.body["Operations"].([]any) {
		op := element.(map[string]any)
		location, _ := op["location"].(string)
		switch status := op["status"].(string); {
		case status == "201":
			made[location] = true
		case status == "204" && op["method"] == "DELETE":
			delete(made, location)
		case status >= "500":
			t.Fatalf("got %s", got.raw)
		case status >= "400":
			failed++
		}
	}
	if failOn > 0 && failed > failOn {
		t.Fatalf("%d errors: %s", failed, got.raw)
	}
}

// FuzzCursor gives both databases cursors with any position in them, and any text
// as a cursor. They must agree on what is behind it, or both refuse it.
func FuzzCursor(f *testing.F) {
	f.Add("", "userName", false, "u1", "ada", int64(0), uint8(0))
	f.Add("x", "active", true, "u1", "", int64(1), uint8(1))
	f.Add("", "title", true, "\x00", "\xff", int64(-1<<62), uint8(2))
	f.Add("", "meta.created", false, "z", "é", int64(1<<62), uint8(1))
	f.Add("AA==", "", true, "01", "", int64(0), uint8(2))
	var on []*server
	_, postgres := storetest.Postgres(f)
	for _, s := range []*store.Store{storetest.SQLite(f), postgres} {
		server := newServer(f, s, scim.Limits{RatePerSecond: -1})
		for i := range 6 {
			server.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d","active":%t,"title":%q}`, i, i%2 == 0, []string{"", "a", "É"}[i%3]))
			server.group(fmt.Sprintf("g%d", i))
		}
		on = append(on, server)
	}
	f.Fuzz(func(t *testing.T, text, sort string, descending bool, id, key string, number int64, kind uint8) {
		params := url.Values{"sortBy": {sort}, "count": {"4"}, "cursor": {text}}
		if descending {
			params.Set("sortOrder", "descending")
		}
		var first reply
		for i, s := range on {
			s.t = t
			if text == "" {
				forge(t, s, params, map[string]any{"i": id, "k": []any{key, number, nil}[kind%3]})
			}
			got := s.do("GET", "?"+params.Encode(), "")
			if got.status != 200 && got.status != 400 {
				t.Fatalf("got %d %s", got.status, got.raw)
			}
			if i == 0 {
				first = got
				continue
			}
			// Ids differ between the two: only one before them all is in the same position.
			same := id < "0"
			if diff := cmp.Diff(first.names(), got.names()); first.status != got.status || diff != "" && same {
				t.Fatalf("%v: SQLite %s\nPostgreSQL %s", params, first.raw, got.raw)
			}
		}
	})
}

// forge puts a position into a cursor that the server gave for params.
func forge(t *testing.T, s *server, params url.Values, position map[string]any) {
	params.Set("cursor", "")
	given, _ := s.do("GET", "?"+params.Encode(), "").body["nextCursor"].(string)
	raw, err := base64.RawURLEncoding.DecodeString(given)
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &c) != nil {
		return // the query was refused
	}
	for name, value := range position {
		c[name] = value
	}
	if raw, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	params.Set("cursor", base64.RawURLEncoding.EncodeToString(raw))
}

package scim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestUnauthorizedAnswersAreAlike checks that nobody without a valid token can
// tell a connection, a resource or a route from one that does not exist.
func TestUnauthorizedAnswersAreAlike(t *testing.T) {
	s := onSQLite(t)
	other, otherToken, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{}, provision.Connection{Name: "other", IdP: provision.IdPOkta})
	if err != nil {
		t.Fatal(err)
	}
	_, revoked, err := s.core.Tokens.CreateToken(t.Context(), provision.Cause{}, s.conn.ID, "old", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, s.conn.ID, "old"); err != nil {
		t.Fatal(err)
	}
	nowhere := strings.Replace(s.url, "acme", "nowhere", 1)
	id := s.user("ada")

	var first *reply
	for name, r := range map[string]reply{
		"no token":                 s.at(s.url+"/Users", "GET", ""),
		"a wrong token":            s.at(s.url+"/Users", "GET", "", "Authorization", "Bearer x"),
		"a wrong scheme":           s.at(s.url+"/Users", "GET", "", "Authorization", "Basic "+s.token),
		"no scheme":                s.at(s.url+"/Users", "GET", "", "Authorization", s.token),
		"an empty token":           s.at(s.url+"/Users", "GET", "", "Authorization", "Bearer "),
		"a revoked token":          s.at(s.url+"/Users", "GET", "", "Authorization", "Bearer "+revoked),
		"another connection's":     s.at(s.url+"/Users", "GET", "", "Authorization", "Bearer "+otherToken),
		"an unknown connection":    s.at(nowhere+"/Users", "GET", "", "Authorization", "Bearer "+s.token),
		"a connection with a NUL":  s.at(strings.Replace(s.url, "acme", "a%00", 1)+"/Users", "GET", "", "Authorization", "Bearer "+s.token),
		"a user":                   s.at(s.url+"/Users/"+id, "GET", ""),
		"no user":                  s.at(s.url+"/Users/x", "GET", ""),
		"a method that is none":    s.at(s.url+"/Users/"+id, "OPTIONS", ""),
		"a route that is none":     s.at(s.url+"/Nothing", "GET", ""),
		"the base URL":             s.at(s.url, "GET", ""),
		"a POST":                   s.at(s.url+"/Users", "POST", `{`),
		"discovery":                s.at(s.url+"/ServiceProviderConfig", "GET", ""),
		"a look-up with bad query": s.at(s.url+"/Users?filter=%zz", "GET", ""),
	} {
		if first == nil {
			first = &r
		}
		if r.status != 401 || r.raw != first.raw || r.header.Get("WWW-Authenticate") != `Bearer realm="scim"` || r.header.Get("Content-Type") != "application/scim+json" {
			t.Errorf("%s: %d %s %v", name, r.status, r.raw, r.header)
		}
	}
	if got := s.at(s.url+"/Users", "GET", "", "Authorization", "bEaReR  "+s.token); got.status != 200 {
		t.Errorf("the scheme in other letter case: %d", got.status)
	}
	if got := s.at(strings.Replace(s.url, "acme", string(other.ID), 1)+"/Users", "GET", "", "Authorization", "Bearer "+otherToken); got.status != 200 {
		t.Errorf("a connection by id: %d", got.status)
	}
}

// TestErrorsAreSCIM checks that every error is a SCIM error with a detail.
func TestErrorsAreSCIM(t *testing.T) {
	s := onSQLite(t)
	id := s.user("ada")
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":true}}]}`
	for _, tt := range []struct {
		name, method, path, body string
		extra                    []string
		status                   int
		kind                     string
	}{
		{"an unknown user", "GET", "/Users/x", "", nil, 404, ""},
		{"an unknown group", "GET", "/Groups/x", "", nil, 404, ""},
		{"a user's id as a group", "GET", "/Groups/" + id, "", nil, 404, ""},
		{"an id with a NUL", "GET", "/Users/a%00b", "", nil, 404, ""},
		{"an id that is not UTF-8", "GET", "/Users/%ff", "", nil, 404, ""},
		{"PUT to nobody", "PUT", "/Users/x", `{"userName":"b"}`, nil, 404, ""},
		{"PATCH to nobody", "PATCH", "/Users/x", patch, nil, 404, ""},
		{"DELETE of nobody", "DELETE", "/Users/x", "", nil, 404, ""},
		{"a route that is none", "GET", "/Nothing", "", nil, 404, ""},
		{"POST to the base URL", "POST", "", "{}", nil, 405, ""},
		{"a path that is not clean", "GET", "/Users//" + id, "", nil, 404, ""},
		{"an unknown schema", "GET", "/Schemas/urn:x", "", nil, 404, ""},
		{"an unknown resource type", "GET", "/ResourceTypes/Device", "", nil, 404, ""},
		{"a filter on schemas", "GET", "/Schemas?filter=id%20pr", "", nil, 403, ""},
		{"a filter on resource types", "GET", "/ResourceTypes?filter=id%20pr", "", nil, 403, ""},
		{"a filter on the configuration", "GET", "/ServiceProviderConfig?filter=id%20pr", "", nil, 403, ""},
		{"POST to discovery", "POST", "/ServiceProviderConfig", "{}", nil, 405, ""},
		{"OPTIONS", "OPTIONS", "/Users", "", nil, 405, ""},
		{"Me", "GET", "/Me", "", nil, 501, ""},
		{"GET of a bulk", "GET", "/Bulk", "", nil, 405, ""},
		{"a bulk that is none", "POST", "/Bulk", "{}", nil, 400, "invalidSyntax"},
		{"GET of a search", "GET", "/Users/.search", "", nil, 405, ""},
		{"a search that is none", "POST", "/Users/.search", "{}", nil, 400, "invalidSyntax"},
		{"a cursor of nobody", "GET", "/Users?cursor=abc", "", nil, 400, "invalidCursor"},
		{"a page size that is none", "GET", "/Users?cursor=&count=ten", "", nil, 400, "invalidCount"},
		{"a media type", "POST", "/Users", `{"userName":"b"}`, []string{"Content-Type", "text/plain"}, 415, ""},
		{"a form", "POST", "/Users", `userName=b`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		{"another charset", "POST", "/Users", `{"userName":"b"}`, []string{"Content-Type", "application/json; charset=iso-8859-1"}, 415, ""},
		{"a compressed body", "POST", "/Users", `x`, []string{"Content-Encoding", "gzip"}, 415, ""},
		{"no JSON", "POST", "/Users", `x`, nil, 400, "invalidSyntax"},
		{"no body", "POST", "/Users", ``, nil, 400, "invalidSyntax"},
		{"no userName", "POST", "/Users", `{}`, nil, 400, "invalidValue"},
		{"a blank userName", "POST", "/Users", `{"userName":" "}`, nil, 400, "invalidValue"},
		{"a taken userName", "POST", "/Users", `{"userName":"ADA"}`, nil, 409, "uniqueness"},
		{"no displayName", "POST", "/Groups", `{}`, nil, 400, "invalidValue"},
		{"an unknown member", "POST", "/Groups", `{"displayName":"g","members":[{"value":"x"}]}`, nil, 400, "invalidValue"},
		{"a member without value", "POST", "/Groups", `{"displayName":"g","members":[{"display":"x"}]}`, nil, 400, "invalidValue"},
		{"a member with a type only", "POST", "/Groups", `{"displayName":"g","members":[{"type":"User"}]}`, nil, 400, "invalidValue"},
		{"a broken query", "GET", "/Users?filter=%zz", "", nil, 400, "invalidValue"},
		{"an empty filter", "GET", "/Users?filter=", "", nil, 400, "invalidFilter"},
		{"two filters", "GET", "/Users?filter=id%20pr&filter=id%20pr", "", nil, 400, "invalidFilter"},
		{"a wrong filter", "GET", "/Users?filter=active%20gt%20true", "", nil, 400, "invalidFilter"},
		{"count is no number", "GET", "/Users?count=ten", "", nil, 400, "invalidValue"},
		{"startIndex is no integer", "GET", "/Users?startIndex=1.5", "", nil, 400, "invalidValue"},
		{"sortBy of nothing", "GET", "/Users?sortBy=shoeSize", "", nil, 400, "invalidValue"},
		{"sortBy of a complex attribute", "GET", "/Users?sortBy=name", "", nil, 400, "invalidValue"},
		{"attributes with excludedAttributes", "GET", "/Users?attributes=id&excludedAttributes=name", "", nil, 400, "invalidValue"},
		{"so on one resource", "GET", "/Users/" + id + "?attributes=id&excludedAttributes=name", "", nil, 400, "invalidValue"},
		{"an older version", "DELETE", "/Users/" + id, "", []string{"If-Match", `W/"99"`}, 412, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(tt.method, tt.path, tt.body, tt.extra...)
			kind, _ := got.body["scimType"].(string)
			detail, _ := got.body["detail"].(string)
			if got.status != tt.status || kind != tt.kind || detail == "" || got.body["status"] != fmt.Sprint(tt.status) ||
				fmt.Sprint(got.body["schemas"]) != "[urn:ietf:params:scim:api:messages:2.0:Error]" || got.header.Get("Content-Type") != "application/scim+json" {
				t.Errorf("got %d %s", got.status, got.raw)
			}
		})
	}
	if got := s.do("PATCH", "/Users", ""); got.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
	if got := s.do("POST", "/Users", "x", "Content-Encoding", "gzip"); got.header.Get("Accept") != "application/scim+json, application/json" || got.header.Get("Accept-Encoding") != "identity" {
		t.Errorf("415 does not say what would be right: %v", got.header)
	}
	if got := s.want(200, "GET", "/Users", ""); got.body["totalResults"] != 1.0 {
		t.Errorf("something was changed: %s", got.raw)
	}
}

func TestMediaTypesThatAreTaken(t *testing.T) {
	s := onSQLite(t)
	for i, header := range [][]string{
		{}, {"Content-Type", "application/scim+json"}, {"Content-Type", "application/json"}, {"Content-Type", `Application/SCIM+JSON; Charset="UTF-8"`}, {"Content-Type", "application/json;charset=utf8"},
		{"Accept", "application/json"}, {"Accept", "*/*"}, {"Accept", "text/html"}, {"Accept-Charset", "utf-8"}, {"Content-Encoding", "identity"},
	} {
		got := s.want(201, "POST", "/Users/", fmt.Sprintf(`{"userName":"u%d"}`, i), header...)
		if got.header.Get("Content-Type") != "application/scim+json" {
			t.Errorf("%v: answer is %s", header, got.header.Get("Content-Type"))
		}
	}
}

func TestHead(t *testing.T) {
	s := onSQLite(t)
	got := s.do("HEAD", "/Users", "")
	if got.status != 200 || got.raw != "" || got.header.Get("Content-Length") == "0" {
		t.Errorf("got %d %q %v", got.status, got.raw, got.header)
	}
}

func TestLimits(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{MaxBody: 300, MaxBulkBody: 400, MaxOperations: 2, MaxMembersPerRequest: 2, MaxFilterLength: 40, MaxFilterDepth: 2, MaxResults: 3, RatePerSecond: -1})
	id := s.user("ada")
	group := s.group("g")
	op := `{"op":"add","path":"title","value":"x"}`
	members := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{"value":"`+id+`"},`, n), ",")
	}
	patch := func(operations string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	}
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"a body as large as the limit", "POST", "/Users", `{"userName":"` + strings.Repeat("b", 300-15) + `"}`, 201},
		{"a larger one", "POST", "/Users", `{"userName":"` + strings.Repeat("c", 300-14) + `"}`, 413},
		{"two operations", "PATCH", "/Users/" + id, patch(op + "," + op), 200},
		{"three", "PATCH", "/Users/" + id, patch(op + "," + op + "," + op), 413},
		{"two members", "PUT", "/Groups/" + group, `{"displayName":"g","members":[` + members(2) + `]}`, 200},
		{"three", "PUT", "/Groups/" + group, `{"displayName":"g","members":[` + members(3) + `]}`, 413},
		{"a filter as long as the limit", "GET", `/Users?filter=title%20eq%20%22` + strings.Repeat("x", 29) + `%22`, "", 200},
		{"a longer one", "GET", `/Users?filter=title%20eq%20%22` + strings.Repeat("x", 30) + `%22`, "", 400},
		{"a filter as deep as the limit", "GET", `/Users?filter=((title%20pr))`, "", 200},
		{"a deeper one", "GET", `/Users?filter=(((title%20pr)))`, "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) { s.want(tt.status, tt.method, tt.path, tt.body) })
	}
	t.Run("a body without length", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/Users", struct{ *strings.Reader }{strings.NewReader(`{"userName":"` + strings.Repeat("c", 5000) + `"}`)})
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != 413 {
			t.Errorf("got %d", res.StatusCode)
		}
	})
	t.Run("a count above the limit is cut", func(t *testing.T) {
		for i := range 4 {
			s.user(fmt.Sprintf("u%d", i))
		}
		got := s.want(200, "GET", "/Users?count=100", "")
		if got.body["itemsPerPage"] != 3.0 || got.body["totalResults"] != 6.0 {
			t.Errorf("got %s", got.raw)
		}
	})
	t.Run("the configuration tells", func(t *testing.T) {
		got := s.want(200, "GET", "/ServiceProviderConfig", "")
		if !strings.Contains(got.raw, `"maxOperations":2`) || !strings.Contains(got.raw, `"maxPayloadSize":400`) || !strings.Contains(got.raw, `"maxResults":3`) {
			t.Errorf("got %s", got.raw)
		}
	})
}

// TestLateListenersGetTheirAnswer sends 40 MiB, listens then, and finds out what
// was wrong: with the size, with the address, with the token.
func TestLateListenersGetTheirAnswer(t *testing.T) {
	s := onSQLite(t)
	const pieces = 40
	piece := strings.Repeat(" ", 1<<20)
	for _, tt := range []struct {
		name, target, token, framing, form string
		status                             int
	}{
		{"too large, with a length", "/Users", s.token, fmt.Sprintf("Content-Length: %d", pieces<<20), "%s", 413},
		{"too large, without a length", "/Users", s.token, "Transfer-Encoding: chunked", "100000\r\n%s\r\n", 413},
		{"a bulk that is too large", "/Bulk", s.token, "Transfer-Encoding: chunked", "100000\r\n%s\r\n", 413},
		{"nothing there", "/Nothing", s.token, fmt.Sprintf("Content-Length: %d", pieces<<20), "%s", 404},
		{"a wrong token", "/Users", "x", fmt.Sprintf("Content-Length: %d", pieces<<20), "%s", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host, path, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), "/")
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST /%s%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\n%s\r\n\r\n", path, tt.target, host, tt.token, tt.framing)
			for range pieces {
				if _, err := fmt.Fprintf(conn, tt.form, piece); err != nil {
					t.Fatalf("the connection broke while sending: %v", err)
				}
			}
			if tt.form != "%s" {
				fmt.Fprint(conn, "0\r\n\r\n")
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var body struct{ Status, Detail string }
			if err := json.NewDecoder(res.Body).Decode(&body); err != nil || res.StatusCode != tt.status || body.Status != fmt.Sprint(tt.status) || body.Detail == "" {
				t.Errorf("got %s %+v, %v", res.Status, body, err)
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: 0.01, Burst: 2})
	s.want(200, "GET", "/Users", "")
	s.want(200, "GET", "/Users", "")
	got := s.want(429, "GET", "/Users", "")
	if after, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || after > 100 || after < 1 {
		t.Errorf("Retry-After is %q, want up to 100 seconds", got.header.Get("Retry-After"))
	}
	if got.body["status"] != "429" {
		t.Errorf("got %s", got.raw)
	}
	_, token, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{}, provision.Connection{Name: "other", IdP: provision.IdPOkta})
	if err != nil {
		t.Fatal(err)
	}
	if other := s.at(strings.Replace(s.url, "acme", "other", 1)+"/Users", "GET", "", "Authorization", "Bearer "+token); other.status != 200 {
		t.Errorf("another connection pays for it: %d", other.status)
	}
}

// broken is a store of which nothing works.
type broken struct{ *store.Store }

func TestInternalErrorsSayNothing(t *testing.T) {
	s := onSQLite(t)
	core := core.New(broken{}, core.Policy{}, nil)
	var log journal
	web := httptest.NewServer(scim.New(scimCore(core), scim.Options{PublicURL: "http://x", Log: slog.New(slog.NewTextHandler(&log, nil)),
		RequestID: func(context.Context) string { return "req-7" }}))
	defer web.Close()
	got := s.at(web.URL+"/scim/acme/v2/Users", "GET", "", "Authorization", "Bearer x") // a nil store panics
	if got.status != 500 || got.body["detail"] != "Internal error." || got.body["status"] != "500" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if !strings.Contains(log.String(), "request=req-7") {
		t.Errorf("the log does not tell which request it was: %s", &log)
	}
}

package scim_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const bulkSchema = `"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]`

// bulkReply is the answer to a bulk request, by operation.
type bulkReply struct {
	t   testing.TB
	raw string
	ops []map[string]any
}

// bulk sends a bulk request; first are members of the message before
// Operations, or "".
func (s *server) bulk(first string, operations ...string) bulkReply {
	s.t.Helper()
	if first != "" {
		first += ","
	}
	got := s.want(200, "POST", "/Bulk", "{"+bulkSchema+","+first+`"Operations":[`+strings.Join(operations, ",")+"]}")
	if got.body["schemas"].([]any)[0] != "urn:ietf:params:scim:api:messages:2.0:BulkResponse" {
		s.t.Errorf("got %s", got.raw)
	}
	out := bulkReply{t: s.t, raw: got.raw}
	for _, op := range got.body["Operations"].([]any) {
		out.ops = append(out.ops, op.(map[string]any))
	}
	return out
}

// statuses lists the status of each operation.
func (r bulkReply) statuses() string {
	var out []string
	for _, op := range r.ops {
		out = append(out, op["status"].(string))
	}
	return strings.Join(out, " ")
}

// want fails the test unless the operations have these statuses.
func (r bulkReply) want(statuses string) bulkReply {
	r.t.Helper()
	if got := r.statuses(); got != statuses {
		r.t.Fatalf("got %s, want %s: %s", got, statuses, r.raw)
	}
	return r
}

// id returns the id in the location of an operation.
func (r bulkReply) id(i int) string {
	location, _ := r.ops[i]["location"].(string)
	return location[strings.LastIndexByte(location, '/')+1:]
}

func (r bulkReply) kind(i int) string {
	response, _ := r.ops[i]["response"].(map[string]any)
	kind, _ := response["scimType"].(string)
	return kind
}

func post(path, bulkID, data string) string {
	return fmt.Sprintf(`{"method":"POST","path":%q,"bulkId":%q,"data":%s}`, path, bulkID, data)
}

// memberIDs returns the values of the members of a group, sorted.
func (s *server) memberIDs(id string) []string {
	s.t.Helper()
	out := []string{}
	list, _ := s.want(200, "GET", "/Groups/"+id, "").body["members"].([]any)
	for _, member := range list {
		out = append(out, member.(map[string]any)["value"].(string))
	}
	slices.Sort(out)
	return out
}

func (s *server) count(path string) int {
	s.t.Helper()
	return int(s.want(200, "GET", path+"?count=0", "").body["totalResults"].(float64))
}

// TestBulkReferences makes people and groups that name each other, in the
// order of the request and against it, on both databases.
func TestBulkReferences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		got := s.bulk("",
			post("/Groups", "g", `{"displayName":"Support","members":[{"value":"bulkId:u"},{"value":"bulkId:inner"}]}`),
			post("/Users", "u", `{"userName":"ada","`+ent+`":{"manager":{"value":"bulkId:boss"}}}`),
			post("/Groups", "inner", `{"displayName":"Tier 1","members":["bulkId:boss"]}`),
			post("/Users", "boss", `{"userName":"bo"}`),
			`{"method":"patch","path":"/Groups/bulkId:inner","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:u"}]}]}}`,
			`{"method":"PUT","path":"/Users/bulkId:boss","bulkId":"again","data":{"userName":"bob"}}`,
		).want("201 201 201 201 204 200")
		support, ada, inner, boss := got.id(0), got.id(1), got.id(2), got.id(3)
		if diff := cmp.Diff(sorted(ada, inner), s.memberIDs(support)); diff != "" {
			t.Errorf("members of Support (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(sorted(ada, boss), s.memberIDs(inner)); diff != "" {
			t.Errorf("members of Tier 1 (-want +got):\n%s", diff)
		}
		user := s.want(200, "GET", "/Users/"+ada, "")
		if manager := user.body[ent].(map[string]any)["manager"].(map[string]any)["value"]; manager != boss {
			t.Errorf("manager is %v, want %s", manager, boss)
		}
		if name := s.want(200, "GET", "/Users/"+boss, "").body["userName"]; name != "bob" {
			t.Errorf("userName is %v", name)
		}
		want := map[string]any{"method": "POST", "bulkId": "u", "status": "201", "version": `W/"1"`, "location": s.url + "/Users/" + ada}
		if diff := cmp.Diff(want, got.ops[1]); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		s.bulk("", `{"method":"DELETE","path":"/Users/`+ada+`","version":"W/\"9\""}`, `{"method":"DELETE","path":"/Users/`+ada+`","version":"W/\"1\""}`).want("412 204")
	})
}

func sorted(values ...string) []string {
	slices.Sort(values)
	return values
}

// TestBulkCircles makes resources that name each other in a circle.
func TestBulkCircles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		got := s.bulk("",
			post("/Groups", "out", `{"displayName":"outside","members":[{"value":"bulkId:a"}]}`),
			post("/Groups/", "a", `{"displayName":"a","members":[{"value":"bulkId:b"},{"value":"bulkId:u"}]}`),
			post("/Groups/", "b", `{"displayName":"b","members":[{"value":"bulkId:c"}]}`),
			post("/Groups", "c", `{"displayName":"c","members":[{"value":"bulkId:a"}]}`),
			post("/Users", "u", `{"userName":"ada","`+ent+`":{"department":"S","manager":{"value":"bulkId:v","displayName":"x"}}}`),
			post("/Users", "v", `{"userName":"bo","`+ent+`":{"manager":"bulkId:u"}}`),
		).want("201 201 201 201 201 201")
		out, a, b, c, u, v := got.id(0), got.id(1), got.id(2), got.id(3), got.id(4), got.id(5)
		for group, want := range map[string][]string{out: {a}, a: sorted(b, u), b: {c}, c: {a}} {
			if diff := cmp.Diff(want, s.memberIDs(group)); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		}
		for user, want := range map[string]string{u: v, v: u} {
			body := s.want(200, "GET", "/Users/"+user, "").body
			if manager := body[ent].(map[string]any)["manager"].(map[string]any)["value"]; manager != want {
				t.Errorf("manager is %v, want %s", manager, want)
			}
		}
		for i, id := range []string{out, a, b, c} {
			if version := s.want(200, "GET", "/Groups/"+id, "").header.Get("ETag"); version != got.ops[i]["version"] {
				t.Errorf("version of %d is %s, the answer said %v", i, version, got.ops[i]["version"])
			}
		}
	})
}

// TestBulkCircleFailsWhole checks that a resource of a circle that cannot be
// closed is not left behind.
func TestBulkCircleFailsWhole(t *testing.T) {
	s := onSQLite(t)
	got := s.bulk("",
		post("/Groups", "a", `{"displayName":"a","members":[{"value":"bulkId:b"}]}`),
		post("/Groups", "b", `{"displayName":" ","members":[{"value":"bulkId:a"}]}`),
		post("/Groups", "self", `{"displayName":"self","members":[{"value":"bulkId:self"}]}`),
		post("/Groups", "late", `{"displayName":"late","members":[{"value":"bulkId:a"}]}`),
	)
	got.want("409 400 400 409")
	if n := s.count("/Groups"); n != 0 {
		t.Errorf("%d groups are left", n)
	}
	stopped := s.bulk(`"failOnErrors":1`,
		post("/Groups", "a", `{"displayName":"a","members":[{"value":"bulkId:b"}]}`),
		post("/Groups", "b", `{"displayName":"b","members":[{"value":"bulkId:a"},{"value":"nobody"}]}`),
	)
	if stopped.want("400"); stopped.ops[0]["bulkId"] != "b" || s.count("/Groups") != 0 {
		t.Errorf("got %s, %d groups are left", stopped.raw, s.count("/Groups"))
	}
}

// interrupted is a store whose nth transaction begins only when its caller has
// gone.
type interrupted struct {
	*store.Store
	left *atomic.Int64
	gone context.CancelFunc
}

func (s interrupted) InTx(ctx context.Context, fn func(*store.Store) error) error {
	if s.left.Add(-1) == 0 {
		s.gone()
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Store.InTx(ctx, fn)
}

// TestBulkLeavesNoHalvesWhenTheClientGoes ends the request between the two
// steps in which a resource of a circle is made.
func TestBulkLeavesNoHalvesWhenTheClientGoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	st := interrupted{storetest.SQLite(t), &atomic.Int64{}, cancel}
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	body := "{" + bulkSchema + `,"Operations":[` + post("/Groups", "a", `{"displayName":"a","members":["bulkId:b"]}`) + "," +
		post("/Groups", "b", `{"displayName":"b","members":["bulkId:a"]}`) + "]}"
	req, err := http.NewRequestWithContext(ctx, "POST", s.url+"/Bulk", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	st.left.Store(2)
	if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
		res.Body.Close()
		t.Fatalf("got %d", res.StatusCode)
	}
	for deadline := time.Now().Add(time.Minute); s.count("/Groups") > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("half a circle is left")
		}
	}
	if n := st.left.Load(); n > -1 {
		t.Errorf("nothing was taken back: %d", n)
	}
}

// TestBulkStopsAfterErrors checks failOnErrors (RFC 7644 §3.7.3).
func TestBulkStopsAfterErrors(t *testing.T) {
	s := onSQLite(t)
	bad := post("/Users", "x%d", `{}`)
	operations := []string{post("/Users", "a", `{"userName":"a"}`), fmt.Sprintf(bad, 1), post("/Users", "b", `{"userName":"b"}`), fmt.Sprintf(bad, 2), post("/Users", "c", `{"userName":"c"}`)}
	s.bulk(`"failOnErrors":1`, operations...).want("201 400")
	if n := s.count("/Users"); n != 1 {
		t.Errorf("%d users", n)
	}
	s.bulk(`"failOnErrors":2`, operations...).want("409 400")
	s.bulk(`"failOnErrors":3`, operations...).want("409 400 201 400")
	s.bulk(`"failOnErrors":0`, operations...).want("409 400 409 400 201")
	s.bulk("", operations...).want("409 400 409 400 409")
}

// TestBulkOfTheStandard sends the operations of RFC 7644 §3.7.3, where the data
// of a PATCH is a list of operations.
func TestBulkOfTheStandard(t *testing.T) {
	s := onSQLite(t)
	bob, dave, eve := s.user("Bob"), s.user("dave"), s.user("eve")
	s.bulk(`"failOnErrors":1`,
		`{"method":"POST","path":"/Users","bulkId":"qwerty","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Alice"}}`,
		`{"method":"PUT","path":"/Users/`+bob+`","version":"W\/\"1\"","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"`+bob+`","userName":"Bobby"}}`,
		`{"method":"PATCH","path":"/Users/`+dave+`","version":"W/\"1\"","data":[{"op":"remove","path":"nickName"},{"op":"add","path":"userName","value":"Dave"}]}`,
		`{"method":"DELETE","path":"/Users/`+eve+`","version":"W/\"1\""}`,
	).want("201 200 200 204")
	if got := s.want(200, "GET", "/Users", ""); !slices.Equal(got.names(), []string{"Bobby", "Dave", "Alice"}) {
		t.Errorf("got %v", got.names())
	}
	s.bulk("", `{"method":"PUT","path":"/Users/`+dave+`","data":[{"op":"remove","path":"nickName"}]}`).want("400")
}

// TestBulkOperationErrors checks what is wrong with a single operation.
func TestBulkOperationErrors(t *testing.T) {
	s := onSQLite(t)
	id := s.user("ada")
	for name, tt := range map[string]struct{ operation, status, kind string }{
		"no object":              {`1`, "400", "invalidSyntax"},
		"nothing":                {`{}`, "400", "invalidSyntax"},
		"GET":                    {`{"method":"GET","path":"/Users/` + id + `"}`, "400", "invalidSyntax"},
		"a PATCH that is none":   {`{"method":"PATCH","path":"/Users/` + id + `","data":{"schemas":["urn:x"],"Operations":[{"op":"remove","path":"title"}]}}`, "400", "invalidSyntax"},
		"no path":                {`{"method":"POST","bulkId":"x","data":{}}`, "400", "invalidPath"},
		"another endpoint":       {post("/Devices", "x", `{}`), "400", "invalidPath"},
		"an endpoint behind it":  {post("/UsersX", "x", `{}`), "400", "invalidPath"},
		"the way up":             {`{"method":"DELETE","path":"/Users/../Groups"}`, "400", "invalidPath"},
		"a query":                {`{"method":"DELETE","path":"/Users/` + id + `?x=1"}`, "400", "invalidPath"},
		"a bulk in it":           {post("/Bulk", "x", `{}`), "400", "invalidPath"},
		"a search in it":         {post("/Users/.search", "x", `{}`), "400", "invalidPath"},
		"POST to a resource":     {post("/Users/"+id, "x", `{"userName":"b"}`), "400", "invalidPath"},
		"DELETE of all":          {`{"method":"DELETE","path":"/Users"}`, "400", "invalidPath"},
		"PUT to all":             {`{"method":"PUT","path":"/Users/","data":{}}`, "400", "invalidPath"},
		"no bulkId":              {`{"method":"POST","path":"/Users","data":{"userName":"b"}}`, "400", "invalidSyntax"},
		"bulkId is no string":    {`{"method":"POST","path":"/Users","bulkId":1,"data":{"userName":"b"}}`, "400", "invalidSyntax"},
		"no data":                {`{"method":"POST","path":"/Users","bulkId":"x"}`, "400", "invalidSyntax"},
		"data is no object":      {post("/Users", "x", `"userName"`), "400", "invalidSyntax"},
		"a wrong value":          {post("/Users", "x", `{"userName":1}`), "400", "invalidValue"},
		"a taken name":           {post("/Users", "x", `{"userName":"ADA"}`), "409", "uniqueness"},
		"nobody":                 {`{"method":"DELETE","path":"/Users/nobody"}`, "404", ""},
		"a NUL":                  {`{"method":"DELETE","path":"/Users/a%00"}`, "404", ""},
		"a reference to nothing": {post("/Groups", "x", `{"displayName":"g","members":[{"value":"bulkId:none"}]}`), "400", "invalidValue"},
		"a path to nothing":      {`{"method":"DELETE","path":"/Users/bulkId:none"}`, "400", "invalidValue"},
		"its own bulkId":         {`{"method":"DELETE","path":"/Users/bulkId:x","bulkId":"x"}`, "400", "invalidValue"},
		"a wrong PATCH":          {`{"method":"PATCH","path":"/Users/` + id + `","data":{}}`, "400", "invalidSyntax"},
		"an older version":       {`{"method":"PUT","path":"/Users/` + id + `","version":"W/\"7\"","data":{"userName":"b"}}`, "412", ""},
	} {
		got := s.bulk("", tt.operation)
		if got.statuses() != tt.status || got.kind(0) != tt.kind {
			t.Errorf("%s: got %s", name, got.raw)
		}
		response, _ := got.ops[0]["response"].(map[string]any)
		if response["status"] != tt.status || response["detail"] == "" {
			t.Errorf("%s: response is %v", name, response)
		}
	}
	if n := s.count("/Users") + s.count("/Groups"); n != 1 {
		t.Errorf("%d resources are left", n)
	}
}

// TestBulkMessageErrors checks what makes the whole request wrong.
func TestBulkMessageErrors(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: -1, MaxOperations: 3, MaxBulkBody: 2000, MaxBody: 100})
	one := post("/Users", "x", `{"userName":"a"}`)
	for body, want := range map[string]int{
		`{"Operations":[` + one + `]}`:                                            400,
		`{` + bulkSchema + `}`:                                                    400,
		`{` + bulkSchema + `,"Operations":[]}`:                                    400,
		`{` + bulkSchema + `,"Operations":{}}`:                                    400,
		`{` + bulkSchema + `,"failOnErrors":-1,"Operations":[` + one + `]}`:       400,
		`{` + bulkSchema + `,"failOnErrors":"1","Operations":[` + one + `]}`:      400,
		`{` + bulkSchema + `,"Operations":[` + one + `,` + one + `]}`:             400,
		`{` + bulkSchema + `,"Operations":[1,2,3,4]}`:                             413,
		`{` + bulkSchema + `,"Operations":["` + strings.Repeat("x", 2000) + `"]}`: 413,
	} {
		if got := s.do("POST", "/Bulk", body); got.status != want {
			t.Errorf("%.200s: got %d %s", body, got.status, got.raw)
		}
	}
	if n := s.count("/Users"); n != 0 {
		t.Errorf("%d users", n)
	}
	config := s.want(200, "GET", "/ServiceProviderConfig", "").body["bulk"]
	if diff := cmp.Diff(map[string]any{"supported": true, "maxOperations": 3.0, "maxPayloadSize": 2000.0}, config); diff != "" {
		t.Errorf("ServiceProviderConfig (-want +got):\n%s", diff)
	}
}

// TestBulkIsBounded sends what is meant to be slow.
func TestBulkIsBounded(t *testing.T) {
	s := onSQLite(t)
	backwards := make([]string, 300) // each waits for the next
	circle := make([]string, 300)
	for i := range backwards {
		backwards[i] = post("/Groups", fmt.Sprint(i), fmt.Sprintf(`{"displayName":"g%d","members":["bulkId:%d"]}`, i, i+1))
		circle[i] = post("/Groups", fmt.Sprint(i), fmt.Sprintf(`{"displayName":"c%d","members":["bulkId:%d"]}`, i, (i+1)%len(circle)))
	}
	backwards = append(backwards, post("/Users", "300", `{"userName":"ada"}`))
	s.bulk("", backwards...).want(strings.TrimSpace(strings.Repeat("201 ", 301)))
	s.bulk("", circle...).want(strings.TrimSpace(strings.Repeat("201 ", 300)))

	many := `{` + bulkSchema + `,"Operations":[` + strings.TrimSuffix(strings.Repeat(`{"method":"DELETE","path":"/Users/x"},`, 10_000), ",") + `]}`
	s.want(413, "POST", "/Bulk", many)
	var refs strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&refs, `"bulkId:%d",`, i)
	}
	s.bulk("", post("/Groups", "x", `{"displayName":"x","members":[`+strings.TrimSuffix(refs.String(), ",")+`]}`)).want("400")
}

// TestBulkCountsAgainstTheRate checks that a bulk request weighs as much as
// the requests it stands for.
func TestBulkCountsAgainstTheRate(t *testing.T) {
	s := newServer(t, storetest.SQLite(t), scim.Limits{RatePerSecond: 0.01, Burst: 10})
	operations := make([]string, 9)
	for i := range operations {
		operations[i] = `{"method":"DELETE","path":"/Users/x"}`
	}
	s.bulk("", operations...)
	s.want(200, "GET", "/Users", "")
	s.want(429, "GET", "/Users", "")
}

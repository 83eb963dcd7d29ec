package scim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// traced returns every body that providers POST to an endpoint in the traces.
func traced(t *testing.T, endpoint string) []map[string]any {
	t.Helper()
	files, err := filepath.Glob("testdata/traces/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no traces", err)
	}
	var out []map[string]any
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var trace struct {
			Steps []struct {
				Method, Path string
				Body         any
			}
		}
		if err := json.Unmarshal(raw, &trace); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, step := range trace.Steps {
			if body, ok := step.Body.(map[string]any); ok && step.Method == "POST" && step.Path == endpoint {
				out = append(out, body)
			}
		}
	}
	return out
}

// TestWhatWasReadCanBeWritten states properties that hold for every resource that
// providers are known to create: writing back what was read changes nothing, as
// a PUT and as a PATCH; and what a PATCH adds, a PATCH can take away.
func TestWhatWasReadCanBeWritten(t *testing.T) {
	s := onSQLite(t)
	patch := func(operation string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operation + `]}`
	}
	for endpoint, name := range map[string]string{"/Users": "userName", "/Groups": "displayName"} {
		tried := 0
		for i, body := range traced(t, endpoint) {
			body[name], body["externalId"] = fmt.Sprintf("n%d", i), nil
			delete(body, "members") // names people of the trace
			raw, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			made := s.do("POST", endpoint, string(raw))
			if made.status != 201 {
				continue // refused in the trace too
			}
			tried++
			path := endpoint + "/" + made.id()
			check := func(what string) {
				t.Helper()
				if got := s.want(200, "GET", path, ""); got.raw != made.raw {
					t.Errorf("%s of %s (-before +after):\n%s", what, raw, cmp.Diff(made.body, got.body))
				}
			}
			s.want(200, "PUT", path, made.raw)
			check("PUT")
			for _, op := range []string{"add", "replace"} {
				if got := s.do("PATCH", path, patch(`{"op":"`+op+`","value":`+made.raw+`}`)); got.status > 204 {
					t.Errorf("PATCH: %d %s", got.status, got.raw)
				}
				check("PATCH " + op)
			}
			const extra = "urn:example:property:User:tag"
			for _, operation := range []string{`{"op":"add","path":"` + extra + `","value":"x"}`, `{"op":"remove","path":"` + extra + `"}`} {
				if got := s.do("PATCH", path, patch(operation)); got.status > 204 {
					t.Errorf("PATCH: %d %s", got.status, got.raw)
				}
			}
			after := s.want(200, "GET", path, "").body
			delete(after, "meta")
			delete(made.body, "meta")
			if diff := cmp.Diff(made.body, after); diff != "" {
				t.Errorf("added and removed (-before +after):\n%s", diff)
			}
		}
		if tried < 5 {
			t.Errorf("%s: only %d resources were tried", endpoint, tried)
		}
	}
}

// TestBulkIsTheSameAsSingleRequests sends the same changes in both ways and
// compares what there is afterwards.
func TestBulkIsTheSameAsSingleRequests(t *testing.T) {
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":"w@x"},{"op":"replace","value":{"active":"False","` + ent + `:department":"S"}}]}`
	requests := [][3]string{
		{"POST", "/Users", `{"userName":"ada","name":{"givenName":"A"},"urn:x:ext":{"a":[1,{"b":null}]}}`},
		{"PATCH", "/Users/{1}", patch},
		{"PUT", "/Users/{1}", `{"userName":"ada2","title":"t","active":true}`},
		{"PATCH", "/Users/{1}", patch},
		{"POST", "/Groups", `{"displayName":"g","members":["{1}"]}`},
		{"POST", "/Users", `{"userName":"ADA2"}`},
		{"PATCH", "/Users/{1}", `{}`},
		{"DELETE", "/Users/nobody", ``},
	}
	single, bulk := onSQLite(t), onSQLite(t)
	var statuses []string
	id := ""
	for _, r := range requests {
		got := single.do(r[0], strings.ReplaceAll(r[1], "{1}", id), strings.ReplaceAll(r[2], "{1}", id))
		if id == "" {
			id = got.id()
		}
		statuses = append(statuses, fmt.Sprint(got.status))
	}
	var operations []string
	for i, r := range requests {
		op := fmt.Sprintf(`{"method":%q,"path":%q,"bulkId":"%d"`, r[0], strings.ReplaceAll(r[1], "{1}", "bulkId:0"), i)
		if r[2] != "" {
			op += `,"data":` + strings.ReplaceAll(r[2], "{1}", "bulkId:0")
		}
		operations = append(operations, op+"}")
	}
	bulk.bulk("", operations...).want(strings.Join(statuses, " "))
	if diff := cmp.Diff(anonymous(t, single), anonymous(t, bulk)); diff != "" {
		t.Errorf("afterwards (-single +bulk):\n%s", diff)
	}
}

// anonymous returns everything on a server, without ids, times and addresses.
func anonymous(t *testing.T, s *server) string {
	t.Helper()
	all := s.want(200, "GET", "", "")
	raw, err := json.MarshalIndent(all.body, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), s.url, "BASE")
	return timeForm.ReplaceAllString(idForm.ReplaceAllString(text, "ID"), `"TIME"`)
}

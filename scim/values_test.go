package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestPatchWithoutSchemas applies what authentik and others send without schemas,
// or with the URN of the drafts, to people and groups.
func TestPatchWithoutSchemas(t *testing.T) {
	s := onSQLite(t)
	user, group := "/Users/"+s.user("ada"), "/Groups/"+s.group("Tier 1")
	s.want(204, "PATCH", group, `{"Operations":[{"op":"replace","value":{"id":"x","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"9c1f","displayName":"Tier 2"}}]}`)
	if got := s.want(200, "GET", group, ""); got.body["displayName"] != "Tier 2" || got.body["externalId"] != "9c1f" {
		t.Errorf("got %s", got.raw)
	}
	for i, schemas := range []string{``, `"schemas":null,`, `"schemas":["urn:ietf:params:scim:schemas:core:2.0:PatchOp"],`} {
		name := fmt.Sprint("Ada ", i)
		if got := s.want(200, "PATCH", user, `{`+schemas+`"operations":[{"op":"replace","path":"displayName","value":"`+name+`"}]}`); got.body["displayName"] != name {
			t.Errorf("%s: got %s", schemas, got.raw)
		}
	}
	for _, schemas := range []string{`[]`, `["IllegalPatchSchema"]`, `["urn:ietf:params:scim:schemas:core:2.0:User"]`, `7`} {
		if got := s.want(400, "PATCH", user, `{"schemas":`+schemas+`,"Operations":[{"op":"replace","path":"active","value":false}]}`); got.body["scimType"] != "invalidSyntax" {
			t.Errorf("%s: got %s", schemas, got.raw)
		}
	}
}

// TestValuesThatAreTexts reads a text that is JSON where an object or a list is due,
// by POST and by PATCH alike, and keeps it where a text is.
func TestValuesThatAreTexts(t *testing.T) {
	s := onSQLite(t)
	ada, made := s.user("ada"), 0
	text := func(json string) string { return fmt.Sprintf("%q", json) }
	mail := []any{map[string]any{"value": "x@example.test", "type": "work"}}
	for i, tt := range []struct {
		name, value string
		want        any
	}{
		{"emails", text(`{"value":"x@example.test","type":"work"}`), mail},
		{"emails", text(` [{"value":"x@example.test","type":"work"}]`), mail},
		{"emails", `[` + text(`{"value":"x@example.test","type":"work"}`) + `]`, mail},
		{"name", text(`{"givenName":"Ada"}`), map[string]any{"givenName": "Ada"}},
		{"name", text(`[{"givenName":"Ada"}]`), map[string]any{"givenName": "Ada"}},
		{"addresses", text(`[{"type":"work","country":"NO"}]`), []any{map[string]any{"type": "work", "country": "NO"}}},
		{ent, text(`{"department":"S","manager":"9"}`), map[string]any{"department": "S", "manager": map[string]any{"value": "9"}}},
		{ent, `{"manager":` + text(`{"value":"9"}`) + `}`, map[string]any{"manager": map[string]any{"value": "9"}}},
		{desk, `{"teams":` + text(`["A","B"]`) + `}`, map[string]any{"teams": []any{"A", "B"}}},
		{desk, `{"teams":"[EU] Support"}`, map[string]any{"teams": []any{"[EU] Support"}}},
		{"title", text(`["x"]`), `["x"]`},
		{"nickName", text(`{"a":1}`), `{"a":1}`},
		{"roles", text(`{"value":"Agent"}`), []any{map[string]any{"value": `{"value":"Agent"}`}}},
		{"urn:x:User", `{"list":` + text(`["x"]`) + `}`, map[string]any{"list": `["x"]`}},
	} {
		check := func(what string, got reply) {
			t.Helper()
			if diff := cmp.Diff(tt.want, got.body[tt.name]); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", what, tt.value, diff)
			}
		}
		check("POST", s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d",%q:%s}`, i, tt.name, tt.value)))
		fresh := func() string { made++; return "/Users/" + s.user(fmt.Sprint("v", made)) }
		check("PATCH", s.want(200, "PATCH", fresh(), patchOf(fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, tt.name, tt.value))))
		check("PATCH without path", s.want(200, "PATCH", fresh(), patchOf(fmt.Sprintf(`{"op":"add","value":{%q:%s}}`, tt.name, tt.value))))
		check("PATCH of a text without path", s.want(200, "PATCH", fresh(), patchOf(`{"op":"add","value":`+text(fmt.Sprintf(`{%q:%s}`, tt.name, tt.value))+`}`)))
		check("PATCH of a list of one without path", s.want(200, "PATCH", fresh(), patchOf(fmt.Sprintf(`{"op":"add","value":[{%q:%s}]}`, tt.name, tt.value))))
	}
	for _, refused := range []string{
		`"path":"emails","value":"{\"value\":"`, `"path":"emails","value":"{x}"`, `"path":"emails[type eq \"work\"]","value":"{x}"`, `"path":"name","value":"[1,2]"`, `"path":"name","value":"{}{}"`,
		`"path":"emails","value":"{\"value\":\"a\",\"VALUE\":\"b\"}"`, `"value":"x"`, `"value":"[]"`, `"value":[]`, `"value":null`, `"value":""`, `"value":"{"`, `"value":[{"title":"a"},{"title":"b"}]`,
	} {
		if got := s.want(400, "PATCH", "/Users/"+ada, patchOf(`{"op":"replace",`+refused+`}`)); got.body["scimType"] != "invalidValue" {
			t.Errorf("%s: got %s", refused, got.raw)
		}
	}
	for _, value := range []string{text(`{"value":"` + ada + `"}`), text(`[{"value":"` + ada + `"}]`), `[` + text(`{"value":"`+ada+`"}`) + `]`} {
		for _, op := range []string{"add", "replace"} {
			made++
			group := s.group(fmt.Sprint("g", made))
			s.want(204, "PATCH", "/Groups/"+group, patchOf(`{"op":"`+op+`","path":"members","value":`+value+`}`))
			if got := strings.Join(s.members(group), " "); got != "ada" {
				t.Errorf("%s %s: members are %q", op, value, got)
			}
		}
	}
}

// TestMembersWithoutAnIDChangeNothing sends members that have lost their ids, in
// every way there is to send members, and wants the group as it was.
func TestMembersWithoutAnIDChangeNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		ada := s.user("ada")
		group := s.group("Tier 1", ada, s.user("bo"))
		path := "/Groups/" + group
		for _, members := range []string{
			`[{"value":null}]`, `[{"value":""}]`, `[{"value":" "}]`, `[""]`, `[" "]`, `[{}]`, `[null]`, `{"value":null}`, `{}`, `""`, `{"$ref":null,"value":null}`, `[{"display":"Ada"}]`, `[{"value":null,"display":"Ada"}]`,
			`[{"id":"` + ada + `"}]`, `[{"value":null},{"value":"` + ada + `"}]`, `["` + ada + `",""]`, `["{}"]`, `"[{}]"`, `[{"value":[]}]`, `[[]]`, `[7]`, `[{"value":53}]`, `true`,
		} {
			for method, body := range map[string]string{
				"POST":                   `{"displayName":"Tier 2","members":` + members + `}`,
				"PUT":                    `{"displayName":"Tier 1","members":` + members + `}`,
				"PATCH add":              patchOf(`{"op":"add","path":"members","value":` + members + `}`),
				"PATCH replace":          patchOf(`{"op":"replace","path":"members","value":` + members + `}`),
				"PATCH remove":           patchOf(`{"op":"remove","path":"members","value":` + members + `}`),
				"PATCH without path":     patchOf(`{"op":"replace","value":{"displayName":"Other","members":` + members + `}}`),
				"PATCH add without path": patchOf(`{"op":"add","value":{"members":` + members + `}}`),
			} {
				method, _, _ := strings.Cut(method, " ")
				at := path
				if method == "POST" {
					at = "/Groups"
				}
				if got := s.do(method, at, body); got.status != 400 || got.body["scimType"] != "invalidValue" {
					t.Errorf("%s %s: got %d %s", method, body, got.status, got.raw)
				}
			}
		}
		if got := s.want(400, "PATCH", path, patchOf(`{"op":"remove","path":"members","value":[]}`)); got.body["scimType"] != "invalidValue" {
			t.Errorf("remove of nobody: got %s", got.raw)
		}
		if got := s.want(200, "GET", path, ""); got.header.Get("ETag") != `W/"1"` || len(s.members(group)) != 2 {
			t.Errorf("the group has changed: %s", got.raw)
		}
		for _, empty := range []string{
			`{"op":"replace","path":"members","value":[]}`, `{"op":"replace","path":"members","value":null}`, `{"op":"replace","value":{"members":[]}}`,
			`{"op":"remove","path":"members"}`, `{"op":"remove","path":"members","value":null}`,
		} {
			s.want(204, "PATCH", path, patchOf(empty))
			if got := s.members(group); len(got) > 0 {
				t.Errorf("%s left %v", empty, got)
			}
			s.want(204, "PATCH", path, patchOf(`{"op":"add","path":"members","value":["`+ada+`"]}`))
		}
	})
}

// TestMembersThatDoNotExistChangeNothing checks that a member who is nobody is
// refused in the same way by every request that would add one.
func TestMembersThatDoNotExistChangeNothing(t *testing.T) {
	s := onSQLite(t)
	group := s.group("Tier 1", s.user("ada"))
	const nobody = `[{"value":"01890000-0000-7000-8000-000000000000"}]`
	for method, body := range map[string]string{
		"POST":          `{"displayName":"Tier 2","members":` + nobody + `}`,
		"PUT":           `{"displayName":"Tier 2","members":` + nobody + `}`,
		"PATCH add":     patchOf(`{"op":"replace","path":"displayName","value":"Tier 2"},{"op":"add","path":"members","value":` + nobody + `}`),
		"PATCH replace": patchOf(`{"op":"replace","path":"members","value":` + nobody + `}`),
		"PATCH by path": patchOf(`{"op":"add","path":"members[value eq \"01890000-0000-7000-8000-000000000000\"]"}`),
	} {
		name := method
		method, _, _ := strings.Cut(method, " ")
		path := "/Groups/" + group
		if method == "POST" {
			path = "/Groups"
		}
		got := s.want(400, method, path, body)
		if detail, _ := got.body["detail"].(string); got.body["scimType"] != "invalidValue" || !strings.Contains(detail, "01890000-0000-7000-8000-000000000000") {
			t.Errorf("%s: got %s", name, got.raw)
		}
	}
	if got := s.want(200, "GET", "/Groups", ""); got.body["totalResults"] != 1.0 || strings.Join(s.members(group), " ") != "ada" {
		t.Errorf("afterwards: %s", got.raw)
	}
	s.want(204, "PATCH", "/Groups/"+group, patchOf(`{"op":"remove","path":"members","value":`+nobody+`}`)) // who is not there need not be removed
}

// TestRemoveOfAnEmptyValue removes a whole attribute where the value beside the path
// is none, whatever that looks like.
func TestRemoveOfAnEmptyValue(t *testing.T) {
	s := onSQLite(t)
	for i, value := range []string{`""`, `" "`, `[]`, `{}`, `[{}]`, `[""]`, `[null]`, `{"value":""}`, `[{"value":null}]`, `null`} {
		user := "/Users/" + s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d","title":"T","emails":[{"value":"a@x"},{"value":"b@x"}],"roles":["r"],"name":{"givenName":"A"},"shoe":["a"],
			"urn:x:User":{"l":["a","b"]},"%s":{"teams":["A"]}}`, i, desk)).id()
		for _, path := range []string{"title", "emails", "roles", "name", "shoe", "urn:x:User:l", desk + ":teams"} {
			s.want(200, "PATCH", user, patchOf(fmt.Sprintf(`{"op":"remove","path":%q,"value":%s}`, path, value)))
		}
		if left := shown(s.want(200, "GET", user, "")); len(left) > 0 {
			t.Errorf("remove of %s left %v", value, left)
		}
	}
}

// TestEachValueIsThereOnce checks that no pair of type and value is returned twice
// (RFC 7643 §2.4), however they come.
func TestEachValueIsThereOnce(t *testing.T) {
	s := onSQLite(t)
	made := s.want(201, "POST", "/Users", `{"userName":"ada","emails":[{"value":"a@x","type":"work"},{"value":"A@x","type":"Work","primary":true,"display":"A"},{"value":"a@x","type":"home"},{"value":"a@x","type":"work","primary":false}],
		"entitlements":["e","e"],"`+desk+`":{"teams":["A","a","B"]}}`)
	want := map[string]any{"emails": []any{map[string]any{"value": "A@x", "type": "Work", "primary": true, "display": "A"}, map[string]any{"value": "a@x", "type": "home"}},
		"entitlements": []any{map[string]any{"value": "e"}}, desk: map[string]any{"teams": []any{"A", "B"}}}
	path := "/Users/" + made.id()
	got := shown(made)
	got["emails"].([]any)[0].(map[string]any)["value"] = "A@x"
	got["emails"].([]any)[0].(map[string]any)["type"] = "Work"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("POST (-want +got):\n%s", diff)
	}
	for _, ops := range []string{
		`{"op":"replace","path":"emails[type eq \"home\"].type","value":"work"}`,
		`{"op":"replace","path":"emails","value":[{"value":"a@x","type":"work"},{"value":"b@x","type":"work"}]},{"op":"replace","path":"emails[value eq \"b@x\"]","value":{"value":"A@X","type":"WORK"}}`,
		`{"op":"replace","path":"emails","value":[{"value":"a@x"},{"value":"a@x"}]}`,
	} {
		if got := s.want(200, "PATCH", path, patchOf(ops)); len(got.body["emails"].([]any)) != 1 {
			t.Errorf("%s: got %s", ops, got.raw)
		}
	}
	// Few and many are compared alike: a Kelvin sign is a k, and so is a full-width
	// one; a long s is no s.
	const alike, others = `{"value":"k@x"},{"value":"\u212a@x"},{"value":"\uff2b@x"},{"value":"s@x"},{"value":"\u017f@x"}`, 3
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `{"value":"%d@x"},`, i%60)
	}
	for list, want := range map[string]int{alike: others, many.String() + alike: 60 + others} {
		if got := s.want(200, "PUT", path, `{"userName":"ada","emails":[`+list+`]}`); len(got.body["emails"].([]any)) != want {
			t.Errorf("%d addresses of %s, want %d", len(got.body["emails"].([]any)), list[len(list)-len(alike):], want)
		}
	}
}

// TestWhatIsUnassigned takes null, a blank text, an empty object and an empty list
// for no value with every type of attribute (RFC 7643 §2.5).
func TestWhatIsUnassigned(t *testing.T) {
	s := onSQLite(t)
	names := []string{"title", "name", "emails", "addresses", "profileUrl", ent + ":manager", ent + ":department", ent, desk + ":teams"}
	for i, value := range []string{`null`, `""`, `" "`, `{}`, `[]`} {
		var all strings.Builder
		for _, name := range names {
			fmt.Fprintf(&all, `,%q:%s`, name, value)
		}
		made := s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d"%s}`, i, all.String()))
		if got := shown(made); len(got) > 0 {
			t.Errorf("POST of %s: got %v", value, got)
		}
		path := "/Users/" + s.want(201, "POST", "/Users", fmt.Sprintf(`{"userName":"v%d","title":"T","name":{"givenName":"A"},"emails":["a@x"],"addresses":[{"country":"NO"}],"profileUrl":"p",%q:{"manager":"9","department":"D"},%q:{"teams":["A"]}}`, i, ent, desk)).id()
		for _, name := range names {
			s.want(200, "PATCH", path, patchOf(fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, name, value)))
		}
		if got := shown(s.want(200, "GET", path, "")); len(got) > 0 {
			t.Errorf("PATCH with %s left %v", value, got)
		}
	}
}

// TestTwentyThousandMembersFit sends as many members as one request may name, with
// all that can be said of them.
func TestTwentyThousandMembersFit(t *testing.T) {
	s := onSQLite(t)
	group := s.group("large")
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, `,{"value":"01890000-0000-7000-8000-%012d","$ref":"%s/Users/01890000-0000-7000-8000-%012d","type":"User","display":"somebody.with.a.long.name.%d@example.test"}`, i, s.url, i, i)
	}
	if got := s.want(400, "PUT", "/Groups/"+group, `{"displayName":"large","members":[`+b.String()[1:]+`]}`); got.body["scimType"] != "invalidValue" { // nobody of them exists
		t.Errorf("got %s", got.raw)
	}
}

// TestAMemberNamedByThePath adds whom the path names, as Corteza does; what stands
// behind a sub-attribute is refused without a word that is ours alone.
func TestAMemberNamedByThePath(t *testing.T) {
	s := onSQLite(t)
	ada := s.user("ada")
	group := s.group("g")
	s.want(204, "PATCH", "/Groups/"+group, patchOf(`{"op":"add","path":"members[value eq \"`+ada+`\"]"}`))
	if got := s.members(group); len(got) != 1 {
		t.Errorf("members are %v", got)
	}
	s.want(204, "PATCH", "/Groups/"+group, patchOf(`{"op":"remove","path":"members[value eq \"`+ada+`\"]","value":""}`))
	if got := s.members(group); len(got) != 0 {
		t.Errorf("members are %v", got)
	}
	for _, ops := range []string{`{"op":"add","path":"members"}`, `{"op":"replace","path":"members[value eq \"` + ada + `\"]"}`, `{"op":"add","path":"displayName"}`} {
		if got := s.want(400, "PATCH", "/Groups/"+group, patchOf(ops)); got.body["scimType"] != "invalidValue" {
			t.Errorf("%s: got %s", ops, got.raw)
		}
	}
	got := s.want(400, "PATCH", "/Groups/"+group, patchOf(`{"op":"remove","path":"members.value[value eq \"`+ada+`\"]"}`))
	if got.body["scimType"] != "invalidPath" || strings.Contains(got.raw, "--") {
		t.Errorf("got %s", got.raw)
	}
}

// TestGroupNamesWithBlanks keeps names apart that differ in blanks alone, as the
// identity provider does: who may make a group must not make one that passes for
// another. People are told by "deskbridge rule list".
func TestGroupNamesWithBlanks(t *testing.T) {
	s := onSQLite(t)
	for _, name := range []string{"Support X", "Support X ", "Support  X", "Support\u00a0X"} {
		s.group(name)
		if got := s.find("/Groups", `displayName eq "`+name+`"`); got.body["totalResults"] != 1.0 || got.body["Resources"].([]any)[0].(map[string]any)["displayName"] != name {
			t.Errorf("%q: got %s", name, got.raw)
		}
	}
}

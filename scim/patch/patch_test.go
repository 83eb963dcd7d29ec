package patch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
)

const (
	entName = `"` + resource.EnterpriseURN + `"`
	opStart = `{"schemas":["` + URN + `"],"Operations":[`
	opEnd   = `]}`
)

// limits are those of the server.
var limits = Limits{Filter: filter.Limits{MaxLength: 4096, MaxDepth: 32}, MaxOperations: 1000, MaxMembers: 20_000}

// parse decodes a body of a test.
func parse(t testing.TB, body string) resource.Object {
	t.Helper()
	o, err := resource.DecodeObject([]byte(body))
	if err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	return o
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := resource.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// patched applies operations, as a JSON list without brackets, to a document, with
// no limit to the time: a machine may have other things to do.
func patched(t testing.TB, doc, operations string) (string, error) {
	t.Helper()
	return patchedWithin(t, time.Hour, doc, operations)
}

// patchedWithin is patched with so much time from now on.
func patchedWithin(t testing.TB, most time.Duration, doc, operations string) (string, error) {
	t.Helper()
	ops, err := Read(parse(t, opStart+operations+opEnd), limits)
	if err != nil {
		return "", err
	}
	p := patcher{t: resource.User, doc: parse(t, doc), limits: limits, budget: budget{began: time.Now().Add(most - maxTime)}}
	if err := p.applyAll(ops); err != nil {
		return "", err
	}
	return asJSON(t, p.doc), nil
}

func TestPatchUser(t *testing.T) {
	const ada = `{"userName":"ada","active":true,"displayName":"Ada","name":{"givenName":"Ada","familyName":"Nilsen"},"emails":[{"type":"work","value":"a@x","primary":true}]}`
	for _, tt := range []struct{ name, doc, ops, want string }{
		// Okta
		{"no path", `{"active":true}`, `{"op":"replace","value":{"active":false}}`, `{"active":false}`},
		// Entra, default job
		{"op and boolean in Entra's spelling", `{"active":true}`, `{"op":"Replace","path":"active","value":"False"}`, `{"active":false}`},
		{"values as Entra sent them in 2017", `{"active":true}`, `{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]},{"op":"Add","path":"title","value":[{"$ref":null,"value":"Lead"}]}`, `{"active":false,"title":"Lead"}`},
		{"filtered path onto an element", ada, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b@x"}`,
			`{"active":true,"displayName":"Ada","emails":[{"primary":true,"type":"work","value":"b@x"}],"name":{"familyName":"Nilsen","givenName":"Ada"},"userName":"ada"}`},
		{"filtered path onto nothing makes the element", `{}`, `{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@x"}`, `{"emails":[{"type":"work","value":"a@x"}]}`},
		{"so does replace", `{"emails":[{"type":"home","value":"h"}]}`, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"a@x"}`,
			`{"emails":[{"type":"home","value":"h"},{"type":"work","value":"a@x"}]}`},
		{"from several eq terms", `{}`, `{"op":"add","path":"emails[type eq \"work\" and primary eq \"True\"].value","value":"a@x"}`, `{"emails":[{"primary":true,"type":"work","value":"a@x"}]}`},
		{"an element in parts", `{}`, `{"op":"Add","path":"addresses[type eq \"work\"].country","value":"NO"},{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"Oslo"}`,
			`{"addresses":[{"country":"NO","locality":"Oslo","type":"work"}]}`},
		{"display before value", `{}`, `{"op":"Add","path":"roles[primary eq \"True\"].display","value":"Agent"},{"op":"Add","path":"roles[primary eq \"True\"].value","value":"agent"}`,
			`{"roles":[{"display":"Agent","primary":true,"value":"agent"}]}`},
		{"a boolean as string in a filter", `{"roles":[{"primary":true,"value":"a"},{"value":"b"}]}`, `{"op":"replace","path":"roles[primary eq \"True\"].value","value":"c"}`,
			`{"roles":[{"primary":true,"value":"c"},{"value":"b"}]}`},
		{"remove with a value never sets", `{"emails":[{"type":"other","value":"o@x"},{"type":"work","value":"a@x"}]}`, `{"op":"Remove","path":"emails[type eq \"other\"].value","value":"o@x"}`,
			`{"emails":[{"type":"work","value":"a@x"}]}`},
		{"replace with empty text removes", `{"title":"Lead","userName":"u"}`, `{"op":"Replace","path":"title","value":""}`, `{"userName":"u"}`},
		{"replace with null removes", `{"title":"Lead","userName":"u"}`, `{"op":"Replace","path":"title","value":null}`, `{"userName":"u"}`},
		{"null through a filter removes the value", `{"emails":[{"type":"work","value":"a"}],"userName":"u"}`, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":null}`, `{"userName":"u"}`},
		{"manager as a list", `{}`, `{"op":"Add","path":"manager","value":[{"$ref":"http://x/Users/9","value":"9"}]}`, `{` + entName + `:{"manager":{"$ref":"http://x/Users/9","value":"9"}}}`},
		{"manager as a string under the URN", `{}`, `{"op":"Add","path":"` + resource.EnterpriseURN + `:manager","value":"9"}`, `{` + entName + `:{"manager":{"value":"9"}}}`},
		{"another manager takes the reference along", `{` + entName + `:{"manager":{"value":"9","$ref":"http://x/9"}}}`, `{"op":"replace","path":"manager.value","value":"10"}`, `{` + entName + `:{"manager":{"value":"10"}}}`},
		{"unless it comes with one", `{` + entName + `:{"manager":{"value":"9","$ref":"http://x/9"}}}`, `{"op":"replace","path":"manager","value":{"value":"10","$ref":"http://x/10"}}`, `{` + entName + `:{"manager":{"$ref":"http://x/10","value":"10"}}}`},
		{"the same manager keeps it", `{` + entName + `:{"manager":{"value":"9","$ref":"http://x/9"}}}`, `{"op":"replace","path":"manager","value":{"value":"9"}}`, `{` + entName + `:{"manager":{"$ref":"http://x/9","value":"9"}}}`},
		{"manager removed by filter", `{` + entName + `:{"manager":{"value":"9"}}}`, `{"op":"remove","path":"manager[value eq \"9\"]"}`, `{}`},
		{"another manager stays", `{` + entName + `:{"manager":{"value":"8"}}}`, `{"op":"remove","path":"manager[value eq \"9\"]"}`, `{` + entName + `:{"manager":{"value":"8"}}}`},
		{"manager replaced with empty text", `{` + entName + `:{"manager":{"value":"9"}}}`, `{"op":"replace","path":"` + resource.EnterpriseURN + `:manager","value":""}`, `{}`},
		{"bare enterprise name in a path", `{}`, `{"op":"add","path":"department","value":"Support"}`, `{` + entName + `:{"department":"Support"}}`},
		{"unknown URN in a path", `{}`, `{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:X:2.0:User:tag","value":"7"}`, `{"urn:ietf:params:scim:schemas:extension:X:2.0:User":{"tag":"7"}}`},
		{"and gone again", `{"urn:x:2.0:User":{"tag":"7"}}`, `{"op":"remove","path":"urn:x:2.0:User:tag"}`, `{}`},
		{"unknown URN as a whole", `{}`, `{"op":"Add","path":"urn:x:2.0:User","value":{"tag":"7"}}`, `{"urn:x:2.0:User":{"tag":"7"}}`},
		// Entra with the flag
		{"dotted and URN keys", ada, `{"op":"replace","value":{"displayName":"Ada B","name.familyName":"Berg","` + resource.EnterpriseURN + `:department":"Support"}}`,
			`{"active":true,"displayName":"Ada B","emails":[{"primary":true,"type":"work","value":"a@x"}],"name":{"familyName":"Berg","givenName":"Ada"},` + entName + `:{"department":"Support"},"userName":"ada"}`},
		// authentik and JumpCloud
		{"the whole user without path", `{"userName":"ada","title":"Lead"}`, `{"op":"replace","value":{"schemas":["` + resource.UserURN + `"],"id":"42","meta":{},"groups":[{"value":"g"}],"password":"p","userName":"ada2","shoeSize":4,"no.such":1}}`,
			`{"no.such":1,"shoeSize":4,"title":"Lead","userName":"ada2"}`},
		{"a whole extension as a key", `{` + entName + `:{"division":"D"}}`, `{"op":"replace","value":{` + entName + `:{"department":"Support","manager":"9"}}}`,
			`{` + entName + `:{"department":"Support","division":"D","manager":{"value":"9"}}}`},
		{"an unknown extension as a key", `{"urn:x:User":{"a":1}}`, `{"op":"add","value":{"urn:x:User":{"b":2}}}`, `{"urn:x:User":{"a":1,"b":2}}`},
		{"a value is added to a list of nobody's", `{"urn:x:User":{"l":["a","b"]}}`, `{"op":"add","path":"urn:x:User:l","value":"c"}`, `{"urn:x:User":{"l":["a","b","c"]}}`},
		{"a list is added to a value of nobody's", `{"urn:x:User":{"l":"a"}}`, `{"op":"add","path":"urn:x:User:l","value":["b","a"]}`, `{"urn:x:User":{"l":["a","b"]}}`},
		{"a part is added to a value of nobody's", `{"shoe":{"size":4}}`, `{"op":"add","path":"shoe","value":{"colour":"red"}},{"op":"add","value":{"shoe":{"SIZE":5}}}`, `{"shoe":{"colour":"red","size":5}}`},
		{"values are taken out of a list of nobody's", `{"urn:x:User":{"l":["a","b",3,{"value":"d","type":"t"}]}}`, `{"op":"remove","path":"urn:x:User:l","value":["a","x",3,{"value":"d"}]}`, `{"urn:x:User":{"l":["b"]}}`},
		{"numbers with more digits than a float64 has", `{"urn:x:User":{"l":[{"n":9007199254740992},{"n":9007199254740993},{"n":9007199254740993.0}]}}`,
			`{"op":"remove","path":"urn:x:User:l[n eq 9007199254740993]"}`, `{"urn:x:User":{"l":[{"n":9007199254740992}]}}`},
		{"and beyond 64 bits", `{"urn:x:User":{"l":[{"n":18446744073709551616},{"n":18446744073709551617}]}}`, `{"op":"remove","path":"urn:x:User:l[n gt 18446744073709551616]"}`, `{"urn:x:User":{"l":[{"n":18446744073709551616}]}}`},
		{"the last ones too", `{"userName":"u","urn:x:User":{"l":["a"]}}`, `{"op":"remove","path":"urn:x:User:l","value":"a"}`, `{"userName":"u"}`},
		{"a value filter on a list of nobody's", `{"urn:x:User":{"l":[{"Type":"door","value":"1"},{"type":"car","value":"2"}]}}`, `{"op":"replace","path":"urn:x:User:l[type eq \"door\"].value","value":"9"}`,
			`{"urn:x:User":{"l":[{"Type":"door","value":"9"},{"type":"car","value":"2"}]}}`},
		{"it makes what it does not find", `{"urn:x:User":{"l":[{"type":"car"}]}}`, `{"op":"add","path":"urn:x:User:l[type eq \"door\" and n eq 4].value","value":{"a":1}}`, `{"urn:x:User":{"l":[{"type":"car"},{"n":4,"type":"door","value":{"a":1}}]}}`},
		{"it compares numbers and booleans", `{"l":[{"n":4,"on":true},{"n":5},{"n":6.5}]}`, `{"op":"remove","path":"l[n gt 4.5 or on eq true]"}`, `{}`},
		{"it takes elements out", `{"l":["a","b"],"m":[{"a":1,"b":2},{"a":3}]}`, `{"op":"remove","path":"l[value eq \"a\"]"},{"op":"remove","path":"m[a eq 1].b"},{"op":"replace","path":"m[a eq 3]","value":{"c":4}}`,
			`{"l":["b"],"m":[{"a":1},{"a":3,"c":4}]}`},
		{"a whole extension removed", `{"userName":"u",` + entName + `:{"division":"D"}}`, `{"op":"remove","path":` + entName + `}`, `{"userName":"u"}`},
		// RFC 7644 §3.5.2
		{"names in any letter case", `{"name":{"givenName":"A"}}`, `{"OP":"REPLACE","Path":"NAME.givenname","VALUE":"B"}`, `{"name":{"givenName":"B"}}`},
		{"the URN of the core schema", `{}`, `{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:name.givenName","value":"A"}`, `{"name":{"givenName":"A"}}`},
		{"complex: named sub-attributes only", `{"name":{"givenName":"A","familyName":"N"}}`, `{"op":"replace","path":"name","value":{"familyName":"B"}}`, `{"name":{"familyName":"B","givenName":"A"}}`},
		{"complex: null takes one out", `{"name":{"givenName":"A","familyName":"N"}}`, `{"op":"replace","path":"name","value":{"familyName":null}}`, `{"name":{"givenName":"A"}}`},
		{"add of a value that is there", `{"emails":[{"value":"a@x","type":"work"}]}`, `{"op":"add","path":"emails","value":[{"value":"A@x","type":"work"}]}`, `{"emails":[{"type":"work","value":"A@x"}]}`},
		{"add appends without doubles", `{"emails":[{"value":"a","type":"work"}]}`, `{"op":"add","path":"emails","value":[{"value":"a","type":"work"},{"value":"b"},{"value":"b"}]}`, `{"emails":[{"type":"work","value":"a"},{"value":"b"}]}`},
		{"replace takes the whole list", `{"emails":[{"value":"a"}]}`, `{"op":"replace","path":"emails","value":[{"value":"b"}]}`, `{"emails":[{"value":"b"}]}`},
		{"a new primary takes it from the others", `{"emails":[{"value":"a","primary":true},{"value":"b"}]}`, `{"op":"add","path":"emails","value":{"value":"c","primary":true}}`,
			`{"emails":[{"primary":false,"value":"a"},{"value":"b"},{"primary":true,"value":"c"}]}`},
		{"through a filter too", `{"emails":[{"value":"a","primary":true},{"value":"b"}]}`, `{"op":"replace","path":"emails[value eq \"b\"].primary","value":true}`,
			`{"emails":[{"primary":false,"value":"a"},{"primary":true,"value":"b"}]}`},
		{"a value filter of three terms", `{"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"work"}]}`, `{"op":"remove","path":"emails[type eq \"work\" and (value eq \"a\" or value eq \"c\") and primary eq true]"}`,
			`{"emails":[{"type":"work","value":"b"}]}`},
		{"a filter with not", `{"emails":[{"value":"a"},{"value":"b"}]}`, `{"op":"remove","path":"emails[not (value eq \"a\")]"}`, `{"emails":[{"value":"a"}]}`},
		{"replace of an element takes its place", `{"addresses":[{"type":"work","country":"NO","postalCode":"1","primary":true},{"type":"home","country":"SE"}]}`, `{"op":"replace","path":"addresses[type eq \"work\"]","value":{"type":"work","locality":"Hollywood","country":"US"}}`,
			`{"addresses":[{"country":"US","locality":"Hollywood","type":"work"},{"country":"SE","type":"home"}]}`},
		{"what the filter found it by stays", `{"emails":[{"type":"work","value":"a@x","display":"A"}]}`, `{"op":"replace","path":"emails[type eq \"work\"]","value":[{"value":"b@x"}]}`, `{"emails":[{"type":"work","value":"b@x"}]}`},
		{"unless the value says otherwise", `{"emails":[{"type":"work","value":"a@x"}]}`, `{"op":"replace","path":"emails[value eq \"a@x\" and type pr]","value":{"value":"b@x"}}`, `{"emails":[{"value":"b@x"}]}`},
		{"a bare value replaces the value", `{"emails":[{"type":"work","value":"a@x","display":"A"}]}`, `{"op":"replace","path":"emails[type eq \"work\"]","value":"b@x"}`, `{"emails":[{"display":"A","type":"work","value":"b@x"}]}`},
		{"add to an element merges", `{"addresses":[{"type":"work","country":"NO"}]}`, `{"op":"add","path":"addresses[type eq \"work\"]","value":{"locality":"Oslo"}}`, `{"addresses":[{"country":"NO","locality":"Oslo","type":"work"}]}`},
		{"remove of what is not there", `{"userName":"u"}`, `{"op":"remove","path":"title"},{"op":"remove","path":"emails[type eq \"work\"]"},{"op":"remove","path":"name.givenName"}`, `{"userName":"u"}`},
		{"remove of named values", `{"roles":[{"value":"a"},{"value":"b"}]}`, `{"op":"remove","path":"roles","value":[{"value":"a"}]}`, `{"roles":[{"value":"b"}]}`},
		{"remove of an empty list of values", `{"userName":"u","roles":[{"value":"a"}]}`, `{"op":"remove","path":"roles","value":[]}`, `{"userName":"u"}`},
		{"a sub-attribute of every element", `{"emails":[{"value":"a","display":"A"},{"value":"b","display":"B"}]}`, `{"op":"remove","path":"emails.display"}`, `{"emails":[{"value":"a"},{"value":"b"}]}`},
		{"active cannot be unassigned", `{"active":false}`, `{"op":"remove","path":"active"},{"op":"replace","path":"active","value":null}`, `{"active":false}`},
		{"simple lists", `{"` + resource.DeskURN + `":{"teams":["A","B"]}}`, `{"op":"add","path":"` + resource.DeskURN + `:teams","value":["b","C"]},{"op":"remove","path":"` + resource.DeskURN + `:teams[value eq \"a\"]"}`, `{"` + resource.DeskURN + `":{"teams":["B","C"]}}`},
		{"password and schemas are passed over", `{}`, `{"op":"replace","path":"password","value":"p"},{"op":"add","path":"schemas","value":["x"]}`, `{}`},
		{"quotes and escapes in a filter", `{}`, `{"op":"add","path":"emails[type eq \"a\\\"b]c\\u00e9\"].value","value":"v"}`, `{"emails":[{"type":"a\"b]cé","value":"v"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := patched(t, tt.doc, tt.ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, parse(t, tt.want)), got); diff != "" {
				t.Errorf("patch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, ops string
		kind      scimerrors.ScimType
	}{
		{"remove without path", `{"op":"remove"}`, "noTarget"},
		{"an unknown op", `{"op":"move","path":"title"}`, "invalidSyntax"},
		{"an operation that is no object", `7`, "invalidSyntax"},
		{"add without value", `{"op":"add","path":"title"}`, "invalidValue"},
		{"no path and no object", `{"op":"add","value":"x"}`, "invalidValue"},
		{"a path that is no string", `{"op":"add","path":7,"value":"x"}`, "invalidPath"},
		{"a broken path", `{"op":"add","path":"emails[type eq","value":"x"}`, "invalidPath"},
		{"an unreadable path", `{"op":"add","path":"a b","value":"x"}`, "invalidPath"},
		{"an unknown attribute", `{"op":"add","path":"shoeSize","value":"x"}`, "invalidPath"},
		{"an unknown sub-attribute", `{"op":"add","path":"name.nick","value":"x"}`, "invalidPath"},
		{"a value filter that makes nothing", `{"op":"add","path":"urn:x:User:l[n gt 4].value","value":"x"}`, "noTarget"},
		{"a filter within one of nobody's", `{"op":"add","path":"urn:x:User:l[a.b eq 4].value","value":"x"}`, "invalidFilter"},
		{"a part of a simple value of nobody's", `{"op":"add","path":"urn:x:User:tag","value":"x"},{"op":"add","path":"urn:x:User:tag.part","value":"x"}`, "invalidPath"},
		{"a filter on a simple attribute", `{"op":"add","path":"title[value eq \"x\"]","value":"x"}`, "invalidPath"},
		{"a filter that compares wrong", `{"op":"add","path":"emails[primary gt true].value","value":"x"}`, "invalidFilter"},
		{"an element that cannot be made", `{"op":"replace","path":"emails[type ne \"work\"].value","value":"x"}`, "noTarget"},
		{"the id", `{"op":"replace","path":"id","value":"x"}`, "mutability"},
		{"meta", `{"op":"replace","path":"meta.version","value":"x"}`, "mutability"},
		{"the groups of a user", `{"op":"add","path":"groups","value":[{"value":"g"}]}`, "mutability"},
		{"one group of a user", `{"op":"remove","path":"groups[value eq \"g\"]"}`, "mutability"},
		{"remove of userName", `{"op":"remove","path":"userName"}`, "mutability"},
		{"userName blanked", `{"op":"replace","value":{"userName":""}}`, "mutability"},
		{"two primaries", `{"op":"add","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}`, "invalidValue"},
		{"two primaries through a filter", `{"op":"add","path":"emails","value":[{"value":"a"},{"value":"b"}]},{"op":"replace","path":"emails[value pr].primary","value":true}`, "invalidValue"},
		{"a wrong type", `{"op":"replace","path":"active","value":"maybe"}`, "invalidValue"},
		{"a wrong type in a list", `{"op":"add","path":"emails","value":[7]}`, "invalidValue"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := patched(t, `{"userName":"u"}`, tt.ops)
			if e, _ := errors.AsType[scimerrors.ScimError](err); err == nil || e.Status != 400 || e.ScimType != tt.kind {
				t.Errorf("got %v, want 400 %s", err, tt.kind)
			}
		})
	}
}

func TestPatchEnvelope(t *testing.T) {
	limits := limits
	limits.MaxOperations = 2
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"as it should be", opStart + `{"op":"add","path":"title","value":"x"}` + opEnd, 0},
		{"names in any letter case", `{"SCHEMAS":["` + URN + `"],"operations":[{"op":"add","value":{}}]}`, 0},
		{"a second URN", `{"schemas":["` + URN + `","urn:x"],"Operations":[{"op":"add","value":{}}]}`, 0},
		{"no schemas, as authentik sends it", `{"Operations":[{"op":"add","value":{}}]}`, 0},
		{"schemas that is null", `{"schemas":null,"Operations":[{"op":"add","value":{}}]}`, 0},
		{"the URN of the drafts", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:PatchOp"],"operations":[{"op":"add","value":{}}]}`, 0},
		{"a blank behind the URN", `{"schemas":["` + URN + ` "],"Operations":[{"op":"add","value":{}}]}`, 0},
		{"other schemas", `{"schemas":["urn:x"],"Operations":[{"op":"add","value":{}}]}`, 400},
		{"a made-up name", `{"schemas":["IllegalPatchSchema"],"Operations":[{"op":"add","value":{}}]}`, 400},
		{"schemas of the resource", `{"schemas":["` + resource.UserURN + `"],"Operations":[{"op":"add","value":{}}]}`, 400},
		{"schemas that is empty", `{"schemas":[],"Operations":[{"op":"add","value":{}}]}`, 400},
		{"schemas that is blank", `{"schemas":"","Operations":[{"op":"add","value":{}}]}`, 400},
		{"no operations", `{"schemas":["` + URN + `"]}`, 400},
		{"an empty list", opStart + opEnd, 400},
		{"too many", opStart + `{"op":"add","value":{}},{"op":"add","value":{}},{"op":"add","value":{}}` + opEnd, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(parse(t, tt.body), limits)
			if e, _ := errors.AsType[scimerrors.ScimError](err); err == nil && tt.status != 0 || err != nil && e.Status != tt.status {
				t.Errorf("got %v, want %d", err, tt.status)
			}
		})
	}
}

// TestPatchThatChangesNothing checks that lastModified cannot move: the
// identity is left as it was, byte for byte.
func TestPatchThatChangesNothing(t *testing.T) {
	id := provision.Identity{UserName: "ada", Status: provision.StatusActive, Version: 4,
		Document: []byte(`{"active": true, "emails": [{"value":"a@x","type":"work"}], "schemas":["` + resource.UserURN + `"], "userName": "ada"}`)}
	before := id
	ops, err := Read(parse(t, opStart+`{"op":"add","path":"emails","value":[{"value":"a@x","type":"work"}]},{"op":"replace","value":{"active":"True","userName":"ada"}}`+opEnd), limits)
	if err != nil {
		t.Fatal(err)
	}
	if err := User(&id, ops, limits); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, id); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
}

func TestDocumentsHaveALimit(t *testing.T) {
	id := provision.Identity{UserName: "ada", Status: provision.StatusActive}
	for i := range 3 {
		op := Operation{kind: Add, path: fmt.Sprintf("urn:x:%d:User:tag", i), value: strings.Repeat("x", 600_000), hasValue: true}
		before := id
		err := User(&id, []Operation{op}, limits)
		if e, _ := errors.AsType[scimerrors.ScimError](err); i > 0 && (e.Status != 413 || string(id.Document) != string(before.Document)) || i == 0 && err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

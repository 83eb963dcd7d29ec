package resource

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"
)

// parse decodes a body of a test.
func parse(t testing.TB, body string) Object {
	t.Helper()
	o, err := DecodeObject([]byte(body))
	if err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	return o
}

// manyNames returns n members of an object, each behind a comma.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"n%d":1`, i)
	}
	return b.String()
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestReadUser(t *testing.T) {
	const ent = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	for _, tt := range []struct{ name, body, want string }{
		{"names in any letter case get the schema's spelling",
			`{"USERNAME":"ada","Name":{"GivenName":"Ada"},"Emails":[{"VALUE":"a@x","Type":"work"}]}`,
			`{"emails":[{"type":"work","value":"a@x"}],"name":{"givenName":"Ada"},"userName":"ada"}`},
		{"a URN in any letter case too",
			`{"URN:ietf:params:scim:schemas:EXTENSION:enterprise:2.0:user":{"Department":"Support"}}`,
			`{` + ent + `:{"department":"Support"}}`},
		{"booleans as strings", `{"active":"False","emails":[{"value":"a@x","primary":"True"}]}`,
			`{"active":false,"emails":[{"primary":true,"value":"a@x"}]}`},
		{"a single object where a list belongs", `{"emails":{"value":"a@x","type":"work"}}`, `{"emails":[{"type":"work","value":"a@x"}]}`},
		{"a string where an object belongs", `{"emails":["a@x"]}`, `{"emails":[{"value":"a@x"}]}`},
		{"a list of one where one value belongs", `{"title":["Agent"]}`, `{"title":"Agent"}`},
		{"a list of one object where text belongs", `{"title":[{"$ref":null,"value":"Agent"}]}`, `{"title":"Agent"}`},
		{"a byte order mark", "\ufeff" + `{"title":"Agent"}`, `{"title":"Agent"}`},
		{"the manager as an object", `{` + ent + `:{"manager":{"value":"9"}}}`, `{` + ent + `:{"manager":{"value":"9"}}}`},
		{"the manager as a list", `{` + ent + `:{"manager":[{"value":"9","$ref":"https://x/Users/9"}]}}`,
			`{` + ent + `:{"manager":{"$ref":"https://x/Users/9","value":"9"}}}`},
		{"the manager as a string", `{` + ent + `:{"manager":"9"}}`, `{` + ent + `:{"manager":{"value":"9"}}}`},
		{"the manager at top level", `{"manager":"9","department":"Support"}`, `{` + ent + `:{"department":"Support","manager":{"value":"9"}}}`},
		{"the full URN wins over the bare name", `{"department":"Sales",` + ent + `:{"department":"Support"}}`, `{` + ent + `:{"department":"Support"}}`},
		{"the full URN in the name", `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Support","urn:ietf:params:scim:schemas:core:2.0:User:userName":"ada"}`,
			`{` + ent + `:{"department":"Support"},"userName":"ada"}`},
		{"an unset OneLogin template", `{"title":" ",` + ent + `:{"manager":{"value":"","displayName":" "}},"emails":{"value":"","type":"work","primary":true}}`, `{}`},
		{"null, empty text, list and object are unassigned", `{"title":null,"nickName":"","emails":[],"name":{},"roles":[null],"x":{"y":[""]}}`, `{}`},
		{"read-only attributes and the password are passed over",
			`{"id":"1","ID2":"kept","meta":{"version":"x"},"groups":[{"value":"g"}],"password":"secret","schemas":["nonsense",7]}`, `{"ID2":"kept"}`},
		{"unknown attributes and schemas are kept as they are",
			`{"shoeSize":42.50,"urn:example:ext":{"a":{"b":[1,null]}},"emails":[{"value":"a@x","verified":true}]}`,
			`{"emails":[{"value":"a@x","verified":true}],"shoeSize":42.50,"urn:example:ext":{"a":{"b":[1]}}}`},
		{"an unknown attribute with its URN in the name", `{"urn:x:2.0:User:tag":"7","urn:x:2.0:User":{"b":1}}`, `{"urn:x:2.0:User":{"b":1,"tag":"7"}}`},
		{"the core schema as an object", `{"urn:ietf:params:scim:schemas:core:2.0:User":{"title":"T","shoeSize":4,"id":"x"}}`, `{"shoeSize":4,"title":"T"}`},
		{"numbers stay as they were sent", `{"n":12345678901234567890,"m":1.0e3}`, `{"m":1.0e3,"n":12345678901234567890}`},
		{"no format is enforced", `{"profileUrl":"PSED","locale":"EEQK","phoneNumbers":[{"value":"tel:+1-x"}],"x509Certificates":[{"value":"no base64"}]}`,
			`{"locale":"EEQK","phoneNumbers":[{"value":"tel:+1-x"}],"profileUrl":"PSED","x509Certificates":[{"value":"no base64"}]}`},
		{"the desk extension", `{"urn:deskbridge:params:scim:schemas:extension:desk:2.0:User":{"role":"agent","teams":"Support","mailboxes":[{"value":"Help"}]}}`,
			`{"urn:deskbridge:params:scim:schemas:extension:desk:2.0:User":{"mailboxes":["Help"],"role":"agent","teams":["Support"]}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := User.Read(parse(t, tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, asJSON(t, got)); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEscapesThatAreTaken checks that what looks like half of a surrogate pair
// and is none gets through as it is.
func TestEscapesThatAreTaken(t *testing.T) {
	for body, want := range map[string]string{
		`{"title":"\ud83d\uDE00"}`: "😀", `{"title":"\\ud800"}`: `\ud800`, `{"title":"\\\ud83d\ude00"}`: `\😀`, `{"title":"\ufffd"}`: "\ufffd", "{\"title\":\"\ufffd\"}": "\ufffd",
	} {
		got, err := DecodeObject([]byte(body))
		if err != nil || got["title"] != want {
			t.Errorf("%s: got %q, %v", body, got["title"], err)
		}
	}
}

// TestReadRefuses checks that what is refused is refused with a keyword of
// RFC 7644 §3.12 and the name of the attribute, and never with its value.
func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       scimerrors.ScimType
		names      string
	}{
		{"broken JSON", `{"schemas": [`, "invalidSyntax", "ends too early"},
		{"no JSON at all", `hello`, "invalidSyntax", "not JSON"},
		{"nothing", ``, "invalidSyntax", ""},
		{"a list", `[]`, "invalidSyntax", "not a JSON object"},
		{"something behind the object", `{"userName":"a"} {}`, "invalidSyntax", "goes on"},
		{"a name twice", `{"userName":"a","userName":"b"}`, "invalidSyntax", "userName"},
		{"a name twice in other letter case", `{"userName":"a","USERNAME":"b"}`, "invalidSyntax", "USERNAME"},
		{"a name twice inside", `{"name":{"givenName":"a","GivenName":"b"}}`, "invalidSyntax", "GivenName"},
		{"invalid UTF-8", "{\"userName\":\"\xff\"}", "invalidSyntax", "UTF-8"},
		{"a NUL character", `{"userName":"a\u0000"}`, "invalidValue", "NUL"},
		{"half of a surrogate pair", `{"userName":"a\ud800"}`, "invalidSyntax", "surrogate"},
		{"the wrong half first", `{"userName":"a\uDC00\uD800"}`, "invalidSyntax", "surrogate"},
		{"half of one behind a backslash", `{"userName":"a\\\ud83dx"}`, "invalidSyntax", "surrogate"},
		{"half of one in a name", `{"\udfff":"a"}`, "invalidSyntax", "surrogate"},
		{"too deep", strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "invalidSyntax", "deeper"},
		{"too many names", `{"a":{"x":1` + manyNames(1000) + `}}`, "invalidSyntax", "names"},
		{"a number for a string", `{"userName":17}`, "invalidValue", "userName"},
		{"an object for a string", `{"title":{"value":"secret"}}`, "invalidValue", "title"},
		{"a word for a boolean", `{"active":"secret"}`, "invalidValue", "active"},
		{"a string for an object", `{"name":"secret"}`, "invalidValue", "name"},
		{"a list for one value", `{"title":["secret","b"]}`, "invalidValue", "title"},
		{"a wrong type inside", `{"emails":[{"value":7}]}`, "invalidValue", "emails.value"},
		{"two primaries", `{"emails":[{"value":"a","primary":true},{"value":"b","primary":"true"}]}`, "invalidValue", "emails"},
		{"an extension that is no object", `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":"secret"}`, "invalidValue", "enterprise"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, err := DecodeObject([]byte(tt.body))
			if err == nil {
				_, err = User.Read(body)
			}
			e, _ := errors.AsType[scimerrors.ScimError](err)
			if err == nil || e.Status != 400 || e.ScimType != tt.kind || !strings.Contains(e.Detail, tt.names) {
				t.Errorf("got %v, want 400 %s about %q", err, tt.kind, tt.names)
			}
			if strings.Contains(e.Detail, "secret") {
				t.Errorf("the detail shows the value: %s", e.Detail)
			}
		})
	}
}

// TestBodiesHoldSoManyValues checks that no body takes many times its size.
func TestBodiesHoldSoManyValues(t *testing.T) {
	body := func(n int) []byte { return []byte(`{"a":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}`) }
	if _, err := DecodeObject(body(maxBodyValues - 2)); err != nil { // the object and the list count
		t.Error(err)
	}
	_, err := DecodeObject(body(maxBodyValues - 1))
	if e, _ := errors.AsType[scimerrors.ScimError](err); e.Status != 413 {
		t.Errorf("one more: %v", err)
	}
}

// TestTextsHoldSoManyValues checks the same of texts that are JSON.
func TestTextsHoldSoManyValues(t *testing.T) {
	text := func(n int) string {
		return `[{"value":"a","l":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}]`
	}
	if _, err := decodeText("emails", text(maxTextValues-4)); err != nil {
		t.Error(err)
	}
	_, err := decodeText("emails", text(maxTextValues-3))
	if e, _ := errors.AsType[scimerrors.ScimError](err); e.ScimType != "invalidValue" {
		t.Errorf("one more: %v", err)
	}
}

package oidc

import (
	"testing"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/google/go-cmp/cmp"
)

func TestReadClaims(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"an object", `{"sub":"s"}`, true},
		{"white space around", " {} \n", true},
		{"names that differ by case", `{"sub":"a","SUB":"b"}`, true},
		{"nothing", "", false},
		{"null", "null", false},
		{"a list", "[]", false},
		{"a text", `"sub"`, false},
		{"a name twice", `{"sub":"a","sub":"b"}`, false},
		{"a name twice, once with escapes", `{"sub":"a","\u0073ub":"b"}`, false},
		{"a name twice, further down", `{"a":{"b":1,"b":2}}`, false},
		{"something behind", `{} {}`, false},
		{"half a document", `{"sub":`, false},
		{"no UTF-8", "{\"sub\":\"\xff\"}", false},
		{"NUL in a value", `{"sub":"a\u0000"}`, false},
		{"NUL in a name", `{"sub\u0000":"a"}`, false},
		{"NUL further down", `{"a":[{"b":["\u0000"]}]}`, false},
		{"what looks like NUL", `{"sub":"\\u0000"}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := readClaims([]byte(tt.text)); (err == nil) != tt.ok {
				t.Errorf("readClaims(%q): %v", tt.text, err)
			}
		})
	}
}

func TestClaimTime(t *testing.T) {
	for text, want := range map[string]int64{"1764000000": 1764000000, "1764000000.75": 1764000000, "1e9": 1e9, "0": 0} {
		if got, ok := (claims{"t": json.Number(text)}).time("t"); !ok || got.Unix() != want {
			t.Errorf("%s is %s, %t", text, got, ok)
		}
	}
	for _, value := range []any{nil, "1764000000", true, json.Number("-1"), json.Number("1e300"), json.Number("253402300800")} {
		if got, ok := (claims{"t": value}).time("t"); ok {
			t.Errorf("%v is %s", value, got)
		}
	}
}

func TestFlat(t *testing.T) {
	c, err := readClaims([]byte(`{
		"a": {"b": {"c": "deep"}, "b.c": "less deep", "roles": ["x", {"no": 1}, null, 2.50]},
		"a.roles": "said outright",
		"big": 12345678901234567890,
		"empty": {}, "null": null,
		"nonce": "n", "at_hash": "h", "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"access_token": "secret"}},
		"inner": {"nonce": "of the person"}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"a.b.c":       {"less deep"},
		"a.roles":     {"said outright"},
		"big":         {"12345678901234567890"},
		"inner.nonce": {"of the person"},
	}
	if diff := cmp.Diff(want, c.flat()); diff != "" {
		t.Errorf("flat (-want +got):\n%s", diff)
	}
}

func TestGroups(t *testing.T) {
	for _, tt := range []struct {
		name, claim, text string
		groups            []string
		present, overage  bool
	}{
		{"a list", "groups", `{"groups":["a","b"]}`, []string{"a", "b"}, true, false},
		{"one", "groups", `{"groups":"a"}`, []string{"a"}, true, false},
		{"an empty list", "groups", `{"groups":[]}`, []string{}, true, false},
		{"none", "groups", `{}`, []string{}, false, false},
		{"null is none", "groups", `{"groups":null}`, []string{}, false, false},
		{"another claim", "https://acme.example/teams", `{"groups":["a"],"https://acme.example/teams":["t"]}`, []string{"t"}, true, false},
		{"in an object", "resource_access.my.client.roles", `{"resource_access":{"my.client":{"roles":["r"]}}}`, []string{"r"}, true, false},
		{"a name with dots comes first", "a.b", `{"a.b":["outright"],"a":{"b":["inside"]}}`, []string{"outright"}, true, false},
		{"only dots lead inside", "a-b", `{"a":{"b":["r"]}}`, []string{}, false, false},
		{"kept elsewhere", "groups", `{"_claim_names":{"groups":"src1"}}`, []string{}, false, true},
		{"something else is kept elsewhere", "groups", `{"_claim_names":{"address":"src1"}}`, []string{}, false, false},
		{"hasgroups", "groups", `{"hasgroups":"true"}`, []string{}, false, true},
		{"a link", "groups", `{"http://schemas.microsoft.com/claims/groups.link":"https://graph.example/me"}`, []string{}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := readClaims([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var got Token
			got.readGroups(c, tt.claim)
			if diff := cmp.Diff(Token{Groups: tt.groups, GroupsPresent: tt.present, GroupsOverage: tt.overage}, got); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

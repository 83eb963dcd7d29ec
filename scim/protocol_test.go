package scim_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestMe checks that a token that stands for no person is told so, whatever it
// asks.
func TestMe(t *testing.T) {
	s := onSQLite(t)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		got := s.want(501, method, "/Me", "{}")
		if detail, _ := got.body["detail"].(string); !strings.Contains(detail, "/Users/{id}") {
			t.Errorf("%s: got %s", method, got.raw)
		}
	}
}

// TestPatchPathErrors tells a path that cannot be read from a filter in it that
// cannot be answered.
func TestPatchPathErrors(t *testing.T) {
	s := onSQLite(t)
	id := s.user("ada")
	for path, kind := range map[string]string{
		`title[`:                           "invalidPath",
		`title]`:                           "invalidPath",
		`emails[type eq "work"`:            "invalidPath",
		`emails[type eq "work]`:            "invalidPath",
		`emails[type eq "\x"].value`:       "invalidPath",
		`emails[phone[type eq "x"]].value`: "invalidPath",
		`emails[(type eq "work")`:          "invalidPath",
		`emails--v0.value`:                 "invalidPath",
		`name.`:                            "invalidPath",
		`name.nickName`:                    "invalidPath",
		`.title`:                           "invalidPath",
		`shoeSize`:                         "invalidPath",
		strings.Repeat("x", 5000):          "invalidPath",
		`emails[` + strings.Repeat("(", 40) + `type eq "x"` + strings.Repeat(")", 40) + `]`: "invalidPath",
		`emails[colour eq "red"].value`: "invalidFilter",
		`emails[type].value`:            "invalidFilter",
		`emails[primary gt true].value`: "invalidFilter",
		`emails[].value`:                "invalidFilter",
		`id`:                            "mutability",
		`meta.created`:                  "mutability",
		`groups`:                        "mutability",
	} {
		for _, op := range []string{"add", "replace", "remove"} {
			body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":%q,"path":%q,"value":"x"}]}`, op, path)
			if got := s.want(400, "PATCH", "/Users/"+id, body); got.body["scimType"] != kind {
				t.Errorf("%s %.80s: got %s, want %s", op, path, got.raw, kind)
			}
		}
	}
	if version := s.want(200, "GET", "/Users/"+id, "").header.Get("ETag"); version != `W/"1"` {
		t.Errorf("version is %s", version)
	}
}

// TestReturnedCharacteristics checks "returned" (RFC 7643 §2.2): always beats
// what the request excludes, never beats what it asks for.
func TestReturnedCharacteristics(t *testing.T) {
	s := onSQLite(t)
	id := s.want(201, "POST", "/Users", `{"userName":"ada","password":"secret"}`).id()
	for _, query := range []string{"attributes=password", "attributes=userName,password", "excludedAttributes=id,schemas", "excludedAttributes=ID", ""} {
		for _, got := range []reply{
			s.want(200, "GET", "/Users/"+id+"?"+query, ""),
			s.want(200, "PUT", "/Users/"+id+"?"+query, `{"userName":"ada","password":"other"}`),
		} {
			if got.id() != id || got.body["schemas"] == nil || strings.Contains(got.raw, "secret") || strings.Contains(got.raw, "other") {
				t.Errorf("%s: got %s", query, got.raw)
			}
		}
	}
	if got := s.do("GET", "/Users?filter="+url.QueryEscape(`password eq "secret"`), ""); got.status != 400 || got.body["scimType"] != "invalidFilter" {
		t.Errorf("a filter on password: got %d %s", got.status, got.raw)
	}
}

// TestReferencesAreAddresses follows every $ref and location that the server
// gives, for people, groups and groups in groups.
func TestReferencesAreAddresses(t *testing.T) {
	s := onSQLite(t)
	ada := s.user("ada")
	inner := s.group("Tier 1", ada)
	outer := s.group("Support", inner, ada)
	follow := func(what string, list any, want ...string) {
		elements, _ := list.([]any)
		if len(elements) != len(want) {
			t.Fatalf("%s: got %v", what, list)
		}
		for i, element := range elements {
			ref, _ := element.(map[string]any)["$ref"].(string)
			got := s.at(ref, "GET", "", "Authorization", "Bearer "+s.token)
			if got.status != 200 || got.id() != want[i] || got.body["meta"].(map[string]any)["location"] != ref {
				t.Errorf("%s: %s leads to %d %s", what, ref, got.status, got.raw)
			}
		}
	}
	follow("members", s.want(200, "GET", "/Groups/"+outer, "").body["members"], inner, ada)
	follow("members in a list", s.find("/Groups", `displayName eq "tier 1"`).body["Resources"].([]any)[0].(map[string]any)["members"], ada)
	follow("groups", s.want(200, "GET", "/Users/"+ada, "").body["groups"], outer, inner)
}

// TestCaseExactness compares values as their schema says: by letter case where
// caseExact is true, and without regard to it elsewhere (RFC 7643 §2.2).
func TestCaseExactness(t *testing.T) {
	s := onSQLite(t)
	ada := s.want(201, "POST", "/Users", `{"userName":"Ada","externalId":"X","displayName":"Ada","emails":[{"value":"Ada@x","type":"Work"}],"x509Certificates":[{"value":"QUI="}]}`).id()
	for filter, want := range map[string]int{
		`userName eq "aDA"`:                      1,
		`userName ne "aDA"`:                      0,
		`displayName sw "aD"`:                    1,
		`emails.value eq "aDA@X"`:                1,
		`emails[type eq "WORK"]`:                 1,
		`externalId eq "X"`:                      1,
		`externalId eq "x"`:                      0,
		`externalId ne "x"`:                      1,
		`id eq "` + ada + `"`:                    1,
		`id eq "` + strings.ToUpper(ada) + `"`:   0,
		`x509Certificates.value eq "QUI="`:       1,
		`x509Certificates.value eq "qui="`:       0,
		`meta.resourceType eq "User"`:            1,
		`meta.resourceType eq "user"`:            0,
		`meta.resourceType co "se"`:              1,
		`USERNAME EQ "ada" AND NOT (title PR)`:   1,
		`Emails.Value Sw "ada" Or externalid Pr`: 1,
	} {
		if got := s.find("/Users", filter); got.body["totalResults"] != float64(want) {
			t.Errorf("%s: got %v, want %d", filter, got.body["totalResults"], want)
		}
	}
}

// TestUniqueness checks which values only one resource of a connection can
// have, and that a deleted one keeps none of them.
func TestUniqueness(t *testing.T) {
	s := onSQLite(t)
	ada := s.want(201, "POST", "/Users", `{"userName":"ada","externalId":"1"}`).id()
	bo := s.want(201, "POST", "/Users", `{"userName":"bo","externalId":"2"}`).id()
	group := s.want(201, "POST", "/Groups", `{"displayName":"Support","externalId":"1"}`).id()
	other := s.group("Sales")
	for _, tt := range []struct{ method, path, body string }{
		{"POST", "/Users", `{"userName":"ADA"}`},
		{"PUT", "/Users/" + bo, `{"userName":"Ada"}`},
		{"PATCH", "/Users/" + bo, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"userName","value":"aDa"}]}`},
		{"POST", "/Groups", `{"displayName":"SUPPORT"}`},
		{"PUT", "/Groups/" + other, `{"displayName":"support"}`},
	} {
		if got := s.want(409, tt.method, tt.path, tt.body); got.body["scimType"] != "uniqueness" {
			t.Errorf("%s %s %s: got %s", tt.method, tt.path, tt.body, got.raw)
		}
	}
	s.want(201, "POST", "/Users", `{"userName":"cy","externalId":"2"}`)
	s.want(200, "PUT", "/Users/"+bo, `{"userName":"bo","externalId":"1"}`)
	s.want(200, "PUT", "/Groups/"+other, `{"displayName":"x","externalId":"1"}`)
	s.want(200, "PUT", "/Users/"+ada, `{"userName":"ADA","externalId":"1"}`)
	s.want(204, "DELETE", "/Users/"+ada, "")
	s.want(204, "DELETE", "/Groups/"+group, "")
	s.want(201, "POST", "/Users", `{"userName":"ada","externalId":"1"}`)
	s.want(201, "POST", "/Groups", `{"displayName":"support","externalId":"1"}`)
}

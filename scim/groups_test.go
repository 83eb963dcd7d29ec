package scim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestPatchGroup applies every form of membership change that identity
// providers send to a group that has ada and bo.
func TestPatchGroup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		people := map[string]string{}
		for _, name := range []string{"ada", "bo", "cy", "dee"} {
			people[name] = s.user(name)
		}
		nested := s.group("nested")
		fill := strings.NewReplacer("ADA", people["ada"], "BO", people["bo"], "CY", people["cy"], "DEE", people["dee"], "NESTED", nested).Replace
		group := s.group("g")

		for _, tt := range []struct{ name, ops, want string }{
			{"Okta adds with display", `{"op":"add","path":"members","value":[{"value":"CY","display":"cy@x"}]}`, "ada bo cy"},
			{"Okta removes and adds", `{"op":"remove","path":"members[value eq \"ADA\"]"},{"op":"add","path":"members","value":[{"value":"CY"}]}`, "bo cy"},
			{"Okta pushes all", `{"op":"replace","path":"members","value":[{"value":"CY"},{"value":"BO"}]}`, "bo cy"},
			{"Okta pushes none", `{"op":"replace","path":"members","value":[]}`, ""},
			{"Okta without path", `{"op":"replace","value":{"id":"x","displayName":"g","members":[{"value":"DEE"}]}}`, "dee"},
			{"Okta renames only", `{"op":"replace","value":{"id":"x","displayName":"g"}}`, "ada bo"},
			{"Entra removes by value", `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"ADA"}]}`, "bo"},
			{"Entra adds again", `{"op":"Add","path":"members","value":[{"$ref":null,"value":"ADA"}]}`, "ada bo"},
			{"Keycloak empties", `{"op":"remove","path":"members"}`, ""},
			{"authentik adds one by one", `{"op":"add","path":"members","value":[{"value":"CY"}]},{"op":"add","path":"members","value":[{"value":"DEE"}]}`, "ada bo cy dee"},
			{"OneLogin adds one object", `{"op":"add","path":"members","value":{"value":"CY"}}`, "ada bo cy"},
			{"ids alone", `{"op":"add","path":"members","value":["CY","DEE"]}`, "ada bo cy dee"},
			{"several by or", `{"op":"remove","path":"members[value eq \"ADA\" or value eq \"BO\"]"}`, ""},
			{"the URN of the schema", `{"op":"remove","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq \"ADA\"]"}`, "bo"},
			{"a filter that makes a member", `{"op":"add","path":"members[value eq \"CY\"]","value":{}}`, "ada bo cy"},
			{"one replaced by another", `{"op":"replace","path":"members[value eq \"ADA\"]","value":{"value":"CY"}}`, "bo cy"},
			{"one named twice", `{"op":"add","path":"members","value":["CY","CY",{"value":"CY"}]}`, "ada bo cy"},
			{"a group as member", `{"op":"add","path":"members","value":[{"value":"NESTED","type":"Group"}]}`, "ada bo nested"},
			{"removed by type, after an addition", `{"op":"add","path":"members","value":[{"value":"NESTED"}]},{"op":"remove","path":"members[type eq \"User\"]"}`, "nested"},
			{"removed by display", `{"op":"remove","path":"members[display eq \"Bo\"]"}`, "ada"},
			{"removed but for one", `{"op":"remove","path":"members[not (value eq \"BO\")]"}`, "bo"},
			{"removed, added, removed", `{"op":"remove","path":"members"},{"op":"add","path":"members","value":["CY","DEE"]},{"op":"remove","path":"members[value ne \"CY\"]"}`, "cy"},
			{"somebody who is not there", `{"op":"remove","path":"members[value eq \"DEE\"]"},{"op":"remove","path":"members","value":[{"value":"nobody"}]}`, "ada bo"},
			{"the display of a member", `{"op":"replace","path":"members[value eq \"ADA\"].display","value":"x"}`, "ada bo"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s := *s
				s.t = t
				s.want(200, "PUT", "/Groups/"+group, fill(`{"displayName":"g","members":[{"value":"ADA"},{"value":"BO"}]}`))
				if got := s.want(204, "PATCH", "/Groups/"+group, fill(patchOf(tt.ops))); got.raw != "" {
					t.Errorf("204 with a body: %s", got.raw)
				}
				if got := strings.Join(s.members(group), " "); got != tt.want {
					t.Errorf("members are %q, want %q", got, tt.want)
				}
			})
		}
	})
}

// members returns the display of a group's members, sorted.
func (s *server) members(group string) []string {
	s.t.Helper()
	out := []string{}
	list, _ := s.want(200, "GET", "/Groups/"+group, "").body["members"].([]any)
	for _, element := range list {
		out = append(out, element.(map[string]any)["display"].(string))
	}
	slices.Sort(out)
	return out
}

func TestPatchGroupRefuses(t *testing.T) {
	s := onSQLite(t)
	ada := s.user("ada")
	group := s.group("g", ada)
	before := s.want(200, "GET", "/Groups/"+group, "")
	for ops, kind := range map[string]string{
		`{"op":"remove"}`: "noTarget",
		`{"op":"replace","path":"members[type eq \"Group\"]","value":{"value":"` + ada + `"}}`: "noTarget",
		`{"op":"remove","path":"displayName"}`:                                                 "mutability",
		`{"op":"replace","value":{"displayName":""}}`:                                          "mutability",
		`{"op":"replace","path":"members[value eq \"` + ada + `\"].value","value":"x"}`:        "mutability",
		`{"op":"add","path":"members","value":[{"value":"nobody"}]}`:                           "invalidValue",
		`{"op":"add","path":"members","value":[{"display":"x"}]}`:                              "invalidValue",
		`{"op":"add","path":"members","value":[7]}`:                                            "invalidValue",
		`{"op":"add","path":"members","value":[{"value":"` + group + `"}]}`:                    "invalidValue",
		`{"op":"add","path":"userName","value":"x"}`:                                           "invalidPath",
		`{"op":"add","path":"members[value eq","value":"x"}`:                                   "invalidPath",
	} {
		got := s.want(400, "PATCH", "/Groups/"+group, patchOf(`{"op":"add","path":"externalId","value":"changed"},`+ops))
		if got.body["scimType"] != kind {
			t.Errorf("%s: got %s, want %s", ops, got.raw, kind)
		}
	}
	if after := s.want(200, "GET", "/Groups/"+group, ""); after.raw != before.raw {
		t.Errorf("got %s, want %s", after.raw, before.raw)
	}
}

func TestGroups(t *testing.T) {
	s := onSQLite(t)
	ada := s.user("ada")
	created := s.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"externalId":"x","displayName":"Tier 1","members":[{"value":"`+ada+`"}],"urn:x:ext":{"a":1}}`)
	path := "/Groups/" + created.id()
	if created.header.Get("Location") != s.url+path || created.header.Get("ETag") != `W/"1"` {
		t.Errorf("got %v", created.header)
	}
	s.want(409, "POST", "/Groups", `{"displayName":"TIER 1"}`)
	s.want(201, "POST", "/Groups", `{"displayName":"Tier 1 too","externalId":"x"}`)
	if got := s.want(200, "GET", "/Users/"+ada, ""); !strings.Contains(got.raw, `"display":"Tier 1"`) {
		t.Errorf("the user does not know: %s", got.raw)
	}

	same := s.want(204, "PATCH", path, patchOf(`{"op":"add","path":"members","value":[{"value":"`+ada+`"}]},{"op":"replace","value":{"displayName":"Tier 1"}}`))
	if same.header.Get("ETag") != `W/"1"` {
		t.Errorf("a PATCH that changes nothing made version %s", same.header.Get("ETag"))
	}
	got := s.want(200, "PATCH", path+"?attributes=displayName", patchOf(`{"op":"Replace","path":"displayName","value":"Tier I"}`))
	if got.body["displayName"] != "Tier I" || got.body["members"] != nil || got.header.Get("ETag") != `W/"2"` {
		t.Errorf("got %s", got.raw)
	}
	s.want(412, "PATCH", path, patchOf(`{"op":"remove","path":"members"}`), "If-Match", `W/"1"`)
	s.want(304, "GET", path, "", "If-None-Match", `W/"2"`)

	replaced := s.want(200, "PUT", path, `{"displayName":"Tier I"}`)
	if replaced.body["members"] != nil || replaced.body["externalId"] != nil || strings.Contains(replaced.raw, "urn:x:ext") {
		t.Errorf("PUT kept something: %s", replaced.raw)
	}
	s.want(412, "DELETE", path, "", "If-Match", `W/"2"`)
	s.want(204, "DELETE", path, "")
	s.want(404, "GET", path, "")
	s.want(404, "DELETE", path, "")
	if got := s.want(200, "GET", "/Users/"+ada, ""); got.body["groups"] != nil {
		t.Errorf("still in a group: %s", got.raw)
	}
}

package scim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const (
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// shown returns an answer without what the server adds to it.
func shown(r reply) map[string]any {
	for _, name := range []string{"id", "meta", "schemas", "active", "userName", "displayName"} {
		delete(r.body, name)
	}
	return r.body
}

// TestOneNameHasOnePlace sends an attribute under a name that no schema describes
// in all ways there are, and wants it in one place, whatever characters its URN
// and it are made of; and all of it changed, or nothing.
func TestOneNameHasOnePlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		for i, tt := range []struct{ name, at string }{
			{"urn:okta:onprem_app:1.0:user:custom:badge", `{"urn:okta:onprem_app:1.0:user:custom":{"badge":"#"}}`},
			{"urn:ietf:params:scim:schemas:extension:my_company:2.0:User:badge", `{"urn:ietf:params:scim:schemas:extension:my_company:2.0:User":{"badge":"#"}}`},
			{"http://schemas.example.test/hr/2.0/User:code", `{"http://schemas.example.test/hr/2.0/User":{"code":"#"}}`},
			{"urn:x:a~b/c?d=%20:User:tag", `{"urn:x:a~b/c?d=%20:User":{"tag":"#"}}`},
			{"urn:x:2.0:User:tag.colour", `{"urn:x:2.0:User":{"tag":{"colour":"#"}}}`},
			{"urn:x:2.0:User:2fa", `{"urn:x:2.0:User":{"2fa":"#"}}`},
			{"urn:x:2.0:User:shoe size", `{"urn:x:2.0:User":{"shoe size":"#"}}`},
			{ent + ":nope", `{"` + ent + `":{"nope":"#"}}`},
			{userURN + ":nope", `{"nope":"#"}`},
			{"name.nope", `{"name":{"nope":"#"}}`},
			{"userName.x", `{"userName.x":"#"}`},
			{"2fa", `{"2fa":"#"}`},
			{"shoe size", `{"shoe size":"#"}`},
			{"badgeColour", `{"badgeColour":"#"}`},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s := *s
				s.t = t
				holds := func(what, value string, got reply) {
					t.Helper()
					var want map[string]any
					if err := json.Unmarshal([]byte(strings.ReplaceAll(tt.at, "#", value)), &want); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, shown(got)); diff != "" {
						t.Errorf("%s (-want +got):\n%s", what, diff)
					}
				}
				user := func(value string) string { return fmt.Sprintf(`{"userName":"u%d",%q:%q}`, i, tt.name, value) }
				made := s.want(201, "POST", "/Users", user("1"))
				path := "/Users/" + made.id()
				holds("POST", "1", made)
				holds("PATCH without path", "2", s.want(200, "PATCH", path, patchOf(fmt.Sprintf(`{"op":"replace","value":{%q:"2"}}`, tt.name))))
				holds("PATCH by path", "3", s.want(200, "PATCH", path, patchOf(fmt.Sprintf(`{"op":"replace","path":%q,"value":"3"}`, tt.name))))
				holds("in other letter case", "4", s.want(200, "PATCH", path, patchOf(fmt.Sprintf(`{"op":"add","path":%q,"value":"4"}`, strings.ToUpper(tt.name)))))
				holds("PUT", "5", s.want(200, "PUT", path, user("5")))
				if got := shown(s.want(200, "PATCH", path, patchOf(fmt.Sprintf(`{"op":"remove","path":%q}`, tt.name)))); len(got) > 0 {
					t.Errorf("left after remove: %v", got)
				}
				holds("PATCH without path, of what is not there", "6", s.want(200, "PATCH", path, patchOf(fmt.Sprintf(`{"op":"add","value":{%q:"6"}}`, tt.name))))
			})
		}
	})
}

// TestWhatAResourceHoldsHasAPath changes what is kept and no schema describes, and
// wants what comes with it done: an attribute like that must not keep anybody
// active.
func TestWhatAResourceHoldsHasAPath(t *testing.T) {
	s := onSQLite(t)
	path := "/Users/" + s.want(201, "POST", "/Users", `{"userName":"ada","badgeColour":"green","shoe":{"size":4},"emails":[{"value":"a@x","verified":true}],"urn:x:User":{"keys":[{"kind":"door","id":"7"}]}}`).id()
	got := s.want(200, "PATCH", path, patchOf(`{"op":"Replace","path":"active","value":"False"},{"op":"Replace","path":"badgeColour","value":"red"},
		{"op":"add","path":"shoe.colour","value":"brown"},{"op":"replace","path":"emails[value eq \"a@x\"].verified","value":false},{"op":"replace","path":"urn:x:User:keys[kind eq \"door\"].id","value":"8"}`))
	want := map[string]any{"badgeColour": "red", "shoe": map[string]any{"size": 4.0, "colour": "brown"}, "emails": []any{map[string]any{"value": "a@x", "verified": false}},
		"urn:x:User": map[string]any{"keys": []any{map[string]any{"kind": "door", "id": "8"}}}}
	if got.body["active"] != false {
		t.Errorf("still active: %s", got.raw)
	}
	if diff := cmp.Diff(want, shown(got)); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
	group := "/Groups/" + s.want(201, "POST", "/Groups", `{"displayName":"g","description":"a"}`).id()
	s.want(204, "PATCH", group, patchOf(`{"op":"replace","path":"description","value":"b"}`))
	if got := s.want(200, "GET", group, ""); got.body["description"] != "b" {
		t.Errorf("got %s", got.raw)
	}
	for _, nowhere := range []string{"colour", "shoe.width.x", "badgeColour.x", "emails.nope", "name.nope", ent + ":nope", "keys[kind eq \\\"door\\\"].id"} {
		if got := s.want(400, "PATCH", path, patchOf(`{"op":"replace","path":"`+nowhere+`","value":"x"}`)); got.body["scimType"] != "invalidPath" {
			t.Errorf("%s: got %s", nowhere, got.raw)
		}
	}
}

// TestURNsThatPassForASchemaAreRefused checks that what is sent to the URN of the
// other type, or to one that is longer than that of a schema or cut short, is not
// kept as if somebody had made an extension of it: a deactivation would look done.
func TestURNsThatPassForASchemaAreRefused(t *testing.T) {
	s := onSQLite(t)
	user, group := s.want(201, "POST", "/Users", `{"userName":"ada"}`), s.want(201, "POST", "/Groups", `{"displayName":"g"}`)
	for name, of := range map[string][]reply{
		groupURN + ":active":                                  {user},
		groupURN + ":displayName":                             {user},
		userURN + ":members":                                  {group},
		ent + ":department:name":                              {user, group},
		ent + ":employeNumber":                                {group},
		ent + ":department":                                   {group},
		ent + ".nope":                                         {user, group},
		desk + ":role":                                        {group},
		userURN + ":userName:userName":                        {user, group},
		strings.ToUpper(userURN) + ":X:nope":                  {user, group},
		"urn:ietf:params:scim:schemas:core:2.0:Device:active": {user, group},
		"urn:example:schemas:core:2.0:User:active":            {user, group},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:Group:department": {user, group},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:X:department":     {user, group},
		"urn:ietf:params:scim:schemas:core:2.0:displayName":                      {user, group},
		"core:2.0:User:displayName":                                              {user, group},
		"core:2.0:User.displayName":                                              {user, group},
		"core:2.0:displayName":                                                   {user, group},
		"urn:scim:schemas:core:1.0:displayName":                                  {user, group},
		"urn:scim:schemas:extension:enterprise:1.0:department":                   {user, group},
	} {
		for _, at := range of {
			path := strings.TrimPrefix(at.body["meta"].(map[string]any)["location"].(string), s.url)
			for _, value := range []string{`"x"`, `{"value":"x"}`, `[{"value":"x"}]`} {
				for _, op := range []string{"add", "replace", "remove"} {
					if got := s.want(400, "PATCH", path, patchOf(fmt.Sprintf(`{"op":%q,"path":%q,"value":%s}`, op, name, value))); got.body["scimType"] != "invalidPath" {
						t.Errorf("%s %s: got %s", op, name, got.raw)
					}
				}
				for method, body := range map[string]string{
					"PATCH": patchOf(fmt.Sprintf(`{"op":"add","value":{%q:%s}}`, name, value)),
					"PUT":   fmt.Sprintf(`{"userName":"ada","displayName":"g",%q:%s}`, name, value),
				} {
					if got := s.want(400, method, path, body); got.body["scimType"] != "invalidSyntax" {
						t.Errorf("%s %s: got %s", method, name, got.raw)
					}
				}
			}
			if got := s.want(200, "GET", path, ""); got.header.Get("ETag") != `W/"1"` {
				t.Errorf("%s changed %s", name, got.raw)
			}
		}
	}
	for endpoint, key := range map[string]string{"/Groups": userURN, "/Users": groupURN} {
		if got := s.want(400, "POST", endpoint, `{"displayName":"G2","userName":"bo","`+key+`":{"userName":"x"}}`); got.body["scimType"] != "invalidSyntax" {
			t.Errorf("got %s", got.raw)
		}
	}
}

// TestADotForTheLastColon reads urn:…:User.department, as connectors of ConnId
// write it, as what it means, wherever it stands.
func TestADotForTheLastColon(t *testing.T) {
	s := onSQLite(t)
	path := "/Users/" + s.want(201, "POST", "/Users", `{"userName":"ada","`+ent+`.employeeNumber":"1","`+userURN+`.title":"T"}`).id()
	check := func(what, number, title string, got reply) {
		t.Helper()
		want := map[string]any{"title": title, ent: map[string]any{"employeeNumber": number}}
		if diff := cmp.Diff(want, shown(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("POST", "1", "T", s.want(200, "GET", path, ""))
	check("PATCH by path", "2", "U", s.want(200, "PATCH", path, patchOf(`{"op":"replace","path":"`+ent+`.employeeNumber","value":"2"},{"op":"replace","path":"`+userURN+`.title","value":"U"}`)))
	check("PATCH without path", "3", "V", s.want(200, "PATCH", path, patchOf(`{"op":"replace","value":{"`+strings.ToLower(ent)+`.employeeNumber":"3","`+userURN+`.title":"V"}}`)))
	if got := s.find("/Users", ent+`.employeeNumber eq "3" and `+userURN+`.title eq "V"`); got.body["totalResults"] != 1.0 {
		t.Errorf("filter: got %s", got.raw)
	}
	s.want(200, "GET", "/Users?sortBy="+url.QueryEscape(ent+".employeeNumber"), "")
	if got := s.want(200, "GET", path+"?attributes="+ent+".employeeNumber", ""); got.body["title"] != nil || got.body[ent] == nil {
		t.Errorf("attributes: got %s", got.raw)
	}
	if got := s.want(200, "GET", path+"?excludedAttributes="+ent+".employeeNumber", ""); got.body[ent] != nil {
		t.Errorf("excludedAttributes: got %s", got.raw)
	}
}

// TestPartsOfAttributesInABody reads name.givenName in a body as what it means.
func TestPartsOfAttributesInABody(t *testing.T) {
	s := onSQLite(t)
	got := s.want(201, "POST", "/Users", `{"userName":"ada","name.givenName":"Ada","NAME":{"familyName":"Nilsen"},"emails.value":"a@x","emails.type":"work","`+ent+`:manager.value":"9","meta.version":"x"}`)
	want := map[string]any{"name": map[string]any{"givenName": "Ada", "familyName": "Nilsen"}, "emails": []any{map[string]any{"value": "a@x", "type": "work"}}, ent: map[string]any{"manager": map[string]any{"value": "9"}}}
	if diff := cmp.Diff(want, shown(got)); diff != "" {
		t.Errorf("POST (-want +got):\n%s", diff)
	}
	for _, refused := range []string{`"emails[type eq \"work\"].value":"x"`, `"emails":[{"value":"a"},{"value":"b"}],"emails.type":"work"`, `"name[x]":"y"`} {
		if got := s.want(400, "POST", "/Users", `{"userName":"bo",`+refused+`}`); got.body["scimType"] != "invalidSyntax" {
			t.Errorf("%s: got %s", refused, got.raw)
		}
	}
}

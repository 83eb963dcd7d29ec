package scim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// names returns the userName or displayName of each resource of a list.
func (r reply) names() []string {
	out := []string{}
	resources, _ := r.body["Resources"].([]any)
	for _, element := range resources {
		o, _ := element.(map[string]any)
		name, ok := o["userName"].(string)
		if !ok {
			name, _ = o["displayName"].(string)
		}
		out = append(out, name)
	}
	return out
}

func (s *server) find(path, filter string) reply {
	s.t.Helper()
	return s.want(200, "GET", path+"?filter="+url.QueryEscape(filter), "")
}

const (
	ent  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	desk = "urn:deskbridge:params:scim:schemas:extension:desk:2.0:User"
)

// TestFilters asks every kind of question of the same four people, on both
// databases.
func TestFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		for _, body := range []string{
			`{"userName":"Ada","externalId":"X1","title":"Team Lead","name":{"familyName":"Nilsen"},"emails":[{"value":"ada@Work.test","type":"work","primary":true},{"value":"ada@home.test","type":"home"}],"roles":[{"value":"agent","primary":"True"}],"` + ent + `":{"department":"Support","manager":{"value":"m1"}},"` + desk + `":{"role":"admin","teams":["Tier 1","Tier 2"]},"displayName":"Ada N"}`,
			`{"userName":"bo","externalId":"x1","title":"team \"b\\\"","emails":[{"value":"bo@work.test","type":"home"}],"active":false,"` + ent + `":{"department":"Sales"}}`,
			`{"userName":"cy","displayName":"Cy Ø","emails":[{"value":"cy@work.test","type":"work"}],"roles":[{"value":"agent"},{"value":"lead","primary":true}]}`,
			`{"userName":"dee%40x"}`,
		} {
			s.want(201, "POST", "/Users", body)
		}
		for filter, want := range map[string]string{
			`userName eq "ADA"`:                                 "Ada",
			`userName ne "ada"`:                                 "bo cy dee%40x",
			`externalId eq "X1"`:                                "Ada",
			`externalId eq "x1"`:                                "bo",
			`externalId pr`:                                     "Ada bo",
			`active eq true`:                                    "Ada cy dee%40x",
			`active eq "False"`:                                 "bo",
			`active ne true`:                                    "bo",
			`displayName eq "cy ø"`:                             "cy",
			`displayName pr`:                                    "Ada cy",
			`title sw "TEAM"`:                                   "Ada bo",
			`title ew "lead"`:                                   "Ada",
			`title eq "team \"b\\\""`:                           "bo",
			`title eq null`:                                     "cy dee%40x",
			`not (title pr)`:                                    "cy dee%40x",
			`title ne "team lead"`:                              "bo",
			`not (title eq "team lead")`:                        "bo cy dee%40x",
			`title gt "team a"`:                                 "Ada",
			`name.familyName co "ILS"`:                          "Ada",
			`name pr`:                                           "Ada",
			`emails eq "ADA@work.test"`:                         "Ada",
			`emails.value ew "@work.test"`:                      "Ada bo cy",
			`emails.type eq "home"`:                             "Ada bo",
			`emails[type eq "work"].value eq "bo@work.test"`:    "",
			`emails[type eq "home"].value eq "BO@work.test"`:    "bo",
			`emails[type eq "work" and value co "@work"]`:       "Ada cy",
			`emails[not (type eq "work")]`:                      "Ada bo",
			`emails[primary eq "true" and type eq "home"]`:      "",
			`emails pr`:                                         "Ada bo cy",
			`roles[value eq "agent" and primary eq true]`:       "Ada",
			`roles.value eq "agent"`:                            "Ada cy",
			`department eq "support"`:                           "Ada",
			ent + `:department pr`:                              "Ada bo",
			`userName pr and ` + ent + `:department eq "Sales"`: "bo",
			`manager eq "m1"`:                                   "Ada",
			`manager.value pr`:                                  "Ada",
			desk + `:role eq "admin"`:                           "Ada",
			desk + `:teams eq "tier 2"`:                         "Ada",
			`schemas eq "` + desk + `"`:                         "Ada",
			`id pr`:                                             "Ada bo cy dee%40x",
			`meta.created gt "2020-01-01T00:00:00Z"`:            "Ada bo cy dee%40x",
			`meta.lastModified lt "2020-01-01T00:00:00Z"`:       "",
			`userName eq "ada" or userName eq "cy" and active eq false`:  "Ada",
			`(userName eq "ada" or userName eq "cy") and active eq true`: "Ada cy",
			`userName eq "dee%40x"`:     "dee%40x",
			`userName eq "dee%2540x"`:   "dee%40x",
			`userName eq "' OR 1=1 --"`: "",
		} {
			got := s.find("/Users", filter)
			if names := strings.Join(got.names(), " "); names != want || int(got.body["totalResults"].(float64)) != len(got.names()) {
				t.Errorf("%s: got %q, want %q", filter, names, want)
			}
		}
	})
}

func TestGroupFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		ada, bo := s.user("ada"), s.user("bo")
		inner := s.group("Tier 1", ada)
		s.group("Support", inner, bo)
		s.group("Empty")
		for filter, want := range map[string]string{
			`displayName eq "TIER 1"`:                               "Tier 1",
			`members.value eq "` + ada + `"`:                        "Tier 1",
			`members eq "` + bo + `"`:                               "Support",
			`members[value eq "` + inner + `" and type eq "Group"]`: "Support",
			`members[type eq "User"]`:                               "Tier 1 Support",
			`members.display eq "BO"`:                               "Support",
			`members pr`:                                            "Tier 1 Support",
			`not (members pr)`:                                      "Empty",
		} {
			if got := strings.Join(s.find("/Groups", filter).names(), " "); got != want {
				t.Errorf("%s: got %q, want %q", filter, got, want)
			}
		}
	})
}

func TestSorting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		s.want(201, "POST", "/Users", `{"userName":"b","title":"Z","name":{"familyName":"a"},"emails":[{"value":"z@x"},{"value":"a@x","primary":true}]}`)
		s.want(201, "POST", "/Users", `{"userName":"A","title":"y","name":{"familyName":"C"},"emails":[{"value":"b@x"}]}`)
		s.want(201, "POST", "/Users", `{"userName":"c","name":{"familyName":"b"},"`+ent+`":{"department":"S"}}`)
		for query, want := range map[string]string{
			"":                                       "b A c",
			"sortBy=userName":                        "A b c",
			"sortBy=USERNAME&sortOrder=Descending":   "c b A",
			"sortBy=title":                           "A b c",
			"sortBy=title&sortOrder=descending":      "c b A",
			"sortBy=name.familyName":                 "b c A",
			"sortBy=emails":                          "b A c",
			"sortBy=emails.value":                    "b A c",
			"sortBy=id&sortOrder=descending":         "c A b",
			"sortBy=meta.created":                    "b A c",
			"sortBy=department":                      "c b A",
			"sortBy=" + ent + ":department":          "c b A",
			"sortBy=active&sortOrder=ascending":      "b A c",
			"sortOrder=descending":                   "b A c",
			"sortBy=userName&count=1&startIndex=2":   "b",
			"sortBy=userName&count=2&startIndex=3":   "c",
			"sortBy=userName&count=2&startIndex=9":   "",
			"count=0":                                "",
			"count=-1":                               "",
			"startIndex=-5&count=1":                  "b",
			"startIndex=&count=":                     "b A c",
			"count=99999999999":                      "b A c",
			"startIndex=2147483648":                  "",
			"unknown=1&filter=userName+eq+%22a%22&x": "A",
		} {
			got := s.want(200, "GET", "/Users?"+query, "")
			if names := strings.Join(got.names(), " "); names != want {
				t.Errorf("%s: got %q, want %q", query, names, want)
			}
			if n := int(got.body["itemsPerPage"].(float64)); n != len(got.names()) {
				t.Errorf("%s: itemsPerPage is %d", query, n)
			}
		}
	})
}

// TestSelection checks attributes and excludedAttributes on every kind of
// answer that holds a resource.
func TestSelection(t *testing.T) {
	s := onSQLite(t)
	id := s.want(201, "POST", "/Users", `{"userName":"ada","title":"x","name":{"givenName":"A","familyName":"N"},"emails":[{"value":"a@x","type":"work"}],"`+ent+`":{"department":"S","manager":{"value":"9"}},"urn:x:ext":{"a":1}}`).id()
	group := s.group("g", id)
	for query, want := range map[string]string{
		"attributes=userName":                                                     "id schemas userName",
		"attributes=USERNAME,%20title":                                            "id schemas title userName",
		"attributes=userName&attributes=title":                                    "id schemas title userName",
		"attributes=nothing":                                                      "id schemas",
		"attributes=name.givenName":                                               "id name.givenName schemas",
		"attributes=emails.value":                                                 "emails.value id schemas",
		"attributes=urn:ietf:params:scim:schemas:core:2.0:User:title":             "id schemas title",
		"attributes=" + ent:                                                       ent + ".department " + ent + ".manager id schemas",
		"attributes=" + ent + ":manager":                                          ent + ".manager id schemas",
		"attributes=" + ent + ":manager.value":                                    ent + ".manager id schemas",
		"attributes=department":                                                   ent + ".department id schemas",
		"attributes=urn:x:ext:a":                                                  "id schemas urn:x:ext.a",
		"attributes=groups":                                                       "groups id schemas",
		"attributes=emails%5Btype%20eq%20%22a,b%5D%22%5D,title":                   "emails.type emails.value id schemas title",
		"attributes=Emails%5Btype+eq+%22work%22%5D.Value":                         "emails.value id schemas",
		"attributes=userName&excludedAttributes=":                                 "id schemas userName",
		"attributes=urn:x:ext":                                                    "id schemas urn:x:ext.a",
		"attributes=URN:X:Ext,title":                                              "id schemas title urn:x:ext.a",
		"excludedAttributes=urn:x:ext,name,emails,groups,meta,title":              "active " + ent + ".department " + ent + ".manager id schemas userName",
		"attributes=meta.version":                                                 "id meta.version schemas",
		"excludedAttributes=id,schemas,name,emails,groups,meta,urn:x:ext:a,title": "active " + ent + ".department " + ent + ".manager id schemas userName",
		"excludedAttributes=name.givenName,emails,groups,meta,active,title," + ent + ",urn:x:ext:a": "id name.familyName schemas userName",
	} {
		patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"title","value":"x"}]}`
		for method, got := range map[string]map[string]any{
			"GET":   s.want(200, "GET", "/Users/"+id+"?"+query, "").body,
			"PATCH": s.want(200, "PATCH", "/Users/"+id+"?"+query, patch).body,
			"list":  s.want(200, "GET", "/Users?"+query, "").body["Resources"].([]any)[0].(map[string]any),
		} {
			if diff := cmp.Diff(slices.Sorted(slices.Values(strings.Fields(want))), partsOf(got)); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", method, query, diff)
			}
		}
	}
	for _, query := range []string{"excludedAttributes=members", "excludedAttributes=MEMBERS", "attributes=displayName", "excludedAttributes=urn:ietf:params:scim:schemas:core:2.0:Group:members"} {
		one := s.want(200, "GET", "/Groups/"+group+"?"+query, "")
		list := s.want(200, "GET", "/Groups?"+query, "")
		if strings.Contains(one.raw, "members") || strings.Contains(list.raw, "members") {
			t.Errorf("%s: %s", query, one.raw)
		}
	}
	if got := s.want(201, "POST", "/Users?attributes=userName", `{"userName":"bo"}`); strings.Join(partsOf(got.body), " ") != "id schemas userName" {
		t.Errorf("POST: got %s", got.raw)
	}
}

// partsOf lists what a resource holds: extensions and the two complex
// attributes of the test by their parts.
func partsOf(resource map[string]any) []string {
	var out []string
	for name, value := range resource {
		if list, ok := value.([]any); ok && name == "emails" {
			value = list[0]
		}
		o, ok := value.(map[string]any)
		complete := name == "meta" && len(o) == 5 || name == "name" && len(o) == 2
		if !ok || complete {
			out = append(out, name)
			continue
		}
		for inner := range o {
			out = append(out, name+"."+inner)
		}
	}
	slices.Sort(out)
	return out
}

func TestPagesAreStable(t *testing.T) {
	s := onSQLite(t)
	for i := range 25 {
		s.user(fmt.Sprintf("u%02d", i))
	}
	var all []string
	for start := 1; ; start += 10 {
		page := s.want(200, "GET", fmt.Sprintf("/Users?startIndex=%d&count=10", start), "")
		if page.body["totalResults"] != 25.0 || page.body["startIndex"] != float64(start) {
			t.Fatalf("got %s", page.raw)
		}
		if len(page.names()) == 0 {
			break
		}
		all = append(all, page.names()...)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 25 {
		t.Errorf("got %v", all)
	}
}

// TestFiltersOnTheGroupsOfUsers compares the answers with the groups that
// people are shown to be in, directly, through nesting and around a circle.
func TestFiltersOnTheGroupsOfUsers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		ada, bo := s.user("ada"), s.user("bo")
		s.user("cy")
		inner := s.group("Tier 1", ada)
		middle := s.group("Support", inner, bo)
		outer := s.group("All", middle)
		s.want(204, "PATCH", "/Groups/"+inner, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":["`+outer+`"]}]}`)
		lone := s.group("Lone", ada)
		empty := s.group("Empty")
		for _, id := range []string{inner, middle, outer, lone, empty, "nothing"} {
			var want []string
			for _, element := range s.want(200, "GET", "/Users", "").body["Resources"].([]any) {
				user := element.(map[string]any)
				groups, _ := user["groups"].([]any)
				if slices.ContainsFunc(groups, func(g any) bool { return g.(map[string]any)["value"] == id }) {
					want = append(want, user["userName"].(string))
				}
			}
			for _, filter := range []string{`groups.value eq "%s"`, `groups eq "%s"`, `groups[value eq "%s"]`} {
				if got := s.find("/Users", fmt.Sprintf(filter, id)).names(); !slices.Equal(got, want) {
					t.Errorf("%s: got %v, want %v", id, got, want)
				}
			}
		}
		for filter, want := range map[string]string{
			`groups pr`:                     "ada bo",
			`not (groups pr)`:               "cy",
			`groups eq null`:                "cy",
			`groups.display sw "all"`:       "ada bo",
			`groups.display eq "lone"`:      "ada",
			`groups[display ne "LONE"]`:     "ada bo",
			`not (groups.display eq "all")`: "cy",
			`groups.value eq "` + lone + `" and groups.value eq "` + outer + `"`: "ada",
		} {
			if got := strings.Join(s.find("/Users", filter).names(), " "); got != want {
				t.Errorf("%s: got %q, want %q", filter, got, want)
			}
		}
	})
}

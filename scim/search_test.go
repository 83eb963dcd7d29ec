package scim_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const searchSchema = `"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]`

// search sends a SearchRequest with these members, written as JSON.
func (s *server) search(path, members string) reply {
	s.t.Helper()
	if members != "" {
		members = "," + members
	}
	return s.want(200, "POST", path+"/.search", "{"+searchSchema+members+"}")
}

// TestRootQueries asks the server root of people and groups at once.
func TestRootQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		ada := s.want(201, "POST", "/Users", `{"userName":"ada","displayName":"Ada","externalId":"1","title":"lead"}`).id()
		s.group("Support", ada)
		s.user("bo")
		s.want(201, "POST", "/Groups", `{"displayName":"Aces","externalId":"2"}`)
		for query, want := range map[string]string{
			"":                                      "ada Support bo Aces",
			"filter=meta.resourceType eq \"User\"":  "ada bo",
			"filter=meta.resourceType eq \"Group\"": "Support Aces",
			"filter=meta.resourceType eq \"group\"": "",
			"filter=meta.resourceType ne \"User\" and externalId pr":         "Aces",
			"filter=displayName sw \"a\"":                                    "ada Aces",
			"filter=displayName sw \"a\" and meta.resourceType eq \"Group\"": "Aces",
			"filter=userName eq \"bo\" or displayName eq \"aces\"":           "bo Aces",
			"filter=userName pr":                                             "ada bo",
			"filter=not (userName pr)":                                       "Support Aces",
			"filter=userName eq null":                                        "Support Aces",
			"filter=members[value eq \"" + ada + "\"]":                       "Support",
			"filter=members[value eq \"" + ada + "\"].value eq null":         "",
			"filter=members.value eq \"" + ada + "\" or title eq \"lead\"":   "ada Support",
			"filter=meta.created gt \"2020-01-01T00:00:00Z\"":                "ada Support bo Aces",
			"filter=emails[type eq \"work\"]":                                "",
			"sortBy=displayName":                                             "Aces ada Support bo",
			"sortBy=displayName&sortOrder=descending":                        "bo Support ada Aces",
			"sortBy=userName":                                                "ada bo Support Aces",
			"sortBy=active":                                                  "ada bo Support Aces",
			"sortBy=title&sortOrder=descending":                              "Support bo Aces ada",
			"sortBy=meta.lastModified":                                       "ada Support bo Aces",
			"sortBy=displayName&startIndex=2&count=2":                        "ada Support",
			"sortBy=id&sortOrder=descending":                                 "Aces bo Support ada",
			"startIndex=9":                                                   "",
			"attributes=userName,displayName&filter=userName eq \"ada\" or displayName eq \"Aces\"": "ada Aces",
		} {
			got := s.want(200, "GET", "?"+strings.ReplaceAll(query, " ", "%20"), "")
			if names := strings.Join(got.names(), " "); names != want {
				t.Errorf("%s: got %q, want %q", query, names, want)
			}
		}
		if got := s.want(200, "GET", "?count=1", ""); got.body["totalResults"] != 4.0 || got.body["itemsPerPage"] != 1.0 {
			t.Errorf("totals: %s", got.raw)
		}
		if got := s.want(200, "GET", "?count=0", ""); got.body["totalResults"] != 4.0 || len(got.names()) != 0 {
			t.Errorf("count=0: %s", got.raw)
		}
		for query, kind := range map[string]string{
			"filter=shoeSize%20pr":                  "invalidFilter",
			"filter=members.$ref%20pr":              "invalidFilter",
			"filter=meta.version%20pr":              "invalidFilter",
			"filter=active%20gt%20true":             "invalidFilter",
			"sortBy=members":                        "invalidValue",
			"sortBy=nothing":                        "invalidValue",
			"attributes=id&excludedAttributes=name": "invalidValue",
		} {
			if got := s.want(400, "GET", "?"+query, ""); got.body["scimType"] != kind {
				t.Errorf("%s: got %s", query, got.raw)
			}
		}
	})
}

// TestSearchIsTheSameAsGET sends the same questions in both ways.
func TestSearchIsTheSameAsGET(t *testing.T) {
	s := onSQLite(t)
	ada := s.want(201, "POST", "/Users", `{"userName":"ada","title":"x","emails":[{"value":"a@x","type":"work"}]}`).id()
	s.user("bo")
	s.group("Support", ada)
	for _, params := range []url.Values{
		{},
		{"filter": {`userName eq "ada" or displayName eq "support"`}},
		{"attributes": {"userName,displayName"}},
		{"excludedAttributes": {"emails,members,meta"}},
		{"sortBy": {"externalId"}, "sortOrder": {"descending"}},
		{"startIndex": {"2"}, "count": {"1"}},
		{"count": {"0"}},
	} {
		message := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}}
		for name, values := range params {
			switch name {
			case "attributes", "excludedAttributes":
				message[name] = strings.Split(values[0], ",")
			case "startIndex", "count":
				message[name] = json.Number(values[0])
			default:
				message[name] = values[0]
			}
		}
		body, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"", "/Users", "/Groups"} {
			if path != "" && params.Has("filter") {
				params.Set("filter", "externalId eq null")
				message["filter"] = "externalId eq null"
				if body, err = json.Marshal(message); err != nil {
					t.Fatal(err)
				}
			}
			want := s.want(200, "GET", path+"?"+params.Encode(), "")
			got := s.want(200, "POST", path+"/.search", string(body))
			if diff := cmp.Diff(want.body, got.body); diff != "" {
				t.Errorf("%s?%s (-GET +POST):\n%s", path, params.Encode(), diff)
			}
		}
	}
}

func TestSearchMessages(t *testing.T) {
	s := onSQLite(t)
	s.user("ada")
	s.group("Support")
	if got := s.search("", `"filter":"meta.resourceType eq \"User\"","count":"10","startIndex":1,"sortBy":null,"unknown":[1]`); !slices.Equal(got.names(), []string{"ada"}) {
		t.Errorf("got %s", got.raw)
	}
	if got := s.want(200, "POST", "/Users/.search", `{"SCHEMAS":"URN:ietf:params:scim:api:messages:2.0:SearchRequest","Filter":"USERNAME EQ \"ADA\""}`); !slices.Equal(got.names(), []string{"ada"}) {
		t.Errorf("names in other letter case: got %s", got.raw)
	}
	for body, kind := range map[string]string{
		`{}`: "invalidSyntax",
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`: "invalidSyntax",
		`[]`:                                       "invalidSyntax",
		`{` + searchSchema + `,"count":"ten"}`:     "invalidValue",
		`{` + searchSchema + `,"count":true}`:      "invalidValue",
		`{` + searchSchema + `,"filter":["x"]}`:    "invalidValue",
		`{` + searchSchema + `,"attributes":[1]}`:  "invalidValue",
		`{` + searchSchema + `,"filter":"x"}`:      "invalidFilter",
		`{` + searchSchema + `,"cursor":"x"}`:      "invalidCursor",
		`{` + searchSchema + `,"cursor":[]}`:       "invalidValue",
		`{` + searchSchema + `,"sortBy":"nobody"}`: "invalidValue",
	} {
		if got := s.want(400, "POST", "/.search", body); got.body["scimType"] != kind {
			t.Errorf("%s: got %s", body, got.raw)
		}
	}
}

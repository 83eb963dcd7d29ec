package scim_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/golden")

var (
	idForm   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timeForm = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"`)
)

// golden compares an answer with testdata/golden/name, with ids numbered in
// order of appearance, times blanked and the server's address replaced.
func (s *server) golden(name string, r reply) {
	s.t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(r.raw), "", "  "); err != nil {
		s.t.Fatal(err)
	}
	text := strings.ReplaceAll(pretty.String(), strings.TrimSuffix(s.url, "/scim/acme/v2"), "https://bridge.example.test")
	ids := map[string]string{}
	text = idForm.ReplaceAllStringFunc(text, func(id string) string {
		if ids[id] == "" {
			ids[id] = "id-" + string(rune('1'+len(ids)))
		}
		return ids[id]
	})
	text = timeForm.ReplaceAllString(text, `"TIME"`) + "\n"
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestGoldenAnswers(t *testing.T) {
	s := onSQLite(t)
	s.golden("service_provider_config.json", s.want(200, "GET", "/ServiceProviderConfig", ""))
	s.golden("resource_types.json", s.want(200, "GET", "/ResourceTypes", ""))
	s.golden("resource_type_user.json", s.want(200, "GET", "/ResourceTypes/User", ""))
	s.golden("schemas.json", s.want(200, "GET", "/Schemas", ""))
	s.golden("schema_desk.json", s.want(200, "GET", "/Schemas/urn:deskbridge:params:scim:schemas:extension:desk:2.0:User", ""))

	created := s.want(201, "POST", "/Users", `{
		"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","urn:example:ext","urn:scim:schemas:core:1.0"],
		"userName":"ada@example.test","externalId":"00u1","name":{"givenName":"Ada","familyName":"Nilsen"},"displayName":"Ada Nilsen",
		"emails":[{"value":"ada@example.test","type":"work","primary":true}],"password":"secret","roles":[],"title":null,"groups":[{"value":"x"}],
		"urn:example:ext":{"badge":7.50},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Support","manager":{"value":"9"}},
		"urn:deskbridge:params:scim:schemas:extension:desk:2.0:User":{"role":"agent","teams":["Tier 1"]}}`)
	s.golden("user_created.json", created)
	bo := s.user("bo")
	inner := s.group("Tier 1", created.id(), bo)
	outer := s.group("Support", inner)
	s.golden("user_in_groups.json", s.want(200, "GET", "/Users/"+created.id(), ""))
	s.golden("group_nested.json", s.want(200, "GET", "/Groups/"+outer, ""))
	s.golden("group_members.json", s.want(200, "GET", "/Groups/"+inner, ""))
	s.golden("user_deactivated.json", s.want(200, "PATCH", "/Users/"+created.id(),
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`))
	s.golden("users_found.json", s.want(200, "GET", "/Users?filter=userName%20eq%20%22ADA@example.test%22", ""))
	s.golden("users_none.json", s.want(200, "GET", "/Users?filter=userName%20eq%20%22nobody%22", ""))
	s.golden("error_conflict.json", s.want(409, "POST", "/Users", `{"userName":"BO"}`))
	s.golden("error_unauthorized.json", s.at(s.url+"/Users", "GET", ""))
}

package scim_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestNamesHaveOneForm checks the comparison that RFC 7644 §5 asks for: names that
// differ in letter case, width or Unicode form alone are one name, in every filter
// too, and others are not.
func TestNamesHaveOneForm(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		for _, tt := range []struct {
			name, first, second string
			one                 bool
		}{
			{"composed and not", "j\u00fcrgen", "ju\u0308rgen", true},
			{"in other letter case", "\u00e9ric", "E\u0301RIC", true},
			{"full width", "ada", "\uff41d\uff21", true},
			{"half-width kana", "\u30ac\u30ad", "\uff76\uff9e\uff77", true},
			{"final sigma", "\u03b1\u03c2", "\u0391\u03a3", true},
			{"marks in another order", "q\u0323\u0307", "q\u0307\u0323", true},
			{"a dotted capital I", "inci", "\u0130nci", false},
			{"a sharp s", "strasse", "stra\u00dfe", false},
			{"another accent", "rene", "ren\u00e9", false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s.t = t
				status, n := 201, 1
				if tt.one {
					status = 409
				} else {
					n = 2
				}
				person := func(name string) string {
					return fmt.Sprintf(`{"userName":"%[1]s@example.test","displayName":"%[1]s","nickName":"%[1]s","emails":[{"value":"%[1]s@mail.test","type":"%[1]s"}]}`, name)
				}
				first := s.want(201, "POST", "/Users", person(tt.first)).id()
				group := s.want(201, "POST", "/Groups", `{"displayName":"`+tt.first+`","members":[{"value":"`+first+`"}]}`).id()
				s.want(status, "POST", "/Users", person(tt.second))
				s.want(status, "POST", "/Groups", `{"displayName":"`+tt.second+`"}`)
				other := s.user("other " + tt.name)
				s.want(409, "PUT", "/Users/"+other, `{"userName":"`+tt.second+`@example.test"}`)
				for _, filter := range []string{`userName eq "%s@example.test"`, `userName sw "%s@"`, `displayName eq "%s"`, `nickName eq "%s"`, `nickName co "%s"`,
					`emails.value eq "%s@mail.test"`, `emails[type eq "%s"]`, `emails[value ew "%s@mail.test" and type eq "` + tt.second + `"]`} {
					if got := s.find("/Users", fmt.Sprintf(filter, tt.second)); got.body["totalResults"] != float64(1) {
						t.Errorf("%s finds %v, want 1", filter, got.body["totalResults"])
					}
				}
				want := map[bool]float64{true: 1, false: 0}[tt.one]
				if got := s.find("/Users", fmt.Sprintf(`groups.display eq "%s"`, tt.second)); got.body["totalResults"] != want {
					t.Errorf("by a group: %v, want %v", got.body["totalResults"], want)
				}
				for kind, path := range map[string]string{"userName": "/Users", "displayName": "/Groups"} {
					if got := s.find(path, fmt.Sprintf(`%[1]s sw "%[2]s" or %[1]s sw "%[3]s"`, kind, tt.first, tt.second)); got.body["totalResults"] != float64(n) {
						t.Errorf("%s: %v, want %d", path, got.body["totalResults"], n)
					}
				}
				s.want(200, "PUT", "/Users/"+first, person(tt.first))
				s.want(204, "DELETE", "/Groups/"+group, "")
			})
		}
	})
}

// TestRulesHeedUnicodeForm: a value grants however it is spelt, except where a
// letter only looks like one of ASCII's.
func TestRulesHeedUnicodeForm(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		support, err := s.core.Settings.AddDesk(t.Context(), provision.Cause{Actor: "cli"}, provision.Desk{Name: "support", Kind: "builtin"})
		if err != nil {
			t.Fatal(err)
		}
		desk := support.ID
		for _, r := range []provision.Rule{{Attribute: "department", Equals: "\u00c9quipe", Role: provision.RoleAgent}, {Group: "\u00c9quipe 2", Role: provision.RoleLimited}} {
			r.Connection, r.Desk = s.conn.ID, desk
			if _, err := s.core.Settings.AddRuleUnchecked(t.Context(), provision.Cause{Actor: "cli"}, r); err != nil {
				t.Fatal(err)
			}
		}
		for i, tt := range []struct {
			department string
			want       provision.Role
		}{{"\u00e9quipe", provision.RoleAgent}, {"E\u0301QUIPE", provision.RoleAgent}, {"\u00e9\uff51uipe", provision.RoleAgent}, {"equipe", ""}} {
			id := s.want(201, "POST", "/Users", `{"userName":"`+strconv.Itoa(i)+`","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"`+tt.department+`"}}`).id()
			if got := s.access(id, desk).Role; got != tt.want {
				t.Errorf("department %q gives %q, want %q", tt.department, got, tt.want)
			}
		}
		ada := s.user("ada")
		s.want(201, "POST", "/Groups", `{"displayName":"e\u0301QUIPE 2","members":[{"value":"`+ada+`"}]}`)
		if got := s.access(ada, desk).Role; got != provision.RoleLimited {
			t.Errorf("the group gives %q", got)
		}
	})
}

// TestExternalIDIsNoKey has people and groups share an externalId: userName and
// displayName decide who is who, and nobody becomes somebody else by it.
func TestExternalIDIsNoKey(t *testing.T) {
	const objectID = "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"
	suspend := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`
	person := func(name, externalID, mail string) string {
		return `{"userName":"` + name + `","externalId":"` + externalID + `","emails":[{"value":"` + mail + `","primary":true}]}`
	}
	on := func(t *testing.T, idp provision.IdP, do func(s *server)) {
		t.Run(string(idp), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, st *store.Store) {
				s := newServer(t, st, scim.Limits{RatePerSecond: -1})
				s.conn.IdP = idp
				if err := st.SaveConnection(t.Context(), s.conn); err != nil {
					t.Fatal(err)
				}
				do(s)
			})
		})
	}
	on(t, provision.IdPEntra, func(s *server) {
		leaver := s.want(201, "POST", "/Users", person("ada.jones@example.test", "ada", "ada.jones@example.test")).id()
		s.want(200, "PATCH", "/Users/"+leaver, suspend)
		hire := s.want(201, "POST", "/Users", person("ada.smith@example.test", "ada", "ada.smith@example.test"))
		if hire.id() == leaver {
			s.t.Fatal("a new hire with the mailNickname of a leaver is the leaver")
		}
		if got := s.want(200, "GET", "/Users/"+leaver, ""); got.body["userName"] != "ada.jones@example.test" || got.body["active"] != false {
			s.t.Errorf("the leaver is %s", got.raw)
		}
		if got := s.find("/Users", `externalId eq "ada"`); got.body["totalResults"] != float64(2) {
			s.t.Errorf("a filter finds %v of 2", got.body["totalResults"])
		}
		back := s.want(201, "POST", "/Users", person("Ada.Jones@example.test", "ada", "another@example.test"))
		if back.id() != leaver || back.body["active"] != true {
			s.t.Errorf("the leaver by userName: %s", back.raw)
		}
		s.want(200, "PUT", "/Users/"+leaver, person("ada.jones@example.test", "ada", "ada.jones@example.test"))
		s.want(200, "PATCH", "/Users/"+leaver, suspend)
		// Exchange makes addresses of mailNicknames: who gets one gets both.
		both := s.want(201, "POST", "/Users", person("ada.brown@example.test", "ada", "ada.jones@example.test"))
		if both.id() == leaver {
			s.t.Error("a new hire with the mailNickname and the address of a suspended leaver is the leaver")
		}
		if got := s.want(200, "GET", "/Users/"+leaver, ""); got.body["userName"] != "ada.jones@example.test" || got.body["active"] != false {
			s.t.Errorf("the leaver is %s", got.raw)
		}
		s.want(409, "POST", "/Users", person("ada.smith@example.test", "ada", "x@example.test"))
		s.want(409, "POST", "/Users", person("ada.jones@example.test", "other", "x@example.test"))

		moved := s.want(201, "POST", "/Users", person("old@example.test", objectID, "old@example.test")).id()
		s.want(200, "PATCH", "/Users/"+moved, suspend)
		if got := s.want(201, "POST", "/Users", person("new@example.test", objectID, "new@example.test")).id(); got != moved {
			s.t.Error("who comes back with the same objectId is somebody else")
		}
	})
	on(t, provision.IdPOkta, func(s *server) {
		was := s.want(201, "POST", "/Users", person("old@example.test", "00u1", "old@example.test")).id()
		s.want(200, "PATCH", "/Users/"+was, suspend)
		if got := s.want(201, "POST", "/Users", person("new@example.test", "00u1", "new@example.test")).id(); got != was {
			s.t.Error("who comes back with the same Okta id is somebody else")
		}
		if got := s.want(201, "POST", "/Users", person("other@example.test", "00u1", "other@example.test")).id(); got == was {
			s.t.Error("somebody who is there is given away")
		}
	})
	on(t, provision.IdPGeneric, func(s *server) {
		for i := range 13 { // as Microsoft's collection of requests does
			s.want(201, "POST", "/Users", person(fmt.Sprintf("u%d@example.test", i), "22fbc523-6032-4c5f-939d-5d4850cf3e52", fmt.Sprintf("u%d@example.test", i)))
			s.want(201, "POST", "/Groups", fmt.Sprintf(`{"displayName":"g%d","externalId":"22fbc523-6032-4c5f-939d-5d4850cf3e52"}`, i))
		}
		for _, path := range []string{"/Users", "/Groups"} {
			if got := s.find(path, `externalId eq "22fbc523-6032-4c5f-939d-5d4850cf3e52"`); got.body["totalResults"] != float64(13) {
				s.t.Errorf("%s: a filter finds %v of 13", path, got.body["totalResults"])
			}
		}
		gone := s.find("/Users", `userName eq "u3@example.test"`).body["Resources"].([]any)[0].(map[string]any)["id"].(string)
		s.want(200, "PATCH", "/Users/"+gone, suspend)
		if got := s.want(201, "POST", "/Users", person("u99@example.test", "22fbc523-6032-4c5f-939d-5d4850cf3e52", "u99@example.test")).id(); got == gone {
			s.t.Error("of thirteen with one externalId somebody is given away")
		}
		s.want(409, "POST", "/Groups", `{"displayName":"G3","externalId":"else"}`)
	})
}

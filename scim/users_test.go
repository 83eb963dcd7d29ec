package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// patchOf wraps operations, as a JSON list without brackets.
func patchOf(operations string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
}

// modified returns version and lastModified, which move together or not at all.
func (r reply) modified() string {
	meta, _ := r.body["meta"].(map[string]any)
	return fmt.Sprint(meta["version"], " ", meta["lastModified"])
}

func TestVersionMovesOnlyWithAChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		body := `{"userName":"ada","active":true,"title":"x","n":1.0e3,"m":1.50,"emails":[{"value":"a@x","type":"work"}]}`
		created := s.want(201, "POST", "/Users", body)
		path := "/Users/" + created.id()
		for name, got := range map[string]reply{
			"GET":                          s.want(200, "GET", path, ""),
			"PUT of the same":              s.want(200, "PUT", path, body),
			"PATCH of the same":            s.want(200, "PATCH", path, patchOf(`{"op":"replace","value":{"title":"x","active":"True"}}`)),
			"add of a value that is there": s.want(200, "PATCH", path, patchOf(`{"op":"add","path":"emails","value":[{"value":"a@x","type":"work"}]}`)),
			"there and back":               s.want(200, "PATCH", path, patchOf(`{"op":"replace","path":"title","value":"y"},{"op":"replace","path":"title","value":"x"}`)),
		} {
			if got.modified() != created.modified() {
				t.Errorf("%s: %s became %s", name, created.modified(), got.modified())
			}
		}
		if got := s.want(200, "PATCH", path, patchOf(`{"op":"replace","path":"title","value":"y"}`)); !strings.HasPrefix(got.modified(), `W/"2"`) {
			t.Errorf("a change: got %s", got.modified())
		}
	})
}

func TestPutReplaces(t *testing.T) {
	s := onSQLite(t)
	id := s.want(201, "POST", "/Users", `{"userName":"ada","externalId":"x","title":"t","active":false,"urn:x:ext":{"a":1},"`+ent+`":{"department":"S"}}`).id()
	got := s.want(200, "PUT", "/Users/"+id, `{"id":"other","userName":"ada2","emails":null}`)
	want := `{"active":false,"id":"` + id + `","meta":{},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada2"}`
	got.body["meta"] = map[string]any{}
	raw, err := json.Marshal(got.body)
	if err != nil || string(raw) != want {
		t.Errorf("got %s, want %s", raw, want)
	}
}

func TestMinimalPutKeepsTheAddress(t *testing.T) {
	s := onSQLite(t)
	id := s.want(201, "POST", "/Users", `{"userName":"ada@example.test","emails":[{"value":"ada@example.test","primary":true}]}`).id()
	s.want(200, "PUT", "/Users/"+id, `{"active":true,"emails":null,"userName":"ada@example.test"}`)
	got, err := s.core.Directory.Identity(t.Context(), s.conn.ID, provision.IdentityID(id))
	if err != nil || got.Profile.Email != "ada@example.test" {
		t.Errorf("the address is %q (%v)", got.Profile.Email, err)
	}
}

func TestDeletedUsersAreGoneAndTheirNameIsFree(t *testing.T) {
	s := onSQLite(t)
	id := s.user("ada")
	group := s.group("g", id)
	s.want(204, "DELETE", "/Users/"+id, "")
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		body := map[string]string{"PUT": `{"userName":"ada"}`, "PATCH": patchOf(`{"op":"add","path":"title","value":"x"}`)}[method]
		s.want(404, method, "/Users/"+id, body)
	}
	if got := s.want(200, "GET", "/Groups/"+group, ""); strings.Contains(got.raw, "members") {
		t.Errorf("still a member: %s", got.raw)
	}
	if again := s.user("ADA"); again == id {
		t.Error("the id was given again")
	}
}

func TestPostOfASuspendedExternalIDRestores(t *testing.T) {
	s := onSQLite(t)
	id := s.want(201, "POST", "/Users", `{"userName":"ada","externalId":"x","active":false,"emails":[{"value":"ada@example.test"}]}`).id()
	got := s.want(201, "POST", "/Users", `{"userName":"ada.new","externalId":"x","title":"t","emails":[{"value":"Ada@example.test"}]}`)
	if got.id() != id || got.body["active"] != true || got.body["userName"] != "ada.new" || got.header.Get("Location") != s.url+"/Users/"+id {
		t.Errorf("got %s", got.raw)
	}
	s.want(409, "POST", "/Users", `{"userName":"Ada.New","externalId":"x"}`)
	if s.want(201, "POST", "/Users", `{"userName":"bo","externalId":"x"}`).id() == id {
		t.Error("somebody else with the externalId is the same person")
	}
}

func TestPatchIsAllOrNothing(t *testing.T) {
	s := onSQLite(t)
	s.user("taken")
	created := s.want(201, "POST", "/Users", `{"userName":"ada","title":"t"}`)
	for _, last := range []string{`{"op":"remove"}`, `{"op":"remove","path":"userName"}`, `{"op":"add","path":"shoeSize","value":1}`, `{"op":"replace","path":"active","value":"x"}`, `{"op":"replace","path":"id","value":"x"}`} {
		s.want(400, "PATCH", "/Users/"+created.id(), patchOf(`{"op":"replace","path":"title","value":"changed"},`+last))
	}
	s.want(409, "PATCH", "/Users/"+created.id(), patchOf(`{"op":"replace","value":{"title":"changed","userName":"TAKEN"}}`))
	if got := s.want(200, "GET", "/Users/"+created.id(), ""); got.raw != created.raw {
		t.Errorf("got %s, want %s", got.raw, created.raw)
	}
}

func TestStatusSetElsewhereIsKept(t *testing.T) {
	s := onSQLite(t)
	id := s.user("ada")
	_, err := s.core.Directory.UpdatePerson(t.Context(), s.conn.ID, provision.IdentityID(id), provision.Cause{Actor: "cli"}, func(u *provision.Identity) error {
		u.Status = provision.StatusSuspended
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]reply{
		"PATCH of something else": s.want(200, "PATCH", "/Users/"+id, patchOf(`{"op":"replace","path":"title","value":"x"}`)),
		"PUT without active":      s.want(200, "PUT", "/Users/"+id, `{"userName":"ada","title":"y"}`),
	} {
		if got.body["active"] != false {
			t.Errorf("%s revived them: %s", name, got.raw)
		}
	}
}

func TestPeopleWhoSignedInFirst(t *testing.T) {
	s := onSQLite(t)
	made, _, err := s.core.Directory.CreateIdentity(t.Context(), s.conn.ID, provision.Cause{Actor: "sso"}, provision.Identity{
		UserName: "ada@x.test", Status: provision.StatusActive, Profile: provision.Profile{DisplayName: "Ada", GivenName: "Ada"}, Emails: []provision.Email{{Value: "ada@x.test", Primary: true}}})
	if err != nil {
		t.Fatal(err)
	}
	path := "/Users/" + string(made.ID)
	before := s.want(200, "GET", path, "")
	if before.body["displayName"] != "Ada" || !strings.Contains(before.raw, `"givenName":"Ada"`) || !strings.Contains(before.raw, `"value":"ada@x.test"`) {
		t.Errorf("got %s", before.raw)
	}
	if same := s.want(200, "PATCH", path, patchOf(`{"op":"replace","value":{"displayName":"Ada"}}`)); same.modified() != before.modified() {
		t.Errorf("a PATCH that changes nothing moved %s to %s", before.modified(), same.modified())
	}
	after := s.want(200, "PATCH", path, patchOf(`{"op":"replace","value":{"title":"Lead"}}`))
	if after.body["title"] != "Lead" || after.body["displayName"] != "Ada" || !strings.Contains(after.raw, `"value":"ada@x.test"`) {
		t.Errorf("got %s", after.raw)
	}
}

func TestEntityTags(t *testing.T) {
	s := onSQLite(t)
	created := s.want(201, "POST", "/Users", `{"userName":"ada"}`)
	path, tag := "/Users/"+created.id(), created.header.Get("ETag")
	if meta := created.body["meta"].(map[string]any); tag != `W/"1"` || meta["version"] != tag || created.header.Get("Location") != meta["location"] {
		t.Errorf("ETag %q, Location %q, meta %v", tag, created.header.Get("Location"), meta)
	}
	change := patchOf(`{"op":"replace","path":"title","value":"x"}`)
	s.want(412, "PATCH", path, change, "If-Match", `W/"7"`)
	s.want(412, "PUT", path, `{"userName":"ada"}`, "If-Match", `"7", W/"8"`)
	got := s.want(200, "PATCH", path, change, "If-Match", `W/"7", W/"1"`)
	if got.header.Get("ETag") != `W/"2"` {
		t.Errorf("ETag %q", got.header.Get("ETag"))
	}
	s.want(200, "PUT", path, `{"userName":"ada"}`, "If-Match", `"2"`)
	s.want(200, "PUT", path, `{"userName":"ada"}`, "If-Match", `*`)
	if same := s.want(304, "GET", path, "", "If-None-Match", `W/"3"`); same.raw != "" || same.header.Get("ETag") != `W/"3"` {
		t.Errorf("304 with %q, ETag %q", same.raw, same.header.Get("ETag"))
	}
	s.want(200, "GET", path, "", "If-None-Match", `W/"2"`)
	s.want(412, "DELETE", path, "", "If-Match", `W/"2"`)
	s.want(204, "DELETE", path, "", "If-Match", `W/"3"`)
}

func TestTheAuditNamesTokenAndOperation(t *testing.T) {
	st := storetest.SQLite(t)
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	id := s.user("ada")
	s.want(200, "PATCH", "/Users/"+id, patchOf(`{"op":"replace","path":"active","value":false}`))
	entries, err := st.Entries(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[len(entries)-1]
	want := provision.Cause{Actor: "scim:first", Action: "PATCH /Users", Request: requestID}
	if last.Cause != want || last.Action != "user.suspended" || last.Subject != id {
		t.Errorf("got %+v", last)
	}
}

// TestConnectionsDoNotSeeEachOther checks that one connection's token cannot
// reach another's people, by id, name or membership.
func TestConnectionsDoNotSeeEachOther(t *testing.T) {
	s := onSQLite(t)
	id, group := s.user("ada"), s.group("g")
	_, token, err := s.core.Settings.AddConnection(t.Context(), provision.Cause{}, provision.Connection{Name: "other", IdP: provision.IdPOkta})
	if err != nil {
		t.Fatal(err)
	}
	other := *s
	other.url, other.token = strings.Replace(s.url, "acme", "other", 1), token
	other.want(404, "GET", "/Users/"+id, "")
	other.want(404, "DELETE", "/Users/"+id, "")
	other.want(404, "GET", "/Groups/"+group, "")
	other.want(400, "POST", "/Groups", `{"displayName":"g","members":[{"value":"`+id+`"}]}`)
	if got := other.want(200, "GET", "/Users", ""); got.body["totalResults"] != 0.0 {
		t.Errorf("got %s", got.raw)
	}
	other.user("ada")
}

// TestTwentyAtOnce checks that no concurrent change is lost.
func TestTwentyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		id := s.user("ada")
		members := make([]string, 20)
		for i := range members {
			members[i] = s.user(fmt.Sprintf("u%d", i))
		}
		group := s.group("g")
		var all sync.WaitGroup
		for i, member := range members {
			all.Go(func() {
				got := s.do("PATCH", "/Users/"+id, patchOf(fmt.Sprintf(`{"op":"add","path":"emails","value":[{"value":"%d@x"}]}`, i)))
				if got.status != 200 {
					t.Errorf("user: %d %s", got.status, got.raw)
				}
			})
			all.Go(func() {
				got := s.do("PATCH", "/Groups/"+group, patchOf(`{"op":"add","path":"members","value":[{"value":"`+member+`"}]}`))
				if got.status != 204 {
					t.Errorf("group: %d %s", got.status, got.raw)
				}
			})
		}
		all.Wait()
		if got := s.want(200, "GET", "/Users/"+id, ""); len(got.body["emails"].([]any)) != 20 {
			t.Errorf("got %s", got.raw)
		}
		if got := s.want(200, "GET", "/Groups/"+group, ""); len(got.body["members"].([]any)) != 20 {
			t.Errorf("got %s", got.raw)
		}
	})
}

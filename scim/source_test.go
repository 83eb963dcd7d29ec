package scim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const (
	coreUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	deskUser       = "urn:deskbridge:params:scim:schemas:extension:desk:2.0:User"
)

// derived are values under every name that Deskbridge derives for itself. They
// are an attribute like any other when an identity provider sends them.
const (
	derived = `"jit":true,"desk":"admin","desk.role":"admin","desk.teams":["A"],"desk.mailboxes":["Help"],"signin.groups":["Admins"],
		"source":"sign-in","claimedGroups":["Admins"],"requested":{"roles":["admin"]}`
	otherwise = `"JIT":["true"],"Desk":{"value":"admin","role":"admin"},"DESK.ROLE":"admin","Desk.Teams":"A","SignIn.Groups":"Admins"`
	lookalike = `"j\u0131t":"true","des\u212a":"admin","des\u212a.role":"admin","de\u017fk.role":"admin","\u017fignin.groups":"Admins"`
)

// TestNobodyPushesWhatWeDerive pushes people with the names that mean something
// to rules because we derive them: who signed in first, which groups a sign-in
// named, what the desk extension asks for. None of them is worth anything.
func TestNobodyPushesWhatWeDerive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		on, desk := withRules(t, s)
		for _, tt := range []struct{ name, attributes string }{
			{"core", derived},
			{"core in capitals", otherwise},
			{"core in letters that look alike", lookalike},
			{"core by its URN", `"` + coreUser + `":{` + derived + `}`},
			{"URN and name", `"` + coreUser + `:jit":true,"` + coreUser + `:desk.role":"admin","` + enterpriseUser + `:desk.role":"admin","` + enterpriseUser + `:jit":true`},
			{"enterprise extension", `"` + enterpriseUser + `":{` + derived + `}`},
			{"enterprise extension in capitals", `"` + enterpriseUser + `":{` + otherwise + `}`},
			{"enterprise extension in letters that look alike", `"` + enterpriseUser + `":{` + lookalike + `}`},
			{"enterprise extension in another spelling", `"URN:IETF:params:scim:schemas:EXTENSION:enterprise:2.0:user":{` + derived + `}`},
			{"an extension of their own", `"urn:example:Ext":{` + derived + `},"jit:":{` + derived + `},"urn:example:desk":{"role":"admin"}`},
			{"names that look like URNs", `"urn:jit":true,":jit":true,"urn:desk.role":"admin","desk:role":"admin",":desk.role":"admin"`},
			{"unknown attributes of the desk extension", `"` + deskUser + `":{"jit":true,"desk":"admin","desk.role":"admin","desk.teams":["A"],"signin.groups":["Admins"]}`},
		} {
			named := func(how string) string {
				return `{"userName":"` + how + tt.name + `","externalId":"` + how + tt.name + `",` + tt.attributes + `}`
			}
			posted := on.want(201, "POST", "/Users", named("post ")).id()
			on.grantsNothing(posted, desk, "POST, "+tt.name)

			replaced := on.user("put " + tt.name)
			on.want(200, "PUT", "/Users/"+replaced, named("put "))
			on.grantsNothing(replaced, desk, "PUT, "+tt.name)

			patched := on.user("patch " + tt.name)
			on.want(200, "PATCH", "/Users/"+patched, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
				"Operations":[{"op":"replace","value":{`+tt.attributes+`}}]}`)
			on.grantsNothing(patched, desk, "PATCH, "+tt.name)
		}
	})
}

// TestTheDeskExtensionAsks pushes somebody with the genuine extension, takes it
// back, and checks that what it asks for is seen beside smuggled values.
func TestTheDeskExtensionAsks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		on, desk := withRules(t, s)
		id := on.want(201, "POST", "/Users", `{"userName":"ann","`+enterpriseUser+`":{"desk.role":"admin","desk.teams":["B"]},
			"`+deskUser+`":{"role":"limited","teams":["a"]}}`).id()
		got := on.access(id, desk)
		if got.Role != provision.RoleLimited || len(got.Teams) != 1 || got.Teams[0] != "A" || len(got.Mailboxes) != 0 {
			t.Errorf("the desk extension gives %+v", got)
		}
		on.want(200, "PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
			"Operations":[{"op":"remove","path":"`+deskUser+`:role"},{"op":"remove","path":"`+deskUser+`:teams"}]}`)
		on.grantsNothing(id, desk, "the extension taken back")
	})
}

// withRules starts a server with rules on everything that we derive.
func withRules(t *testing.T, s *store.Store) (*server, provision.DeskID) {
	t.Helper()
	on := newServer(t, s, scim.Limits{RatePerSecond: -1})
	by := provision.Cause{Actor: "cli"}
	desk, err := on.core.Settings.AddDesk(t.Context(), by, provision.Desk{Name: "support", Kind: "builtin"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []provision.Rule{
		{Attribute: "jit", Role: provision.RoleAgent},
		{Attribute: "jit", Equals: "true", Role: provision.RoleAgent},
		{Attribute: "desk", Role: provision.RoleAdmin, Teams: []string{"A", "B"}, Mailboxes: []string{"Help"}},
		{Attribute: "desk.role", Equals: "admin", Role: provision.RoleAdmin},
		{Attribute: "desk.teams", Role: provision.RoleAdmin, Equals: "Secret"},
		{Attribute: "signin.groups", Equals: "Admins", Role: provision.RoleAdmin},
		{Group: "Admins", Role: provision.RoleAdmin},
	} {
		r.Connection, r.Desk = on.conn.ID, desk.ID
		if _, err := on.core.Settings.AddRuleUnchecked(t.Context(), by, r); err != nil {
			t.Fatal(err)
		}
	}
	return on, desk.ID
}

// access returns what a person should have on a desk.
func (s *server) access(id string, desk provision.DeskID) provision.Access {
	s.t.Helper()
	people, err := s.core.Directory.FindPeople(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	all, err := s.core.Explanation.Explain(s.t.Context(), people[0])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range all {
		if e.Desk.ID == desk {
			return e.Desired
		}
	}
	return provision.Access{}
}

func (s *server) grantsNothing(id string, desk provision.DeskID, what string) {
	s.t.Helper()
	if got := s.access(id, desk); got.Status != provision.AccessAbsent || len(got.Grants) > 0 {
		s.t.Errorf("%s: %+v, want nothing", what, got)
	}
}

// TestTakingOverOpensNothing has SCIM describe somebody who came by signing in, beside a
// connection whose secrets cannot be opened: it is no business of theirs.
func TestTakingOverOpensNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		on := newServer(t, st, scim.Limits{RatePerSecond: -1})
		early := provision.Identity{ID: provision.NewID[provision.IdentityID](), Connection: on.conn.ID, UserName: "ann", ExternalID: "1", Status: provision.StatusActive,
			Source: provision.SourceSignIn, Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now()}
		other := provision.Connection{ID: provision.NewID[provision.ConnectionID](), Name: "other", IdP: provision.IdPGeneric, SignIn: provision.SignIn{Disabled: true}}
		if err := errors.Join(st.InsertIdentity(t.Context(), early), st.SaveConnection(t.Context(), other)); err != nil {
			t.Fatal(err)
		}
		if _, err := st.DB().ExecContext(t.Context(), `UPDATE connections SET sign_in = 'x' WHERE name = 'other'`); err != nil {
			t.Fatal(err)
		}
		if got := on.want(200, "PUT", "/Users/"+string(early.ID), `{"userName":"ann","externalId":"1"}`); got.id() != string(early.ID) {
			t.Errorf("got %s", got.raw)
		}
		if got, err := st.Identity(t.Context(), on.conn.ID, early.ID); err != nil || !got.SCIMManaged() {
			t.Errorf("SCIM does not manage them: %v", err)
		}
	})
}

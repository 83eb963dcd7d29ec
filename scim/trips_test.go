package scim_test

import (
	"net/url"
	"strconv"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestFewTrips counts how often a request goes to PostgreSQL and back, with a
// rule that must be looked at and grants nothing.
func TestFewTrips(t *testing.T) {
	st, trips := storetest.CountingTrips(t)
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	desk, err := s.core.Settings.AddDesk(t.Context(), provision.Cause{}, provision.Desk{Name: "support", Kind: "builtin"})
	if err == nil {
		_, err = s.core.Settings.AddRuleUnchecked(t.Context(), provision.Cause{},
			provision.Rule{Connection: s.conn.ID, Desk: desk.ID, Role: provision.RoleAgent, Group: "Agents"})
	}
	if err != nil {
		t.Fatal(err)
	}
	patch := func(operations string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	}
	n := 0
	next := func() string { n++; return strconv.Itoa(n) }
	user := func(title string) string { n++; return benchUser(n, title) }
	ids := []string{}
	for range 12 {
		ids = append(ids, s.want(201, "POST", "/Users", user("Engineer")).id())
	}
	group := s.group("Everybody", ids[1:]...)
	find := func(filter string) string { return "/Users?filter=" + url.QueryEscape(filter) }
	for _, tt := range []struct {
		name string
		most int
		send func()
	}{
		{"get by id", 1, func() { s.want(200, "GET", "/Users/"+ids[0], "") }},
		{"get of a member", 1, func() { s.want(200, "GET", "/Users/"+ids[1], "") }},
		{"get of nobody", 1, func() { s.want(404, "GET", "/Users/nobody", "") }},
		{"what asks for nothing", 1, func() { s.want(200, "GET", "/ServiceProviderConfig", "") }},
		{"a bad request", 1, func() { s.want(400, "POST", "/Users", "{") }},
		{"filter userName eq, hit", 2, func() { s.want(200, "GET", find(`userName eq "user-1@bench.example"`), "") }},
		{"filter userName eq, miss", 1, func() { s.want(200, "GET", find(`userName eq "nobody"`), "") }},
		{"filter externalId eq", 2, func() { s.want(200, "GET", find(`externalId eq "ext-1"`), "") }},
		{"filter e-mail eq", 2, func() { s.want(200, "GET", find(`emails.value eq "user-1@bench.example"`), "") }},
		{"a full page of members", 4, func() { s.want(200, "GET", "/Users?count=5", "") }},
		{"create", 2, func() { s.want(201, "POST", "/Users", user("Engineer")) }},
		{"create of who is there", 7, func() { s.want(409, "POST", "/Users", benchUser(1, "Engineer")) }},
		{"PUT", 2, func() { s.want(200, "PUT", "/Users/"+ids[0], benchUser(1, "Engineer "+next())) }},
		{"PUT that changes nothing", 2, func() { s.want(200, "PUT", "/Users/"+ids[2], benchUser(3, "Engineer")) }},
		{"PATCH", 2, func() {
			s.want(200, "PATCH", "/Users/"+ids[0], patch(`{"op":"replace","path":"title","value":"Engineer `+next()+`"}`))
		}},
		{"member removed", 4, func() {
			s.want(204, "PATCH", "/Groups/"+group, patch(`{"op":"remove","path":"members[value eq \"`+ids[3+n%5]+`\"]"}`))
		}},
		{"member added", 4, func() {
			s.want(204, "PATCH", "/Groups/"+group, patch(`{"op":"add","path":"members","value":[{"value":"`+ids[3+n%5]+`"}]}`))
		}},
	} {
		for range 3 { // the first asks how statements are to be read
			tt.send()
		}
		before := trips()
		tt.send()
		if got := trips() - before; got > tt.most {
			t.Errorf("%s: %d trips, want %d at most", tt.name, got, tt.most)
		}
	}
}

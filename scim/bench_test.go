package scim_test

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// benchUser is a person as an identity provider with default mappings sends
// them.
func benchUser(n int, title string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","%[3]s"],"userName":"user-%[1]d@bench.example","externalId":"ext-%[1]d",
		"active":true,"displayName":"Person %[1]d","name":{"givenName":"Person","familyName":"Number %[1]d","formatted":"Person Number %[1]d"},
		"emails":[{"value":"user-%[1]d@bench.example","type":"work","primary":true}],"phoneNumbers":[{"value":"+47 555 %[1]d","type":"work"}],
		"title":"%[2]s","preferredLanguage":"en-US","timezone":"Europe/Oslo","%[3]s":{"department":"Support","employeeNumber":"%[1]d"}}`, n, title, ent)
}

// BenchmarkRequests sends what an identity provider sends all day, with a
// thousand people and rules that must be looked at and grant nothing.
func BenchmarkRequests(b *testing.B) {
	for name, open := range map[string]func() *store.Store{
		"sqlite":   func() *store.Store { return storetest.SQLite(b) },
		"postgres": func() *store.Store { _, st := storetest.Postgres(b); return st },
	} {
		b.Run(name, func(b *testing.B) { benchRequests(b, open()) })
	}
}

func benchRequests(b *testing.B, st *store.Store) {
	s := newServer(b, st, scim.Limits{RatePerSecond: -1})
	desk, err := s.core.Settings.AddDesk(b.Context(), provision.Cause{Actor: "cli"}, provision.Desk{Name: "support", Kind: "builtin"})
	if err != nil {
		b.Fatal(err)
	}
	for _, rule := range []provision.Rule{{Group: "Agents"}, {Attribute: "roles", Equals: "desk-agent"}} {
		rule.Connection, rule.Desk, rule.Role = s.conn.ID, desk.ID, provision.RoleAgent
		if _, err := s.core.Settings.AddRuleUnchecked(b.Context(), provision.Cause{Actor: "cli"}, rule); err != nil {
			b.Fatal(err)
		}
	}
	const people = 1000
	ids := make([]string, people)
	for i := range ids {
		ids[i] = s.want(201, "POST", "/Users", benchUser(i, "Engineer")).id()
	}
	group := s.group("Everybody", ids...)
	n := people
	patch := func(operations string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	}
	for _, op := range []struct {
		name string
		send func()
	}{
		{"create", func() { s.want(201, "POST", "/Users", benchUser(n, "Engineer")) }},
		{"get", func() { s.want(200, "GET", "/Users/"+ids[n%people], "") }},
		{"filter", func() {
			s.want(200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "user-`+strconv.Itoa(n%people)+`@bench.example"`), "")
		}},
		{"page", func() { s.want(200, "GET", "/Users?count=100", "") }},
		{"put", func() { s.want(200, "PUT", "/Users/"+ids[n%people], benchUser(n%people, "Engineer "+strconv.Itoa(n))) }},
		{"patch", func() {
			s.want(200, "PATCH", "/Users/"+ids[n%people], patch(`{"op":"replace","path":"title","value":"Engineer `+strconv.Itoa(n)+`"}`))
		}},
		{"members", func() {
			op := []string{"remove", "add"}[n%2]
			s.want(204, "PATCH", "/Groups/"+group, patch(`{"op":"`+op+`","path":"members","value":[{"value":"`+ids[7]+`"}]}`))
		}},
	} {
		b.Run(op.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n++
				op.send()
			}
		})
	}
}

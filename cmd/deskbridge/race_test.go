package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
)

const racers = 32

// race sends the requests that make gives for 0…31 at once, and returns how
// often each status came.
func race(t *testing.T, i idp, request func(n int) (method, path string, body any)) map[int]int {
	t.Helper()
	counts := make(map[int]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for n := range racers {
		wg.Go(func() {
			own := simulated.NewCaller(i.Base, i.Token, i.Media) // a connection of its own
			method, path, body := request(n)
			<-start
			status, _, err := own.Send(t.Context(), method, path, body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			counts[status]++
			mu.Unlock()
		})
	}
	close(start)
	wg.Wait()
	return counts
}

// TestRaces has 32 connections do the same at once: exactly one wins, the
// others get 409 or succeed because it is done already, and the desk has
// everybody once.
func TestRaces(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("race")
		b.apply(`
desks: [{name: d, kind: builtin, settings: {teams: "One, Two"}}]
rules: [{connection: race, group: Team, desk: d, role: agent, teams: [One]}]
`)
		onlyOne := map[int]int{201: 1, 409: racers - 1}
		for _, tt := range []struct {
			what    string
			request func(n int) (method, path string, body any)
			want    map[int]int
		}{
			{"the same userName", func(n int) (string, string, any) {
				body := simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Nilsen", Mail: "ada@race.example"})
				body["externalId"] = fmt.Sprint("name-", n)
				return "POST", "/Users", body
			}, onlyOne},
			{"the same externalId", func(n int) (string, string, any) {
				body := simulated.OktaUser(simulated.Person{Given: "Bo", Family: "Lund", Mail: fmt.Sprintf("bo%d@race.example", n)})
				body["externalId"] = "the-same"
				return "POST", "/Users", body
			}, map[int]int{201: racers}},
			{"the same group name", func(n int) (string, string, any) {
				name := "Team"
				if n%2 == 0 {
					name = "TEAM"
				}
				return "POST", "/Groups", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name}
			}, onlyOne},
		} {
			if got := race(t, okta, tt.request); !maps.Equal(got, tt.want) {
				t.Errorf("%s: statuses %v, want %v", tt.what, got, tt.want)
			}
		}

		ada, err := okta.LookUp(t.Context(), "Users", "userName", "ada@race.example")
		if err != nil || ada == "" {
			t.Fatalf("the winner cannot be found: %v", err)
		}
		team, err := okta.LookUp(t.Context(), "Groups", "displayName", "team")
		if err != nil || team == "" {
			t.Fatalf("the winning group cannot be found: %v", err)
		}
		if got := race(t, okta, func(int) (string, string, any) { return "PATCH", "/Groups/" + team, simulated.PatchOf(addMembers(ada)) }); got[200]+got[204] != racers {
			t.Errorf("the same member: statuses %v", got)
		}
		var crowd []string
		for n := range racers {
			crowd = append(crowd, okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: fmt.Sprintf("P%d", n), Family: "Q", Mail: fmt.Sprintf("p%d@race.example", n)})))
		}
		if got := race(t, okta, func(n int) (string, string, any) {
			return "PATCH", "/Groups/" + team, simulated.PatchOf(addMembers(crowd[n]))
		}); got[200]+got[204] != racers {
			t.Errorf("different members: statuses %v", got)
		}
		in, err := b.sys.Core.Directory.Members(t.Context(), mustConnection(t, b, "race").ID, provision.GroupID(team))
		if err != nil || len(in) != racers+1 {
			t.Errorf("%d members, %v; want %d", len(in), err, racers+1)
		}
		// On, off, on … at once: whatever wins last, desk and state agree.
		if got := race(t, okta, func(n int) (string, string, any) {
			return "PATCH", "/Users/" + crowd[0], simulated.PatchOf(setActive(n%2 == 0))
		}); got[200]+got[204] != racers {
			t.Errorf("on and off: statuses %v", got)
		}
		b.synced()
		now := b.desk("d")
		want := racers + 1
		if state := okta.mustDo(t, "GET", "/Users/"+crowd[0], nil, 200)["active"]; state == false {
			want--
		}
		seen, active := map[string]int{}, 0
		for _, u := range now {
			seen[provision.Fold(u.Email)]++
			if u.Active {
				active++
				if !slices.Equal(u.Teams, []string{"One"}) {
					t.Errorf("%s is in %v", u.Email, u.Teams)
				}
			}
		}
		for mail, n := range seen {
			if n != 1 {
				t.Errorf("%s is on the desk %d times", mail, n)
			}
		}
		if active != want {
			t.Errorf("%d active users on the desk, want %d", active, want)
		}
		if got := actions(b.entries(ada)); !slices.Equal(got, []string{"user.created", "account.created", "account.confirmed"}) {
			t.Errorf("audit of one person = %v", got)
		}
		b.command("audit", "verify")
	})
}

func mustConnection(t *testing.T, b *bridge, name string) provision.Connection {
	t.Helper()
	c, err := b.sys.Core.Settings.Connection(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// desk returns the people on a built-in desk, without its owner and our own
// account.
func (b *bridge) desk(name string) (people []provision.DeskUser) {
	b.t.Helper()
	d, err := b.sys.Core.Settings.Desk(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	now, err := b.sys.Builtin.Snapshot(b.t.Context(), d.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, u := range now.Users {
		if !u.Service && u.Role != provision.RoleOwner {
			people = append(people, u.DeskUser)
		}
	}
	return people
}

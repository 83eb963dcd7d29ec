package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// crashAssignee gets the open conversations of leavers.
const crashAssignee = "assignee@crash.example"

// crashModel is what the IdP believes, and how it changes its mind.
type crashModel struct {
	rng     *rand.Rand
	servers []*process
	idps    []idp // one a server
	asked   int   // of the server that is asked next
	sys     *server.System

	desks    *builtin.Desks // that has the desk
	onDesk   provision.DeskID
	raw      desk.Desk // the desk, without a network in between
	assignee provision.DeskUserID
	deletes  bool // the desk deletes leavers, and cannot change names
	teams    int  // of the desk

	people        []*modelPerson
	groups        []*modelGroup
	groupEntries  map[string]int // changes of members, by group id
	conversations []string
}

type modelPerson struct {
	simulated.Person
	id      string
	ids     []string // all that they ever had
	active  bool
	removed bool

	toggles, renames, removals int
}

type modelGroup struct {
	id string
	in map[*modelPerson]bool
}

// change makes the n-th change: first everybody, then groups, then life.
func (m *crashModel) change(t *testing.T, n int) {
	t.Helper()
	switch {
	case n < crashPeople:
		p := &modelPerson{Person: simulated.Person{Given: fmt.Sprintf("P%03d", n), Family: "Kill", Mail: fmt.Sprintf("p%03d@crash.example", n)}}
		m.people = append(m.people, p)
		m.enter(t, p)
	case n < crashPeople+crashGroups:
		body := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": fmt.Sprintf("G%d", n-crashPeople)}
		m.groups = append(m.groups, &modelGroup{id: m.create(t, "Groups", "displayName", body), in: make(map[*modelPerson]bool)})
	default:
		m.life(t, m.people[m.rng.IntN(crashPeople)])
	}
}

func (m *crashModel) life(t *testing.T, p *modelPerson) {
	t.Helper()
	to := m.groups[m.rng.IntN(crashGroups)]
	switch what := m.rng.IntN(12); {
	case p.removed:
		m.enter(t, p)
	case what < 3:
		if p.active {
			m.converse(t, p)
		}
		p.active = !p.active
		p.toggles++
		m.insist(t, "PATCH", "/Users/"+p.id, simulated.PatchOf(setActive(p.active)))
	case what < 4 && !m.deletes:
		p.renames++
		p.Family = fmt.Sprintf("Kill%d", p.renames)
		m.insist(t, "PATCH", "/Users/"+p.id, simulated.PatchOf(map[string]any{"op": "replace", "path": "name.familyName", "value": p.Family}))
	case what < 5:
		m.converse(t, p)
		p.removed = true
		p.removals++
		m.insist(t, "DELETE", "/Users/"+p.id, nil)
		for _, g := range m.groups {
			delete(g.in, p)
		}
	case what < 8: // a move, as IdPs make it
		for _, g := range m.groups {
			if g.in[p] && g != to {
				m.converse(t, p)
				m.leave(t, p, g)
				break
			}
		}
		m.join(t, p, to)
	case what < 9:
		m.leave(t, p, to)
	default:
		m.join(t, p, to)
	}
}

func (m *crashModel) enter(t *testing.T, p *modelPerson) {
	t.Helper()
	p.id = m.create(t, "Users", "userName", simulated.OktaUser(p.Person))
	p.ids, p.active, p.removed = append(p.ids, p.id), true, false
}

func (m *crashModel) join(t *testing.T, p *modelPerson, g *modelGroup) {
	t.Helper()
	if !g.in[p] {
		m.groupEntries[g.id]++
	}
	g.in[p] = true
	m.insist(t, "PATCH", "/Groups/"+g.id, simulated.PatchOf(addMembers(p.id)))
}

func (m *crashModel) leave(t *testing.T, p *modelPerson, g *modelGroup) {
	t.Helper()
	if g.in[p] {
		m.groupEntries[g.id]++
	}
	delete(g.in, p)
	m.insist(t, "PATCH", "/Groups/"+g.id, simulated.PatchOf(removeMember(p.id)))
}

// create posts until there is an answer; a conflict after a lost answer is
// resolved as IdPs do it, by a look-up.
func (m *crashModel) create(t *testing.T, resource, key string, body map[string]any) string {
	t.Helper()
	status := m.insist(t, "POST", "/"+resource, body)
	if status != 201 && status != 409 {
		t.Fatalf("POST /%s: status %d", resource, status)
	}
	for {
		id, err := m.next().LookUp(context.Background(), resource, key, fmt.Sprint(body[key]))
		if err == nil && id != "" {
			return id
		}
		m.revive()
	}
}

// next returns the server that is asked next: round robin.
func (m *crashModel) next() idp {
	m.asked++
	return m.idps[m.asked%len(m.idps)]
}

// revive has a server that does not answer started again, when nobody else is
// there to ask.
func (m *crashModel) revive() {
	for i, p := range m.servers {
		if len(m.servers) == 1 || m.rng.IntN(20) == 0 && i == m.asked%len(m.servers) {
			p.revive()
		}
	}
}

// insist repeats a request until it is answered.
func (m *crashModel) insist(t *testing.T, method, path string, body any) int {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		status, _, err := m.next().Send(context.Background(), method, path, body)
		if err == nil && status < 500 {
			return status
		}
		m.revive()
	}
	t.Fatalf("%s %s: no answer for minutes", method, path)
	return 0
}

// compare compares the desk and the audit log with the model.
func (m *crashModel) compare(t *testing.T, b *bridge) {
	t.Helper()
	unresolved, err := m.sys.Store.AccountsWhere(t.Context(), provision.AccountFilter{State: provision.AccountNeedsAttention}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range unresolved {
		t.Errorf("account %s waits for a person: %s", a.ID, a.Reason)
	}
	entries := make(map[string][]provision.Entry)
	for _, e := range b.entries("") {
		entries[e.Subject] = append(entries[e.Subject], e)
		if e.Action == "account.drifted" {
			t.Errorf("a sweep found other than what a run had confirmed: %v", e.Detail)
		}
	}
	snapshot, err := m.desks.Snapshot(t.Context(), m.onDesk)
	if err != nil {
		t.Fatal(err)
	}
	onDesk := make(map[string]provision.DeskUser)
	for _, u := range snapshot.Users {
		if _, twice := onDesk[u.Email]; twice {
			t.Errorf("%s is on the desk twice", u.Email)
		}
		onDesk[u.Email] = u.DeskUser
	}
	if n := len(onDesk); n > crashPeople+3 { // the owner, our own account, the assignee
		t.Errorf("%d users on the desk", n)
	}
	for _, g := range m.groups {
		if n := count(entries[g.id], "members.changed"); n != m.groupEntries[g.id] || count(entries[g.id], "group.created") != 1 {
			t.Errorf("group %s: %d entries of %d changes of members", g.id, n, m.groupEntries[g.id])
		}
	}
	handOvers := make(map[string]int)
	for _, p := range m.people {
		m.comparePerson(t, p, onDesk)
		m.compareAudit(t, p, entries, onDesk)
		for _, id := range p.ids {
			for _, e := range entries[id] {
				if e.Action == provision.Action(reconcile.WriteHandOver) {
					handOvers[fmt.Sprint(e.Detail["conversation"])]++
				}
			}
		}
	}
	m.compareConversations(t, onDesk, handOvers)
}

func (m *crashModel) comparePerson(t *testing.T, p *modelPerson, onDesk map[string]provision.DeskUser) {
	t.Helper()
	teams := make(map[string]bool)
	for n, g := range m.groups {
		if g.in[p] {
			teams[fmt.Sprintf("T%d", n%m.teams)] = true
		}
	}
	u, there := onDesk[p.Mail]
	want := slices.Sorted(maps.Keys(teams))
	switch desired := p.active && !p.removed && len(teams) > 0; {
	case desired && (!u.Active || !slices.Equal(u.Teams, want) || u.Role != provision.RoleAgent || !slices.Equal(u.Mailboxes, []string{"Help"}) || u.FamilyName != p.Family):
		t.Errorf("%s: the desk has %+v, want %s, an agent in %v", p.Mail, u, p.Family, want)
	case !desired && there && (m.deletes || u.Active || len(u.Teams) > 0):
		t.Errorf("%s: the desk has %+v, want nobody", p.Mail, u)
	}
}

// compareAudit counts a person's entries, under all the ids that they had.
func (m *crashModel) compareAudit(t *testing.T, p *modelPerson, entries map[string][]provision.Entry, onDesk map[string]provision.DeskUser) {
	t.Helper()
	var all []provision.Entry
	for _, id := range p.ids {
		all = append(all, entries[id]...)
	}
	got := make(map[string]int)
	for _, e := range all {
		got[string(e.Action)]++
	}
	for what, pair := range map[string][2]int{
		"creations":            {len(p.ids), got["user.created"]},
		"removals":             {p.removals, got["user.removed"]},
		"changes of active":    {p.toggles, got["user.suspended"] + got["user.restored"]},
		"changes of the name":  {p.renames, got["user.changed"]},
		"beginnings of access": {m.beginnings(onDesk, p, got), got["account.created"] + got["account.activated"]},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d entries of %d %s: %v", p.Mail, pair[1], pair[0], what, actions(all))
		}
	}
	if !m.deletes && got["account.created"] > 1 {
		t.Errorf("%s was made %d times: %v", p.Mail, got["account.created"], actions(all))
	}
}

// beginnings is how often somebody must have got access, who lost it as often as
// the log tells, and is on the desk now, or not.
func (m *crashModel) beginnings(onDesk map[string]provision.DeskUser, p *modelPerson, got map[string]int) int {
	ended := got["account.deactivated"] + got["account.deleted"]
	if onDesk[p.Mail].Active {
		return ended + 1
	}
	return ended
}

// compareConversations wants each conversation with its owner, or handed over
// once.
func (m *crashModel) compareConversations(t *testing.T, onDesk map[string]provision.DeskUser, handOvers map[string]int) {
	t.Helper()
	owner := make(map[string]provision.DeskUser)
	for _, u := range onDesk {
		open, err := m.raw.OpenConversations(t.Context(), u.ID, len(m.conversations)+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range open {
			owner[c.ID] = u
		}
	}
	moved := 0
	for _, id := range m.conversations {
		u, owned := owner[id]
		want := 0
		if u.ID == m.assignee {
			want = 1
		}
		moved += want
		if !owned || !u.Active || handOvers[id] != want {
			t.Errorf("conversation %s belongs to %q (active %v), and was handed over %d times, want %d", id, u.Email, u.Active, handOvers[id], want)
		}
	}
	t.Logf("%d conversations, %d handed over", len(m.conversations), moved)
	if moved < 5 {
		t.Errorf("only %d conversations of leavers: the test has lost its point", moved)
	}
}

func count(entries []provision.Entry, action provision.Action) (n int) {
	for _, e := range entries {
		if e.Action == action {
			n++
		}
	}
	return n
}

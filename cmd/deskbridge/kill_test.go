package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const (
	killPeople  = 60
	killGroups  = 6
	killChanges = 500
	killTimes   = 4
)

// process is the real program, which can be killed.
type process struct {
	t       *testing.T
	environ []string
	url     string
	cmd     *exec.Cmd
	log     lockedBuffer
	dead    chan error // gets word of a kill that is under way; nil: none is
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command("deskbridge", "serve")
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "DESKBRIDGE_") }), p.environ...)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(p.url + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	p.t.Fatalf("the server does not become ready:\n%s", &p.log)
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err == nil {
		p.t.Error("the server ended by itself")
	}
}

// TestKill kills the server in the middle of pushed changes, again and again.
// The IdP repeats what got no answer, as IdPs do. In the end the desk has what
// the IdP has, nobody twice, and every change has its audit entry, once.
func TestKill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testKill(t) })
	t.Run("postgres", func(t *testing.T) {
		url, _ := storetest.Postgres(t)
		testKill(t, "DESKBRIDGE_DATABASE_URL="+url)
	})
}

func testKill(t *testing.T, settings ...string) {
	address := reserveAddress(t)
	p := &process{t: t, url: "http://" + address, environ: append(settings,
		"DESKBRIDGE_DATA_DIR="+t.TempDir(), "DESKBRIDGE_LISTEN="+address, "DESKBRIDGE_GRACE=200ms", "DESKBRIDGE_BRAKE=off")}
	b := &bridge{t: t, url: p.url, environ: p.environ, log: &p.log}
	okta := b.connect("kill")
	var yaml strings.Builder
	yaml.WriteString("desks: [{name: d, kind: builtin, settings: {teams: \"T0, T1, T2, T3, T4, T5\"}}]\nrules:\n")
	for g := range killGroups {
		fmt.Fprintf(&yaml, "  - {connection: kill, group: G%d, desk: d, role: agent, teams: [T%d]}\n", g, g)
	}
	b.apply(yaml.String())
	p.start()

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	m := &killModel{idp: okta, rng: rand.New(rand.NewPCG(seed, 1)), revive: p.revive, toggles: make(map[string]int)}
	kills := m.rng.Perm(killChanges)[:killTimes]
	for n := range killChanges {
		if slices.Contains(kills, n) {
			p.killSoon(time.Duration(m.rng.IntN(30)) * time.Millisecond) // somewhere within the requests and visits that follow
		}
		m.change(t, n)
	}
	time.Sleep(50 * time.Millisecond)
	p.revive()

	var err error
	a := &app{environ: p.environ, stdout: b.log, stderr: b.log}
	if b.sys, err = a.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.sys.close)
	b.settled()
	m.compare(t, b)
	p.kill()
	if _, err := b.sys.core.SealAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.command("audit", "verify")
}

// killSoon kills the process after a while, without waiting for that.
func (p *process) killSoon(wait time.Duration) {
	p.revive() // what was killed before lives again
	p.dead = make(chan error, 1)
	go func(cmd *exec.Cmd, dead chan<- error) {
		time.Sleep(wait)
		err := cmd.Process.Kill()
		if cmd.Wait() == nil {
			err = errors.New("the server ended by itself")
		}
		dead <- err
	}(p.cmd, p.dead)
}

// revive starts the process again when it was killed, and waits for a kill
// that is under way.
func (p *process) revive() {
	if p.dead == nil {
		return
	}
	if err := <-p.dead; err != nil {
		p.t.Fatal(err)
	}
	p.dead = nil
	p.start()
}

// killModel is what the IdP believes, and how it changes its mind.
type killModel struct {
	idp
	rng     *rand.Rand
	revive  func() // called when the server does not answer
	people  []*modelPerson
	groups  []*modelGroup
	toggles map[string]int // changes of active, by user id
}

type modelPerson struct {
	person
	id     string
	active bool
}

type modelGroup struct {
	id string
	in map[string]bool
}

// change makes the n-th change: first everybody, then groups, then life.
func (m *killModel) change(t *testing.T, n int) {
	t.Helper()
	switch {
	case n < killPeople:
		p := person{fmt.Sprintf("P%02d", n), "Kill", fmt.Sprintf("p%02d@kill.example", n)}
		m.people = append(m.people, &modelPerson{person: p, active: true, id: m.create(t, "Users", "userName", oktaUser(p))})
	case n < killPeople+killGroups:
		body := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": fmt.Sprintf("G%d", n-killPeople)}
		m.groups = append(m.groups, &modelGroup{id: m.create(t, "Groups", "displayName", body), in: make(map[string]bool)})
	default:
		m.life(t)
	}
}

func (m *killModel) life(t *testing.T) {
	p, g := m.people[m.rng.IntN(killPeople)], m.groups[m.rng.IntN(killGroups)]
	switch m.rng.IntN(6) {
	case 0:
		p.active = !p.active
		m.toggles[p.id]++
		m.insist(t, "PATCH", "/Users/"+p.id, patchOf(setActive(p.active)))
	case 1:
		p.family = fmt.Sprintf("Kill%d", m.rng.IntN(1000))
		m.insist(t, "PATCH", "/Users/"+p.id, patchOf(map[string]any{"op": "replace", "path": "name.familyName", "value": p.family}))
	case 2:
		delete(g.in, p.id)
		m.insist(t, "PATCH", "/Groups/"+g.id, patchOf(removeMember(p.id)))
	default:
		g.in[p.id] = true
		m.insist(t, "PATCH", "/Groups/"+g.id, patchOf(addMembers(p.id)))
	}
}

// create posts until there is an answer; a conflict after a lost answer is
// resolved as IdPs do it, by a look-up.
func (m *killModel) create(t *testing.T, resource, key string, body map[string]any) string {
	t.Helper()
	status := m.insist(t, "POST", "/"+resource, body)
	if status != 201 && status != 409 {
		t.Fatalf("POST /%s: status %d", resource, status)
	}
	for {
		id, err := m.lookUp(context.Background(), resource, key, fmt.Sprint(body[key]))
		if err == nil {
			return id
		}
		m.revive()
	}
}

// insist repeats a request until it is answered. A killed server is started
// again by whoever killed it.
func (m *killModel) insist(t *testing.T, method, path string, body any) int {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); {
		status, _, err := m.idp.send(context.Background(), method, path, body)
		if err == nil && status < 500 {
			return status
		}
		m.revive()
	}
	t.Fatalf("%s %s: no answer for a minute", method, path)
	return 0
}

// compare holds the desk and the audit log against the model.
func (m *killModel) compare(t *testing.T, b *bridge) {
	t.Helper()
	onDesk := make(map[string]provision.DeskUser)
	for _, u := range b.desk("d") {
		if _, twice := onDesk[u.Email]; twice {
			t.Errorf("%s is on the desk twice", u.Email)
		}
		onDesk[u.Email] = u
	}
	for _, p := range m.people {
		var teams []string
		for n, g := range m.groups {
			if g.in[p.id] {
				teams = append(teams, fmt.Sprintf("T%d", n))
			}
		}
		u, there := onDesk[p.mail]
		wanted := p.active && len(teams) > 0
		switch {
		case wanted && (!u.Active || !slices.Equal(u.Teams, teams) || u.Role != provision.RoleAgent || u.FamilyName != p.family):
			t.Errorf("%s: the desk has %+v, want an agent in %v", p.mail, u, teams)
		case !wanted && there && (u.Active || len(u.Teams) > 0):
			t.Errorf("%s: the desk has %+v, want nobody", p.mail, u)
		}
		m.compareAudit(t, p, actions(b.entries(p.id)), there)
	}
}

func (m *killModel) compareAudit(t *testing.T, p *modelPerson, got []string, onDesk bool) {
	t.Helper()
	count := func(action string) (n int) {
		for _, a := range got {
			if a == action {
				n++
			}
		}
		return n
	}
	if n := count("user.created"); n != 1 {
		t.Errorf("%s: %d entries of the creation", p.mail, n)
	}
	if n := count("user.suspended") + count("user.restored"); n != m.toggles[p.id] {
		t.Errorf("%s: %d entries of %d changes of active: %v", p.mail, n, m.toggles[p.id], got)
	}
	made := 0
	if onDesk {
		made = 1
	}
	if n := count("account.created"); n != made {
		t.Errorf("%s: %d entries of the account's creation, want %d: %v", p.mail, n, made, got)
	}
	if a, d := count("account.activated")+made, count("account.deactivated"); onDesk && a != d && a != d+1 {
		t.Errorf("%s: %d times in and %d times out: %v", p.mail, a, d, got)
	}
}

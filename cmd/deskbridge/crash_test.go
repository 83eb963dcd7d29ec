package main

import (
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

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

const (
	// The kills are what is tested: more people and changes would only put more time
	// between them.
	crashPeople  = 150
	crashGroups  = 20
	crashChanges = 1100
	crashTimes   = 10
	// crashTimeout is how long everything may take to come right after the last
	// kill, on however slow a machine: a lease must end first.
	crashTimeout = 8 * time.Minute
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
	path, err := program()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(path, "serve")
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "DESKBRIDGE_") }), p.environ...)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
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

// TestCrash kills the server in the middle of pushed changes, again and again.
// The IdP repeats what got no answer, as IdPs do. In the end the desk has what
// the IdP has, nobody twice, every change has its audit entry, once, and every
// conversation of a leaver was handed over, once.
func TestCrash(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		testCrash(t, 1)
	})
	if servicetest.Wanted {
		t.Run("postgres", func(t *testing.T) {
			t.Parallel()
			url, _ := storetest.Postgres(t)
			testCrash(t, 1, "DESKBRIDGE_DATABASE_URL="+url)
		})
	}
	t.Run("two replicas and a bad desk", func(t *testing.T) {
		t.Parallel()
		url, _ := storetest.Postgres(t)
		testCrash(t, 2, "DESKBRIDGE_DATABASE_URL="+url)
	})
}

// testCrash pushes a company through so many replicas. One is killed beside its
// built-in desk; several have a desk of their own, across a network that loses
// questions and answers.
func testCrash(t *testing.T, replicas int, settings ...string) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	m := &crashModel{rng: rand.New(rand.NewPCG(seed, 1)), groupEntries: make(map[string]int)}
	settings = append(settings, "DESKBRIDGE_DATA_DIR="+t.TempDir(), "DESKBRIDGE_GRACE=200ms", "DESKBRIDGE_BRAKE=off", "DESKBRIDGE_SWEEP=3s")
	for range replicas {
		address := reserveAddress(t)
		m.servers = append(m.servers, &process{t: t, url: "http://" + address, environ: append(slices.Clone(settings), "DESKBRIDGE_LISTEN="+address)})
	}
	first := m.servers[0]
	b := &bridge{t: t, url: first.url, environ: first.environ, log: &first.log}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", tail(first.log.String(), 20_000))
		}
	})
	m.connect(b, replicas > 1)
	for _, p := range m.servers {
		p.start()
	}

	kills := m.rng.Perm(crashChanges)[:crashTimes]
	for n := range crashChanges {
		if slices.Contains(kills, n) { // somewhere within the requests and runs that follow
			m.servers[m.rng.IntN(replicas)].killSoon(time.Duration(m.rng.IntN(30)) * time.Millisecond)
		}
		m.change(t, n)
	}
	time.Sleep(50 * time.Millisecond)
	for _, p := range m.servers {
		p.revive()
	}
	m.converge(b)
	m.compare(t, b)
	for _, p := range m.servers {
		p.kill()
	}
	if _, err := b.sys.Core.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.command("audit", "verify")
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// connect adds the connection, the desk with an assignee of conversations, and the
// rules; bad makes the desk one across a bad network.
func (m *crashModel) connect(b *bridge, bad bool) {
	t := b.t
	for i, urls := 0, commandJSON[server.ConnectionURLs](b, "connection", "add", "kill", "--idp", "okta"); i < len(m.servers); i++ {
		m.idps = append(m.idps, idp{simulated.NewIdP(m.servers[i].url+"/scim/kill/v2", urls.Token)})
	}
	m.teams = crashGroups
	var names []string
	if bad { // each look at somebody asks for the members of every team
		m.teams, m.deletes = 4, true
	}
	for n := range m.teams {
		names = append(names, fmt.Sprintf("T%d", n))
	}
	settings := map[string]string{builtin.SettingTeams: strings.Join(names, ", "), builtin.SettingMailboxes: "Help"}
	yaml := fmt.Sprintf("desks: [{name: d, kind: builtin, hand_over: {agent: %s}, settings: {teams: %q, mailboxes: Help}}]\n", crashAssignee, settings[builtin.SettingTeams])
	if bad {
		far := newBadDesk(t, m, settings)
		m.desks, m.onDesk = far.desks, far.conf.ID
		yaml = fmt.Sprintf("desks: [{name: d, kind: helpscout, url: %q, secret: %q, on_leave: delete, hand_over: {agent: %s}, settings: {app_id: %q}}]\n",
			far.url, far.app.Secret, crashAssignee, far.app.ID)
	}
	yaml += "rules:\n"
	for g := range crashGroups {
		yaml += fmt.Sprintf("  - {connection: kill, group: G%d, desk: d, role: agent, teams: [T%d], mailboxes: [Help]}\n", g, g%m.teams)
	}
	b.apply(yaml)
	a := &command.App{Environ: b.environ, Stdout: b.log, Stderr: b.log}
	var err error
	if b.sys, err = a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.sys.Close)
	m.sys = b.sys
	if !bad {
		d, err := b.sys.Core.Settings.Desk(t.Context(), "d")
		if err != nil {
			t.Fatal(err)
		}
		m.desks, m.onDesk = b.sys.Builtin, d.ID
	}
	m.raw, err = m.desks.Connector(provision.Desk{ID: m.onDesk, Name: "d", Kind: builtin.Kind, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	assignee, err := m.raw.Create(t.Context(), provision.DeskUser{Email: crashAssignee, GivenName: "The", FamilyName: "Assignee", Active: true, Role: provision.RoleAgent, Mailboxes: []string{"Help"}})
	if err != nil {
		t.Fatal(err)
	}
	m.assignee = assignee.ID
}

// converge waits until no account waits for a run and no step is left open.
func (m *crashModel) converge(b *bridge) {
	b.t.Helper()
	for end := time.Now().Add(crashTimeout); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		due, err := m.sys.Store.AccountsWhere(b.t.Context(), provision.AccountFilter{State: provision.AccountWaiting}, 1)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(due) == 0 {
			return
		}
	}
	b.t.Fatalf("accounts still wait:\n%s", b.command("status"))
}

// converse opens conversations for somebody who is at work and whose account no
// run is changing: conversations that a leaver gets while their access ends are
// not what this test is about.
func (m *crashModel) converse(t *testing.T, p *modelPerson) {
	t.Helper()
	accounts, err := m.sys.Store.AccountsOf(t.Context(), []provision.IdentityID{provision.IdentityID(p.id)})
	if err != nil {
		t.Fatal(err)
	}
	if len(accounts) == 0 || accounts[0].State != provision.AccountReady || accounts[0].Due() {
		return
	}
	for range 1 + m.rng.IntN(3) {
		id, err := m.desks.AddConversation(t.Context(), m.onDesk, builtin.NewConversation{Mailbox: "Help", Subject: "It is broken",
			Customer: builtin.Customer{Email: "customer@shop.example"}, Assignee: desk.Assignee{User: accounts[0].DeskUser}})
		if err != nil {
			t.Fatal(err)
		}
		m.conversations = append(m.conversations, id)
	}
}

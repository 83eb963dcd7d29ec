//go:build !race

// Without the race detector: a play is one goroutine after the other, and there
// are many. test/run.sh plays them by themselves.

package worker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/worker"
)

// play is some weeks of a company's life, by chance, with a desk that lies. All
// of it follows from its seed.
type play struct {
	*harness
	seed   uint64
	on     stage
	before int // entries of the audit log from before the play
	chance *rand.Rand
	lies   *lies.Desk
	maker  *maker
	cast   []*actor
	parts  map[string]part
	named  string // what "Tier 1" is called
	acts   []string

	conversations map[string]*conversation
	counted       map[int]int // how often each call was done, as far as it has been looked at
	renamed       bool        // a team, since the last check but one
	read          int         // how many of the desk's books have been held against our own
	kills, hangs  int
	excuses       map[string]int // entries that rest on a read that showed half
}

// actor is somebody in a play.
type actor struct {
	provision.Identity
	part   string
	active bool
}

// part is what a rule gives.
type part struct {
	role             provision.Role
	teams, mailboxes []string
}

// conversation is one as the desk's books have it.
type conversation struct {
	mailbox string
	owner   desk.Assignee
	taken   bool // by the desk itself
}

// maker is a desk that keeps in mind for whom it made its users, and assigns in
// bulk where that is asked for.
type maker struct {
	desk.Desk
	of map[provision.DeskUserID]provision.AccountID
}

func (m *maker) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	u, err := m.Desk.Create(ctx, want)
	if u != nil {
		m.of[u.ID] = provision.AccountID(want.ExternalID)
	}
	return u, err
}

type bulkMaker struct{ *maker }

// AssignMany is one request: once the desk has it, it is done to the end, whether
// or not somebody waits for the answer.
func (m bulkMaker) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	ctx = context.WithoutCancel(ctx)
	for _, c := range conversations {
		if err := m.Assign(ctx, c, to); err != nil {
			return err
		}
	}
	return nil
}

// mortal is the lying desk of a process that may die in a call.
type mortal struct{ faulty }

// mortalMany is the same for a desk that assigns in bulk.
type mortalMany struct{ mortal }

func (d mortalMany) AssignMany(ctx context.Context, conversations []string, to desk.Assignee) error {
	return d.faults.call("AssignMany", true, func() error { return d.Desk.(desk.BulkAssigner).AssignMany(ctx, conversations, to) })
}

// stage is where a play is given.
type stage struct {
	onLeave  provision.OnLeave
	handOver provision.HandOver
	loses    bool // deactivated users own nothing
	bulk     bool
}

func (s stage) String() string {
	return fmt.Sprintf("on_leave %s, hand_over %+v, loses %v, bulk %v", s.onLeave, s.handOver, s.loses, s.bulk)
}

// stages are all of them.
func stages() (all []stage) {
	for _, leave := range []provision.OnLeave{provision.LeaveDeactivate, provision.LeaveDelete, provision.LeaveAnonymize, provision.LeaveDowngrade} {
		for i, to := range []provision.HandOver{{To: provision.HandOverUnassign}, {To: provision.HandOverTeam}, {Agent: "boss@" + domain}, {To: provision.HandOverRoundRobin}} {
			all = append(all, stage{leave, to, (i+len(all)/4)%2 == 1, (i+len(all)/8)%2 == 1})
		}
	}
	return all
}

const (
	faultRate = 0.35
	actsAPlay = 16
	// playsAStage is how many there are with each stage.
	playsAStage = 5
)

// newPlay raises the curtain.
func newPlay(t *testing.T, s *store.Store, seed uint64, on stage) *play {
	t.Helper()
	h := build(t, s, chosen(func(s *settings) { s.desk.OnLeave, s.desk.HandOver = on.onLeave, on.handOver }))
	h.epoch = h.now().Truncate(time.Second)
	p := &play{harness: h, seed: seed, on: on, chance: rand.New(rand.NewPCG(seed, 1)), named: "Tier 1", conversations: map[string]*conversation{}, counted: map[int]int{}, excuses: map[string]int{},
		maker: &maker{h.raw, map[provision.DeskUserID]provision.AccountID{}},
		parts: map[string]part{
			"agent": {provision.RoleAgent, []string{"Tier 1"}, []string{"Help"}},
			"clerk": {provision.RoleAgent, []string{"Tier 2"}, []string{"Billing"}},
			"both":  {provision.RoleAgent, []string{"Tier 1", "Tier 2"}, []string{"Billing", "Help"}},
			"light": {provision.RoleLimited, nil, nil},
			"chief": {provision.RoleAdmin, []string{"Tier 1"}, []string{"Help"}},
		}}
	for _, name := range p.names() {
		h.rule(name, p.parts[name].role, p.parts[name].teams, p.parts[name].mailboxes)
	}
	for i, name := range []string{"chief", "agent", "agent", "both", "clerk"} {
		p.join(name, map[int]string{0: "boss"}[i])
	}
	p.drain()
	for _, a := range p.cast {
		account := p.account(a.ID)
		p.maker.of[account.DeskUser] = account.ID
		p.audit(a.ID) // what was entered so far is not the lying desk's
		p.writesIn(a)
	}
	p.before = len(p.log)
	var honest desk.Desk = p.maker
	if on.bulk {
		honest = bulkMaker{p.maker}
	}
	p.lies = lies.New(honest, lies.Plan{Now: h.now, Random: lies.Random{Seed: seed, Rate: faultRate, Kinds: []lies.Kind{lies.Late, lies.Later, lies.Pretend,
		lies.Lost, lies.Twice, lies.Missing, lies.Refuse, lies.Fail, lies.Broken, lies.Half, lies.Slow}}})
	h.faults = &faults{capabilities: func(c *desk.Capabilities) {
		if on.loses {
			c.OnDeactivate = desk.Unassigns
		}
	}}
	p.process()
	return p
}

func (p *play) names() []string { return []string{"agent", "both", "chief", "clerk", "light"} }

// process begins a new one, as after the death of the last.
func (p *play) process() {
	var d desk.Desk = mortal{faulty{p.lies.Desk(), p.faults}}
	if p.on.bulk {
		d = mortalMany{mortal{faulty{p.lies.Desk(), p.faults}}}
	}
	p.worker = worker.New(workerCore(p.core), func(provision.Desk) (desk.Desk, error) { return d, nil }, testLog())
	p.worker.SetCircuit(worker.CircuitSettings{Failures: -1})
	p.worker.SetAnswerTimeout(50 * time.Millisecond)
}

func (p *play) join(part, name string) {
	p.Helper()
	if name == "" {
		name = fmt.Sprintf("p%d", len(p.cast))
	}
	p.cast = append(p.cast, &actor{p.person(name, roles(part)), part, true})
}

// work is [harness.drain] in an order that follows from the seed alone.
func (p *play) work() {
	p.Helper()
	order := map[provision.AccountID]int{}
	for range 200 {
		runs, evaluate := p.jobs()
		for _, l := range p.later {
			if !p.now().Before(l.at) {
				runs = append(runs, l.account)
			}
		}
		p.later = slices.DeleteFunc(p.later, func(l laterVisit) bool { return !p.now().Before(l.at) })
		if len(runs) == 0 && !evaluate {
			return
		}
		if evaluate {
			p.must(p.core.Entitlement.EvaluateDirty(p.Context(), p.conn.ID))
		}
		for i, a := range p.cast {
			for _, acc := range p.accounts(a) {
				order[acc.ID] = i
			}
		}
		slices.SortFunc(runs, func(a, b provision.AccountID) int { return order[a] - order[b] })
		for _, id := range slices.Compact(runs) {
			p.inProcess(id)
		}
	}
	p.Fatal("the queue does not run dry")
}

func (p *play) accounts(a *actor) []provision.Account {
	p.Helper()
	accounts, err := p.store.AccountsOf(p.Context(), []provision.IdentityID{a.ID})
	p.must(err)
	return accounts
}

// inProcess runs as a job does, in a goroutine that may die of it.
func (p *play) inProcess(id provision.AccountID) {
	p.Helper()
	ended, lived := make(chan struct{}), false
	go func() {
		defer close(ended)
		again, err := p.worker.Reconcile(p.Context(), id)
		if err != nil {
			p.Error(err)
		}
		if !again.IsZero() {
			p.later = append(p.later, laterVisit{again, id})
		}
		lived = true
	}()
	<-ended
	if !lived {
		p.kills++
		p.faults.reset()
		p.process()
	}
}

// writesIn opens conversations for somebody who may own them.
func (p *play) writesIn(a *actor) {
	u := p.user(a.Profile.Email)
	if u == nil || !u.Active || u.Role.Rank() < provision.RoleAgent.Rank() || len(u.Mailboxes) == 0 {
		return
	}
	for range 1 + p.chance.IntN(4) {
		mailbox := u.Mailboxes[p.chance.IntN(len(u.Mailboxes))]
		p.conversations[p.in(mailbox, u.ID)] = &conversation{mailbox: mailbox, owner: desk.Assignee{User: u.ID}}
	}
}

// act has something happen.
func (p *play) act() {
	p.Helper()
	a := p.cast[1+p.chance.IntN(len(p.cast)-1)] // the boss stays
	note := func(what string, args ...any) {
		p.acts = append(p.acts, fmt.Sprintf(what, args...))
	}
	switch n := p.chance.IntN(14); {
	case n < 2 && len(p.cast) < 9:
		part := p.names()[p.chance.IntN(len(p.parts))]
		p.join(part, "")
		note("%s joins as %s", p.cast[len(p.cast)-1].UserName, part)
	case n < 4 && a.active:
		a.part = p.names()[p.chance.IntN(len(p.parts))]
		p.update(a.ID, roles(a.part))
		note("%s becomes %s", a.UserName, a.part)
	case n < 8 && a.active:
		a.active = false
		if p.chance.IntN(2) == 0 {
			p.suspend(a.ID)
			note("%s is suspended", a.UserName)
		} else {
			p.update(a.ID, roles("none"))
			note("%s is let go", a.UserName)
		}
	case n < 8:
		a.active = true
		p.update(a.ID, func(i *provision.Identity) { roles(a.part)(i); i.Status = provision.StatusActive })
		note("%s returns as %s", a.UserName, a.part)
	case n == 8:
		p.update(a.ID, func(i *provision.Identity) { i.Profile.FamilyName = fmt.Sprint("Name", len(p.acts)) })
		note("%s marries", a.UserName)
	case n == 9:
		a.Profile.Email = fmt.Sprintf("%s.%d@%s", a.ExternalID, len(p.acts), domain)
		p.update(a.ID, func(i *provision.Identity) { i.Profile.Email = a.Profile.Email })
		note("%s is %s", a.UserName, a.Profile.Email)
	case n == 10 && p.named == "Tier 1":
		p.named, p.renamed = "Tier X", true
		p.lies.Rename("Tier 1", "Tier X")
		note("Tier 1 is renamed")
	case n == 10 || n == 11 && p.named != "Tier 1":
		p.named, p.renamed = "Tier 1", true
		p.lies.Rename("Tier X", "Tier 1")
		note("Tier 1 has its name again")
	case n == 11:
		p.hangs++
		p.lies.Add(lies.Fault{Kind: lies.Hang, Skip: p.chance.IntN(10)})
		note("the desk hangs")
	default:
		p.writesIn(a)
		note("somebody writes to %s", a.UserName)
	}
	if p.chance.IntN(3) == 0 {
		at := 1 + p.chance.IntN(12)
		p.faults.reset()
		if p.chance.IntN(2) == 0 {
			p.faults.before = dieAt(at)
		} else {
			p.faults.after = dieAt(at)
		}
		note("the process may die in call %d", at)
	}
}

// goOn lets time go by.
func (p *play) goOn(d time.Duration) {
	p.Helper()
	p.offset.Add(int64(d))
	_, err := p.core.Reconcile.CatchUp(p.Context(), reconcile.Lease)
	p.must(err)
	p.work()
}

// TestRandomFaults: whatever the desk gets up to, at no time is anybody called
// ended who is there, is anything entered in the log that the desk did not do,
// or is a conversation lost or given away twice; and when the desk is honest
// again, all is as desired.
func TestRandomFaults(t *testing.T) {
	befallen, kills, hangs, excused := map[lies.Kind]int{}, 0, 0, 0
	for i, on := range stages() {
		for seed := range uint64(playsAStage) {
			seed += uint64(i) * 1000
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				p := newPlay(t, storetest.SQLite(t), seed, on)
				defer func() {
					if t.Failed() {
						t.Logf("seed %d: %s: %v", seed, on, p.acts)
					}
				}()
				p.give()
				for _, e := range p.lies.Books() {
					befallen[e.Fault]++
				}
				kills, hangs, excused = kills+p.kills, hangs+p.hangs, excused+len(p.excuses)
			})
		}
	}
	faults := 0
	for kind, n := range befallen {
		if kind != "" {
			faults += n
		}
	}
	t.Logf("%d faults: %v; %d deaths; %d entries rest on a read that lied", faults, befallen, kills, excused)
	if faults < 2000 || kills == 0 || hangs == 0 {
		t.Errorf("%d faults, %d deaths, %d hangs: too few", faults, kills, hangs)
	}
}

// give gives the play, to its good end.
func (p *play) give() {
	p.Helper()
	for range actsAPlay {
		p.act()
		p.work()
		p.check()
		p.goOn([]time.Duration{0, 8 * time.Second, 11 * time.Minute}[p.chance.IntN(3)])
		p.check()
		if p.Failed() {
			return
		}
	}
	p.faults.reset()
	p.lies.Heal()
	p.lies.Settle()
	if p.named != "Tier 1" {
		p.lies.Rename(p.named, "Tier 1")
	}
	for range 3 {
		p.goOn(time.Hour)
	}
	p.sweep() // what the desk did after all, long after it was asked to
	for range 3 {
		p.goOn(time.Hour)
	}
	p.check()
	p.converged()
}

package outcometest

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

const (
	openOfLeaver = 200 // conversations that somebody has who leaves
	openArriving = 20  // that come in meanwhile
	mostPasses   = 40  // until all is over
)

// leaver is somebody who leaves with many conversations, and the desk that they are on.
type leaver struct {
	*world
	person
	heir, user provision.DeskUserID
	arrived    []string // that came in meanwhile
	theirs     []string // all that were ever the leaver's
	assigned   int      // how many the worker has had the desk assign
	deaths     int
}

// RunLeaver plays somebody who leaves with two hundred open conversations, on a desk that
// loses answers and fails, while more come in and the process dies twice: once before a
// conversation is given away, and once when it was and nobody has noted it. In the end all
// are the heir's, given once each, and the record counts the same. The faults befall the calls
// of the contract; Server and Connect are not used.
func RunLeaver(t *testing.T, h Harness) {
	h.Server = ""
	l := &leaver{world: newWorld(t, h)}
	boss, err := l.store.AccountsWhere(t.Context(), provision.AccountFilter{Desk: l.desk.ID}, 0)
	l.must(err)
	l.heir = boss[0].DeskUser
	l.known = make(map[provision.DeskUserID]bool)
	acts[0].do(l.world, &l.person)
	l.pass(0)
	l.user = l.account(l.ID).DeskUser
	if l.user == "" {
		t.Fatalf("%+v", l.account(l.ID))
	}
	l.theirs = h.Converse(t, l.user, openOfLeaver)

	l.calls = faulty.New(l.honest, faulty.Plan{Now: l.now, Random: faulty.Random{Seed: 1, Rate: 0.02, Kinds: []faulty.Kind{faulty.Lost, faulty.Fail}},
		Before: l.watch})
	l.seen = l.calls.Desk()
	l.restart()
	l.leaves = true
	l.update(l.ID, suspended)
	for range mostPasses {
		if !l.lives() {
			l.restart()
		}
		if l.account(l.ID).State == provision.AccountEnded && len(l.arrived) == openArriving {
			break
		}
		l.offset += 11 * time.Minute
	}
	l.judgeBooks()
}

// lives works off the queue until it is empty or the process dies.
func (l *leaver) lives() (whole bool) {
	ended := make(chan bool)
	go func() {
		whole := false
		defer func() { ended <- whole }()
		l.pass(0)
		whole = true
	}()
	return <-ended
}

// watch looks at what the worker is about to ask of the desk: conversations come in
// while others are handed over, and the process dies.
func (l *leaver) watch(c faulty.Call) {
	given := c.Method == faulty.Assign || c.Method == faulty.AssignMany
	die := l.deaths == 1 && l.assigned >= openOfLeaver*7/10 // what was given last is not noted
	if given {
		for range min(1+len(c.Conversations)/10, openArriving-len(l.arrived)) {
			l.arrives()
		}
		l.assigned += len(c.Conversations)
		die = die || l.deaths == 0 && l.assigned >= openOfLeaver*3/10
	}
	if die {
		l.deaths++
		runtime.Goexit()
	}
}

// arrives has a conversation come in: for the leaver as long as the desk gives them any.
func (l *leaver) arrives() {
	to := l.heir
	if u := l.world.user(desk.Key{ID: l.user}); u != nil && u.Active && u.Role.Rank() > 0 {
		to = l.user
	}
	ids := l.Converse(l.T, to, 1)
	l.arrived = append(l.arrived, ids...)
	if to == l.user {
		l.theirs = append(l.theirs, ids...)
	}
}

// judgeBooks compares what the desk shows, what it was asked for, and what is recorded.
func (l *leaver) judgeBooks() {
	if a := l.account(l.ID); a.State != provision.AccountEnded {
		l.Fatalf("account is %s (%s): %s", a.State, a.ReasonCode, a.Reason)
	}
	if l.deaths != 2 || len(l.arrived) != openArriving {
		l.Errorf("%d deaths, %d arrived", l.deaths, len(l.arrived))
	}
	if wrong := l.notEnded(&l.person, fault{}); wrong != "" {
		l.Error(wrong)
	}
	moves := l.calls.Moves()
	noted := make(map[string]int)
	ends := 0
	for _, e := range l.entries(l.ID) {
		switch e.Action {
		case audit.ConversationHandedOver:
			noted[e.Detail["conversation"].(string)]++
		case audit.AccountEnded:
			ends++
		}
	}
	heir := desk.Assignee{User: l.heir}
	for _, c := range l.theirs {
		if got := l.Assignee; got != nil {
			if to := got(l.T, c); to != heir {
				l.Errorf("conversation %s is with %+v", c, to)
			}
		}
		if !slices.Equal(moves[c], []desk.Assignee{heir}) || noted[c] != 1 {
			l.Errorf("conversation %s was given to %+v, and %d entries say so", c, moves[c], noted[c])
		}
	}
	if len(moves) != len(l.theirs) || len(noted) != len(l.theirs) || ends != 1 {
		l.Errorf("%d conversations were given away and %d are noted, of %d; %d entries say that access ended", len(moves), len(noted), len(l.theirs), ends)
	}
	l.judgeRecord()
}

// judgeRecord verifies the audit log, and compares the offboarding record with it.
func (l *leaver) judgeRecord() {
	_, err := l.core.Audit.Seal(l.Context())
	l.must(err)
	report, err := l.core.Audit.Verify(l.Context(), audit.Head{})
	l.must(err)
	if len(report.Problems) > 0 {
		l.Errorf("the audit log does not verify: %+v", report.Problems)
	}
	records, err := l.core.Offboarding.Records(l.Context(), l.ID)
	l.must(err)
	if len(records) != 1 || len(records[0].Desks) != 1 || records[0].Desks[0].Conversations == nil {
		l.Fatalf("records: %+v", records)
	}
	if c := records[0].Desks[0].Conversations; c.Moved != len(l.theirs) || c.Left != 0 || !c.Done {
		l.Errorf("the record says %+v of %d conversations", *c, len(l.theirs))
	}
}

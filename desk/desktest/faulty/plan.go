package faulty

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults. Those after which the desk has done what was asked, or
// not, say so.
const (
	Late    Kind = "late"    // done; reads and lists show the state before it, Reads times or For so long
	Later   Kind = "later"   // success, and a job that does it after so many reads or so long: it is not done before
	Pretend Kind = "pretend" // success, and nothing done, ever
	Lost    Kind = "lost"    // done, and the answer is lost: a Retryable error
	Twice   Kind = "twice"   // done twice, as when a proxy repeats a request; the second answer is told
	Missing Kind = "missing" // not done: nobody has this id; by address the user is still found
	Refuse  Kind = "refuse"  // not done: a Permanent error, or Err
	Fail    Kind = "fail"    // not done: Err; nil is a 503
	Broken  Kind = "broken"  // not done: what connectors make of a proxy's page
	Half    Kind = "half"    // the first half of what there is, as if it were all
	Hang    Kind = "hang"    // not done: no answer until the context ends
	Slow    Kind = "slow"    // done, after For
	Rename  Kind = "rename"  // the team or mailbox From is called To from this call on; the call itself goes on
)

// Method is a method of the contract, by its name.
type Method string

// The methods.
const (
	Check             Method = "Check"
	Find              Method = "Find"
	List              Method = "List"
	OpenConversations Method = "OpenConversations"
	Admins            Method = "Admins"
	TeamMembers       Method = "TeamMembers"
	CountOpen         Method = "CountOpen"
	Seats             Method = "Seats"
	Roles             Method = "Roles"
	Units             Method = "Units"
	MailboxesOf       Method = "MailboxesOf"
	Doubt             Method = "Doubt"

	Create          Method = "Create"
	SetProfile      Method = "SetProfile"
	SetRole         Method = "SetRole"
	ChangeTeams     Method = "ChangeTeams"
	ChangeMailboxes Method = "ChangeMailboxes"
	SetActive       Method = "SetActive"
	Delete          Method = "Delete"
	Anonymize       Method = "Anonymize"
	EndSessions     Method = "EndSessions"
	StopInflow      Method = "StopInflow"
	SetAway         Method = "SetAway"
	ChangeRoles     Method = "ChangeRoles"
	Assign          Method = "Assign"
	AssignMany      Method = "AssignMany"
)

var (
	reads  = []Method{Check, Find, List, OpenConversations, Admins, TeamMembers, CountOpen, Seats, Roles, Units, MailboxesOf, Doubt}
	ofUser = []Method{SetProfile, SetRole, ChangeTeams, ChangeMailboxes, SetActive, Delete, Anonymize, EndSessions, StopInflow, SetAway, ChangeRoles}
	writes = slices.Concat(ofUser, []Method{Create, Assign, AssignMany})
	all    = slices.Concat(reads, writes)
)

// befalls says which methods a fault can befall.
var befalls = map[Kind][]Method{
	Late:    without(writes, EndSessions, StopInflow, SetAway),
	Later:   without(writes, Create), // which has to answer with the user
	Pretend: writes,
	Lost:    all,
	Twice:   without(all, Create), // the second would be a conflict, and not what was asked
	Missing: slices.Concat(ofUser, []Method{Find, OpenConversations}),
	Refuse:  writes,
	Fail:    all,
	Broken:  all,
	Half:    {Check, Find, List, OpenConversations, TeamMembers, Roles, Units, MailboxesOf, AssignMany},
	Hang:    all,
	Slow:    all,
	Rename:  all,
}

func without(list []Method, drop ...Method) []Method {
	return slices.DeleteFunc(slices.Clone(list), func(m Method) bool { return slices.Contains(drop, m) })
}

// Writes reports whether a method changes a desk.
func (m Method) Writes() bool { return slices.Contains(writes, m) }

// Always is for [Fault.Times]: as often as it fits.
const Always = -1

// Fault is one thing that goes wrong.
type Fault struct {
	Kind   Kind
	Method Method // "": every method that the kind can befall

	// Which of the calls: those that concern this user or this conversation,
	// and of which When, if there is one, is true. Empty: all.
	User         provision.DeskUserID
	Conversation string
	When         func(Call) bool

	Skip  int // calls that go well first
	Times int // how often it happens after that; 0: once

	Reads    int           // Late, Later: after so many reads it shows, or is done; without For, 0 is one
	For      time.Duration // Late, Later: after so long instead; Slow: how long it takes
	From, To string        // Rename
	Err      error         // Fail, Refuse: what is told
}

func (f *Fault) fits(c *Call) bool {
	return (f.Method == "" || f.Method == c.Method) && slices.Contains(befalls[f.Kind], c.Method) &&
		(f.User == "" || f.User == c.User) && (f.Conversation == "" || slices.Contains(c.Conversations, f.Conversation)) &&
		(f.When == nil || f.When(*c))
}

// Plan says what goes wrong with a desk. The zero value is an honest desk.
type Plan struct {
	Script []Fault // the first that fits a call befalls it
	Random Random  // befalls calls that no fault of the script does

	// Before is called before anything comes of a call; nil: it is not. It may end the
	// goroutine ([runtime.Goexit]), as when the process of the caller dies.
	Before func(Call)

	Now func() time.Time // nil: time.Now
}

// Random makes faults by chance. Calls that are made one after the other meet the
// same faults with the same seed.
type Random struct {
	Seed  uint64
	Rate  float64 // the share of calls with a fault, from 0 to 1
	Kinds []Kind  // of which; nil: Late, Later, Pretend, Lost, Twice, Missing, Fail, Broken and Half
}

var byChance = []Kind{Late, Later, Pretend, Lost, Twice, Missing, Fail, Broken, Half}

// chance draws faults.
type chance struct {
	of    Random
	drawn *rand.Rand
}

func newChance(r Random) *chance {
	if r.Kinds == nil {
		r.Kinds = byChance
	}
	return &chance{of: r, drawn: rand.New(rand.NewPCG(r.Seed, r.Seed))}
}

// next returns the fault of a call; nil: none. It draws as often for any call,
// so that what one call is does not move the faults of others.
func (c *chance) next(call *Call) *Fault {
	happens, which, reads := c.drawn.Float64() < c.of.Rate, c.drawn.IntN(1<<16), 1+c.drawn.IntN(3)
	fitting := slices.DeleteFunc(slices.Clone(c.of.Kinds), func(k Kind) bool { return !slices.Contains(befalls[k], call.Method) })
	if !happens || len(fitting) == 0 {
		return nil
	}
	return &Fault{Kind: fitting[which%len(fitting)], Reads: reads}
}

// mustMakeSense panics where a plan says what cannot happen: a test that rests on
// it would pass without its fault.
func (f *Fault) mustMakeSense() {
	methods, known := befalls[f.Kind]
	switch {
	case !known:
		panic(fmt.Sprintf("faulty: there is no fault %q", f.Kind))
	case f.Method != "" && !slices.Contains(methods, f.Method):
		panic(fmt.Sprintf("faulty: %s cannot befall %s", f.Kind, f.Method))
	case f.Kind == Rename && (f.From == "" || f.To == ""):
		panic("faulty: rename needs From and To")
	case f.Kind == Slow && f.For <= 0:
		panic("faulty: slow needs For")
	}
}

package store

import (
	"fmt"
	"slices"
)

// lockRank is where a kind of lock stands in the order of [provision.InTx].
type lockRank int

const (
	rankRules lockRank = iota
	rankConnection
	rankDesk
	rankGroup
	rankIdentity
	rankAccount
)

// heldLock is a lock that a transaction has taken.
type heldLock struct {
	rank lockRank
	id   string // of the row; "exclusive" or "shared" of rules
}

func (l heldLock) String() string {
	names := [...]string{"rules", "connection", "desk", "group", "identity", "account"}
	return names[l.rank] + " " + l.id
}

// lockOrder remembers what one transaction has locked, and panics when a lock
// comes before one that it has: two such transactions can wait for each other
// for ever. It is for tests, see [Options].CheckLocks; nil checks nothing.
type lockOrder struct {
	held map[heldLock]bool
	last heldLock // the one that comes last in the order
}

func (sh *shared) newLockOrder() *lockOrder {
	if !sh.checkLocks {
		return nil
	}
	return &lockOrder{held: make(map[heldLock]bool)}
}

// How rules are locked.
const (
	rulesExclusive = "exclusive"
	rulesShared    = "shared"
)

// note notes locks of one kind that one statement has taken, in any order.
func (o *lockOrder) note(rank lockRank, ids ...string) {
	if o == nil {
		return
	}
	slices.Sort(ids) // as the statement does
	for _, id := range ids {
		o.take(heldLock{rank, id})
	}
}

func (o *lockOrder) take(next heldLock) {
	if o.held[next] || next == (heldLock{rankRules, rulesShared}) && o.held[heldLock{rankRules, rulesExclusive}] {
		return // waits for nobody
	}
	if len(o.held) > 0 && next.before(o.last) {
		panic(fmt.Sprintf("store: locks %s after %s; the order is that of provision.InTx", next, o.last))
	}
	o.held[next] = true
	o.last = next
}

// before reports whether l must be taken before m. Connections, desks and groups
// are few enough that nothing takes several of them beside others.
func (l heldLock) before(m heldLock) bool {
	if l.rank != m.rank {
		return l.rank < m.rank
	}
	switch l.rank {
	case rankRules: // held shared by both, they would wait for each other
		return true
	case rankIdentity, rankAccount:
		return l.id < m.id
	}
	return false
}

package provision

import (
	"time"
)

// ReconcileArgs are the arguments of a [JobReconcile] as the queue keeps them.
type ReconcileArgs struct {
	Account AccountID `json:"account"`
}

// Kind returns the kind under which the queue keeps the job.
func (ReconcileArgs) Kind() string { return string(JobReconcile) }

// EvaluateArgs are the arguments of a [JobEvaluate] as the queue keeps them.
type EvaluateArgs struct {
	Connection ConnectionID `json:"connection"`
}

// Kind returns the kind under which the queue keeps the job.
func (EvaluateArgs) Kind() string { return string(JobEvaluate) }

// SharedQueue is the queue of the jobs that belong to no desk. A desk's own
// is [DeskID.Queue].
const SharedQueue = "default"

// Queue names the queue that the runs to a desk wait in. Each desk has its own, with
// workers of its own, so that nobody waits for another desk; without a desk it is
// [SharedQueue], whose jobs are passed on.
func (d DeskID) Queue() string {
	if d == "" {
		return SharedQueue
	}
	return "desk-" + string(d)
}

// JobKind names a kind of job.
type JobKind string

// The kinds of jobs.
const (
	JobReconcile JobKind = "reconcile" // bring the desk to the desired access of Account
	JobEvaluate  JobKind = "evaluate"  // evaluate the dirty people of Connection
)

// Job says who and where, never what: the worker reads what is desired when it
// runs. Jobs may be merged, repeated and reordered.
type Job struct {
	Kind       JobKind
	Account    AccountID
	Desk       DeskID // of Account: its runs wait for those of the same desk only
	Connection ConnectionID
	Turn       Turn      // of the runs of one desk, which go first
	At         time.Time // not before; zero: at once
}

// Turn says which of the runs that wait for one desk go first. The zero value is the
// last.
type Turn int

// The turns, last to first.
const (
	TurnGranting Turn = iota // nothing that the desk has confirmed is lost: joiners, names, more access
	TurnLosing               // somebody stays, with less than they have
	TurnEnding               // access ends
)

// Turn returns when a run to the account has its turn: whoever may no longer have what
// they have does not wait behind those who are to get something.
func (a *Account) Turn() Turn {
	switch {
	case a.Desired.Status != AccessActive:
		return TurnEnding
	case a.Confirmed.Status == AccessActive && a.Desired.LessThan(a.Confirmed):
		return TurnLosing
	}
	return TurnGranting
}

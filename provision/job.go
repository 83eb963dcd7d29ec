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
	Connection ConnectionID
	Urgent     bool      // access ends: goes ahead of everything else
	At         time.Time // not before; zero: at once
}

package provision

// VisitArgs are the arguments of a [JobVisit] as the queue keeps them.
type VisitArgs struct {
	Account AccountID `json:"account"`
}

// Kind returns the kind under which the queue keeps the job.
func (VisitArgs) Kind() string { return string(JobVisit) }

// EvaluateArgs are the arguments of a [JobEvaluate] as the queue keeps them.
type EvaluateArgs struct {
	Connection ConnectionID `json:"connection"`
}

// Kind returns the kind under which the queue keeps the job.
func (EvaluateArgs) Kind() string { return string(JobEvaluate) }

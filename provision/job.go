package provision

// VisitArgs are the arguments of a [JobVisit] as the queue keeps them.
type VisitArgs struct {
	Account AccountID `json:"account"`
}

// Kind names the job in the queue; it never changes.
func (VisitArgs) Kind() string { return string(JobVisit) }

// EvaluateArgs are the arguments of a [JobEvaluate] as the queue keeps them.
type EvaluateArgs struct {
	Connection ConnectionID `json:"connection"`
}

// Kind names the job in the queue; it never changes.
func (EvaluateArgs) Kind() string { return string(JobEvaluate) }

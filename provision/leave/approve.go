package leave

import "time"

// Approve says what on a desk waits for an admin, because nothing brings it back, and
// what happens when none decides. Access is cut at once all the same, by deactivation.
// The zero value lets nothing wait.
type Approve struct {
	Of      ApproveOf     `json:"of,omitempty"`
	Timeout time.Duration `json:"timeout,omitempty"` // 0: [ApproveTimeout]
	Then    ApproveThen   `json:"then,omitempty"`
	Second  bool          `json:"second,omitempty"` // who had access end may not approve it, too
}

// ApproveOf names what waits.
type ApproveOf string

// What waits.
const (
	ApproveNothing ApproveOf = ""
	ApproveDeletes ApproveOf = "deletes" // deletion and anonymization of a user
)

// ApproveThen says what happens when nobody has decided in time.
type ApproveThen string

// What happens then.
const (
	ThenAsk      ApproveThen = "ask"       // default: the user stays deactivated, and admins are told again
	ThenKeep     ApproveThen = "keep"      // the user stays deactivated for good
	ThenCarryOut ApproveThen = "carry-out" // it is done
)

// ApproveTimeout is how long a desk waits for an admin unless it says otherwise.
const ApproveTimeout = 7 * day

// After is when a wait that begins at a moment is over.
func (a Approve) After(at time.Time) time.Time {
	if a.Timeout == 0 {
		return at.Add(ApproveTimeout)
	}
	return at.Add(a.Timeout)
}

// Asks reports whether what p does for good needs approval.
func (a Approve) Asks(p Policy) bool { return a.Of == ApproveDeletes && p.ForGood() != "" }

// Without is w as long as nobody has approved what it does for good: access ends, and no
// more.
func (w Way) Without() Way {
	w.ForGood = ""
	w.Deactivate = w.Deactivate || !w.Downgrade
	return w
}

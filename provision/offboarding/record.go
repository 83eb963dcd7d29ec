package offboarding

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/handover"
)

// Format names the form of a [Record] in JSON.
const Format = "deskbridge-offboarding-1"

// Record is what is known of one time that a person left. Times are UTC. Every
// text that somebody else chose is as [provision.Plain] has it.
type Record struct {
	Format string   `json:"format"`
	Number int      `json:"number"` // of the times that this person left, from 1
	Of     int      `json:"of"`
	Person Person   `json:"person"`
	Status Status   `json:"status"`
	Open   []string `json:"open"` // what is not over, in words; empty when Status is Closed

	Began      time.Time  `json:"began_at"`               // the first signal
	Returned   *time.Time `json:"returned_at,omitempty"`  // what is said here ends with it
	NoAccessAt *time.Time `json:"no_access_at,omitempty"` // the last desk was read back; absent until all were
	ToNoAccess *int64     `json:"milliseconds_to_no_access,omitempty"`

	Signals  []Signal `json:"signals"`
	Sessions Sessions `json:"sessions"`
	Desks    []Desk   `json:"desks"`

	MadeAt  time.Time `json:"made_at"`
	Entries []Entry   `json:"audit_entries"` // that this rests on; hand-overs of single conversations are counted and not listed
	Head    string    `json:"audit_head"`    // of the audit log, which covers these: NUMBER:HASH; "" where nothing is signed
}

// Status says whether anything of a leaving is still to come, later steps of on_leave
// aside ([Desk].ToCome).
type Status string

// The states of a record.
const (
	Closed    Status = "closed"
	StillOpen Status = "open"
	CutShort  Status = "cut-short" // the person came back before all was over
)

// Person is who left. Of somebody who is forgotten there are ids only.
type Person struct {
	ID         provision.IdentityID   `json:"id"`
	Connection provision.ConnectionID `json:"connection"`
	Source     string                 `json:"connection_name,omitempty"`
	Name       string                 `json:"name,omitempty"`
	UserName   string                 `json:"user_name,omitempty"`
	Address    string                 `json:"address,omitempty"`
	ExternalID string                 `json:"external_id,omitempty"`
	Status     provision.Status       `json:"status,omitempty"` // now
	Forgotten  bool                   `json:"forgotten,omitempty"`
}

// Signal is what said that somebody leaves.
type Signal struct {
	At        time.Time        `json:"at"`
	Entry     int64            `json:"audit_entry"`
	Action    provision.Action `json:"action"`
	What      string           `json:"what"`
	By        string           `json:"by"`        // the actor: scim: and the name of the token, cli: and who
	Operation string           `json:"operation"` // "PATCH /Users", "deskbridge forget"
	Request   string           `json:"request,omitempty"`
}

// Sessions is what became of the person's sessions here.
type Sessions struct {
	Ended   int        `json:"ended"`
	EndedAt *time.Time `json:"ended_at,omitempty"` // the last of them
	Left    int        `json:"left"`               // not ended now; of somebody who is active elsewhere these are no fault
}

// Outcome is how a desk stands to somebody who leaves.
type Outcome string

// The outcomes. Out and Demoted are said of nobody whom the desk has not shown so
// when it was read back.
const (
	Out         Outcome = "out"         // the desk shows nobody active in the person's name
	Demoted     Outcome = "demoted"     // the user stays, with the weakest role that the desk has: its policy is to downgrade
	Unfinished  Outcome = "unfinished"  // the desk has shown them without access, and something is left to do
	Residual    Outcome = "residual"    // the desk has shown them with access after the signal
	Unconfirmed Outcome = "unconfirmed" // the desk has shown nothing since the signal
	Kept        Outcome = "kept"        // an admin decided that access stays
	Returning   Outcome = "returning"   // access is granted again
)

// over reports whether the desk has confirmed what it was to do.
func (o Outcome) over() bool { return o == Out || o == Demoted }

// Desk is what one desk was asked, and what it showed.
type Desk struct {
	ID       provision.DeskID     `json:"id"`
	Name     string               `json:"name"`
	Kind     provision.DeskKind   `json:"kind,omitempty"`
	Account  provision.AccountID  `json:"account"`
	DeskUser provision.DeskUserID `json:"desk_user,omitempty"`
	Policy   provision.OnLeave    `json:"on_leave,omitempty"` // as it is now

	Outcome    Outcome    `json:"outcome"`
	Says       string     `json:"says"`                   // the outcome in words
	Shown      *Shown     `json:"shown,omitempty"`        // the desk, when it was last read back in this leaving
	NoAccessAt *time.Time `json:"no_access_at,omitempty"` // the desk was read back, and access was gone
	ToNoAccess *int64     `json:"milliseconds_to_no_access,omitempty"`
	SeatFreed  bool       `json:"seat_freed"`

	Events   []Event `json:"events"`             // in order; what was written stands here once the desk has shown it
	Awaited  []Event `json:"awaited,omitempty"`  // asked of the desk and not shown by it yet
	Residual []Span  `json:"residual,omitempty"` // access that was there although it was to end

	Conversations *Conversations `json:"conversations,omitempty"` // nil: none were handed over
	Sessions      DeskSessions   `json:"desk_sessions"`

	ToCome *Coming `json:"to_come,omitempty"` // the step of on_leave that follows; absent where none does

	ByHand []string `json:"to_check_by_hand"` // what no API of this desk can cut or show, with the clicks
	Stays  []string `json:"stays"`            // under the person's name on the desk
}

// Coming is a step of a desk's on_leave that follows once access has ended. It is no part
// of the leaving, which may be closed before: what is done then is another event of it.
type Coming struct {
	Step     string    `json:"step"`               // as on_leave has it: "delete after 30d"
	Due      time.Time `json:"due"`                // of one that is asked about, when the time for an answer is over
	Approval string    `json:"approval,omitempty"` // "needed": an admin is asked once it is due; "asked": an admin has been
	Says     string    `json:"says"`
}

// Shown is a user as a desk showed them.
type Shown struct {
	At        time.Time              `json:"at"`
	Entry     int64                  `json:"audit_entry,omitempty"`
	Status    provision.AccessStatus `json:"status"`
	Role      provision.Role         `json:"role,omitempty"`
	Teams     []string               `json:"teams,omitempty"`     // of those that rules name
	Mailboxes []string               `json:"mailboxes,omitempty"` // likewise
}

// Event is one thing that happened.
type Event struct {
	At    *time.Time `json:"at,omitempty"` // nil: not known
	Entry int64      `json:"audit_entry,omitempty"`
	What  string     `json:"what"`
	Times int        `json:"times,omitempty"`   // how often, one after the other; absent for once
	Last  *time.Time `json:"last_at,omitempty"` // of these
}

// Span is residual access: from when it was found until it was shown to be gone.
type Span struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"` // nil: it is still there, as far as anybody knows
	What  string     `json:"what"`
}

// Conversations is what became of the open conversations of somebody.
type Conversations struct {
	Before  int     `json:"before"`
	Moved   int     `json:"moved"`    // shown as theirs no more
	ToQueue int     `json:"to_queue"` // of those, given to nobody
	Left    int     `json:"left"`
	Done    bool    `json:"done"` // false: the hand-over goes on
	To      []Given `json:"to"`

	Mailboxes handover.Counts `json:"by_mailbox,omitempty"` // of those, what went by rules of mailboxes
}

// Given is how many conversations somebody got.
type Given struct {
	DeskUser provision.DeskUserID `json:"desk_user,omitempty"`
	Team     string               `json:"team,omitempty"`
	Name     string               `json:"name,omitempty"` // of the desk user, where Deskbridge knows who that is
	Count    int                  `json:"count"`
}

// DeskSessions is what became of the sessions that were in use at a desk.
type DeskSessions struct {
	Ended       int        `json:"ended"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`       // the last of them
	Notified    int        `json:"notified"`                 // the desk took the logout notice
	NotNotified int        `json:"not_notified"`             // it took none for a day
	Waiting     int        `json:"waiting"`                  // not ended here, or the notice is on its way
	CutOnDesk   *time.Time `json:"cut_on_desk_at,omitempty"` // the desk said that it ended its own sessions and keys of the person; no desk shows that
}

// Entry names an entry of the audit log.
type Entry struct {
	ID     int64            `json:"id"`
	At     time.Time        `json:"at"`
	Action provision.Action `json:"action"`
}

package provision

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/provision/handover"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// Origin says how we came to hold an account. Without one it is not ours and
// is never written to.
type Origin string

// The origins.
const (
	OriginNone    Origin = ""
	OriginMade    Origin = "made"    // we created the desk user
	OriginAdopted Origin = "adopted" // it was there before, and a policy or a person let us take it over
)

// AccountState is where an account stands on its way to the desired access.
type AccountState string

// The states of an account.
const (
	AccountWaiting        AccountState = "waiting"         // a run is due
	AccountReady          AccountState = "ready"           // the desk confirmed the desired access
	AccountEnded          AccountState = "ended"           // the desk confirmed that access is gone
	AccountNeedsAttention AccountState = "needs-attention" // a person is needed; Reason says for what
	AccountOnHold         AccountState = "on-hold"         // mass-change protection keeps the end of access waiting
)

// Account pairs an identity with its user on a desk. It is level-triggered:
// Desired is what should be, Confirmed what the desk last confirmed, and a run
// is due while Reconciled < Revision.
type Account struct {
	ID         AccountID
	Identity   IdentityID
	Connection ConnectionID
	Desk       DeskID

	DeskUser DeskUserID // "" until the user is found or made
	Origin   Origin
	Evidence Evidence // by what the user is known again beside the id

	Desired    Access
	Profile    Profile // as desired on the desk
	UserName   string  // the person's userName, as desired where the desk shows none of its own
	Manager    string  // the person's manager as the IdP names them, for hand-over
	Revision   int64   // one more with each change of what is desired
	Reconciled int64   // the Revision that the last finished run brought about

	Confirmed   Access // zero until the first confirmation; Grants is empty
	ConfirmedAt *time.Time
	Shown       Access // as a run last read the desk user, whatever came of it; zero until then. What is decided goes by Confirmed
	ShownAt     *time.Time
	Names       DeskNames // what the desk is told the person is called; zero until the first confirmation

	State       AccountState
	Reason      string       // in plain words: why it needs attention, is on hold or still waiting
	ReasonCode  ReasonCode   // the same for programs; "" when there is no Reason
	Seat        bool         // takes one of the desk's seats
	EndingSince *time.Time   // when access was first seen to end; nil while it is desired
	Loss        Loss         // of access that the desk had confirmed; zero: nothing is lost
	Approval    Approval     // of what cannot be undone; zero: nobody was asked
	Leaving     leave.Course // how far the steps of on_leave are, once access has ended
	Transfer    Transfer     // the hand-over of conversations that is on its way; zero: none

	Attempts   int        // failed runs since the last good one
	RetryAt    *time.Time // not before; nil: at once
	LeaseUntil *time.Time // a worker reconciles it; nil: none does

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Due reports whether the desk may differ from what is desired.
func (a *Account) Due() bool { return a.Reconciled < a.Revision }

// HasAccess reports whether access can be lost here: the desk has confirmed some,
// or it has a user of ours of which it has confirmed nothing yet.
func (a *Account) HasAccess() bool {
	return a.Confirmed.Status == AccessActive || a.Confirmed.Status == "" && a.DeskUser != "" && a.Origin != OriginNone
}

// ManagedScope returns the teams, mailboxes and desk roles that rules name on the
// account's desk, now or when access was last confirmed; sorted.
func (a *Account) ManagedScope(rules []Rule) (teams, mailboxes, roles []string) {
	teams, mailboxes = slices.Concat(a.Confirmed.Teams, a.Desired.Teams), slices.Concat(a.Confirmed.Mailboxes, a.Desired.Mailboxes)
	roles = slices.Concat(a.Confirmed.DeskRoles, a.Desired.DeskRoles)
	for _, r := range rules {
		if r.Desk == a.Desk && r.Connection == a.Connection {
			teams, mailboxes, roles = append(teams, r.Teams...), append(mailboxes, r.Mailboxes...), append(roles, r.DeskRoles...)
		}
	}
	return Sorted(teams), Sorted(mailboxes), Sorted(roles)
}

// Evidence is by what an account knows its desk user again beside the id; see package evidence.
type Evidence struct {
	User    DeskUserID `json:"user"`              // whom it is about; it says nothing of another one
	MadeAt  *time.Time `json:"made_at,omitempty"` // when the desk made them, as it said; nil: it does not tell
	Agreed  bool       `json:"agreed,omitempty"`  // a person has said that it is this one
	Doubted bool       `json:"doubted,omitempty"` // a person was asked whether it is, and has not said
}

// Approval is the question whether what a desk does with a leaver is carried out,
// which nothing brings back. Access has ended by then.
type Approval struct {
	What    OnLeave    `json:"what,omitempty"` // delete or anonymize
	AskedAt *time.Time `json:"asked_at,omitempty"`
	Due     *time.Time `json:"due,omitempty"` // when the time for an answer is over; nil: it is answered
	Verdict Verdict    `json:"verdict,omitempty"`
	By      string     `json:"by,omitempty"` // who answered
}

// Open reports whether an answer is waited for.
func (p *Approval) Open() bool { return p.AskedAt != nil && p.Verdict == VerdictNone }

// Allows reports whether what was asked is this, and may be carried out.
func (p *Approval) Allows(what OnLeave) bool { return p.What == what && p.Verdict == VerdictReleased }

// AskApproval asks whether what on does with leavers for good is carried out on the
// account, whose access has ended at now, once it is time for that; there says whether it
// has a user. It reports whether that is news. A question that has gone with the user, or
// with the desk's policy, is withdrawn.
func (a *Account) AskApproval(on *Desk, there bool, now time.Time) bool {
	what := a.Leaving.Way(on.OnLeave).ForGood
	if !there || what == "" || !on.Approve.Asks(on.OnLeave) {
		if a.Approval.Open() {
			a.Approval = Approval{}
		}
		return false
	}
	if a.DeskUser == "" || a.Approval.What == what { // of something else it is asked anew
		return false
	}
	due := on.Approve.After(now)
	a.Approval = Approval{What: what, AskedAt: &now, Due: &due}
	return true
}

// Verdict is what was decided about a [Loss].
type Verdict string

// The verdicts. One that is passed or released is carried out, however often that
// has to be tried.
const (
	VerdictNone     Verdict = ""         // not yet
	VerdictPassed   Verdict = "passed"   // it was within the limit when its run began
	VerdictOnHold   Verdict = "on-hold"  // an admin has to decide
	VerdictReleased Verdict = "released" // an admin decided that it is carried out
	VerdictRejected Verdict = "rejected" // an admin decided that it is not
)

// Loss is the end of access that the desk had confirmed, from when rules stop to grant it, or the person is suspended
// or removed, until access is desired again. Mass-change protection counts losses. The zero value is none.
type Loss struct {
	Since   *time.Time // when it began, or became what Person says; nil: nothing is lost
	Person  Status     // what the person is by then
	Cause   string     // what an admin did that took the access away, in words; "": the identity provider did
	Verdict Verdict
	By      string // who released or rejected it
}

// Explicit reports whether the loss was meant for this one person: they were suspended or removed, and have not only lost what granted access.
func (l *Loss) Explicit() bool { return l.Person == StatusSuspended || l.Person == StatusRemoved }

// Begin notes at now what person is whose access is to end, by cause. What the
// identity provider says anew is decided anew: somebody who is suspended while a
// lost group of theirs is on hold, or removed after their suspension was rejected.
// It reports whether a run has to look.
func (l *Loss) Begin(person Status, cause string, now time.Time) (again bool) {
	switch {
	case l.Since == nil:
		*l = Loss{Since: &now, Person: person, Cause: cause}
		return true
	case l.Person == person:
		return false
	}
	further := lossRank(person) > lossRank(l.Person)
	l.Person = person
	if !further || l.Verdict == VerdictPassed || l.Verdict == VerdictReleased {
		return false
	}
	*l = Loss{Since: &now, Person: person, Cause: cause}
	return true
}

// lossRank says how far somebody is gone.
func lossRank(s Status) int {
	return map[Status]int{StatusSuspended: 1, StatusRemoved: 2}[s]
}

// EndDetail is what the audit log says of the confirmed access of a: with how it
// ended, where access that there was has. before and hadSeat are of before that.
func (a *Account) EndDetail(before Access, hadSeat bool) map[string]any {
	detail := a.Confirmed.Detail()
	if a.State != AccountEnded || !hadSeat && before.Status != AccessActive {
		return detail
	}
	if a.EndingSince != nil {
		detail["since"] = a.EndingSince.UTC().Format(time.RFC3339Nano)
	}
	if hadSeat {
		detail["seat"] = "freed"
	}
	return detail
}

// StepDetail is what the audit log says of the step of on_leave that is to come.
func (a *Account) StepDetail(on *Desk) map[string]any {
	s, at, _ := a.Leaving.Next(on.OnLeave)
	return map[string]any{"step": s.String(), "due": at.UTC().Format(time.RFC3339)}
}

// AskDetail is what the audit log says of a that needs a person: why, in words and
// in one, and of a leaver what the desk has shown since access was to end.
func (a *Account) AskDetail(reason string, code ReasonCode) map[string]any {
	detail := map[string]any{"reason": reason, "code": code}
	if a.EndingSince != nil && a.ShownAt != nil && !a.ShownAt.Before(*a.EndingSince) {
		detail["shown"] = a.Shown.Status
	}
	return detail
}

// Usable reports whether the person can work with the account: it is desired,
// and the desk has confirmed one.
func (a *Account) Usable() bool {
	return a.Desired.Status == AccessActive && a.Confirmed.Status == AccessActive && a.DeskUser != ""
}

// DeskNames is what a desk knows somebody by, as the desk showed it when access was last confirmed. Whoever signs in to the desk is
// called so, and nothing else: what the identity provider has said since may be somebody else's there.
type DeskNames struct {
	Email    string
	UserName string // as the desk shows it; where it shows none, the userName at that time
}

// Held returns those of n that belong to one account on desk, folded and
// sorted: nobody else there is called so, in whatever field.
func (n DeskNames) Held(desk *Desk) []string {
	names := []string{foldTold(n.Email)}
	if n.Email == "" || desk.GoesByUserName() {
		names = append(names, foldTold(n.UserName))
	}
	return slices.DeleteFunc(Sorted(names), func(name string) bool { return name == "" })
}

// foldTold folds a name as a desk may be told it: messages and headers leave out
// control characters, and desks take no notice of space around a name.
func foldTold(name string) string {
	return Fold(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || r&0xFFFE == 0xFFFE {
			return -1
		}
		return r
	}, name)))
}

// Transfer is how far a hand-over of conversations is, as read back from the
// desk. The zero value is none.
type Transfer struct {
	Before        int  `json:"before,omitempty"`         // conversations that were to be handed over, those that came meanwhile included
	Moved         int  `json:"moved,omitempty"`          // that the desk shows as the person's no more
	ToQueue       int  `json:"to_queue,omitempty"`       // of those, the ones that were given to nobody
	Left          int  `json:"left,omitempty"`           // that the desk showed as the person's when it was last read
	InflowStopped bool `json:"inflow_stopped,omitempty"` // the desk was told to give the person no new ones

	Mailboxes handover.Counts `json:"mailboxes,omitempty"` // of those numbers, what went by rules of mailboxes

	Told   Told     `json:"told,omitempty"`    // what the desk was told of an absence
	ByHand string   `json:"by_hand,omitempty"` // what an admin has to do about it instead; "": nothing
	Given  *[]Given `json:"given,omitempty"`   // what was handed over because of it; nil: nothing
}

// Progress says how far the hand-over is, for people; "" when none is on its way.
func (t *Transfer) Progress() string { return handover.Progress(t.Moved, t.Before, t.Mailboxes) }

// mostGiven is how many conversations are given back after an absence.
const mostGiven = 1000

// Give notes that a conversation was handed over because of an absence. Beyond
// so many none is noted, and stays with whoever got it.
func (t *Transfer) Give(g Given) {
	var given []Given
	if t.Given != nil {
		given = slices.Clone(*t.Given)
	}
	if len(given) < mostGiven {
		given = append(given, g)
	}
	t.Given = &given
}

// Told is what a desk was told of an absence.
type Told string

// What a desk was told.
const (
	ToldNothing Told = ""
	ToldAway    Told = "away"
	ToldBack    Told = "back"
)

// AwayDue reports whether the desk has to be told that the person is away, or that
// they are not any more.
func (a *Account) AwayDue() (away, due bool) {
	away = a.Desired.Away != nil
	told := a.Confirmed.Away != nil
	if a.Transfer.Told != ToldNothing {
		told = a.Transfer.Told == ToldAway
	}
	return away, away != told
}

// ConfirmAway fills in what of an absence is true of access that the desk has just
// confirmed, after what was confirmed before.
func (a *Account) ConfirmAway(now *Access) {
	now.Away, now.ByHand = a.Confirmed.Away, a.Confirmed.ByHand
	if a.Transfer.Told != ToldNothing {
		now.ByHand = a.Transfer.ByHand
	}
	var given []Given
	if a.Confirmed.Away != nil {
		given = slices.Clone(a.Confirmed.Away.Given)
	}
	if a.Transfer.Given != nil {
		given = append(given, *a.Transfer.Given...)
	}
	if now.Away = nil; a.Desired.Away != nil {
		now.Away = &Absence{Until: a.Desired.Away.Until, HandOver: a.Desired.Away.HandOver, Given: given}
	}
}

// AccountFilter selects accounts; empty fields select all.
type AccountFilter struct {
	Desk       DeskID
	DeskUser   DeskUserID
	Connection ConnectionID
	State      AccountState
	ReasonCode ReasonCode
	Approval   bool      // only those of which an [Approval] is waited for
	ByHand     bool      // only those of which [Access].ByHand is confirmed
	After      AccountID // with a greater id, which is made later
}

// Word is what an admin says of an account whose desk does not show it: that what
// was asked for was done there by hand. The zero value says nothing, and nothing was
// asked for.
type Word struct {
	Account AccountID
	Desk    DeskID
	Shown   *DeskUser  // the user that the desk has, by that word; nil: none
	By      string     // who said so; "": nobody yet
	At      time.Time  // when it was said
	EndedAt *time.Time // when it was said that access has ended, and conversations are with others; nil while access is desired
	AskedAt *time.Time // since when something is asked for that nobody has said to be done, and that may have been; nil: nothing is
}

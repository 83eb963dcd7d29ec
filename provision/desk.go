package provision

import (
	"errors"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision/handover"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// DeskKind names a connector, e.g. "builtin".
type DeskKind string

// Desk is one help desk account that Deskbridge writes to.
type Desk struct {
	ID       DeskID
	Name     string // unique
	Kind     DeskKind
	URL      string
	Secret   string            // credential for the desk's API; the store seals it
	Settings map[string]string // each kind documents its own

	OnLeave     OnLeave
	Approve     Approve // what of that waits for an admin
	HandOver    HandOver
	Seats       int // how many people may have access at once; 0: no limit
	Price       seating.Price
	Idle        seating.Policy
	Adoption    Adoption // what to do with accounts that were there before us
	AdoptIgnore []string `json:",omitempty"` // users that are nobody: addresses in which * stands for any text, or id: and an id

	SignIn protocol.DeskSignIn // how people sign in there through us

	Profile keeping.Policy `json:",omitempty"` // who keeps which field of a profile there; nil: all is kept in step

	Drift DriftPolicy // what to do with what people change there by hand
	Rate  float64     // requests a second that a process makes; 0: what the kind of desk takes

	Removal Removal // how far a removal is; "": it stays

	CreatedAt time.Time
}

// DeskPause says that an admin has a desk not be called: no run begins, and it is not
// swept. What there is to do waits, and goes on by itself afterwards.
type DeskPause struct {
	Desk   DeskID
	Since  time.Time
	Until  time.Time // it ends by itself then
	Reason string    // as the admin wrote it
	By     string    // who, as the audit log names them
}

// Lasts reports whether the desk is paused at a moment; of nil it is not.
func (p *DeskPause) Lasts(at time.Time) bool { return p != nil && at.Before(p.Until) }

// Text says that the desk is not called, after the desk's name. The reason is not in
// it: whoever wrote that may have named somebody.
func (p *DeskPause) Text() string {
	return "is paused by " + p.By + " until " + LastDay(p.Until)
}

// The bounds of a desk's rate, in requests a second. A run makes a handful of
// calls, so less than the least would keep a leaver in for minutes.
const (
	minRate = 0.2
	maxRate = 10_000.0
)

// What a desk does with leavers.
type (
	// OnLeave is described with [leave.Policy].
	OnLeave = leave.Policy
	// Approve is described with [leave.Approve].
	Approve = leave.Approve
	// ApproveOf is described with [leave.ApproveOf].
	ApproveOf = leave.ApproveOf
	// ApproveThen is described with [leave.ApproveThen].
	ApproveThen = leave.ApproveThen
)

// The words of that package.
const (
	LeaveDeactivate = leave.Deactivate
	LeaveDelete     = leave.Delete
	LeaveAnonymize  = leave.Anonymize
	LeaveDowngrade  = leave.Downgrade
	ApproveNothing  = leave.ApproveNothing
	ApproveDeletes  = leave.ApproveDeletes
	ThenAsk         = leave.ThenAsk
	ThenKeep        = leave.ThenKeep
	ThenCarryOut    = leave.ThenCarryOut
	ApproveTimeout  = leave.ApproveTimeout
)

// Ends says what is done with an account whose access ends: what [Desk].OnLeave does so
// far, without what nothing brings back for as long as nobody has approved just that.
func (d *Desk) Ends(a *Account) leave.Way {
	way := a.Leaving.Way(d.OnLeave)
	if way.ForGood != "" && d.Approve.Asks(d.OnLeave) && !a.Approval.Allows(way.ForGood) {
		return way.Without()
	}
	return way
}

// Coming returns the step of OnLeave that is still to come for an account; false: none.
func (d *Desk) Coming(a *Account) (c leave.Coming, ok bool) {
	if a.Desired.Status != AccessActive && d.Removal == RemovalNone {
		c, ok = a.Leaving.Coming(d.OnLeave, d.Approve, a.Approval.What, a.Approval.Due)
	}
	return c, ok
}

// What a desk does with the open conversations of leavers.
type (
	// HandOver is described with [handover.Policy].
	HandOver = handover.Policy
	// HandOverRule is described with [handover.Rule].
	HandOverRule = handover.Rule
	// HandOverTo is described with [handover.To].
	HandOverTo = handover.To
)

// The words of that package.
const (
	HandOverManager    = handover.Manager
	HandOverTeam       = handover.OwnTeam
	HandOverRoundRobin = handover.RoundRobin
	HandOverUnassign   = handover.Unassign
)

// Adoption is what happens when a person who should get an account on a desk
// already has one there that Deskbridge did not make.
type Adoption string

// The policies. Admins and owners are never adopted without a person's yes.
const (
	AdoptPropose   Adoption = "propose"   // default: the account needs attention with a question for an admin
	AdoptAutomatic Adoption = "automatic" // for addresses in the connection's domains; propose for others
	AdoptOff       Adoption = "off"       // never; the account needs attention and says so
)

// GoesByUserName reports whether the desk may be told userNames when people sign
// in there, and so may take one for the user of that name.
func (d *Desk) GoesByUserName() bool {
	if d.SignIn.OIDC != nil {
		return true // scope profile
	}
	s := d.SignIn.SAML
	if s == nil {
		return false
	}
	_, released := s.Attributes[protocol.FieldUserName]
	return released || s.Attributes == nil || s.NameID == protocol.FieldUserName
}

// DeskUser is a user as a desk shows it, in the common words.
type DeskUser struct {
	ID          DeskUserID
	ExternalID  string // what we wrote there to recognise our own: the AccountID; "" where the desk has no place for it
	Email       string
	UserName    string // the login name, where the desk shows one; never written from here
	DisplayName string
	GivenName   string
	FamilyName  string
	Title       string
	Phone       string
	Timezone    string
	Active      bool
	Role        Role
	Teams       []string // sorted, desk's names; all of the user's teams, managed or not
	Mailboxes   []string // sorted
	DeskRoles   []string // sorted, desk's names: the roles of its own that the user has; Role is admin where one of them amounts to that

	// TeamsHidden says that Teams and Mailboxes tell nothing, because the desk does not show where a
	// deactivated user is. Workers set it, by what the connector declares.
	TeamsHidden bool

	// What follows is told, and never a difference from what is desired. A list may leave it out.
	MadeAt                time.Time // when the desk made the user; zero: it does not tell. An id that a desk gives to somebody else is told by it
	LastLogin, LastActive time.Time // zero: never, or the desk does not tell
	NotPerson             string    // what the desk says a user is who is no person, such as "bot"; "": nothing
	Accepted              *bool     // whether the desk's invitation was taken; nil: the desk does not tell
}

// Differs names the fields of the profile in which u is not as want. What want
// does not say stays as it is on the desk.
func (u *DeskUser) Differs(want DeskUser) (fields []string) {
	for _, f := range []struct{ name, want, have string }{
		{"email", Fold(want.Email), Fold(u.Email)},
		{"given_name", want.GivenName, u.GivenName},
		{"family_name", want.FamilyName, u.FamilyName},
		{"display_name", want.DisplayName, u.DisplayName},
		{"title", want.Title, u.Title},
		{"phone", want.Phone, u.Phone},
		{"timezone", want.Timezone, u.Timezone},
	} {
		if f.want != "" && f.want != f.have {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// Names reports whether u still shows something of the account's person.
func (u *DeskUser) Names(a *Account) bool {
	p := a.Profile
	for _, pair := range [][2]string{{u.ExternalID, string(a.ID)}, {u.Email, p.Email}, {u.DisplayName, p.DisplayName}, {u.GivenName, p.GivenName}, {u.FamilyName, p.FamilyName}} {
		if pair[1] != "" && Fold(pair[0]) == Fold(pair[1]) {
			return true
		}
	}
	return false
}

// Validate returns an Invalid error with every mistake when d cannot be a desk's
// settings. What the kind asks for is the connector's to check.
func (d *Desk) Validate() error {
	mistakes := []error{ValidateName("name", d.Name)}
	wrong := func(field, format string, args ...any) {
		mistakes = append(mistakes, Errorf(Invalid, field, format, args...))
	}
	for _, mistake := range d.OnLeave.Validate() {
		wrong("on_leave", "%s", mistake)
	}
	if !slices.Contains([]ApproveOf{ApproveNothing, ApproveDeletes}, d.Approve.Of) {
		wrong("approve", "unknown approve %q; use deletes, or leave it out", d.Approve.Of)
	}
	if !slices.Contains([]ApproveThen{"", ThenAsk, ThenKeep, ThenCarryOut}, d.Approve.Then) {
		wrong("approve_then", "unknown approve_then %q; use ask, keep or carry-out", d.Approve.Then)
	}
	if d.Approve.Timeout < 0 {
		wrong("approve_timeout", "approve_timeout cannot be negative")
	}
	if rest := (Approve{Of: d.Approve.Of}); d.Approve.Of == ApproveNothing && d.Approve != rest {
		wrong("approve", "approve_timeout, approve_then and approve_second go with approve: deletes")
	}
	for _, mistake := range d.HandOver.Validate(Fold) {
		wrong(mistake.Field, "%s", mistake.Detail)
	}
	if !slices.Contains([]Adoption{"", AdoptPropose, AdoptAutomatic, AdoptOff}, d.Adoption) {
		wrong("adoption", "unknown adoption %q; use propose, automatic or off", d.Adoption)
	}
	if !slices.Contains([]DriftPolicy{"", DriftRepair, DriftReport, DriftOff}, d.Drift) {
		wrong("drift", "unknown drift %q; use repair, report or off", d.Drift)
	}
	if d.Rate != 0 && !(d.Rate >= minRate && d.Rate <= maxRate) { // so written that NaN is refused, too
		wrong("rate", "rate is requests a second: give a number from %v to %v, or 0 for what the kind of desk takes", minRate, maxRate)
	}
	if d.Seats < 0 {
		wrong("seats", "seats cannot be negative; 0 means no limit")
	}
	for _, err := range d.Price.Validate() {
		wrong("seat_price", "seat_price: %s", err)
	}
	for _, err := range d.Idle.Validate() {
		wrong("idle", "idle: %s", err)
	}
	for _, mistake := range d.Profile.Validate() {
		wrong("profile", "profile: %s", mistake)
	}
	return AllOf(append(mistakes, validateDeskSignIn(&d.SignIn))...)
}

func validateDeskSignIn(s *protocol.DeskSignIn) error {
	for role := range s.Roles {
		if !slices.Contains(Roles, Role(role)) {
			return Errorf(Invalid, "sign_in.roles", "unknown role %q; use limited, agent or admin", role)
		}
	}
	err := s.Validate()
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return &Error{Code: Invalid, Field: "sign_in." + e.Field, Detail: e.Detail, Err: e.Err}
	}
	return err
}

// DriftPolicy is what happens when a sweep finds that people have changed on a
// desk by hand what is in the managed scope.
type DriftPolicy string

// The policies.
const (
	DriftRepair DriftPolicy = "repair" // default: the account is reconciled, which puts it right
	DriftReport DriftPolicy = "report" // told once in the audit log, and shown until it is gone
	DriftOff    DriftPolicy = "off"    // nobody looks
)

// UnitKind says whether a unit of a desk is a team, a mailbox or a role of its own.
type UnitKind string

// The kinds of units.
const (
	UnitTeam    UnitKind = "team"
	UnitMailbox UnitKind = "mailbox"
	UnitRole    UnitKind = "role" // of the desk's own
)

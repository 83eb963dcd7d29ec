package validity

import (
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision/seating"
)

// Terms are what is said of one person, over whether they are active. What admins have
// said, the identity provider neither sets nor clears: it goes with the person as long
// as it is the same one, also under a new name, and when they were removed and come
// back. The zero value says nothing.
type Terms struct {
	Block *Block        `json:"block,omitempty"` // by an admin; nil: none
	Until *End          `json:"until,omitempty"` // by an admin; nil: for ever
	Away  *Away         `json:"away,omitempty"`  // by an admin; nil: they are there
	Idle  seating.Marks `json:"idle,omitempty"`  // where their seat was taken because they were idle

	// Pushed is the end that the identity provider gives with the person; nil: none. It
	// alone sets it.
	Pushed *Pushed `json:"pushed,omitempty"`
	// SignInExpired is set of somebody known by sign-in alone whose sign-in has
	// expired, until they sign in again; nil: it has not.
	SignInExpired *SignInExpired `json:"sign_in_expired,omitempty"`
}

// SignInExpired says since when, and why, a sign-in vouches for its person no more.
type SignInExpired struct {
	At  time.Time `json:"at"`
	Why Expiry    `json:"why"`
}

// Pushed is an end that the identity provider gives.
type Pushed struct {
	At     *time.Time `json:"at,omitempty"`     // nil: there is none that could be read
	By     string     `json:"by"`               // the SCIM attribute
	Unread bool       `json:"unread,omitempty"` // what it says now is no date: At is what was read before
}

// ReadPushed returns what the values of a SCIM attribute say of the end of somebody of
// whom before was known; nil for no values.
func ReadPushed(attribute string, values []string, before *Pushed) *Pushed {
	if attribute == "" || len(values) == 0 || strings.TrimSpace(values[0]) == "" {
		return nil
	}
	if end, ok := Parse(values[0]); ok {
		return &Pushed{At: &end, By: attribute}
	}
	p := &Pushed{By: attribute, Unread: true}
	if before != nil {
		p.At = before.At
	}
	return p
}

// Same reports whether p and other, which may be nil, say the same.
func (p *Pushed) Same(other *Pushed) bool {
	if p == nil || other == nil {
		return p == other
	}
	sameAt := p.At == nil && other.At == nil || p.At != nil && other.At != nil && p.At.Equal(*other.At)
	return sameAt && p.By == other.By && p.Unread == other.Unread
}

// Expiry is why a sign-in has expired.
type Expiry string

// Why sign-ins expire.
const (
	ExpiryUnused  Expiry = "unused"  // the person has not signed in for as long as the connection allows
	ExpiryRevoked Expiry = "revoked" // the identity provider has revoked what it gave with the sign-in
)

// Words says it for people, after "because".
func (e Expiry) Words() string {
	if e == ExpiryRevoked {
		return "the identity provider has revoked their sign-in"
	}
	return "they have not signed in for as long as the connection allows"
}

// Block keeps somebody out until an admin takes it back.
type Block struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`     // who said so
	Reason string    `json:"reason"` // for admins; the person is not told
}

// End is when access ends by itself.
type End struct {
	At time.Time `json:"at"` // from then on there is none
	By string    `json:"by"` // who said so
}

// Away is an absence: new conversations are kept from the person meanwhile.
type Away struct {
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"` // from then on they are back
	By       string    `json:"by"`
	HandOver bool      `json:"hand_over,omitempty"` // what is open is handed over, as a leaver's; else they keep it
}

// Empty reports whether nothing is said.
func (t *Terms) Empty() bool {
	return t.Block == nil && t.Until == nil && t.Away == nil && t.SignInExpired == nil && t.Pushed == nil && len(t.Idle) == 0
}

// Bars reports whether the terms keep the person out at a moment.
func (t *Terms) Bars(at time.Time) bool {
	return t.Block != nil || t.Ended(at) || t.SignInExpired != nil
}

// End returns when access ends by itself: as an admin has said or as the identity
// provider has, whichever is earlier; nil: it does not.
func (t *Terms) End() *End {
	if p := t.Pushed; p != nil && p.At != nil && (t.Until == nil || p.At.Before(t.Until.At)) {
		return &End{At: *p.At, By: "the identity provider, by " + p.By}
	}
	return t.Until
}

// Ended reports whether the person's end has passed.
func (t *Terms) Ended(at time.Time) bool {
	end := t.End()
	return end != nil && !at.Before(end.At)
}

// AwayAt returns the person's absence at a moment; nil when they are there.
func (t *Terms) AwayAt(at time.Time) *Away {
	if t.Away == nil || !at.Before(t.Away.Until) {
		return nil
	}
	return t.Away
}

// Next returns the first moment after at from which the terms mean something
// else; nil when there is none.
func (t *Terms) Next(at time.Time) (next *time.Time) {
	consider := func(moment time.Time) {
		if moment.After(at) && (next == nil || moment.Before(*next)) {
			next = &moment
		}
	}
	if t.Until != nil {
		consider(t.Until.At)
	}
	if t.Pushed != nil && t.Pushed.At != nil {
		consider(*t.Pushed.At)
	}
	if t.Away != nil {
		consider(t.Away.Until)
	}
	return next
}

// Why says in words what ends the person's access at a moment, and which admin said
// so; "" when the terms do not. Of what no admin has said by is "": mass-change
// protection decides about that.
func (t *Terms) Why(at time.Time) (why, by string) {
	switch {
	case t.Block != nil:
		return "block by " + t.Block.By, t.Block.By
	case t.Ended(at):
		end := t.End()
		if t.Until == nil || at.Before(t.Until.At) {
			return "end on " + LastDay(end.At) + ", set by " + end.By, ""
		}
		return "end on " + LastDay(t.Until.At) + ", set by " + t.Until.By, t.Until.By
	case t.SignInExpired != nil:
		return "expiry of sign-ins: " + t.SignInExpired.Why.Words(), ""
	}
	return "", ""
}

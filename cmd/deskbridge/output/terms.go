package output

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Terms are what admins have said of somebody, for programs.
type Terms struct {
	Blocked    *Block `json:"blocked,omitempty"`
	ValidUntil *End   `json:"valid_until,omitempty"`
	Away       *Away  `json:"away,omitempty"`

	PushedUntil   *PushedEnd     `json:"pushed_until,omitempty"`    // by the identity provider
	SignInExpired *SignInExpired `json:"sign_in_expired,omitempty"` // of somebody known by sign-in only
}

// PushedEnd is when access ends by itself, as the identity provider says.
type PushedEnd struct {
	At        Moment `json:"at"` // from then on there is none
	Attribute string `json:"attribute"`
	Unread    bool   `json:"unread"` // what the attribute says now is no date
	Ended     bool   `json:"ended"`

	day string
}

// SignInExpired says since when, and why, a sign-in vouches for somebody no more.
type SignInExpired struct {
	At  Moment `json:"at"`
	Why string `json:"why"` // unused, revoked

	words string
}

// Block is a block: somebody is kept out, whatever the identity provider says.
type Block struct {
	At     Moment `json:"at"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// End is when access ends by itself.
type End struct {
	At    Moment `json:"at"` // from then on there is none
	By    string `json:"set_by"`
	Ended bool   `json:"ended"`

	day string
}

// Away is an absence.
type Away struct {
	Since    Moment `json:"since"`
	Until    Moment `json:"until"` // from then on they are back
	By       string `json:"set_by"`
	HandOver bool   `json:"hand_over"`

	day string
}

// TermsOf returns what admins have said of somebody, at a moment; nil for nothing.
func TermsOf(t provision.Terms, now time.Time) *Terms {
	if t.Empty() {
		return nil
	}
	out := &Terms{}
	if b := t.Block; b != nil {
		out.Blocked = &Block{Moment{At: &b.At}, b.By, b.Reason}
	}
	if u := t.Until; u != nil {
		out.ValidUntil = &End{Moment{At: &u.At}, u.By, t.Ended(now), provision.LastDay(u.At)}
	}
	if a := t.Away; a != nil {
		out.Away = &Away{Moment{At: &a.Since}, Moment{At: &a.Until}, a.By, a.HandOver, provision.LastDay(a.Until)}
	}
	if p := t.Pushed; p != nil {
		out.PushedUntil = &PushedEnd{At: Moment{At: p.At}, Attribute: p.By, Unread: p.Unread}
		if p.At != nil {
			out.PushedUntil.Ended, out.PushedUntil.day = !now.Before(*p.At), provision.LastDay(*p.At)
		}
	}
	if e := t.SignInExpired; e != nil {
		out.SignInExpired = &SignInExpired{Moment{At: &e.At}, string(e.Why), e.Why.Words()}
	}
	return out
}

// Lines says it for people, a line each.
func (t *Terms) Lines() (lines []string) {
	if t == nil {
		return nil
	}
	if b := t.Blocked; b != nil {
		lines = append(lines, "blocked by "+Plain(b.By)+" since "+b.At.String()+": "+Plain(b.Reason))
	}
	if u := t.ValidUntil; u != nil {
		word := map[bool]string{false: "access ends with ", true: "access ended with "}[u.Ended]
		lines = append(lines, word+u.day+", set by "+Plain(u.By))
	}
	if p := t.PushedUntil; p != nil {
		if p.day != "" {
			word := map[bool]string{false: "access ends with ", true: "access ended with "}[p.Ended]
			lines = append(lines, word+p.day+", as the identity provider says by "+Plain(p.Attribute))
		}
		if p.Unread {
			lines = append(lines, "what the identity provider says by "+Plain(p.Attribute)+" is no date: it changes nothing")
		}
	}
	if e := t.SignInExpired; e != nil {
		lines = append(lines, "sign-in expired at "+e.At.String()+": "+e.words+"; access is back when they sign in")
	}
	if a := t.Away; a != nil {
		who := map[bool]string{false: "keeps their conversations", true: "conversations are handed over"}[a.HandOver]
		lines = append(lines, "away until "+a.day+", "+who+", set by "+Plain(a.By))
	}
	return lines
}

// Words says in a few words what it means for somebody now: "blocked"; "" for nothing.
func (t *Terms) Words() string {
	switch {
	case t == nil:
		return ""
	case t.Blocked != nil:
		return "blocked"
	case t.ValidUntil != nil && t.ValidUntil.Ended:
		return "ended " + t.ValidUntil.day
	case t.PushedUntil != nil && t.PushedUntil.Ended:
		return "ended " + t.PushedUntil.day
	case t.SignInExpired != nil:
		return "sign-in expired"
	case t.Away != nil:
		return "away until " + t.Away.day
	case t.ValidUntil != nil:
		return "until " + t.ValidUntil.day
	}
	return ""
}

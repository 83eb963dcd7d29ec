package leave

import "time"

// Course is how far the steps of a desk's policy are for one account whose access has
// ended. The zero value is that of access that has not, or of a desk without later steps.
//
// A later step is never done sooner than it was told: Due stays as it was noted where the
// policy says sooner by now, and gives way where it says later, or has no such step any
// more.
type Course struct {
	Since   *time.Time    `json:"since,omitempty"`   // when the desk confirmed the end that later steps count from
	Due     *time.Time    `json:"due,omitempty"`     // when the next step is done; nil: none is to come
	Reached time.Duration `json:"reached,omitempty"` // steps up to so long after Since are to be done; 0: those at once
	Last    Policy        `json:"last,omitempty"`    // what the last of those is, by its word; "": one that was done at once
	Mark    string        `json:"mark,omitempty"`    // what the desk showed of its user then that is nobody else's
}

// reached reports whether a step is to be done by now. One that cannot be undone is only
// where it was told.
func (c Course) reached(s Step) bool {
	return s.After == 0 || s.After <= c.Reached && (!s.Irreversible() || s.What == c.Last)
}

// Way is what p does with the account as far as its steps are reached.
func (c Course) Way(p Policy) Way {
	done := p.Steps()
	for i, s := range done {
		if !c.reached(s) {
			done = done[:i]
			break
		}
	}
	return of(done)
}

// next is the first step of p that is not reached.
func (c Course) next(p Policy) (s Step, ok bool) {
	for _, s := range p.Steps() {
		if !c.reached(s) {
			return s, true
		}
	}
	return s, false
}

// Next returns the next step by p as it is now, and when it is done; ok is false when
// none is to come.
func (c Course) Next(p Policy) (s Step, at time.Time, ok bool) {
	if c.Since == nil || c.Due == nil {
		return s, at, false
	}
	if s, ok = c.next(p); !ok {
		return s, at, false
	}
	if at = c.Since.Add(s.After); at.Before(*c.Due) {
		at = *c.Due
	}
	return s, at, true
}

// Look goes on to the step that is due at now, one at a time. It reports whether c has
// changed.
func (c *Course) Look(p Policy, now time.Time) bool {
	if c.Due == nil || c.Due.After(now) {
		return false
	}
	s, at, ok := c.Next(p)
	switch {
	case !ok:
		c.Due = nil
	case at.After(now):
		c.Due = &at
	default:
		c.Due, c.Reached, c.Last = nil, s.After, s.What
	}
	return true
}

// Confirm notes at now that a desk shows what p does so far. mark is by what to know the
// user that it has left, to whom a later step could be done; "": there is none. A step
// that would have passed before it was told counts from now. It reports whether the next
// step, or when that is, is news.
func (c *Course) Confirm(p Policy, mark string, now time.Time) (news bool) {
	before := c.Due
	defer func() { news = c.Due != nil && (before == nil || !before.Equal(*c.Due)) }()
	s, ok := c.next(p)
	switch {
	case mark == "", !ok && c.Reached == 0:
		*c = Course{}
		return
	case !ok:
		c.Due = nil
		return
	case c.Since == nil:
		c.Since, c.Mark = &now, mark
	}
	at := c.Since.Add(s.After)
	if at.Before(now) {
		at = now.Add(s.After)
	}
	if c.Due == nil || c.Due.Before(at) {
		c.Due = &at
	}
	return
}

package leave

import (
	"fmt"
	"strings"
	"time"
)

// Coming is a step that is still to come for one account whose access has ended.
type Coming struct {
	Step    Step
	At      time.Time // when it is due; of one that an admin is asked about, when the time for an answer is over
	Consent Consent
	Then    ApproveThen // what happens when nobody has answered by At, where an admin is asked
}

// Consent says whether a step that is to come waits for an admin.
type Consent string

// What a step waits for.
const (
	ConsentNone   Consent = ""       // for its time alone
	ConsentNeeded Consent = "needed" // an admin is asked once it is due
	ConsentAsked  Consent = "asked"  // it is due, and an admin has been asked
)

// Coming returns what is still to come by p and a as they are now. asked, of the kind of
// the last step, is what an admin has been asked about until due; "": nothing.
func (c Course) Coming(p Policy, a Approve, asked Policy, due *time.Time) (next Coming, ok bool) {
	if asked != "" && due != nil {
		next = Coming{Step: Step{What: asked}, At: *due, Consent: ConsentAsked, Then: a.Then}
		for _, s := range p.Steps() {
			if s.What == asked {
				next.Step = s
			}
		}
		return next, true
	}
	next.Step, next.At, ok = c.Next(p)
	if ok && next.Step.Irreversible() && a.Asks(p) {
		next.Consent, next.Then = ConsentNeeded, a.Then
	}
	return next, ok
}

// On says with a time, as somebody writes times, when what is done: "delete after 30d, on
// 2026-12-30; an admin has to approve it then".
func (c Coming) On(at string) string {
	switch c.Consent {
	case ConsentNeeded:
		return fmt.Sprintf("%s, due %s; an admin has to approve it then", c.Step, at)
	case ConsentAsked:
		then := map[ApproveThen]string{ThenKeep: "it is not done", ThenCarryOut: "it is done"}[c.Then]
		if then == "" {
			then = "admins are asked again"
		}
		return fmt.Sprintf("%s, waits for an admin to approve it; where none has answered by %s, %s", c.Step, at, then)
	case ConsentNone:
	}
	return fmt.Sprintf("%s, due %s", c.Step, at)
}

// Later reports whether p has a step that follows once access has ended.
func (p Policy) Later() bool {
	steps := p.Steps()
	return steps[len(steps)-1].After > 0
}

// LaterSteps are the steps of p that follow once access has ended, as an admin writes
// them; "" where there are none.
func (p Policy) LaterSteps() string {
	var later []string
	for _, s := range p.Steps() {
		if s.After > 0 {
			later = append(later, s.String())
		}
	}
	return strings.Join(later, ", ")
}

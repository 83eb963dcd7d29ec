package leave

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy is what happens to a desk account when its access ends, in steps with commas
// between, as an admin writes them: "deactivate", "downgrade to limited, deactivate,
// delete after 30d". "" is [Deactivate]. A policy of one step is that step's word. The
// methods take what is no policy, which [Policy.Validate] refuses, for [Deactivate].
type Policy string

// The steps. What a desk cannot do becomes a task.
const (
	Deactivate Policy = "deactivate" // default; reversible
	Delete     Policy = "delete"
	Anonymize  Policy = "anonymize"
	Downgrade  Policy = "downgrade" // role none, or the weakest that the desk has; or "downgrade to limited". The account stays
)

// The bounds of the time after which a later step is done.
const (
	MinAfter = time.Hour
	MaxAfter = 5 * year
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// Limited is the one role that a downgrade may name: whoever has a stronger one works
// on, and without a name it is the weakest that the desk has.
const Limited = "limited"

// Step is one step of a policy.
type Step struct {
	What  Policy        // one of the words
	Role  string        // what a downgrade leaves: [Limited], or "" for the weakest role that the desk has
	After time.Duration // since the desk confirmed that access has ended; 0: at once, and so that it ends
}

// Irreversible reports whether nothing brings back what the step has done.
func (s Step) Irreversible() bool { return s.What == Delete || s.What == Anonymize }

// String is the step as an admin writes it.
func (s Step) String() string {
	text := string(s.What)
	if s.Role != "" {
		text += " to " + s.Role
	}
	if s.After > 0 {
		text += " after " + Span(s.After)
	}
	return text
}

// Span writes the time of a step: 30d, or 36h.
func Span(d time.Duration) string {
	if d >= 2*day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
}

// Steps returns the steps of p, in order.
func (p Policy) Steps() []Step {
	steps, mistakes := p.read()
	if len(mistakes) > 0 {
		return []Step{{What: Deactivate}}
	}
	return steps
}

// Canonical is p as it is written elsewhere: letter case, blanks and times alike. What is
// no policy stays as it is.
func (p Policy) Canonical() Policy {
	steps, mistakes := p.read()
	if p == "" || len(mistakes) > 0 {
		return p
	}
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = s.String()
	}
	return Policy(strings.Join(words, ", "))
}

// Same reports whether p and other are the same steps.
func (p Policy) Same(other Policy) bool { return slices.Equal(p.Steps(), other.Steps()) }

// Validate returns what is wrong with p, for people, each mistake by itself.
func (p Policy) Validate() (mistakes []string) {
	_, mistakes = p.read()
	return mistakes
}

// read returns the steps of p, and what is wrong with them.
func (p Policy) read() (steps []Step, mistakes []string) {
	if p == "" {
		return []Step{{What: Deactivate}}, nil
	}
	for text := range strings.SplitSeq(string(p), ",") {
		s, mistake := readStep(strings.Fields(strings.ToLower(text)))
		if mistake != "" {
			mistakes = append(mistakes, mistake)
		}
		steps = append(steps, s)
	}
	if len(mistakes) == 0 {
		mistakes = misplaced(steps)
	}
	return steps, mistakes
}

func readStep(words []string) (s Step, mistake string) {
	if len(words) == 0 {
		return s, "a step is missing; write on_leave like deactivate, or deactivate, delete after 30d"
	}
	s.What = Policy(words[0])
	if !slices.Contains([]Policy{Deactivate, Delete, Anonymize, Downgrade}, s.What) {
		return s, fmt.Sprintf("unknown on_leave %q; use deactivate, delete, anonymize or downgrade", clip(words[0]))
	}
	rest := words[1:]
	if len(rest) >= 2 && rest[0] == "to" {
		if s.Role = rest[1]; s.What != Downgrade || s.Role != Limited {
			return s, "only a downgrade is to a role, and only to limited: write downgrade to limited, or downgrade for the weakest role that the desk has"
		}
		rest = rest[2:]
	}
	if len(rest) >= 2 && rest[0] == "after" {
		if s.After, mistake = readSpan(rest[1]); mistake != "" {
			return s, mistake
		}
		rest = rest[2:]
	}
	if len(rest) > 0 {
		return s, fmt.Sprintf("%q does not belong to a step; write one like delete after 30d, with commas between steps", clip(rest[0]))
	}
	return s, ""
}

// units are those of the time of a step.
var units = map[byte]time.Duration{'h': time.Hour, 'd': day, 'y': year}

func readSpan(text string) (time.Duration, string) {
	unit := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if unit == 0 || err != nil {
		return 0, fmt.Sprintf("%q is no time for a step; write it like 12h, 30d or 1y", clip(text))
	}
	if d := time.Duration(n) * unit; n <= uint64(MaxAfter/unit) && d >= MinAfter {
		return d, ""
	}
	return 0, fmt.Sprintf("after %s is out of range; a step is done from 1h to 5y after access has ended", clip(text))
}

// misplaced says which steps cannot stand where they do.
func misplaced(steps []Step) (mistakes []string) {
	if steps[0].After > 0 {
		mistakes = append(mistakes, fmt.Sprintf("the first step ends access, and so is done at once; put deactivate or downgrade before %s", steps[0]))
	}
	for i, s := range steps {
		switch {
		case slices.ContainsFunc(steps[:i], func(before Step) bool { return before.What == s.What }):
			mistakes = append(mistakes, fmt.Sprintf("%s stands there twice", s.What))
		case s.Irreversible() && i < len(steps)-1:
			mistakes = append(mistakes, fmt.Sprintf("nothing is left for a step after %s, which cannot be undone; let it be the last", s))
		case s.Irreversible() && i > 0 && s.After == 0:
			mistakes = append(mistakes, fmt.Sprintf("say after how long: %s after 30d; or on_leave: %s alone", s.What, s.What))
		case i > 0 && s.After < steps[i-1].After:
			mistakes = append(mistakes, fmt.Sprintf("%s cannot come after %s; let the later step be the later one", s, steps[i-1]))
		}
	}
	return mistakes
}

// clip keeps what is told of a text short.
func clip(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}

// Mentions reports whether p has a step of this kind, now or later.
func (p Policy) Mentions(what Policy) bool {
	return slices.ContainsFunc(p.Steps(), func(s Step) bool { return s.What == what })
}

// DowngradesTo reports whether p has a downgrade to a role, now or later; "": to the
// weakest that the desk has.
func (p Policy) DowngradesTo(role string) bool {
	return slices.ContainsFunc(p.Steps(), func(s Step) bool { return s.What == Downgrade && s.Role == role })
}

// ForGood is the step of p that nothing brings back, [Delete] or [Anonymize]; "" where
// it has none.
func (p Policy) ForGood() Policy {
	if last := p.Steps()[len(p.Steps())-1]; last.Irreversible() {
		return last.What
	}
	return ""
}

// Way is what a policy does with an account, as far as its steps are reached.
type Way struct {
	Deactivate bool
	Downgrade  bool
	Role       string // of a downgrade, as in [Step]
	ForGood    Policy // [Delete], [Anonymize] or ""
}

// of is what these steps do together.
func of(steps []Step) (w Way) {
	for _, s := range steps {
		switch s.What {
		case Deactivate:
			w.Deactivate = true
		case Downgrade:
			w.Downgrade, w.Role = true, s.Role
		default:
			w.ForGood = s.What
		}
	}
	return w
}

// StaysUsable reports whether the user may be active afterwards: access is all that a
// weaker role leaves.
func (w Way) StaysUsable() bool { return w.Downgrade && !w.Deactivate && w.ForGood == "" }

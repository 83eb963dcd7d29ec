package seating

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Do is what is done with the seat of somebody who is idle.
type Do string

// What is done.
const (
	Propose   Do = "propose"   // default of a policy: an admin is shown who is, and decides
	Downgrade Do = "downgrade" // they get role limited, and are in no team
	Free      Do = "free"      // they get no access, until they need it again
)

// LeastAfter is the shortest time after which somebody may count as idle: holidays are
// no reason to lose a seat.
const LeastAfter = 7 * 24 * time.Hour

// DefaultAfter is the time after which a report calls people idle where neither it nor
// the desk says otherwise.
const DefaultAfter = 60 * 24 * time.Hour

// Policy says when somebody is idle on a desk, and what follows. The zero value is
// none: nobody is proposed.
type Policy struct {
	After  time.Duration `json:"after,omitempty"` // without activity; 0: there is no policy
	Do     Do            `json:"do,omitempty"`
	Except []string      `json:"except,omitempty"` // names of groups whose people are left alone, sorted
}

// Set reports whether there is a policy.
func (p Policy) Set() bool { return p.After != 0 }

// Acts returns what the policy does by itself; false for one that only proposes, or
// that there is not.
func (p Policy) Acts() (Do, bool) {
	return p.Do, p.Set() && (p.Do == Downgrade || p.Do == Free)
}

// Same reports whether p and other say the same.
func (p Policy) Same(other Policy) bool {
	return p.After == other.After && cmp.Or(p.Do, Propose) == cmp.Or(other.Do, Propose) && slices.Equal(p.Except, other.Except)
}

// Validate returns what is wrong with p, a mistake each.
func (p Policy) Validate() (mistakes []error) {
	switch {
	case !p.Set() && (p.Do != "" || len(p.Except) > 0):
		mistakes = append(mistakes, errors.New("do and except go with after: give the time without activity, as 60d"))
	case p.Set() && p.After < LeastAfter:
		mistakes = append(mistakes, errors.New("after is at least 7d: who is on holiday is not idle"))
	}
	if !slices.Contains([]Do{"", Propose, Downgrade, Free}, p.Do) {
		mistakes = append(mistakes, fmt.Errorf("unknown do %q; use propose, downgrade or free", p.Do))
	}
	return mistakes
}

// Mark says that the seat of one person on one desk was taken because they were idle.
// It is a term of theirs: whatever rules grant there is less for as long as it stands.
type Mark struct {
	Desk   string     `json:"desk"` // id
	Do     Do         `json:"do"`   // Downgrade or Free
	At     time.Time  `json:"at"`
	By     string     `json:"by"`
	Policy bool       `json:"policy,omitempty"` // the desk's policy by itself, and no admin
	Last   *time.Time `json:"last,omitempty"`   // when they were last seen there before; nil: never
}

// Words says for people why the seat is gone: "idle since 2027-01-31".
func (m *Mark) Words() string {
	if m.Last == nil {
		return "idle: never seen there"
	}
	return "idle since " + m.Last.UTC().Format(time.DateOnly)
}

// Marks are those of one person, by desk.
type Marks []Mark

// On returns the mark on a desk; nil when there is none.
func (m Marks) On(desk string) *Mark {
	for i := range m {
		if m[i].Desk == desk {
			return &m[i]
		}
	}
	return nil
}

// With returns m with one mark more, in place of one on the same desk.
func (m Marks) With(mark Mark) Marks {
	out := append(m.Without(mark.Desk), mark)
	slices.SortFunc(out, func(a, b Mark) int { return cmp.Compare(a.Desk, b.Desk) })
	return out
}

// Without returns m without the mark on a desk.
func (m Marks) Without(desk string) Marks {
	return slices.DeleteFunc(slices.Clone(m), func(k Mark) bool { return k.Desk == desk })
}

// Proposed says how many people on a desk are idle by its policy, and wait for an admin.
type Proposed struct {
	Count int
	Held  bool      // the policy would act by itself, and mass-change protection does not let it
	At    time.Time // when that was seen
}

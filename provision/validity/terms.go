package validity

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/seating"
)

// Terms are what admins have said of one person, over whatever the identity
// provider says of them: it neither sets nor clears them. They go with the person
// as long as it is the same one, also under a new name, and when they were
// removed and come back. The zero value says nothing.
type Terms struct {
	Block *Block        `json:"block,omitempty"` // nil: none
	Until *End          `json:"until,omitempty"` // nil: for ever
	Away  *Away         `json:"away,omitempty"`  // nil: they are there
	Idle  seating.Marks `json:"idle,omitempty"`  // where their seat was taken because they were idle
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
	return t.Block == nil && t.Until == nil && t.Away == nil && len(t.Idle) == 0
}

// Bars reports whether the terms keep the person out at a moment.
func (t *Terms) Bars(at time.Time) bool { return t.Block != nil || t.Ended(at) }

// Ended reports whether the person's end has passed.
func (t *Terms) Ended(at time.Time) bool { return t.Until != nil && !at.Before(t.Until.At) }

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
	if t.Away != nil {
		consider(t.Away.Until)
	}
	return next
}

// Why says in words what ends the person's access at a moment, and who said so;
// "" when the terms do not.
func (t *Terms) Why(at time.Time) (why, by string) {
	switch {
	case t.Block != nil:
		return "block by " + t.Block.By, t.Block.By
	case t.Ended(at):
		return "end on " + LastDay(t.Until.At) + ", set by " + t.Until.By, t.Until.By
	}
	return "", ""
}

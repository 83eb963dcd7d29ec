package handover

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Count is how far a hand-over is with the conversations of one mailbox. One that was
// moved to another mailbox meanwhile counts as before in both.
type Count struct {
	Before  int `json:"before"`             // that were to be handed over
	Moved   int `json:"moved"`              // that the desk shows as the person's no more
	ToQueue int `json:"to_queue,omitempty"` // of those, given to nobody
	Left    int `json:"left,omitempty"`     // that the desk showed as the person's when it was last read
}

// Counts are how far a hand-over is by mailbox: of those with a rule of their own that
// conversations went by. They are never changed, so that accounts may share them.
type Counts map[string]Count

// Moved returns the counts with one more conversation of a mailbox moved, to the queue or
// to somebody; of "", which is that of no rule, as they are.
func (c Counts) Moved(mailbox string, toQueue bool) Counts {
	if mailbox == "" {
		return c
	}
	out := maps.Clone(c)
	if out == nil {
		out = make(Counts)
	}
	n := out[mailbox]
	n.Moved, n.Left = n.Moved+1, max(n.Left-1, 0)
	if toQueue {
		n.ToQueue++
	}
	n.Before = max(n.Before, n.Moved)
	out[mailbox] = n
	return out
}

// Leaving returns the counts with so many left of each mailbox, none of those that left
// does not name.
func (c Counts) Leaving(left map[string]int) Counts {
	if c.Left(left) {
		return c
	}
	out := make(Counts)
	for mailbox, n := range c {
		n.Left = 0
		out[mailbox] = n
	}
	for mailbox, some := range left {
		n := out[mailbox]
		n.Left, n.Before = some, max(n.Before, n.Moved+some)
		out[mailbox] = n
	}
	return out
}

// Left reports whether so many are left of each mailbox.
func (c Counts) Left(left map[string]int) bool {
	for mailbox, n := range left {
		if c[mailbox].Left != n {
			return false
		}
	}
	for mailbox, n := range c {
		if n.Left != left[mailbox] {
			return false
		}
	}
	return true
}

// In puts the counts, if there are any, into the detail of an entry of the audit log, and returns it.
func (c Counts) In(detail map[string]any) map[string]any {
	by := make(map[string]any, len(c))
	for mailbox, n := range c {
		by[mailbox] = map[string]any{"before": n.Before, "moved": n.Moved, "to_queue": n.ToQueue, "left": n.Left}
	}
	if len(by) > 0 {
		detail["mailboxes"] = by
	}
	return detail
}

// String says the counts in one line, as "Billing 10 of 12, Sales 3 of 8"; "" of none.
func (c Counts) String() string {
	var said []string
	for _, mailbox := range slices.Sorted(maps.Keys(c)) {
		said = append(said, fmt.Sprintf("%s %d of %d", mailbox, c[mailbox].Moved, c[mailbox].Before))
	}
	return strings.Join(said, ", ")
}

// Progress says how far a hand-over is of which so many of before are moved, for people; ""
// when none is on its way.
func Progress(moved, before int, by Counts) string {
	if before == 0 {
		return ""
	}
	said := fmt.Sprintf("%d of %d conversations are handed over", moved, before)
	if len(by) > 0 {
		said += " (" + by.String() + ")"
	}
	return said
}

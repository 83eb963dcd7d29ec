package deskhealth

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	// PaceSlot is the time by which paces are measured.
	PaceSlot = 30 * time.Second
	// paceOver is how far back a pace is looked at, and paceKept how long it is kept.
	paceOver = 30 * time.Minute
	paceKept = time.Hour
	// paceKnown is how long there must have been something to do, and paceRuns how many
	// accounts must have been settled, before a pace says how long the rest takes.
	paceKnown = time.Minute
	paceRuns  = 5
)

// Spent is what runs to a desk took: requests that it was sent, in whatever the runs
// ended, and how many of them have settled an account.
type Spent struct {
	Requests int
	Runs     int
}

func (s Spent) plus(o Spent) Spent { return Spent{s.Requests + o.Requests, s.Runs + o.Runs} }

// PaceOf is what was done on a desk in one slot.
type PaceOf struct {
	Desk   provision.DeskID
	Slot   time.Time // its beginning, a multiple of [PaceSlot]
	Whole  bool      // there was something to do from its beginning to its end
	Ending Spent     // by runs that end access
	Other  Spent
}

// Pace is what runs to a desk took lately. The zero value is not known.
type Pace struct {
	Ending Spent
	Other  Spent
	Busy   time.Duration // how long there was something to do, in whole slots
	Taken  int           // requests of that time
}

// Work is what is to be done on a desk, and the pace at which that was done lately.
// What waits for another try, for a person or for its time is not of it.
type Work struct {
	Leavers int // accounts whose access is to end: they go first
	Losing  int // of those who stay with less than they have: they are next
	Others  int
	Pace    Pace
}

// Accounts is how many accounts a run is to look at.
func (w Work) Accounts() int { return w.Leavers + w.Losing + w.Others }

// PaceStore is what is kept of paces.
type PaceStore interface {
	ToDo(ctx context.Context) (map[provision.DeskID]Work, error)  // without a pace; desks with nothing to do are left out
	Paces(ctx context.Context, since time.Time) ([]PaceOf, error) // by desk and slot
	// AddPaces adds to what is known of slots, and deletes those before a time.
	AddPaces(ctx context.Context, done []PaceOf, before time.Time) error
}

// PerMinute is how many requests a minute the desk took while there was something to do;
// 0: that is not known.
func (p Pace) PerMinute() float64 {
	if p.Busy < paceKnown {
		return 0
	}
	return float64(p.Taken) / p.Busy.Minutes()
}

// Left is how long the rest takes, at this pace; false when that cannot be said.
func (w Work) Left() (time.Duration, bool) {
	rate, all := w.Pace.PerMinute(), w.Pace.Ending.plus(w.Pace.Other)
	if rate == 0 || all.Runs < paceRuns || w.Accounts() == 0 {
		return 0, false
	}
	each := func(s Spent) float64 {
		if s.Runs < paceRuns {
			s = all
		}
		return float64(s.Requests) / float64(s.Runs)
	}
	requests := float64(w.Leavers)*each(w.Pace.Ending) + float64(w.Losing+w.Others)*each(w.Pace.Other)
	return time.Duration(requests / rate * float64(time.Minute)).Round(time.Second), true
}

// String says how much there is to do, in which order, and how long it takes, such as
// "412 to go, leavers first, about 3 h 50 min at 97 requests a minute"; "" when there
// is nothing to do.
func (w Work) String() string {
	n := w.Accounts()
	if n == 0 {
		return ""
	}
	said := fmt.Sprintf("%d to go", n)
	switch {
	case w.Leavers > 0 && w.Leavers < n:
		said += fmt.Sprintf(", %s first", counted(w.Leavers, "leaver"))
	case w.Leavers > 0:
		said += ", all of them leavers"
	}
	if w.Losing > 0 && w.Others > 0 {
		said += fmt.Sprintf(", %d who lose something before %d others", w.Losing, w.Others)
	}
	left, known := w.Left()
	if !known {
		return said + "; how long that takes is not known yet"
	}
	return fmt.Sprintf("%s, %s at %.0f requests a minute", said, about(left), w.Pace.PerMinute())
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// about says a time as exactly as somebody wants to know it who waits.
func about(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("about %.0f min", d.Minutes())
	}
	minutes := 10 * int(math.Round(d.Minutes()/10))
	if minutes%60 == 0 || d >= 24*time.Hour {
		return fmt.Sprintf("about %d h", (minutes+30)/60)
	}
	return fmt.Sprintf("about %d h %d min", minutes/60, minutes%60)
}

// Busy returns the desks on which there is something to do.
func (s *Service) Busy(ctx context.Context) (map[provision.DeskID]bool, error) {
	work, err := s.store.ToDo(ctx)
	busy := make(map[provision.DeskID]bool, len(work))
	for desk := range work {
		busy[desk] = true
	}
	return busy, err
}

// NotePaces adds what one process has done.
func (s *Service) NotePaces(ctx context.Context, done []PaceOf) error {
	if len(done) == 0 {
		return nil
	}
	slices.SortFunc(done, func(a, b PaceOf) int { return cmp.Compare(a.Desk, b.Desk) }) // as every process locks them
	return s.inTx(ctx, func(tx Store) error { return tx.AddPaces(ctx, done, s.now().Add(-paceKept)) })
}

// work adds what is to be done, and how long that takes.
func (s *Service) work(ctx context.Context, health map[provision.DeskID]Health) error {
	todo, err := s.store.ToDo(ctx)
	if err != nil || len(todo) == 0 {
		return err
	}
	paces, err := s.store.Paces(ctx, s.now().Add(-paceOver))
	if err != nil {
		return err
	}
	for _, p := range paces {
		w, busy := todo[p.Desk]
		if !busy {
			continue
		}
		w.Pace.Ending, w.Pace.Other = w.Pace.Ending.plus(p.Ending), w.Pace.Other.plus(p.Other)
		if p.Whole {
			w.Pace.Busy += PaceSlot
			w.Pace.Taken += p.Ending.Requests + p.Other.Requests
		}
		todo[p.Desk] = w
	}
	for desk, w := range todo {
		h := health[desk]
		h.Work = w
		health[desk] = h
	}
	return nil
}

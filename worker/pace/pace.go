// Package pace measures what runs to desks take, so that people are told how long the
// rest takes. What follows from the figures, package deskhealth decides.
package pace

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// Book is where the figures of all processes are: the core.
type Book interface {
	Busy(ctx context.Context) (map[provision.DeskID]bool, error)
	NotePaces(ctx context.Context, done []deskhealth.PaceOf) error
}

// Meter counts what runs took in the slot that is on. The zero value has counted
// nothing. It is safe for concurrent use.
type Meter struct {
	mu   sync.Mutex
	by   map[provision.DeskID]*deskhealth.PaceOf
	busy map[provision.DeskID]bool // had something to do when the slot began
}

// Ran counts a run that ends access, or not, and has settled its account, or not.
func (m *Meter) Ran(on provision.DeskID, ending bool, requests int, settled bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = make(map[provision.DeskID]*deskhealth.PaceOf)
	}
	if m.by[on] == nil {
		m.by[on] = &deskhealth.PaceOf{Desk: on}
	}
	spent := &m.by[on].Other
	if ending {
		spent = &m.by[on].Ending
	}
	spent.Requests += requests
	if settled {
		spent.Runs++
	}
}

// noteTime is how long it may take to note a slot.
const noteTime = 10 * time.Second

// Keep notes at the end of each slot what was done in it, until ctx ends.
func (m *Meter) Keep(ctx context.Context, book Book, log *slog.Logger) {
	for {
		slot := time.Now().Truncate(deskhealth.PaceSlot)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(slot.Add(deskhealth.PaceSlot))):
		}
		bounded, cancel := context.WithTimeout(ctx, noteTime)
		err := m.Note(bounded, book, slot)
		cancel()
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "noting how long runs take failed", "err", err)
		}
	}
}

// Note notes what was done in a slot that is over. Where nothing was to do and nothing
// was done, the database is not asked.
func (m *Meter) Note(ctx context.Context, book Book, slot time.Time) error {
	m.mu.Lock()
	done, before := m.by, m.busy
	m.by, m.busy = nil, nil
	m.mu.Unlock()
	if len(done) == 0 && len(before) == 0 {
		return nil
	}
	busy, err := book.Busy(ctx)
	if err != nil {
		return err
	}
	var all []deskhealth.PaceOf
	for on := range before {
		if busy[on] && done[on] == nil { // nothing came to its end, as while it is paused
			all = append(all, deskhealth.PaceOf{Desk: on, Slot: slot, Whole: true})
		}
	}
	for on, d := range done {
		d.Slot, d.Whole = slot, before[on] && busy[on]
		all = append(all, *d)
	}
	m.mu.Lock()
	m.busy = busy
	m.mu.Unlock()
	return book.NotePaces(ctx, all)
}

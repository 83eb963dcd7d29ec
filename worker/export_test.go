package worker

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// SetSweepPage changes how many accounts a sweep compares at a time, and returns
// what changes it back.
func SetSweepPage(n int) (restore func()) {
	before := sweepPage
	sweepPage = n
	return func() { sweepPage = before }
}

// CircuitSettings are those of the guard.
type CircuitSettings = guard.CircuitSettings

// SetCircuit says when calls to a desk that fails stop, from now on.
func (w *Worker) SetCircuit(s CircuitSettings) { w.desks.Circuit = s }

// SetHandOverSlice changes how long a run hands over, and returns what changes
// it back.
func SetHandOverSlice(d time.Duration) (restore func()) {
	before := handOverSlice
	handOverSlice = d
	return func() { handOverSlice = before }
}

// SetAnswerTimeout says how long a call may take, from now on.
func (w *Worker) SetAnswerTimeout(d time.Duration) { w.desks.Answer = d }

// NotePace does what a started worker does at the end of each slot.
func (w *Worker) NotePace(ctx context.Context, slot time.Time) error {
	return w.pace.Note(ctx, w.core.DeskHealth, slot)
}

// TakeTurn does what a started worker does of a job.
func (w *Worker) TakeTurn(ctx context.Context, id provision.AccountID) (again time.Time, _ error) {
	return w.takeTurn(ctx, id, nil)
}

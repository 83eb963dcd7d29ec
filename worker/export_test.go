package worker

import "time"

// SetSweepPage changes how many accounts a sweep compares at a time, and returns
// what changes it back.
func SetSweepPage(n int) (restore func()) {
	before := sweepPage
	sweepPage = n
	return func() { sweepPage = before }
}

// SetCircuit says when calls to a desk that fails stop, from now on.
func (w *Worker) SetCircuit(s CircuitSettings) { w.circuit = s }

// SetHandOverSlice changes how long a run hands over, and returns what changes
// it back.
func SetHandOverSlice(d time.Duration) (restore func()) {
	before := handOverSlice
	handOverSlice = d
	return func() { handOverSlice = before }
}

// SetAnswerTimeout changes how long a call may take, and returns what changes it
// back.
func SetAnswerTimeout(d time.Duration) (restore func()) {
	before, look := answerTimeout, lookEvery
	answerTimeout, lookEvery = d, d/4
	return func() { answerTimeout, lookEvery = before, look }
}

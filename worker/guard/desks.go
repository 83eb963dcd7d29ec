package guard

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// checkEvery is how long we trust what a desk said of our own account there.
const checkEvery = 10 * time.Minute

// Desks keeps one connector a desk, opened anew when its settings change, and
// behind its guard. It is safe for concurrent use.
type Desks struct {
	// Circuit is for desks that are opened from now on; set it before the first
	// is used.
	Circuit CircuitSettings
	// Answer is how long a call may take of which no request is heard, for the
	// same desks; 0: 30 s.
	Answer time.Duration

	open    func(provision.Desk) (desk.Desk, error)
	health  Health
	log     *slog.Logger
	metrics Metrics
	atOnce  atomic.Int64 // hand-overs at once to a desk that is opened from now on

	mu sync.Mutex
	by map[provision.DeskID]*openDesk
}

type openDesk struct {
	connector desk.Desk // nil: to be opened anew
	guard     *deskGuard
	settings  provision.Desk

	handingOver *semaphore.Weighted // whoever holds it hands over; runs at once are half of the workers at most

	checking *semaphore.Weighted // whoever holds it may look at what follows
	self     provision.DeskUserID
	checked  time.Time // when that was asked for
	failure  error     // of the last check

	units units
}

// New returns Desks that opens connectors with open, and tells health and
// metrics how they are.
func New(open func(provision.Desk) (desk.Desk, error), health Health, log *slog.Logger, metrics Metrics) *Desks {
	d := &Desks{open: open, health: health, log: log, metrics: metrics, by: make(map[provision.DeskID]*openDesk)}
	d.HandOverAtOnce(defaultHandOvers)
	return d
}

// defaultHandOvers is how many runs hand conversations over to one desk at once.
const defaultHandOvers = 4

// HandOverAtOnce sets how many runs may hand conversations over to each desk at
// once, of those that are opened from now on; at least one.
func (d *Desks) HandOverAtOnce(runs int) { d.atOnce.Store(int64(max(runs, 1))) }

// guard returns what stands before a desk: its own rate, else its kind's.
func (d *Desks) guard(settings provision.Desk, can desk.Capabilities) *deskGuard {
	perSecond := cmp.Or(settings.Rate, can.Rate, desk.DefaultRate)
	return &deskGuard{desk: settings, answer: d.Answer, limit: newLimiter(perSecond), circuit: newCircuit(d.Circuit), health: d.health, log: d.log, metrics: d.metrics}
}

// Session returns the desk for the calls of one run or sweep. An error says why
// its connector cannot be opened.
func (d *Desks) Session(settings provision.Desk, caller *Caller) (*Session, error) {
	open, err := d.get(settings)
	if err != nil {
		return nil, err
	}
	return &Session{Desk: open.connector, open: open, options: caller}, nil
}

// get returns the connector of a desk. One that is opened anew with the same
// settings stays behind the same guard, which knows how the desk is.
func (d *Desks) get(settings provision.Desk) (*openDesk, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, same := d.by[settings.ID], false
	if known != nil {
		same = reflect.DeepEqual(known.settings, settings)
		if same && known.connector != nil {
			return known, nil
		}
	}
	connector, err := d.open(settings)
	if err != nil {
		return nil, err
	}
	fresh := &openDesk{connector: connector, settings: settings, checking: semaphore.NewWeighted(1), units: units{reading: semaphore.NewWeighted(1)}}
	if same {
		fresh.guard, fresh.handingOver = known.guard, known.handingOver
	} else {
		fresh.guard, fresh.handingOver = d.guard(settings, connector.Capabilities()), semaphore.NewWeighted(d.atOnce.Load())
	}
	d.by[settings.ID] = fresh
	return fresh, nil
}

// Forget has the connector of a desk opened anew.
func (d *Desks) Forget(id provision.DeskID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.by[id]; known != nil {
		d.by[id] = &openDesk{guard: known.guard, handingOver: known.handingOver, settings: known.settings}
	}
}

// own returns the id of our own account on the desk, which check finds out.
// Runs that ask while another one does share what it finds.
func (o *openDesk) own(ctx context.Context, check func(context.Context) (desk.Profile, error)) (provision.DeskUserID, error) {
	asked := time.Now()
	waiting, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	if err := o.checking.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", &PausedError{Wait: longestWait, Reason: "another run is asking it for our own account"}
	}
	defer o.checking.Release(1)
	if o.failure == nil && time.Since(o.checked) < checkEvery || o.checked.After(asked) {
		return o.self, o.failure
	}
	began := time.Now()
	profile, err := check(ctx)
	if ctx.Err() != nil {
		return "", err // ours alone
	}
	o.self, o.checked, o.failure = profile.Self, began, err
	return o.self, o.failure
}

package worker

import (
	"context"
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

// desks keeps one connector a desk, opened anew when its settings change.
type desks struct {
	open   Open
	guard  func(d provision.Desk, can desk.Capabilities) *deskGuard
	atOnce atomic.Int64 // hand-overs at once to a desk

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
}

func newDesks(open Open, guard func(provision.Desk, desk.Capabilities) *deskGuard) *desks {
	d := &desks{open: open, guard: guard, by: make(map[provision.DeskID]*openDesk)}
	d.atOnce.Store(defaultWorkers / 2)
	return d
}

// get returns the connector of a desk. One that is opened anew with the same
// settings stays behind the same guard, which knows how the desk is.
func (d *desks) get(settings provision.Desk) (*openDesk, error) {
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
	fresh := &openDesk{connector: connector, settings: settings, checking: semaphore.NewWeighted(1)}
	if same {
		fresh.guard, fresh.handingOver = known.guard, known.handingOver
	} else {
		fresh.guard, fresh.handingOver = d.guard(settings, connector.Capabilities()), semaphore.NewWeighted(max(d.atOnce.Load(), 1))
	}
	d.by[settings.ID] = fresh
	return fresh, nil
}

// forget has the connector of a desk opened anew.
func (d *desks) forget(id provision.DeskID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.by[id]; known != nil {
		d.by[id] = &openDesk{guard: known.guard, handingOver: known.handingOver, settings: known.settings}
	}
}

// session returns the desk for the calls of one run or sweep.
func (o *openDesk) session(options *callOptions) *session {
	return &session{Desk: o.connector, open: o, options: options}
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
		return "", &pausedError{wait: longestWait, reason: "another run is asking it for our own account"}
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

package worker

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// checkEvery is how long we trust what a desk said of our own account there.
const checkEvery = 10 * time.Minute

// desks keeps one connector a desk, opened anew when its settings change.
type desks struct {
	open Open
	mu   sync.Mutex
	by   map[provision.DeskID]*openDesk
}

type openDesk struct {
	desk.Desk
	settings provision.Desk

	mu      sync.Mutex // one check at a time
	self    provision.DeskUserID
	checked time.Time
}

func newDesks(open Open) *desks {
	return &desks{open: open, by: make(map[provision.DeskID]*openDesk)}
}

func (d *desks) get(settings provision.Desk) (*openDesk, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.by[settings.ID]; ok && reflect.DeepEqual(known.settings, settings) {
		return known, nil
	}
	connector, err := d.open(settings)
	if err != nil {
		return nil, err
	}
	fresh := &openDesk{Desk: bounded{connector}, settings: settings}
	d.by[settings.ID] = fresh
	return fresh, nil
}

func (d *desks) forget(id provision.DeskID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.by, id)
}

// own returns the id of our own account on the desk.
func (o *openDesk) own(ctx context.Context) (provision.DeskUserID, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.checked) < checkEvery {
		return o.self, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	profile, err := o.Check(ctx)
	if err != nil {
		return "", err
	}
	o.self, o.checked = profile.Self, time.Now()
	return o.self, nil
}

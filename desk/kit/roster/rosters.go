package roster

import (
	"sync"
	"time"
)

const (
	// quick is how long reading who is where may take for it to be read anew
	// whenever somebody asks.
	quick = 10 * time.Second
	// MaxAge bounds how old it may be who is in a place, where it takes longer.
	MaxAge = 5 * time.Minute
)

// place is a team or a mailbox by its id.
type place struct {
	kind Kind
	id   int64
}

// roster is who was in a place.
type roster struct {
	members map[int64]bool
	began   time.Time // when we began to read it
	took    time.Duration
}

// rosters keep who was in each place when that was last read, for accounts on
// which reading all of it takes so long that it is old when it is there. They
// are safe for concurrent use.
type rosters struct {
	parallel time.Duration // places that are read at once

	mu      sync.Mutex
	of      map[place]roster
	changed map[place]time.Time // when we last changed it
	since   time.Time           // when a reading began that was not brought to its end; zero: none
	all     time.Duration       // how long the last reading of all would have taken alone
}

func newRosters(parallel int) rosters {
	return rosters{parallel: time.Duration(parallel), of: map[place]roster{}, changed: map[place]time.Time{}}
}

// begin begins to read all places, or goes on where another reading was cut
// short, and returns since when a roster must have been read to serve.
func (r *rosters) begin() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.since.IsZero() {
		r.since = now
	}
	age := max(r.all, now.Sub(r.since))
	if age < quick {
		age = 0
	}
	return now.Add(-min(age, MaxAge))
}

// end says that all have been read.
func (r *rosters) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.since = 0, time.Time{}
	for _, one := range r.of {
		r.all += one.took / r.parallel
	}
}

// get returns who is in a place, if that was read after since and we have not
// changed it meanwhile; nil otherwise. It must not be changed.
func (r *rosters) get(p place, since time.Time) map[int64]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, known := r.of[p]
	if !known || !one.began.After(since) || !one.began.After(r.changed[p]) {
		return nil
	}
	return one.members
}

// excludes reports whether a user was not in a place when that was last read. Of
// a place that was never read it says no.
func (r *rosters) excludes(p place, id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, known := r.of[p]
	return known && one.began.After(r.changed[p]) && !one.members[id]
}

// put keeps what was read.
func (r *rosters) put(p place, members map[int64]bool, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[p] = roster{members, began, time.Since(began)}
}

// change says that we have changed who is in a place, or may have.
func (r *rosters) change(p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed[p] = time.Now()
}

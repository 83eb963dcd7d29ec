package kit

import (
	"cmp"
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

// Wait waits, or until ctx is done: for a desk that does later what it has accepted.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Patience is how long it is waited for what a desk does after its answer: so many
// looks, the first one at once.
type Patience struct {
	First, Most time.Duration // between the first two looks, and at most; in between twice as long each time
	Looks       int
}

// ForJobs is the patience with a job: two minutes.
var ForJobs = Patience{First: 200 * time.Millisecond, Most: 5 * time.Second, Looks: 30}

// Until looks until it is done, and reports whether it is.
func (p Patience) Until(ctx context.Context, look func(context.Context) (done bool, err error)) (bool, error) {
	wait := p.First
	for n := range p.Looks {
		if n > 0 {
			if err := Wait(ctx, wait); err != nil {
				return false, err
			}
			wait = min(2*wait, p.Most)
		}
		if done, err := look(ctx); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// Appears reads a record that the desk may show some moments after it was made. It is
// NotFound when it is not there at the last look.
func Appears[ID ~string, R any](ctx context.Context, p Patience, id ID, read func(context.Context, ID) (R, error)) (r R, _ error) {
	var missing error
	_, err := p.Until(ctx, func(ctx context.Context) (bool, error) {
		var err error
		if r, err = read(ctx, id); err != nil && desk.KindOf(err) == desk.NotFound {
			missing = err
			return false, nil
		}
		missing = nil
		return true, err
	})
	return r, cmp.Or(err, missing)
}

// Job waits until a job has ended. What came of it is read back by whoever asked for it:
// one that the desk does not know, or knows no more, has nothing to be waited for.
func (p Patience) Job(ctx context.Context, v Vendor, look func(context.Context) (ended bool, err error)) error {
	ended, err := p.Until(ctx, look)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil
	case err == nil && !ended:
		return desk.Errorf(desk.Retryable, "%s has not ended a job yet", v.Name)
	}
	return err
}

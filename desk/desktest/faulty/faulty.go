package faulty

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Desk is a desk with a plan of faults. It is safe for concurrent use.
type Desk struct {
	inner desk.Desk

	mu     sync.Mutex
	plan   Plan
	script []*scripted
	chance *chance
	books  []*Entry
	jobs   []*job
	views  views
	places []place
}

type scripted struct {
	Fault
	fitted int // calls so far that it fits
}

// job is a write that the desk has accepted and not done.
type job struct {
	delay
	do func() error
}

// delay is how long something does not show.
type delay struct {
	reads int
	until time.Time // zero: reads count
}

// over reports whether it shows at last. A read counts.
func (l *delay) over(now time.Time, read bool) bool {
	if !l.until.IsZero() {
		return !now.Before(l.until)
	}
	if l.reads <= 0 {
		return true
	}
	if read {
		l.reads--
	}
	return false
}

// New returns d with a plan of faults before it. A plan that cannot happen
// panics.
func New(d desk.Desk, plan Plan) *Desk {
	if plan.Now == nil {
		plan.Now = time.Now
	}
	w := &Desk{inner: d, plan: plan, chance: newChance(plan.Random), views: views{seen: map[string]desk.Conversation{}}}
	w.Add(plan.Script...)
	return w
}

// Add adds faults to the script.
func (d *Desk) Add(faults ...Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range faults {
		f.mustMakeSense()
		if f.Times == 0 {
			f.Times = 1
		}
		d.script = append(d.script, &scripted{Fault: f})
	}
}

// Heal ends all faults that have not happened. What was accepted is still done
// later, and what is late still shows late.
func (d *Desk) Heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.script, d.chance = nil, newChance(Random{})
}

// Settle does at once what was accepted for later, and shows what is late.
func (d *Desk) Settle() {
	d.mu.Lock()
	jobs := d.jobs
	d.jobs, d.views.users, d.views.conversations = nil, nil, nil
	d.mu.Unlock()
	d.work(jobs)
}

// choose returns the fault of a call, and writes the call into the books. Jobs
// that are due by then are done first.
func (d *Desk) choose(c Call) (*Entry, *Fault) {
	if d.plan.Before != nil {
		d.plan.Before(c)
	}
	d.mu.Lock()
	now := d.plan.Now()
	var due []*job
	d.jobs = slices.DeleteFunc(d.jobs, func(j *job) bool {
		over := j.over(now, !c.Method.Writes())
		if over {
			due = append(due, j)
		}
		return over
	})
	c.N = len(d.books) + 1
	entry := &Entry{Call: c}
	d.books = append(d.books, entry)
	fault := d.next(&c)
	if fault != nil {
		entry.Fault = fault.Kind
	}
	d.mu.Unlock()
	d.work(due)
	return entry, fault
}

// next returns the fault of a call; nil: none. d.mu is held.
func (d *Desk) next(c *Call) *Fault {
	random := d.chance.next(c)
	for _, s := range d.script {
		if !s.fits(c) {
			continue
		}
		s.fitted++
		if s.fitted > s.Skip && (s.Times < 0 || s.fitted <= s.Skip+s.Times) {
			return &s.Fault
		}
	}
	return random
}

func (d *Desk) work(jobs []*job) {
	for _, j := range jobs {
		_ = j.do() // the books say what came of it
	}
}

// did writes into the books what the desk said itself.
func (d *Desk) did(e *Entry, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e.Deed = err; err == nil {
		e.Done++
	}
	return err
}

// answer is what a method does with a fault that is its own affair.
type answer struct {
	missing func(ctx context.Context) error       // Missing; nil: NotFound
	half    func(ctx context.Context) error       // Half; nil: what do answered, halved by the caller
	late    func(ctx context.Context) func(delay) // before a write that shows late: remembers what is, and shows it after the write
}

// call makes one call, with the fault that befalls it.
func (d *Desk) call(ctx context.Context, c Call, a answer, do func(ctx context.Context) error) (fault *Fault, err error) {
	entry, fault := d.choose(c)
	if fault == nil {
		fault = &Fault{}
	}
	ask := func(ctx context.Context) error { return d.did(entry, do(ctx)) }
	err = d.befall(ctx, entry, fault, a, ask)
	d.mu.Lock()
	entry.Told = err
	d.mu.Unlock()
	return fault, err
}

func (d *Desk) befall(ctx context.Context, entry *Entry, fault *Fault, a answer, ask func(context.Context) error) error {
	switch fault.Kind {
	case Fail:
		if fault.Err == nil {
			return desk.Errorf(desk.Retryable, "the desk cannot answer now (HTTP 503)")
		}
		return fault.Err
	case Refuse:
		if fault.Err == nil {
			return desk.Errorf(desk.Permanent, "the desk refuses the request (HTTP 400)")
		}
		return fault.Err
	case Broken:
		return kit.Vendor{Name: "the desk", API: "the desk"}.Foreign(200)
	case Hang:
		<-ctx.Done()
		return ctx.Err()
	case Slow:
		timer := time.NewTimer(fault.For)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	case Pretend:
		if entry.Method == Create {
			return desk.Errorf(desk.Retryable, "the desk says that it made a user, and does not show it")
		}
		return nil
	case Later:
		d.mu.Lock()
		defer d.mu.Unlock()
		detached := context.WithoutCancel(ctx)
		d.jobs = append(d.jobs, &job{delay: d.delay(fault), do: func() error { return ask(detached) }})
		return nil
	case Lost:
		if err := ask(ctx); err != nil {
			return err
		}
		return &desk.Error{Kind: desk.Retryable, Detail: "the answer broke off", Err: io.ErrUnexpectedEOF}
	case Twice:
		if err := ask(ctx); err != nil {
			return err
		}
	case Missing:
		if a.missing != nil {
			return a.missing(ctx)
		}
		return desk.Errorf(desk.NotFound, "the desk has no such user")
	case Half:
		if a.half != nil {
			return d.did(entry, a.half(ctx))
		}
	case Rename:
		d.Rename(fault.From, fault.To)
	case Late:
		show := a.late(ctx)
		err := ask(ctx)
		if err == nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			show(d.delay(fault))
		}
		return err
	}
	return ask(ctx)
}

// delay returns how long a fault keeps something from showing. d.mu is held.
func (d *Desk) delay(f *Fault) delay {
	if f.For > 0 {
		return delay{until: d.plan.Now().Add(f.For)}
	}
	return delay{reads: max(f.Reads, 1)}
}

// half returns the first half of a list, of a fault that halves.
func half[T any](f *Fault, list []T) []T {
	if f.Kind == Half {
		return list[:len(list)/2]
	}
	return list
}

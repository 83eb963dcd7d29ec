package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/guard"
	"github.com/deskbridge/deskbridge/worker/seats"
	"github.com/deskbridge/deskbridge/worker/takeover"
)

// fewGone users may be missing from a desk before a sweep asks itself whether
// it is the right desk; with more of them, half may.
const fewGone = 5

// SweepOptions say what a sweep is for. The zero value is one that comes round.
type SweepOptions struct {
	Cause    provision.Cause
	ByHand   bool                      // an admin asked for it: at any time, and whatever the desk's policy about sweeps
	LookOnly bool                      // only say what differs: repair nothing, note nothing
	Force    bool                      // even where most users are gone from the desk
	Progress func(checked int)         // may be nil
	Waiting  func()                    // called once when another process is sweeping; nil: fail instead
	next     func(error) time.Duration // until the next one, after this one's outcome; nil: leave that as it is
}

// SweepReport is what a sweep found.
type SweepReport struct {
	Checked  int
	Drifts   []deskhealth.Drift // those that were noted, or with LookOnly all
	Repaired bool               // runs to them are on their way
	Skipped  []error            // accounts that the desk could not be asked about
}

// sweeper is one sweep at work.
type sweeper struct {
	*Worker
	desk    provision.Desk
	d       *guard.Session
	opts    SweepOptions
	state   deskhealth.Sweep
	around  func(*reconcile.Run) (reconcile.DeskFacts, error)
	known   map[provision.AccountID]bool // those with a reported difference
	gone    []provision.AccountID        // whose user is not on the desk any more
	desired int                          // accounts with access
	report  SweepReport

	keeps     bool              // the desk's users are kept as they are listed
	listing   *adoption.Listing // of the desk's users; nil: it is not kept
	places    places
	strangers strangers
	seats     *seats.Reader
}

// Sweep compares every account that no run is due for with what the desk
// shows of it now, in the way in which a run does. What differs is reconciled or
// reported, as the desk's policy says. [reconcile.ErrBusy] and
// [reconcile.ErrNotDue] say that there was nothing to do.
func (w *Worker) Sweep(ctx context.Context, d provision.Desk, opts SweepOptions) (SweepReport, error) {
	if err := w.core.DeskHealth.CheckCalled(ctx, d); err != nil {
		return SweepReport{}, err
	}
	s := &sweeper{Worker: w, desk: d, opts: opts, known: make(map[provision.AccountID]bool)}
	keeps := !opts.LookOnly && w.core.Adoption != nil
	if d.Drift == provision.DriftOff { // nobody wants anything done about it
		s.opts.LookOnly = true
	}
	s.report.Repaired = !s.opts.LookOnly && d.Drift != provision.DriftReport
	if s.keeps = keeps; s.opts.LookOnly {
		return s.report, s.run(ctx)
	}
	if err := s.begin(ctx); err != nil {
		return s.report, err
	}
	err := s.run(ctx)
	if err == nil {
		_, err = takeover.Check(ctx, takeover.Core{Settings: s.core.Settings, DeskHealth: s.core.DeskHealth}, s.d, s.desk)
		err = errors.Join(err, s.checkRules(ctx))
	}
	return s.report, errors.Join(err, s.end(ctx, err))
}

// checkRules logs which rules the desk can never follow, as its connector knows by now;
// they could when they were made. People see the same as a finding.
func (s *sweeper) checkRules(ctx context.Context) error {
	rules, err := s.core.Settings.Rules(ctx, "")
	for _, r := range rules {
		if r.Desk != s.desk.ID {
			continue
		}
		if _, wrong := s.core.Settings.CheckRule(s.desk, r); wrong != nil {
			s.log.WarnContext(ctx, "a desk can never follow a rule", "desk", s.desk.Name, "rule", r.ID, "err", wrong)
		}
	}
	return err
}

// begin takes the lease, by hand after whoever has it.
func (s *sweeper) begin(ctx context.Context) (err error) {
	told := false
	for {
		begin, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
		s.state, err = s.core.DeskHealth.BeginSweep(begin, s.desk.ID, s.opts.ByHand)
		cancel()
		if !errors.Is(err, reconcile.ErrBusy) || s.opts.Waiting == nil {
			return err
		}
		if !told {
			s.opts.Waiting()
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// end lets go of the lease, and says how the sweep went.
func (s *sweeper) end(ctx context.Context, result error) error {
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	outcome, problem := "done", ""
	if result != nil {
		outcome, problem = "failed", sweepProblem(result)
	}
	if stopped { // by a restart, or by whoever began it
		problem = "it was interrupted"
	}
	var next *time.Duration
	if s.opts.next != nil {
		next = new(s.opts.next(result))
		if paused, ok := errors.AsType[*guard.PausedError](result); ok {
			next = new(paused.Wait)
		}
		if stopped {
			next = new(time.Duration(0)) // another process goes on
		}
	}
	s.metrics.sweeps.WithLabelValues(s.desk.Name, outcome).Inc()
	err := s.core.DeskHealth.EndSweep(ctx, &s.state, problem, next)
	if errors.Is(err, reconcile.ErrBusy) { // another process has taken it over
		return nil
	}
	return err
}

// sweepProblem says in plain words why a sweep did not come to its end.
func sweepProblem(err error) string {
	if paused, ok := errors.AsType[*guard.PausedError](err); ok {
		return "the desk is not called for now: " + paused.Reason
	}
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return e.Detail
	}
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return e.Detail
	}
	return "it failed; the log tells more"
}

func (s *sweeper) run(ctx context.Context) error {
	d, err := s.desks.Session(s.desk, &guard.Caller{Priority: guard.PriorityLooking})
	if err != nil {
		return err
	}
	s.d = d
	if !s.opts.LookOnly {
		s.seats = seats.New(s.core.Seats, d, s.desk)
	}
	self, err := s.d.Own(ctx)
	if err != nil {
		return err
	}
	admins := sync.OnceValues(func() (int, error) { return s.d.Admins(ctx) })
	s.around = func(v *reconcile.Run) (reconcile.DeskFacts, error) {
		around, err := s.facts(ctx, s.d, self, v)
		around.Admins = admins
		return around, err
	}
	drifts, err := s.core.DeskHealth.Drifts(ctx, deskhealth.DriftFilter{Desk: s.desk.ID})
	if err != nil {
		return err
	}
	for _, d := range drifts {
		s.known[d.Account] = true
	}
	if list := s.d.Lister(); list != nil {
		if s.keeps {
			s.listing = s.core.Adoption.Begin(s.desk.ID, self)
		}
		err = s.inBulk(ctx, list)
	} else {
		err = s.oneByOne(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.missing(ctx); err != nil {
		return err
	}
	if err := s.heldBack(ctx); err != nil {
		return err
	}
	taken, err := s.seats.Finish(ctx)
	if taken > 0 {
		s.log.InfoContext(ctx, "the idle policy took seats", "desk", s.desk.Name, "people", taken)
	}
	if err != nil {
		return err
	}
	return s.listing.End(ctx)
}

func (s *sweeper) count(v *reconcile.Run) {
	if !v.Ending() {
		s.desired++
		s.places.want(v)
	}
}

// absent notes that the desk does not show an account's user. Where access has
// ended that is as good as any other end.
func (s *sweeper) absent(v *reconcile.Run) {
	if v.Account.DeskUser == "" || v.Ending() {
		return
	}
	s.count(v)
	s.gone = append(s.gone, v.Account.ID)
}

// missing deals with users who are gone, when all is known: so many at once
// are a sign that the desk is another one.
func (s *sweeper) missing(ctx context.Context) error {
	if n := len(s.gone); n > max(fewGone, s.desired/2) && !s.opts.Force && !s.opts.LookOnly {
		return desk.Errorf(desk.Permanent, "%d of %d users are gone: is this the desk that it was? See `deskbridge desk check %s`; "+
			"if they are to be made again, run `deskbridge desk sweep %s --force`", n, s.desired, s.desk.Name, s.desk.Name)
	}
	for _, id := range s.gone {
		v, have, err := s.again(ctx, id)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		if err := s.compare(ctx, v, have, true); err != nil {
			return err
		}
	}
	return nil
}

// again reads an account and its user anew; v is nil when a run is due by
// now, or when the desk cannot be asked about this one.
func (s *sweeper) again(ctx context.Context, id provision.AccountID) (v *reconcile.Run, have *provision.DeskUser, _ error) {
	found, err := s.core.DeskHealth.SettledRun(ctx, s.desk, id)
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.NotFound {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if have, err = s.d.Find(ctx, desk.Key{ID: found.Account.DeskUser}); err != nil {
		return nil, nil, s.skip(&found, err)
	}
	return &found, have, nil
}

// skip goes on after what concerns one user only.
func (s *sweeper) skip(v *reconcile.Run, err error) error {
	if guard.IsPaused(err) || guard.Failed(err) {
		return err
	}
	s.report.Skipped = append(s.report.Skipped, fmt.Errorf("account %s: %w", v.Account.ID, err))
	return nil
}

// compare holds what the desk shows of an account against what is desired there.
// What a list says may be old: before anything is done about it, sure must be
// true.
func (s *sweeper) compare(ctx context.Context, v *reconcile.Run, have *provision.DeskUser, sure bool) error {
	found, err := s.differs(ctx, v, have)
	switch {
	case err != nil:
		return s.skip(v, err)
	case found == nil && s.known[v.Account.ID] && !s.opts.LookOnly:
		return s.core.DeskHealth.ClearDrift(ctx, v.Account.ID)
	case found == nil:
		return nil
	case sure && !s.opts.Force && !s.opts.LookOnly && s.places.hold(v, *found):
		return nil
	case sure:
		return s.drifted(ctx, v, *found, s.report.Repaired)
	}
	id := v.Account.ID
	if v, have, err = s.again(ctx, id); err != nil || v == nil {
		return err
	}
	if have == nil {
		s.absent(v)
		return nil
	}
	return s.compare(ctx, v, have, true)
}

// differs returns what a run would change, nil for nothing.
func (s *sweeper) differs(ctx context.Context, v *reconcile.Run, have *provision.DeskUser) (*deskhealth.Drift, error) {
	found := deskhealth.Drift{Account: v.Account.ID, Desk: s.desk.ID}
	around, err := s.around(v)
	if err != nil {
		return nil, err
	}
	have = seen(s.d, v, have)
	steps, err := reconcile.Writes(v, wanted(s.d, v, have), have, around)
	if attention, ok := errors.AsType[*reconcile.AttentionError](err); ok {
		found.Reason = attention.Log()
		return &found, nil
	}
	if err == nil && len(steps) == 0 {
		if err = s.d.Doubt(ctx, keyOf(v)); desk.KindOf(err) == desk.CannotDo && err != nil { // a person has to look
			var todo tasks
			todo.add(err)
			found.Reason = todo.String()
			return &found, nil
		}
	}
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	found.Writes = steps
	return &found, nil
}

// drifted notes a difference; with repair the account is reconciled.
func (s *sweeper) drifted(ctx context.Context, v *reconcile.Run, found deskhealth.Drift, repair bool) error {
	policy := provision.DriftReport
	if repair {
		policy = provision.DriftRepair
	}
	if !s.opts.LookOnly {
		noted, err := s.core.DeskHealth.NoteDrift(ctx, s.opts.Cause, v, found, repair)
		if err != nil || !noted {
			return err
		}
		s.state.Drifted++
		s.metrics.drift.WithLabelValues(s.desk.Name, string(policy)).Inc()
		s.log.InfoContext(ctx, "drift", "account", v.Account.ID, "identity", v.Account.Identity, "desk", s.desk.Name, "policy", policy, "differences", found.Differences())
	}
	s.report.Drifts = append(s.report.Drifts, found)
	return nil
}

package server

import (
	"context"
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/removal"
)

const (
	// removalsEvery is how often a server looks what is left of connections and
	// desks that were removed.
	removalsEvery = 2 * time.Second
	// removalsTime is how long it may work on that, or on the dates, at once.
	removalsTime = time.Minute
	// datesEvery is how often a server looks which dates of people and rules have
	// passed: a few look-ups by index.
	datesEvery = 2 * time.Second
)

// hosting are the desks that are kept in our own database.
func (s *System) hosting() removal.Hosting {
	return removal.Hosting{
		Hosts: func(kind provision.DeskKind) bool { return kind == builtin.Kind },
		Drop:  func(ctx context.Context, d provision.Desk) error { return s.Builtin.Drop(ctx, d.ID) },
	}
}

// keepRemoving finishes removals until ctx ends. Every replica may do it: twice
// is as good as once.
func (s *System) keepRemoving(ctx context.Context) {
	s.keep(ctx, removalsEvery, "finishing a removal", s.Core.Removal.Finish)
}

// keepDates sees to the dates of people and rules that pass, until ctx ends. Every
// replica may do it.
func (s *System) keepDates(ctx context.Context) {
	s.keep(ctx, datesEvery, "seeing to a date that has passed", func(ctx context.Context) error {
		n, err := s.Core.Terms.Pass(ctx)
		if n > 0 {
			s.Log.InfoContext(ctx, "dates of people or rules have passed", "dates", n)
		}
		steps, late := s.Core.LeaveSteps.Pass(ctx)
		if steps > 0 {
			s.Log.InfoContext(ctx, "later steps of on_leave are due", "accounts", steps)
		}
		again, failed := s.Core.Approval.Pass(ctx)
		for _, a := range again {
			s.Log.WarnContext(ctx, "nobody has decided in time whether a desk user goes for good", "account", a.ID, "desk", a.Desk, "what", a.Approval.What, "do", "deskbridge approval list")
		}
		return errors.Join(err, late, failed, s.Core.SecondAdmin.Pass(ctx))
	})
}

// expiriesEvery is how often a server looks whose sign-in has expired.
const expiriesEvery = 5 * time.Minute

// keepExpiries has sign-ins expire, until ctx ends. Every replica may do it.
func (s *System) keepExpiries(ctx context.Context) {
	s.keep(ctx, expiriesEvery, "seeing to sign-ins that expire", func(ctx context.Context) error {
		n, err := s.Core.Expiry.Pass(ctx)
		if n > 0 {
			s.Log.InfoContext(ctx, "sign-ins have expired", "people", n)
		}
		return err
	})
}

// keep does something at once, and then at each interval, until ctx ends.
func (s *System) keep(ctx context.Context, every time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, removalsTime)
		err := do(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, what+" failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

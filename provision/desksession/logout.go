package desksession

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

const (
	// appEndBatch is how many sessions at desks end in one transaction.
	appEndBatch = 200
	// appEndWindow is longer than clocks of replicas differ and transactions take.
	appEndWindow = 5 * time.Minute
	// appTellLease is how long a replica has for telling a desk before another
	// one tries.
	appTellLease = 30 * time.Second
	// appTellTries is how often it is tried to tell a desk, after a second, two,
	// four and so on, at most appTellMost: for a day in all, so that a desk that
	// is down over night hears of it.
	appTellTries = 36
	appTellMost  = time.Hour
	// keepAppSessions is for how long the end of a session can be looked at, and
	// appSessionLife how long one that nobody used is remembered. A desk that
	// keeps people signed in for longer without asking us cannot be told.
	keepAppSessions = 30 * 24 * time.Hour
	appSessionLife  = 180 * 24 * time.Hour
)

// End ends sessions at desks that have lost what they rest on, and returns
// how many; 0 says that none is left. Any number of replicas may do it at once.
// Without all it looks at what changed within some minutes, which costs next to
// nothing.
func (s *Service) End(ctx context.Context, all bool) (ended int, _ error) {
	var since time.Time
	if !all {
		since = s.now().Add(-appEndWindow)
	}
	endings, err := s.store.AppEndings(ctx, since, appEndBatch)
	if err != nil || len(endings) == 0 {
		return 0, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		ended = 0
		for _, ending := range endings {
			app, err := tx.EndAppSession(ctx, ending.ID, ending.Why, s.now())
			if provision.IsNotFound(err) {
				continue // another replica was first
			}
			if err != nil {
				return err
			}
			ended++
			if err := s.audit.Record(ctx, tx, s.logoutEntry(app, audit.DeskSessionEnded)); err != nil {
				return err
			}
		}
		return nil
	})
	return ended, err
}

func (s *Service) logoutEntry(app Session, action provision.Action) provision.Entry {
	e := s.audit.Entry(provision.Cause{Actor: "system", Action: "desk sessions"}, app.Connection, action, string(app.Identity))
	e.Desk = app.Desk
	e.Detail = map[string]any{"protocol": app.Protocol, "desk_session": app.ID, "why": app.Reason}
	return e
}

// ClaimLogoutNotices returns sessions of whose end their desks are to be told
// now. Each must come back by [Service.NoticeDelivered] or [Service.NoticeFailed];
// otherwise it is due again soon.
func (s *Service) ClaimLogoutNotices(ctx context.Context, limit int) ([]Session, error) {
	now := s.now()
	return s.store.ClaimAppTellings(ctx, now, now.Add(appTellLease), limit)
}

// NoticeDelivered notes that the desk has heard of the end of a session; how says in
// what way. "": it has no ear for that, and nothing is noted in the audit log.
func (s *Service) NoticeDelivered(ctx context.Context, app Session, how string) error {
	if how == "" {
		app.TellAt = nil
		return s.store.SaveAppSession(ctx, app)
	}
	e := s.logoutEntry(app, audit.DeskSessionNotified)
	e.Detail["how"], e.Detail["attempts"] = how, app.Attempts
	return s.finishNotice(ctx, app, e)
}

// NoticeFailed notes that the desk could not be told. It is tried again, later
// each time; at last that is given up, and the audit log says so. why holds no
// personal data.
func (s *Service) NoticeFailed(ctx context.Context, app Session, why string) (again bool, _ error) {
	if app.Attempts >= appTellTries {
		e := s.logoutEntry(app, audit.DeskSessionNotNotified)
		e.Detail["problem"], e.Detail["attempts"] = why, app.Attempts
		return false, s.finishNotice(ctx, app, e)
	}
	wait := min(time.Second<<min(app.Attempts-1, 20), appTellMost)
	app.TellAt = new(s.now().Add(wait))
	return true, s.store.SaveAppSession(ctx, app)
}

func (s *Service) finishNotice(ctx context.Context, app Session, e provision.Entry) error {
	app.TellAt = nil
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.SaveAppSession(ctx, app); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, e)
	})
}

// Sweep deletes sessions at desks that are of no use any more.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.store.SweepApps(ctx, now.Add(-keepAppSessions), now.Add(-appSessionLife))
}

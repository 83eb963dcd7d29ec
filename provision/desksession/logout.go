package desksession

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

const (
	// endBatch is how many desk sessions end in one transaction.
	endBatch = 200
	// endWindow is longer than clocks of replicas differ and transactions take.
	endWindow = 5 * time.Minute
	// noticeLease is how long a replica has for telling a desk before another
	// one tries.
	noticeLease = 30 * time.Second
	// noticeTries is how often it is tried to tell a desk, after a second, two,
	// four and so on, at most noticeMostWait: for a day in all, so that a desk that
	// is down over night hears of it.
	noticeTries    = 36
	noticeMostWait = time.Hour
	// keepEnded is for how long the end of a session can be looked at, and
	// unusedLife how long one that nobody used is remembered. A desk that
	// keeps people signed in for longer without asking us cannot be told.
	keepEnded  = 30 * 24 * time.Hour
	unusedLife = 180 * 24 * time.Hour
)

// End ends desk sessions that have lost what they rest on, and returns
// how many; 0 says that none is left. Any number of replicas may do it at once.
// Without all it looks at what changed within some minutes, which costs next to
// nothing.
func (s *Service) End(ctx context.Context, all bool) (ended int, _ error) {
	var since time.Time
	if !all {
		since = s.now().Add(-endWindow)
	}
	lapsed, err := s.store.LapsedDeskSessions(ctx, since, endBatch)
	if err != nil || len(lapsed) == 0 {
		return 0, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		ended = 0
		for _, gone := range lapsed {
			deskSession, err := tx.EndDeskSession(ctx, gone.ID, gone.Why, s.now())
			if provision.IsNotFound(err) {
				continue // another replica was first
			}
			if err != nil {
				return err
			}
			ended++
			if err := s.audit.Record(ctx, tx, s.logoutEntry(deskSession, audit.DeskSessionEnded)); err != nil {
				return err
			}
		}
		return nil
	})
	return ended, err
}

func (s *Service) logoutEntry(deskSession Session, action provision.Action) provision.Entry {
	e := s.audit.Entry(provision.Cause{Actor: "system", Action: "desk sessions"}, deskSession.Connection, action, string(deskSession.Identity))
	e.Desk = deskSession.Desk
	e.Detail = map[string]any{"protocol": deskSession.Protocol, "desk_session": deskSession.ID, "why": deskSession.Reason}
	return e
}

// DesksToNotify returns the desks that are to be notified now.
func (s *Service) DesksToNotify(ctx context.Context) ([]provision.DeskID, error) {
	return s.store.DesksToNotify(ctx, s.now())
}

// ClaimLogoutNotices returns sessions of whose end a desk is to be notified
// now. Each must come back by [Service.NoticeDelivered] or [Service.NoticeFailed];
// otherwise it is due again soon.
func (s *Service) ClaimLogoutNotices(ctx context.Context, d provision.DeskID, limit int) ([]Session, error) {
	now := s.now()
	return s.store.ClaimLogoutNotices(ctx, d, now, now.Add(noticeLease), limit)
}

// NoticeDelivered notes that the desk has heard of the end of a session; how says in
// what way. "": it has no ear for that, and nothing is noted in the audit log.
func (s *Service) NoticeDelivered(ctx context.Context, deskSession Session, how string) error {
	if how == "" {
		deskSession.NotifyAt = nil
		return s.store.SaveDeskSession(ctx, deskSession)
	}
	e := s.logoutEntry(deskSession, audit.DeskSessionNotified)
	e.Detail["how"], e.Detail["attempts"] = how, deskSession.Attempts
	return s.finishNotice(ctx, deskSession, e)
}

// NoticeFailed notes that the desk could not be told. It is tried again, later
// each time; at last that is given up, and the audit log says so. why holds no
// personal data.
func (s *Service) NoticeFailed(ctx context.Context, deskSession Session, why string) (again bool, _ error) {
	if deskSession.Attempts >= noticeTries {
		e := s.logoutEntry(deskSession, audit.DeskSessionNotNotified)
		e.Detail["problem"], e.Detail["attempts"] = why, deskSession.Attempts
		return false, s.finishNotice(ctx, deskSession, e)
	}
	wait := min(time.Second<<min(deskSession.Attempts-1, 20), noticeMostWait)
	deskSession.NotifyAt = new(s.now().Add(wait))
	return true, s.store.SaveDeskSession(ctx, deskSession)
}

func (s *Service) finishNotice(ctx context.Context, deskSession Session, e provision.Entry) error {
	deskSession.NotifyAt = nil
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.SaveDeskSession(ctx, deskSession); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, e)
	})
}

// Sweep deletes desk sessions that are of no use any more.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.store.SweepDeskSessions(ctx, now.Add(-keepEnded), now.Add(-unusedLife))
}

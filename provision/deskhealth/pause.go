package deskhealth

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Pause says that a process has stopped calling a desk for a while, because
// calls fail or because the desk asked for it. It is noted for people to see:
// each process decides for itself.
type Pause struct {
	Desk   provision.DeskID
	Since  time.Time
	Until  time.Time // when the desk is tried again
	Reason string    // in plain words, without secrets and personal data

	Code provision.ReasonCode // [provision.ReasonUnauthorized], or [provision.ReasonNone] for a pause that ends by itself
}

// pauseStale is how long after its end a pause is still shown: the desk is
// tried when there is something to do, not by the clock. A process that died
// leaves its pause behind.
const pauseStale = 2 * time.Minute

// NotePause notes that a desk is not called for a while. A pause that follows
// another one goes on since then.
func (s *Service) NotePause(ctx context.Context, desk provision.DeskID, reason string, wait time.Duration) error {
	return s.notePause(ctx, Pause{Desk: desk, Reason: reason}, wait)
}

// NoteRefusal is [Service.NotePause] for a desk that refuses our credentials:
// that does not end without a person.
func (s *Service) NoteRefusal(ctx context.Context, desk provision.DeskID, reason string, wait time.Duration) error {
	return s.notePause(ctx, Pause{Desk: desk, Reason: reason, Code: provision.ReasonUnauthorized}, wait)
}

func (s *Service) notePause(ctx context.Context, p Pause, wait time.Duration) error {
	return s.inTx(ctx, func(tx Store) error {
		now := s.now()
		p.Since, p.Until = now, now.Add(wait)
		pauses, err := tx.Pauses(ctx)
		if err != nil {
			return err
		}
		for _, have := range pauses {
			if have.Desk == p.Desk && s.fresh(have) {
				p.Since = have.Since
			}
		}
		return tx.SavePause(ctx, p)
	})
}

// EndPause notes that a desk answers again, and has those reconciled at once that
// were deferred.
func (s *Service) EndPause(ctx context.Context, desk provision.DeskID) error {
	if err := s.store.DeletePause(ctx, desk); err != nil {
		return err
	}
	const atOnce = 200
	deferred := provision.AccountFilter{Desk: desk, State: provision.AccountWaiting, ReasonCode: provision.ReasonDeskPaused}
	for {
		some, err := s.store.AccountsWhere(ctx, deferred, atOnce)
		if err != nil || len(some) == 0 {
			return err
		}
		if err := s.inTx(ctx, func(tx Store) error { return s.requeuePaused(ctx, tx, some) }); err != nil {
			return err
		}
		deferred.After = some[len(some)-1].ID
	}
}

// requeuePaused enqueues runs to those of accounts that were deferred.
func (s *Service) requeuePaused(ctx context.Context, tx Store, accounts []provision.Account) error {
	now := s.now()
	ids := make([]provision.AccountID, len(accounts))
	for i := range accounts {
		ids[i] = accounts[i].ID
	}
	locked, err := tx.LockAccounts(ctx, ids)
	if err != nil {
		return err
	}
	var back []provision.Account
	var jobs []provision.Job
	for _, a := range locked {
		if !a.Due() || a.State != provision.AccountWaiting || a.LeaseUntil != nil || a.RetryAt == nil || !now.Before(*a.RetryAt) || a.ReasonCode != provision.ReasonDeskPaused {
			continue
		}
		a.RetryAt, a.Reason, a.ReasonCode, a.UpdatedAt = nil, "", provision.ReasonNone, now
		back = append(back, a)
		jobs = append(jobs, provision.Job{Kind: provision.JobReconcile, Account: a.ID, Desk: a.Desk, Turn: a.Turn()})
	}
	if len(back) == 0 {
		return nil
	}
	if err := tx.SaveAccounts(ctx, back); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs...)
}

func (s *Service) fresh(p Pause) bool { return s.now().Before(p.Until.Add(pauseStale)) }

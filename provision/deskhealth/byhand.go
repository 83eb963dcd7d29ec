package deskhealth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// LongestPause is for how long an admin may have a desk not be called: people who
// leave stay in for as long.
const LongestPause = 31 * 24 * time.Hour

// mostReason is how long the reason of a pause may be, in bytes.
const mostReason = 500

// PauseDesk has a desk not be called by anybody until a moment: no run begins, and it
// is not swept. What there is to do waits, and mass-change protection goes on. Runs
// that have begun come to their end. A desk that is paused already is paused anew.
func (s *Service) PauseDesk(ctx context.Context, c provision.Cause, desk provision.DeskID, until time.Time, reason string) (p provision.DeskPause, _ error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > mostReason {
		return p, provision.Errorf(provision.Invalid, "reason", "say in a few words why the desk is paused, for whoever sees it: up to %d bytes", mostReason)
	}
	if err := provision.CheckVisible("reason", reason); err != nil {
		return p, err
	}
	if now := s.now(); !until.After(now) || until.Sub(now) > LongestPause {
		return p, provision.Errorf(provision.Invalid, "until", "a desk is paused until a day within the next %d days: whoever leaves is still in until then", LongestPause/(24*time.Hour))
	}
	sooner := false
	until = until.UTC().Truncate(time.Microsecond) // as databases keep it
	err := s.inTx(ctx, func(tx Store) error {
		d, err := tx.LockDesk(ctx, desk)
		if err != nil {
			return err
		}
		if err := d.Removal.Refuse("desk " + d.Name); err != nil {
			return err
		}
		p = provision.DeskPause{Desk: d.ID, Since: s.now(), Until: until, Reason: reason, By: c.Who()}
		have, err := s.pauseOf(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		if sooner = false; have.Lasts(p.Since) { // it goes on
			p.Since, sooner = have.Since, until.Before(have.Until)
		}
		if err := tx.SaveDeskPause(ctx, p); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.pauseEntry(c, audit.DeskPaused, p))
	})
	if err == nil && sooner { // who waits for the end that it had
		err = s.callBack(ctx, desk)
	}
	return p, err
}

// ResumeDesk ends the pause of an admin before its time, and has those reconciled at
// once who wait for that. Invalid says that there is none.
func (s *Service) ResumeDesk(ctx context.Context, c provision.Cause, desk provision.DeskID) error {
	err := s.inTx(ctx, func(tx Store) error {
		d, err := tx.LockDesk(ctx, desk)
		if err != nil {
			return err
		}
		have, err := s.pauseOf(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		now := s.now()
		if !have.Lasts(now) {
			return provision.Errorf(provision.Invalid, "desk", "no admin has paused desk %s", d.Name)
		}
		entry := s.pauseEntry(c, audit.DeskResumed, *have)
		have.Until = now
		if err := tx.SaveDeskPause(ctx, *have); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return s.callBack(ctx, desk)
}

// CheckCalled returns a Conflict while an admin has a desk not be called.
func (s *Service) CheckCalled(ctx context.Context, d provision.Desk) error {
	p, err := s.pauseOf(ctx, s.store, d.ID)
	if err == nil && p.Lasts(s.now()) {
		err = provision.Errorf(provision.Conflict, "desk", "desk %s %s, and is not called; `deskbridge status` says why, and `deskbridge desk resume %[1]s` ends that", d.Name, p.Text())
	}
	return err
}

// pauseOf returns the pause of a desk by an admin; nil when there is none.
func (s *Service) pauseOf(ctx context.Context, from Store, desk provision.DeskID) (*provision.DeskPause, error) {
	pauses, err := from.DeskPauses(ctx)
	if i := slices.IndexFunc(pauses, func(p provision.DeskPause) bool { return p.Desk == desk }); i >= 0 {
		return &pauses[i], err
	}
	return nil, err
}

func (s *Service) pauseEntry(c provision.Cause, what provision.Action, p provision.DeskPause) provision.Entry {
	e := s.audit.Entry(c, "", what, string(p.Desk))
	e.Desk, e.Detail = p.Desk, map[string]any{"until": provision.FormatUntil(&p.Until)}
	return e
}

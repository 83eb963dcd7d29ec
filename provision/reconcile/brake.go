package reconcile

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Brake stops mass changes: when more than max(People, Percent % of the people
// with access to a desk) of one connection lose access within Window, their
// destructive writes wait until an admin decides. People without access
// count for nothing: a support team of forty must be safe in a company of ten
// thousand, and who never had confirmed access has none to lose.
type Brake struct {
	Off     bool
	People  int           // default 5
	Percent int           // default 10
	Window  time.Duration // default 10 min
}

// brake decides, once, whether the end of an account's access is carried out, and
// notes so in a, which the caller saves. It returns an [OnHoldError] when an
// admin has to decide, and a [LaterError] while it is not known yet how many lose
// access with this one. The connection and the account are locked.
//
// A loss that is explicit, of somebody who was suspended or removed, waits for
// nobody else's: somebody who is dismissed must be out at once, also while others
// are on hold. Only explicit ones count against it.
func (s *Service) brake(ctx context.Context, tx Store, conn provision.Connection, a *provision.Account) (stop error, _ error) {
	l := &a.Loss
	if err := entitlement.NoteLoss(ctx, tx, a); err != nil {
		return nil, err
	}
	switch {
	case l.Verdict == provision.VerdictRejected:
		return &OnHoldError{}, s.keep(ctx, tx, conn, *a)
	case l.Since == nil || l.Verdict == provision.VerdictPassed || l.Verdict == provision.VerdictReleased:
		return nil, nil
	case s.brakes.Off || conn.ReleasedAt != nil && !l.Since.After(*conn.ReleasedAt):
		pass(a)
		return nil, nil
	case l.Verdict == provision.VerdictOnHold:
		return s.putOnHold(ctx, tx, conn, *a, nil)
	}
	if !l.Explicit() {
		pending, err := tx.EvaluationPending(ctx, conn.ID, l.Since.Add(evaluationSlack))
		if err != nil {
			return nil, err
		}
		if pending {
			return &LaterError{At: s.now().Add(min(max(s.now().Sub(*l.Since), evaluationFirst), evaluationMost))}, nil
		}
	}
	if !l.Explicit() && conn.HeldAt != nil {
		held, err := s.braked(ctx, tx, conn)
		if err != nil {
			return nil, err
		}
		if held {
			return s.putOnHold(ctx, tx, conn, *a, nil)
		}
		conn.HeldAt = nil
	}
	limit, err := s.losses(ctx, tx, conn, *l.Since)
	if err != nil {
		return nil, err
	}
	counted := limit.Lost
	if l.Explicit() {
		counted = limit.Explicit
	}
	if counted > s.brakes.People { // else there is no need to count everybody
		if err := s.most(ctx, tx, conn, &limit); err != nil {
			return nil, err
		}
		if counted > limit.Most {
			return s.putOnHold(ctx, tx, conn, *a, &limit)
		}
	}
	pass(a)
	return nil, nil
}

// pass has a loss carried out, whatever was said of it before. From then on nobody
// decides about it any more: a run is at it.
func pass(a *provision.Account) {
	if a.Loss.Since != nil && a.Loss.Verdict != provision.VerdictReleased {
		a.Loss.Verdict, a.Loss.By = provision.VerdictPassed, ""
	}
	if a.State == provision.AccountOnHold {
		a.State, a.Reason, a.ReasonCode = provision.AccountWaiting, "", provision.ReasonNone
	}
}

// A loss waits until everybody is evaluated whom that concerns that brought it
// about: only then the size of it is known.
const (
	evaluationSlack = 2 * time.Second        // clocks of processes, see package store
	evaluationFirst = 500 * time.Millisecond // it is asked again after as long as it has lasted
	evaluationMost  = 30 * time.Second
)

// braked reports whether any account of the connection is on hold. It notes where
// none is any more: everything has been taken back at the IdP, or decided about.
func (s *Service) braked(ctx context.Context, tx Store, conn provision.Connection) (bool, error) {
	if conn.HeldAt == nil {
		return false, nil
	}
	waiting, err := tx.AccountsWhere(ctx, held(conn.ID), 1)
	if err != nil || len(waiting) > 0 {
		return true, err
	}
	conn.HeldAt = nil
	if err := tx.SaveConnection(ctx, conn); err != nil {
		return false, err
	}
	return false, s.audit.Record(ctx, tx, s.audit.Entry(provision.Cause{Actor: "system", Action: "brake"}, conn.ID, audit.BrakeCleared, string(conn.ID)))
}

// putOnHold keeps an account from being reconciled until an admin decides, or the
// IdP takes back what it did. known is how many lose access, if that was counted.
func (s *Service) putOnHold(ctx context.Context, tx Store, conn provision.Connection, a provision.Account, known *Limit) (onHold error, _ error) {
	now := s.now()
	var entries []provision.Entry
	out, fresh := &OnHoldError{}, a.State != provision.AccountOnHold
	out.New = fresh && !a.Loss.Explicit()
	if conn.HeldAt == nil {
		if known == nil {
			counted, err := s.limit(ctx, tx, conn, now)
			if err != nil {
				return nil, err
			}
			known = &counted
		}
		conn.HeldAt = &now
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return nil, err
		}
		out.Began = &Hold{Connection: conn.Name, Limit: *known, Cause: a.Loss.Cause}
		e := s.audit.Entry(provision.Cause{Actor: "system", Action: "brake"}, conn.ID, audit.BrakeHeld, string(conn.ID))
		e.Detail = map[string]any{"people_ending": known.Lost, "people_with_access": known.Had, "limit": known.Most, "cause": pushedOr(a.Loss.Cause)}
		entries = append(entries, e)
	}
	if !fresh {
		return out, s.audit.Record(ctx, tx, entries...)
	}
	return out, s.hold(ctx, tx, conn, []provision.Account{a}, entries)
}

// hold notes that accounts are on hold, after entries of the audit log.
func (s *Service) hold(ctx context.Context, tx Store, conn provision.Connection, accounts []provision.Account, entries []provision.Entry) error {
	for i := range accounts {
		a := &accounts[i]
		a.State, a.ReasonCode, a.UpdatedAt = provision.AccountOnHold, provision.ReasonMassChange, s.now()
		a.Reason, a.Loss.Verdict = holdReason(conn.Name, a.Loss.Cause), provision.VerdictOnHold
		entries = append(entries, s.accountEntry(*a, audit.AccountOnHold, nil))
	}
	if err := tx.SaveAccounts(ctx, accounts); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, entries...)
}

// HoldOthers puts accounts on hold after one whose run could not begin for that,
// [OnHoldError].New: those of its connection and desk whose own runs would find just the
// same, one after the other. Whoever is left out is looked at by their run, also
// when this is cut short.
func (s *Service) HoldOthers(ctx context.Context, after provision.AccountID) error {
	a, err := s.store.Account(ctx, after)
	if err != nil {
		return err
	}
	where := [2]string{string(a.Connection), string(a.Desk)}
	if _, busy := s.holding.LoadOrStore(where, true); busy {
		return nil
	}
	defer s.holding.Delete(where)
	next := func(b *provision.Account) bool { return undecided(b) && notNow(*b, s.now(), s.grace) == nil }
	_, err = s.eachUndecided(ctx, provision.AccountFilter{Connection: a.Connection, Desk: a.Desk}, next, func(tx Store, accounts []provision.Account) (int, bool, error) {
		conn, err := tx.LockConnection(ctx, a.Connection)
		if err != nil {
			return 0, false, err
		}
		on, err := tx.Desk(ctx, string(a.Desk))
		if err != nil || on.Removal != provision.RemovalNone || conn.Removal != provision.RemovalNone {
			return 0, false, err // an admin has said what becomes of all of it
		}
		if held, err := s.braked(ctx, tx, conn); err != nil || !held {
			return 0, false, err
		}
		if accounts, err = entitlement.LockThose(ctx, tx, accounts, next); err != nil || len(accounts) == 0 {
			return 0, true, err
		}
		last := slices.MaxFunc(accounts, func(a, b provision.Account) int { return a.Loss.Since.Compare(*b.Loss.Since) })
		pending, err := tx.EvaluationPending(ctx, conn.ID, last.Loss.Since.Add(evaluationSlack))
		if err != nil || pending {
			return 0, false, err
		}
		accounts = slices.DeleteFunc(accounts, func(a provision.Account) bool { return conn.ReleasedAt != nil && !a.Loss.Since.After(*conn.ReleasedAt) })
		return 0, true, s.hold(ctx, tx, conn, accounts, nil)
	})
	return err
}

// holdReason says why access does not end, and what to do. It is the same for
// all who lose access by the same cause.
func holdReason(connection, cause string) string {
	how := ", as the identity provider pushed it; correct it there if that was a mistake"
	if cause != "" {
		how = ", by the " + cause + "; take that back if it was a mistake"
	}
	return "on hold: unusually many people of this connection lost access at once" + how + "; `deskbridge connection release " + connection +
		" --all` (or `--person USER`) ends their access, `deskbridge connection reject " + connection + " --all` lets them keep it"
}

// pushedOr says in words what took access away.
func pushedOr(cause string) string { return cmp.Or(cause, "pushed by the identity provider") }

package worker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/worker/guard"
)

// shownLate keeps apart what a desk accepts and shows, and what it accepts and
// shows late or never. What is awaited is in the run's journal.
type shownLate struct {
	accepted []reconcile.Write // in the last round
	again    bool              // what was awaited has not come, and is written once more
	never    []reconcile.Write // nor has it come then

	lag time.Duration // how far behind the desk may show things

	words map[reconcile.WriteKind]*desk.Error // what the connector says of writes that were accepted and not shown
}

// said keeps what the connector says of a write that was accepted and is not
// shown, until it is known whether that is for good.
func (s *shownLate) said(w reconcile.Write, e *desk.Error) {
	if s.words == nil {
		s.words = make(map[reconcile.WriteKind]*desk.Error)
	}
	s.words[w.Kind] = e
}

// refusal is the error for writes that the desk has accepted twice and never
// shown. residual says that they leave access to somebody who is to have none.
func (s *shownLate) refusal(residual bool) error {
	for _, w := range s.never {
		if e := s.words[w.Kind]; e != nil {
			return &refusedWrite{write: w, err: e, residual: residual}
		}
	}
	return notShown(s.never)
}

// lateError says that the desk is to be looked at again before anything is
// written, or asked of anybody.
type lateError struct {
	wait time.Duration
	what []reconcile.Write
}

// Error says what is waited for.
func (e *lateError) Error() string { return notShown(e.what).Detail }

func notShown(writes []reconcile.Write) *desk.Error {
	var words []string
	for _, w := range writes {
		words = append(words, w.Named())
	}
	return desk.Errorf(desk.Retryable, "it accepts changes but does not show them afterwards (%s)", strings.Join(words, ", "))
}

// look compares what the desk has accepted and not shown with steps, which are
// what would be written. A lateError says that it is too early to write it again.
func (s *shownLate) look(ctx context.Context, v *reconcile.Run, steps []reconcile.Write) error {
	missing := slices.DeleteFunc(v.Awaited(), func(w reconcile.Write) bool {
		return w.Tried || !slices.ContainsFunc(steps, func(st reconcile.Write) bool { return st.Kind == w.Kind })
	})
	if len(missing) == 0 {
		return nil
	}
	if !s.again {
		if wait := v.NextLook(missing, s.lag); wait > 0 {
			return &lateError{wait, missing}
		}
	} else {
		s.never = missing
	}
	s.again = true
	return v.Drop(ctx, missing)
}

// settle is the look of a run that has nothing to write: what the desk has
// accepted, does not show and may yet show, and is not what is desired now, is
// waited for. Of what is in doubt after an interruption, that is what gives
// access to somebody who is to have none; of a user who is gone, whether one
// appears.
func (s *shownLate) settle(ctx context.Context, v *reconcile.Run, have *provision.DeskUser) error {
	unseen := v.Awaited()
	if len(unseen) == 0 {
		return nil
	}
	waiting := slices.DeleteFunc(slices.Clone(unseen), func(w reconcile.Write) bool {
		return w.Tried && !(v.Ending() && w.GivesAccess()) || have == nil && w.Kind != reconcile.WriteCreate
	})
	if len(waiting) > 0 {
		if wait := v.NextLook(waiting, s.lag); wait > 0 {
			return &lateError{wait, waiting}
		}
	}
	return v.Drop(ctx, unseen)
}

// made reports whether the desk has made the account's user so lately that it
// may not show them yet.
func made(d *guard.Session, v *reconcile.Run) bool {
	creates := slices.DeleteFunc(v.Awaited(), func(w reconcile.Write) bool { return w.Kind != reconcile.WriteCreate })
	return len(creates) > 0 && v.NextLook(creates, d.Capabilities().SearchLag) > 0
}

// has reports whether the desk has accepted a write of this kind.
func (s *shownLate) has(kind reconcile.WriteKind) bool {
	return slices.ContainsFunc(s.accepted, func(w reconcile.Write) bool { return w.Kind == kind })
}

// stillThere says that a leaver is there after all that could be written, which
// is more than all else that is left to do; "" when they are not.
func stillThere(v *reconcile.Run, have *provision.DeskUser) string {
	way := v.Desk.Ends(&v.Account)
	if !v.Ending() || have == nil || !have.Active || have.Role.Rank() == 0 || way.StaysUsable() {
		return ""
	}
	what := cmp.Or(way.ForGood, provision.LeaveDeactivate)
	return fmt.Sprintf("%s desk user %s (role %s), who is still there and active", what, have.ID, have.Role)
}

// refusedWrite is a write that a desk refuses.
type refusedWrite struct {
	write  reconcile.Write
	err    error
	holder *provision.DeskUser // who has the address, on a conflict
	twice  bool                // the holder was not there a moment before, and may be our own
	of     provision.AccountID // whose user that is; "": nobody's here

	residual bool // it leaves access to somebody who is to have none
}

// Error names the write.
func (e *refusedWrite) Error() string { return e.write.Named() + ": " + e.err.Error() }

// Unwrap returns what the desk says.
func (e *refusedWrite) Unwrap() error { return e.err }

// words say for people which write the desk refuses and why: with addresses,
// and without.
func (e *refusedWrite) words(deskName, detail string) (full, logged string) {
	full = fmt.Sprintf("%s was refused by %s: %s", e.write.Named(), deskName, detail)
	if e.holder == nil {
		return full, full
	}
	whose := "who was not made by Deskbridge; change the address there"
	if e.twice {
		whose = "who was not there a moment before: the request may have arrived twice, so see whether it is this person's, and then `deskbridge retry --adopt`"
	}
	if e.of != "" {
		whose = "who is of account " + string(e.of) + "; `deskbridge explain` both"
	}
	const said = "%s; desk user %s (%s) has the address, %s, or give the person another address at the IdP"
	role := "role " + string(e.holder.Role)
	return fmt.Sprintf(said, full, e.holder.ID, e.holder.Email+", "+role, whose), fmt.Sprintf(said, full, e.holder.ID, role, whose)
}

// refusal adds to a desk's refusal of a write to id which write that was, and on
// a conflict who has the address.
func (w *Worker) refusal(ctx context.Context, d *guard.Session, v *reconcile.Run, id provision.DeskUserID, s reconcile.Write, err error) error {
	switch desk.KindOf(err) {
	case desk.Permanent, desk.Conflict:
	default:
		return err
	}
	out := &refusedWrite{write: s, err: err, twice: s.Kind == reconcile.WriteCreate && !d.Capabilities().ExternalID}
	email := v.Account.Profile.Email
	if desk.KindOf(err) != desk.Conflict || email == "" {
		return out
	}
	holder, find := d.Find(ctx, desk.Key{Email: email})
	if find != nil || holder == nil || holder.ID == id {
		return out // it is a help only
	}
	if of, find := w.core.DeskHealth.Holder(ctx, v.Account, holder); find == nil {
		out.holder, out.of = holder, of
	}
	return out
}

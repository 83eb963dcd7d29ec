package adoption

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Desk reads the users of a desk and gives one back.
type Desk interface {
	Reader
	// Restore brings a user from what the desk shows to what it had: active or not,
	// role, teams, mailboxes and roles of the desk's own. It returns what the desk shows then.
	Restore(ctx context.Context, now provision.DeskUser, to provision.Access) (*provision.DeskUser, error)
}

// GivenBack is what became of one user of a wave that is undone.
type GivenBack struct {
	Adopted
	Changed []string // what was brought back to what it was, in words
	Refused string   // why the user is as it is, and the account still its; "": it was given back
}

// Undo gives the users of a wave back: each has what it had just before the wave, read
// back from the desk, and no account holds it any more. A user that somebody has changed on
// the desk since, or whose account is being synced, is left as it is and told of. What was
// given back stays so: Undo goes on where one was interrupted.
func (s *Service) Undo(ctx context.Context, c provision.Cause, id string, desk Desk) (w Wave, out []GivenBack, _ error) {
	w, users, err := s.Wave(ctx, id)
	if err != nil {
		return w, nil, err
	}
	for _, u := range users {
		if u.UndoneAt != nil {
			continue
		}
		back := GivenBack{Adopted: u}
		if err := s.giveBack(ctx, c, &back, desk); err != nil {
			return w, out, fmt.Errorf("user %s: %w", u.User, err)
		}
		if back.Refused == "" {
			w.Undone++
		}
		out = append(out, back)
	}
	return w, out, nil
}

func (s *Service) giveBack(ctx context.Context, c provision.Cause, back *GivenBack, desk Desk) error {
	a, refused, err := s.hold(ctx, back)
	if back.Refused = refused; err != nil || refused != "" {
		return err
	}
	release := func(err error) error {
		_ = s.inTx(context.WithoutCancel(ctx), func(tx Store) error { // else it ends by itself
			have, err := tx.LockAccount(ctx, a.ID)
			if err != nil || have.LeaseUntil == nil || !have.LeaseUntil.Equal(*a.LeaseUntil) {
				return err
			}
			have.LeaseUntil = nil
			return tx.SaveAccounts(ctx, []provision.Account{have})
		})
		return err
	}
	now, err := desk.Find(ctx, back.User)
	if err != nil {
		return release(err)
	}
	if err := s.restore(ctx, back, &a, now, desk); err != nil || back.Refused != "" {
		return release(err)
	}
	if err := s.inTx(ctx, func(tx Store) error { return s.unbind(ctx, tx, c, back, a) }); err != nil || !a.Seat {
		return err
	}
	return s.inTx(ctx, func(tx Store) error { // the seat goes to who has waited longest
		waiting, err := tx.AccountsWhere(ctx, provision.AccountFilter{Desk: a.Desk, State: provision.AccountNeedsAttention, ReasonCode: provision.ReasonSeat}, 1)
		if err != nil {
			return err
		}
		return s.entitlement.Requeue(ctx, tx, waiting)
	})
}

// restore brings a user, as the desk shows it now, back to what it had.
func (s *Service) restore(ctx context.Context, back *GivenBack, a *provision.Account, now *provision.DeskUser, desk Desk) error {
	if now == nil {
		back.Refused = "the desk shows no such user any more: there is nothing to give back"
		return nil
	}
	rules, err := s.store.Rules(ctx, a.Connection)
	if err != nil {
		return err
	}
	if back.Refused = changedSince(now, a, back.Before, rules); back.Refused != "" {
		return nil
	}
	if back.Changed = differences(shown(now), back.Before); len(back.Changed) == 0 {
		return nil
	}
	after, err := desk.Restore(ctx, *now, back.Before)
	if err != nil {
		return err
	}
	if after == nil {
		back.Refused = "the desk shows no such user any more: there is nothing to give back"
	} else if left := differences(shown(after), back.Before); len(left) > 0 {
		back.Refused = fmt.Sprintf("the desk took it and shows something else: %s; undo the wave again, or put that right there", strings.Join(left, "; "))
	}
	return nil
}

// hold keeps runs from the account of an adopted user while it is given back.
func (s *Service) hold(ctx context.Context, back *GivenBack) (a provision.Account, refused string, _ error) {
	err := s.inTx(ctx, func(tx Store) (err error) {
		refused = ""
		a, err = tx.LockAccount(ctx, back.Account)
		if provision.IsNotFound(err) {
			refused = "its account is gone, and Deskbridge writes to the user no more"
			return nil
		}
		if err != nil {
			return err
		}
		now := s.now()
		switch {
		case a.DeskUser != back.User || a.Origin != provision.OriginAdopted:
			refused = "its account has another user by now"
		case a.LeaseUntil != nil && now.Before(*a.LeaseUntil):
			refused = "its account is being synced; undo the wave again in a moment"
		case a.Due() && a.State == provision.AccountWaiting:
			refused = "its account is about to be synced; `deskbridge status` shows when that is done, then undo the wave again"
		case a.State == provision.AccountEnded && a.Confirmed.Status == provision.AccessAbsent:
			refused = "access has ended and the desk shows no such user any more: there is nothing to give back"
		}
		if refused != "" {
			return nil
		}
		until := now.Add(lease)
		a.LeaseUntil, a.UpdatedAt = &until, now
		return tx.SaveAccounts(ctx, []provision.Account{a})
	})
	return a, refused, err
}

// changedSince says what somebody else has changed of a user since it was adopted: what
// is neither as it was before nor as it is desired now.
func changedSince(now *provision.DeskUser, a *provision.Account, before provision.Access, rules []provision.Rule) string {
	want, have := a.Desired, shown(now)
	teams, mailboxes, roles := a.ManagedScope(rules)
	ending := want.Status != provision.AccessActive
	switch {
	case have.Role.Rank() != before.Role.Rank() && have.Role.Rank() != want.Role.Rank() && !ending:
		return fmt.Sprintf("somebody has changed it on the desk since: role %s, and it was adopted as %s", have.Role, before.Role)
	case have.Status != before.Status && have.Status != want.Status && !ending:
		return "somebody has activated or deactivated it on the desk since"
	}
	for _, p := range []struct {
		what                      string
		have, before, want, scope []string
	}{{"team", have.Teams, before.Teams, want.Teams, teams}, {"mailbox", have.Mailboxes, before.Mailboxes, want.Mailboxes, mailboxes}, {"role", have.DeskRoles, before.DeskRoles, want.DeskRoles, roles}} {
		for _, name := range p.have {
			if !provision.ContainsFold(p.before, name) && !provision.ContainsFold(p.want, name) {
				return fmt.Sprintf("somebody has changed it on the desk since: it has %s %s", p.what, name)
			}
		}
		for _, name := range p.before {
			if !provision.ContainsFold(p.have, name) && (!provision.ContainsFold(p.scope, name) || provision.ContainsFold(p.want, name)) && !now.TeamsHidden && !ending {
				return fmt.Sprintf("somebody has changed it on the desk since: it has %s %s no more", p.what, name)
			}
		}
	}
	return ""
}

// differences says in words what has is other than want.
func differences(has, want provision.Access) (words []string) {
	if has.Status != want.Status {
		words = append(words, map[bool]string{true: "activated", false: "deactivated"}[want.Status == provision.AccessActive])
	}
	if has.Role.Rank() != want.Role.Rank() {
		words = append(words, fmt.Sprintf("role %s to %s", has.Role, want.Role))
	}
	for _, p := range []struct {
		what      string
		has, want []string
	}{{"team", has.Teams, want.Teams}, {"mailbox", has.Mailboxes, want.Mailboxes}, {"desk role", has.DeskRoles, want.DeskRoles}} {
		for _, name := range p.want {
			if !provision.ContainsFold(p.has, name) {
				words = append(words, "+"+p.what+" "+name)
			}
		}
		for _, name := range p.has {
			if !provision.ContainsFold(p.want, name) {
				words = append(words, "-"+p.what+" "+name)
			}
		}
	}
	return slices.Clip(words)
}

// unbind has no account hold a user any more. The account asks again what it asked
// before, and one that there was only for the user goes.
func (s *Service) unbind(ctx context.Context, tx Store, c provision.Cause, back *GivenBack, held provision.Account) error {
	a, err := tx.LockAccount(ctx, back.Account)
	if err != nil {
		return err
	}
	if a.LeaseUntil == nil || !a.LeaseUntil.Equal(*held.LeaseUntil) || a.DeskUser != back.User {
		return provision.Errorf(provision.Conflict, "wave", "another process has gone on with account %s; undo the wave again", a.ID)
	}
	now := s.now()
	e := s.audit.Entry(c, a.Connection, audit.AccountAdoptionUndone, string(a.Identity))
	e.Desk, e.Account = a.Desk, a.ID
	e.Detail = map[string]any{"desk_user": back.User, "wave": back.Wave}
	if len(back.Changed) > 0 {
		e.Detail["restored"] = back.Changed
	}
	if err := s.audit.Record(ctx, tx, e); err != nil {
		return err
	}
	if err := tx.TakeNames(ctx, a, nil); err != nil {
		return err
	}
	if back.Was.Made && a.Desired.Status != provision.AccessActive {
		if err := tx.DeleteAccounts(ctx, []provision.AccountID{a.ID}); err != nil {
			return err
		}
	} else {
		a.DeskUser, a.Origin, a.Seat, a.Names = "", provision.OriginNone, false, provision.DeskNames{}
		a.Confirmed, a.ConfirmedAt, a.Shown, a.ShownAt = back.Was.Confirmed, nil, provision.Access{}, nil
		a.Loss, a.Approval, a.Transfer, a.EndingSince = provision.Loss{}, provision.Approval{}, provision.Transfer{}, nil
		a.LeaseUntil, a.RetryAt, a.Attempts, a.UpdatedAt = nil, nil, 0, now
		a.Reconciled = a.Revision
		a.State, a.ReasonCode = provision.AccountNeedsAttention, provision.ReasonAdoption
		a.Reason = fmt.Sprintf("the desk has user %s for this person, whose adoption was undone; run `deskbridge retry --adopt %s` to take it over after all", back.User, a.ID)
		if a.Desired.Status != provision.AccessActive {
			a.State, a.Reason, a.ReasonCode = provision.AccountEnded, "", provision.ReasonNone
		}
		if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil {
			return err
		}
	}
	back.UndoneAt = &now
	return tx.SaveAdopted(ctx, back.Adopted)
}

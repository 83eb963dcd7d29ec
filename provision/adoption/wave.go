package adoption

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Accept adopts the users of steps that are not refused, one transaction each: whatever
// interrupts it, each user is adopted and noted in the wave, or neither. What its account
// was meanwhile is looked at again; a step that cannot be done any more says in Refused
// why. The runs that follow bring each to what rules grant, and mass-change protection
// counts who loses access as ever.
func (s *Service) Accept(ctx context.Context, c provision.Cause, d provision.Desk, steps []Step) (w Wave, _ error) {
	w = Wave{ID: provision.NewID[string](), Desk: d.ID, By: c.Who(), At: s.now()}
	if err := s.inTx(ctx, func(tx Store) error { return tx.InsertWave(ctx, w) }); err != nil {
		return w, err
	}
	for i := range steps {
		if steps[i].Refused != "" {
			continue
		}
		err := s.inTx(ctx, func(tx Store) error { return s.adopt(ctx, tx, c, d, w, &steps[i]) })
		if e, ok := errors.AsType[*provision.Error](err); ok && (e.Code == provision.Conflict || e.Code == provision.NotFound) {
			steps[i].Refused = e.Detail
			continue
		}
		if err != nil {
			return w, fmt.Errorf("wave %s, after %d users: %w", w.ID, w.Users, err)
		}
		w.Users++
	}
	return w, nil
}

// adopt makes a user that of a person's account.
func (s *Service) adopt(ctx context.Context, tx Store, c provision.Cause, d provision.Desk, w Wave, step *Step) error {
	person, user := step.Match.Person, &step.User
	rules, err := tx.Rules(ctx, person.Connection)
	if err != nil {
		return err
	}
	people, err := tx.LockIdentities(ctx, person.Connection, []provision.IdentityID{person.ID})
	if err != nil {
		return err
	}
	if len(people) == 0 || people[0].Status == provision.StatusRemoved {
		return provision.Errorf(provision.Conflict, "user", "the person was removed meanwhile")
	}
	have, err := tx.LockAccountsOf(ctx, []provision.IdentityID{person.ID})
	if err != nil {
		return err
	}
	groups, err := entitlement.Memberships(ctx, tx, person.Connection, []provision.IdentityID{person.ID})
	if err != nil {
		return err
	}
	now := s.now()
	desired := provision.Evaluate(rules, people[0], groups[person.ID], d.ID, now)
	if !desired.Same(step.Desired) {
		return provision.Errorf(provision.Conflict, "user", "rules give this person something else by now; look at the plan again")
	}
	at := -1
	for i := range have {
		if have[i].Desk == d.ID {
			at = i
		}
	}
	was := AccountBefore{Made: at < 0}
	if at < 0 {
		have = append(have, provision.Account{ID: provision.NewID[provision.AccountID](), Identity: person.ID, Connection: person.Connection, Desk: d.ID, State: provision.AccountWaiting, CreatedAt: now, UpdatedAt: now})
		at = len(have) - 1
	}
	a := &have[at]
	switch {
	case a.DeskUser != "":
		return provision.Errorf(provision.Conflict, "user", "the person has user %s of the desk by now", a.DeskUser)
	case a.LeaseUntil != nil && now.Before(*a.LeaseUntil):
		return provision.Errorf(provision.Conflict, "user", "the person's account is being synced; try again in a moment")
	}
	if holder, err := tx.AccountOfUser(ctx, d.ID, user.ID); err == nil {
		return provision.Errorf(provision.Conflict, "user", "account %s has this user by now", holder.ID)
	} else if !provision.IsNotFound(err) {
		return err
	}
	if !was.Made {
		was.State, was.Reason, was.ReasonCode, was.Confirmed = a.State, a.Reason, a.ReasonCode, a.Confirmed
	}
	a.DeskUser, a.Origin, a.UpdatedAt = user.ID, provision.OriginAdopted, now
	if step.Ends { // the desk shows access that is to end: a loss, as any other
		a.State, a.Confirmed, a.ConfirmedAt = provision.AccountWaiting, provision.Access{Status: shown(user).Status, Role: user.Role}, &now
		a.Loss, a.EndingSince = provision.Loss{}, nil
	}
	if err := tx.SaveAccounts(ctx, []provision.Account{*a}); err != nil {
		return err
	}
	if err := tx.InsertAdopted(ctx, Adopted{Wave: w.ID, User: user.ID, Desk: d.ID, Account: a.ID, Identity: person.ID, Connection: person.Connection,
		Confidence: step.Match.Confidence, Before: shown(user), Was: was}); err != nil {
		return err
	}
	e := s.audit.Entry(c, person.Connection, audit.AccountAdopted, string(person.ID))
	e.Desk, e.Account = d.ID, a.ID
	e.Detail = map[string]any{"desk_user": user.ID, "had_role": user.Role, "wave": w.ID, "confidence": step.Match.Confidence}
	if err := s.audit.Record(ctx, tx, e); err != nil {
		return err
	}
	before := a.Revision
	if err := s.entitlement.Update(ctx, tx, c, person.Connection, rules, people, have, groups); err != nil {
		return err
	}
	saved, err := tx.LockAccounts(ctx, []provision.AccountID{a.ID})
	if err != nil || len(saved) == 1 && saved[0].Revision > before {
		return err
	}
	return s.entitlement.Requeue(ctx, tx, saved)
}

// Waves returns the last waves of a desk, or with "" of all, the newest first.
func (s *Service) Waves(ctx context.Context, d provision.DeskID, limit int) ([]Wave, error) {
	return s.store.Waves(ctx, d, limit)
}

// Wave returns a wave with its users, by id.
func (s *Service) Wave(ctx context.Context, id string) (Wave, []Adopted, error) {
	w, err := s.store.Wave(ctx, id)
	if err != nil {
		return w, nil, err
	}
	users, err := s.store.AdoptedIn(ctx, id)
	return w, users, err
}

// lease is how long an account is kept from runs while its user is given back.
const lease = 2 * time.Minute

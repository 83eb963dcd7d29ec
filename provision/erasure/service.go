package erasure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Service forgets people. It is safe for concurrent use, by any number of
// processes on one database.
type Service struct {
	store Store
	inTx  provision.InTx[Store]
	audit *audit.Service
	now   provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, now: now}
}

// Known is what is known of a person.
type Known struct {
	Person    provision.Identity
	Accounts  []provision.Account
	Traces    Traces
	Forgotten bool     // nothing is known any more
	Obstacles []string // what keeps the person from being forgotten, and what to do, a sentence each
}

// Look returns what is known of a person, and whether they can be forgotten. It
// changes nothing.
func (s *Service) Look(ctx context.Context, id provision.IdentityID) (Known, error) {
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return Known{}, err
	}
	person, err := s.store.AnyIdentity(ctx, id)
	if err != nil {
		return Known{}, err
	}
	return look(ctx, s.store, rules, person, s.store.AccountsOf)
}

// Forget erases all that is known of a person but their id, and returns what that
// was. While somebody is not removed, or their access has not ended, it is a
// Denied error that says what to do. Somebody who is forgotten already stays so.
func (s *Service) Forget(ctx context.Context, c provision.Cause, id provision.IdentityID) (known Known, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, "") // locked first, and none begins to name the person
		if err != nil {
			return err
		}
		person, err := tx.LockRemoved(ctx, id)
		if provision.IsNotFound(err) {
			person, err = tx.AnyIdentity(ctx, id) // look says that they are not removed
		}
		if err != nil {
			return err
		}
		if known, err = look(ctx, tx, rules, person, tx.LockAccountsOf); err != nil || known.Forgotten {
			return err
		}
		if len(known.Obstacles) > 0 {
			return provision.Errorf(provision.Denied, "user", "nothing is erased yet: %s", strings.Join(known.Obstacles, "; "))
		}
		accounts := make([]provision.AccountID, len(known.Accounts))
		for i := range known.Accounts {
			accounts[i] = known.Accounts[i].ID
		}
		if err := tx.DeleteTraces(ctx, id, accounts); err != nil {
			return err
		}
		if err := tx.SaveIdentity(ctx, provision.Identity{ID: person.ID, Connection: person.Connection, Source: person.Source, Status: person.Status,
			Version: person.Version + 1, CreatedAt: person.CreatedAt, UpdatedAt: s.now()}); err != nil {
			return err
		}
		e := s.audit.Entry(c, person.Connection, audit.PersonForgotten, string(person.ID))
		if len(accounts) > 0 {
			e.Detail = map[string]any{"accounts": accounts}
		}
		return s.audit.Record(ctx, tx, e)
	})
	return known, err
}

// look finds what is known of a person; accounts may lock what it returns.
func look(ctx context.Context, store Store, rules []provision.Rule, person provision.Identity, accounts func(context.Context, []provision.IdentityID) ([]provision.Account, error)) (k Known, err error) {
	k.Person = person
	if k.Accounts, err = accounts(ctx, []provision.IdentityID{person.ID}); err != nil {
		return k, err
	}
	if k.Traces, err = store.CountTraces(ctx, person.ID); err != nil {
		return k, err
	}
	if person.Forgotten() && len(k.Accounts) == 0 && k.Traces == (Traces{}) {
		k.Forgotten = true
		return k, nil
	}
	desks, err := store.Desks(ctx)
	if err != nil {
		return k, err
	}
	called := make(map[provision.DeskID]string)
	for _, d := range desks {
		called[d.ID] = d.Name
	}
	k.Obstacles = slices.Concat(standing(person), blocked(person), unended(k, called), named(person, desks, called, rules))
	return k, nil
}

// standing says that somebody is not removed.
func standing(person provision.Identity) []string {
	switch {
	case person.Status == provision.StatusRemoved:
		return nil
	case person.SCIMManaged():
		return []string{fmt.Sprintf("this person is %s; have the identity provider remove them (DELETE of the SCIM resource), which ends their access", person.Status)}
	}
	return []string{fmt.Sprintf("this person is %s, known by sign-in only; `deskbridge forget --remove %s` removes them, which ends their access", person.Status, person.ID)}
}

// blocked says that an admin keeps somebody out: whoever is forgotten comes back as
// somebody new.
func blocked(person provision.Identity) []string {
	if b := person.Terms.Block; b != nil {
		return []string{fmt.Sprintf("%s has blocked this person, and once they are forgotten nobody would know them again; `deskbridge person unblock %s` first, if that is meant", b.By, person.ID)}
	}
	return nil
}

// unended says where access has not ended.
func unended(k Known, names map[provision.DeskID]string) (obstacles []string) {
	for _, a := range k.Accounts {
		if a.Approval.Open() {
			obstacles = append(obstacles, fmt.Sprintf("their user on %s waits to be gone for good; `deskbridge approval approve %s`, or refuse it", names[a.Desk], a.ID))
			continue
		}
		if a.State == provision.AccountEnded && a.Leaving.Due != nil {
			obstacles = append(obstacles, fmt.Sprintf("a step of on_leave is still to come for their user on %s, on %s; wait for it, or see to that user and take the step out of on_leave", names[a.Desk], a.Leaving.Due.Format(time.DateOnly)))
			continue
		}
		if a.State == provision.AccountEnded && !a.Due() && a.LeaseUntil == nil {
			continue
		}
		why := string(a.State)
		if a.Reason != "" {
			why += ": " + a.Reason
		}
		obstacles = append(obstacles, fmt.Sprintf("access to %s has not ended (%s); see `deskbridge explain %s`, and try again when it says \"ended\"", names[a.Desk], why, k.Person.ID))
	}
	if k.Traces.Notices > 0 {
		obstacles = append(obstacles, "a desk has not taken the notice of their logout yet; try again when it has, or after a day, when it is given up")
	}
	if k.Traces.Running > 0 {
		obstacles = append(obstacles, "a reconcile run is at their account; try again in a minute")
	}
	return obstacles
}

// named says where the configuration names a person.
func named(person provision.Identity, desks []provision.Desk, called map[provision.DeskID]string, rules []provision.Rule) (obstacles []string) {
	names := []string{provision.Fold(person.UserName), provision.Fold(person.Profile.Email)}
	for _, e := range person.Emails {
		names = append(names, provision.Fold(e.Value))
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(name, "@") })
	for _, d := range desks {
		for _, r := range d.HandOver.Rules() {
			if slices.Contains(names, provision.Fold(r.Agent)) {
				obstacles = append(obstacles, fmt.Sprintf("desk %s hands conversations over to this address; give it another hand_over first", d.Name))
				break
			}
		}
	}
	for _, r := range rules {
		if slices.Contains(names, provision.Fold(r.Equals)) {
			obstacles = append(obstacles, fmt.Sprintf("a rule on the attribute %s for desk %s names this address; `deskbridge rule remove %s` first", r.Attribute, called[r.Desk], r.ID))
		}
	}
	return obstacles
}

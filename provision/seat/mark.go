package seat

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// Taking says whose seat is taken, and how.
type Taking struct {
	Desk   provision.DeskID
	Person provision.IdentityID
	Do     seating.Do    // Free or Downgrade
	After  time.Duration // as of [Service.Idle]
	Anyway bool          // also of somebody who is not known to be idle
}

// Take takes the seat of somebody on a desk because they are idle, by an admin's word:
// they get role limited there and are in no team, or have no access, until [Service.GiveBack]. Whoever is not idle
// by then is a Conflict.
func (s *Service) Take(ctx context.Context, c provision.Cause, t Taking) (Holder, error) {
	return s.take(ctx, c, t, false)
}

func (s *Service) take(ctx context.Context, c provision.Cause, t Taking, policy bool) (h Holder, _ error) {
	found, err := s.store.AnyIdentity(ctx, t.Person)
	if err != nil {
		return h, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		rules, person, err := lock(ctx, tx, found)
		if err != nil {
			return err
		}
		desk, err := tx.Desk(ctx, string(t.Desk))
		if err != nil {
			return err
		}
		if h, err = s.holderOf(ctx, tx, desk, person, t.After); err != nil {
			return err
		}
		if err := s.mayTake(&desk, &h, t, policy); err != nil {
			return err
		}
		mark := seating.Mark{Desk: string(desk.ID), Do: t.Do, At: s.now(), By: c.Who(), Policy: policy, Last: h.Last}
		person.Terms.Idle = person.Terms.Idle.With(mark)
		entry := s.audit.Entry(c, person.Connection, audit.SeatIdle, string(person.ID))
		entry.Desk, entry.Account = desk.ID, h.Account.ID
		entry.Detail = map[string]any{"do": t.Do, "state": h.State, "policy": policy}
		if h.Last != nil {
			entry.Detail["last"], entry.Detail["by"] = h.Last.UTC().Format(time.RFC3339Nano), h.By
		}
		h.Person = person
		return s.save(ctx, tx, c, rules, person, entry)
	})
	return h, err
}

// holderOf judges one person.
func (s *Service) holderOf(ctx context.Context, tx Store, desk provision.Desk, person provision.Identity, after time.Duration) (h Holder, _ error) {
	j := s.judge(tx, desk, after)
	judged, err := j.all(ctx, SitterFilter{Desk: desk.ID, Person: person.ID})
	if err == nil {
		judged, err = j.whole(ctx, judged)
	}
	if err != nil {
		return h, err
	}
	if len(judged) == 0 {
		return h, provision.Errorf(provision.Conflict, "person", "they have no paid seat on %s, as far as the desk has shown", desk.Name)
	}
	return judged[0], nil
}

// mayTake returns why a seat is not taken so; nil when it is.
func (s *Service) mayTake(desk *provision.Desk, h *Holder, t Taking, policy bool) error {
	a := &h.Account
	switch {
	case h.Person.Terms.Idle.On(string(desk.ID)) != nil:
		return provision.Errorf(provision.Conflict, "person", "their seat on %s was taken already; `deskbridge explain %s` says when", desk.Name, h.Person.ID)
	case a.Desired.Status != provision.AccessActive:
		return provision.Errorf(provision.Conflict, "person", "their access to %s is about to end already", desk.Name)
	case a.Confirmed.Role == provision.RoleOwner:
		return provision.Errorf(provision.Conflict, "person", "they are the owner of %s, whom nobody but %s itself can change", desk.Name, desk.Name)
	case !h.State.Unused() && !t.Anyway:
		return provision.Errorf(provision.Conflict, "person", "they are not known to be idle on %s: %s is %s", desk.Name, h.Why, h.State)
	case policy && (h.Except != "" || !h.Told):
		return provision.Errorf(provision.Conflict, "person", "the policy of %s leaves them alone", desk.Name)
	case t.Do != seating.Downgrade:
		return nil
	case !provision.RoleLimited.Less(a.Desired.Role):
		return provision.Errorf(provision.Conflict, "person", "they have the weakest role on %s already; free the seat instead", desk.Name)
	}
	if can, known := s.settings.Abilities(*desk); known && !(can.Limited && can.ChangeRole) {
		return provision.Errorf(provision.Conflict, "desk", "a desk of kind %s has no role limited that Deskbridge could give; free the seat instead", desk.Kind)
	}
	_, err := s.settings.CheckRule(*desk, provision.Rule{Connection: a.Connection, Desk: desk.ID, Attribute: provision.AttributeJIT, Role: provision.RoleLimited,
		Mailboxes: a.Desired.Mailboxes})
	return err
}

// GiveBack ends that somebody has less on a desk because they were idle: what rules grant
// counts again. Whoever has left by then gets nothing by it. It reports whether there was
// anything to give back.
func (s *Service) GiveBack(ctx context.Context, c provision.Cause, id provision.IdentityID, desk provision.DeskID) (given bool, _ error) {
	found, err := s.store.AnyIdentity(ctx, id)
	if err != nil || found.Terms.Idle.On(string(desk)) == nil {
		return false, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		given = false
		rules, person, err := lock(ctx, tx, found)
		if err != nil {
			return err
		}
		mark := person.Terms.Idle.On(string(desk))
		if mark == nil { // somebody else was faster
			return nil
		}
		entry := s.audit.Entry(c, person.Connection, audit.SeatGivenBack, string(person.ID))
		entry.Desk, entry.Detail = desk, map[string]any{"do": mark.Do, "taken_at": mark.At.UTC().Format(time.RFC3339Nano), "taken_by": mark.By}
		person.Terms.Idle = person.Terms.Idle.Without(string(desk))
		given = true
		return s.save(ctx, tx, c, rules, person, entry)
	})
	return given, err
}

// Taken returns whose seat on a desk was taken because they were idle, by id, until it is
// given back.
func (s *Service) Taken(ctx context.Context, desk provision.DeskID) ([]provision.Identity, error) {
	people, err := s.store.IdlePeople(ctx)
	return slices.DeleteFunc(people, func(p provision.Identity) bool { return p.Terms.Idle.On(string(desk)) == nil }), err
}

// lock locks a person who is not forgotten, after the rules.
func lock(ctx context.Context, tx Store, found provision.Identity) (rules []provision.Rule, person provision.Identity, _ error) {
	rules, err := tx.Rules(ctx, found.Connection)
	if err != nil {
		return nil, person, err
	}
	people, err := tx.LockIdentities(ctx, found.Connection, []provision.IdentityID{found.ID})
	if err == nil && (len(people) == 0 || people[0].Forgotten()) {
		err = provision.Errorf(provision.NotFound, "person", "nothing is known of them any more")
	}
	if err != nil {
		return nil, person, err
	}
	return rules, people[0], nil
}

// save writes the terms of person, who is locked, and has access evaluated.
func (s *Service) save(ctx context.Context, tx Store, c provision.Cause, rules []provision.Rule, person provision.Identity, entry provision.Entry) error {
	if err := tx.SaveTerms(ctx, person.ID, person.Terms, person.Terms.Next(s.now())); err != nil {
		return err
	}
	if err := s.audit.Record(ctx, tx, entry); err != nil {
		return err
	}
	return s.entitlement.EvaluateIn(ctx, tx, c, person.Connection, rules, []provision.Identity{person})
}

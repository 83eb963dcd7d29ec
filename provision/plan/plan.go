package plan

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Plan says what applying a draft would change, and for whom.
type Plan struct {
	Hash    string         `json:"hash"` // of what is to change, and for whom: the same hash is the same plan
	Changes []Change       `json:"changes"`
	People  []PersonChange `json:"people"`

	// What follows is for an admin, and no part of the hash.
	Consequences Consequences `json:"consequences,omitzero"`
	Warnings     []string     `json:"warnings,omitempty"`
}

// Empty reports whether applying the plan would change nothing.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.People) == 0 }

// Change is one object that a plan adds, changes or removes.
type Change struct {
	Action string   `json:"action"` // "add", "change", "remove"
	Kind   string   `json:"kind"`   // "connection", "desk", "rule"
	Name   string   `json:"name"`
	Fields []string `json:"fields,omitempty"` // of a changed connection or desk

	Desk provision.DeskID `json:"-"` // of a rule

	Before *Granted `json:"before,omitempty"` // by a rule that is changed or removed
	After  *Granted `json:"after,omitempty"`  // by a rule that is changed or added
}

// Granted is what a rule grants.
type Granted struct {
	Role      provision.Role `json:"role,omitempty"`
	Teams     []string       `json:"teams,omitempty"`
	Mailboxes []string       `json:"mailboxes,omitempty"`
	Until     string         `json:"until,omitempty"` // as access.yaml has it; "": for ever
	DeskRoles []string       `json:"desk_roles,omitempty"`
}

// PersonChange is what a plan changes for one person on one desk.
type PersonChange struct {
	Person   provision.IdentityID `json:"id"`
	UserName string               `json:"user_name"`
	Desk     string               `json:"desk"` // name
	Before   provision.Access     `json:"before"`
	After    provision.Access     `json:"after"`
}

// draftState is what a draft comes to, given what is there.
type draftState struct {
	connections []provision.Connection // to save
	desks       []provision.Desk       // to save
	add, remove []provision.Rule
	touched     map[provision.ConnectionID]bool // whose rules change

	rules          []provision.Rule // of the draft; those that are here already as they are
	newConnections []provision.ConnectionID
	signIn         []signInChange // of the connections that are here already
	losing         map[provision.ConnectionID]map[provision.IdentityID][]provision.DeskID

	connectionsByName map[string]provision.Connection // that the draft names, as they will be
	desksByName       map[string]provision.Desk
	plan              Plan

	// configuration is a digest of all but people.
	configuration string

	expected int                                         // losses of access, by an admin who has reviewed them
	allowed  map[provision.DeskID][]provision.IdentityID // who loses access, and whom mass-change protection lets
}

// signInChange is a connection as it is and as it will be.
type signInChange struct{ before, after provision.Connection }

// Plan returns what applying d would change. It changes nothing.
func (s *Service) Plan(ctx context.Context, d Draft) (Plan, error) {
	warnings, err := s.Check(ctx, d)
	if err != nil {
		return Plan{}, err
	}
	state, err := s.resolve(ctx, s.store, d)
	if err != nil {
		return Plan{}, err
	}
	state.plan.Warnings = warnings
	state.plan.Consequences, err = s.consequences(ctx, &state)
	return state.plan, err
}

// applyTries is how often Apply begins anew because the configuration was
// changed while it looked at people.
const applyTries = 3

// Apply makes d true in one transaction. hash, when not empty, is the Hash of
// the plan that was reviewed: when applying would by now do anything else,
// Apply changes nothing and returns a Stale error. Where a second admin has to do the same
// it is Denied with [secondadmin.Reason].
//
// It looks at everybody before it locks anything, so that pushes go on: a
// change that an identity provider pushes meanwhile counts as pushed right
// after. The configuration itself is compared under the lock.
func (s *Service) Apply(ctx context.Context, c provision.Cause, d Draft, hash string) (Plan, error) {
	return s.apply(ctx, c, d, hash, nil)
}

// ApplyExpecting is Apply for an admin who has reviewed that so many people lose
// access: mass-change protection does not hold them. When more would, nothing is
// changed, and the Conflict that is returned says how many.
func (s *Service) ApplyExpecting(ctx context.Context, c provision.Cause, d Draft, hash string, losses int) (Plan, error) {
	return s.apply(ctx, c, d, hash, &losses)
}

func (s *Service) apply(ctx context.Context, c provision.Cause, d Draft, hash string, expected *int) (Plan, error) {
	warnings, err := s.Check(ctx, d)
	if err != nil {
		return Plan{}, err
	}
	var state draftState
	for try := 1; ; try++ {
		if state, err = s.resolve(ctx, s.store, d); err != nil {
			return state.plan, err
		}
		state.plan.Warnings = warnings
		if hash != "" && hash != state.plan.Hash {
			return state.plan, errStalePlan
		}
		if state.plan.Consequences, err = s.consequences(ctx, &state); err != nil {
			return state.plan, err
		}
		if expected != nil {
			if err := state.plan.CheckLosses(*expected); err != nil {
				return state.plan, err
			}
		}
		if state.plan.Empty() {
			return state.plan, nil
		}
		err := secondadmin.InTx(ctx, s.inTx, func(tx Store) error {
			if err := tx.LockRules(ctx); err != nil {
				return err
			}
			now, err := s.resolveConfiguration(ctx, tx, d)
			if err != nil {
				return err
			}
			if now.configuration != state.configuration {
				return errStalePlan
			}
			now.plan = state.plan
			lost, held := state.plan.Consequences.LostPeople(), state.plan.Consequences.Held()
			two, err := s.second.Needed(ctx, tx, c)
			if err == nil && two && held {
				err = s.second.Apply(ctx, tx, c, state.plan.Hash, slices.Collect(maps.Keys(now.desksByName)), lost, expected != nil)
			}
			if err != nil {
				return err
			}
			if expected != nil && (held || !two) { // what one lets lose access counts as all else does
				now.allowed = state.expectedLosses()
				now.expected = *expected
			}
			return s.execute(ctx, tx, c, now)
		})
		if !errors.Is(err, errStalePlan) || try == applyTries {
			return state.plan, err
		}
	}
}

var errStalePlan = provision.Errorf(provision.Stale, "plan", "something changed since this plan was made; run `deskbridge plan` again and review the difference")

// expectedLosses returns the people, by desk, who lose access by the plan.
func (st *draftState) expectedLosses() map[provision.DeskID][]provision.IdentityID {
	losing := make(map[provision.DeskID][]provision.IdentityID)
	for _, people := range st.losing {
		for person, desks := range people {
			for _, d := range desks {
				losing[d] = append(losing[d], person)
			}
		}
	}
	return losing
}

func (s *Service) execute(ctx context.Context, tx Store, c provision.Cause, state draftState) error {
	for _, conn := range state.connections {
		if err := s.saveConnection(ctx, tx, c, conn); err != nil {
			return err
		}
	}
	var again []provision.Account
	for _, desk := range state.desks {
		more, err := s.saveDesk(ctx, tx, c, desk)
		if err != nil {
			return err
		}
		again = append(again, more...)
	}
	for _, r := range state.remove {
		if err := s.settings.DeleteRuleIn(ctx, tx, c, r); err != nil {
			return err
		}
	}
	for _, r := range state.add {
		if _, err := s.settings.SaveRuleIn(ctx, tx, c, r); err != nil {
			return err
		}
	}
	if len(state.allowed) > 0 {
		if _, err := s.entitlement.AllowLosses(ctx, tx, c, state.allowed); err != nil {
			return err
		}
	}
	for _, conn := range slices.Sorted(maps.Keys(state.touched)) {
		if err := s.entitlement.MarkChanged(ctx, tx, conn, "apply of the plan "+state.plan.Hash[:min(12, len(state.plan.Hash))]+" by "+c.Who()); err != nil {
			return err
		}
	}
	if err := s.reconcile.RequeueSeatWaiters(ctx, tx, again, state.desks...); err != nil { // seats that desks gain
		return err
	}
	e := s.audit.Entry(c, "", audit.PlanApplied, state.plan.Hash)
	e.Detail = map[string]any{"changes": state.plan.Changes, "people": len(state.plan.People), "losses": state.plan.Consequences.LostPeople()}
	if state.expected > 0 {
		e.Detail["expected_losses"] = state.expected
	}
	return s.audit.Record(ctx, tx, e)
}

// saveConnection makes conn, or gives an existing one its settings and leaves
// alone what the brake keeps there. Sessions that its settings no longer allow
// end.
func (s *Service) saveConnection(ctx context.Context, tx Store, c provision.Cause, conn provision.Connection) error {
	have, err := tx.LockConnection(ctx, conn.ID)
	if err == nil {
		if err := s.settings.EndLost(ctx, tx, c, conn.ID, &have.SignIn, &conn.SignIn); err != nil {
			return err
		}
		have.IdP, have.Domains, have.SignIn, have.JWT, have.ValidUntil = conn.IdP, conn.Domains, conn.SignIn, conn.JWT, conn.ValidUntil
		conn = have
	} else if !provision.IsNotFound(err) {
		return err
	}
	if err := settings.FreeDomains(ctx, tx, conn); err != nil {
		return err
	}
	return tx.SaveConnection(ctx, conn)
}

// saveDesk makes or changes a desk, which it locks. It returns the accounts that have to
// be looked at again for it.
func (s *Service) saveDesk(ctx context.Context, tx Store, c provision.Cause, desk provision.Desk) (again []provision.Account, _ error) {
	have, err := tx.LockDesk(ctx, desk.ID)
	if err != nil && !provision.IsNotFound(err) {
		return nil, err
	}
	if err == nil {
		if again, err = keptElse(ctx, tx, have, desk); err != nil {
			return nil, err
		}
	}
	if err := settings.FreeClientID(ctx, tx, desk); err != nil {
		return nil, err
	}
	if err := tx.SaveDesk(ctx, desk); err != nil {
		return nil, err
	}
	return again, settings.NotePrice(ctx, tx, s.audit, c, have.Price, desk)
}

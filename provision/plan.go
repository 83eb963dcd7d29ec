package provision

import (
	"context"
	"maps"
	"slices"
)

// Draft is a configuration as an admin wrote it. Connections and desks are
// known by name; the Connection and Desk of a rule are names, too.
//
// Connections and desks that a draft does not name stay as they are. Its rules
// replace all rules of the desks that it names.
type Draft struct {
	Connections []Connection
	Desks       []Desk
	Rules       []Rule
}

// Plan says what applying a draft would change, and for whom.
type Plan struct {
	Hash    string         `json:"hash"` // of everything below: the same hash is the same plan
	Changes []Change       `json:"changes"`
	People  []PersonChange `json:"people"`
}

// Empty reports whether applying the plan would change nothing.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 && len(p.People) == 0 }

// Change is one object that a plan adds, changes or removes.
type Change struct {
	Action string   `json:"action"` // "add", "change", "remove"
	Kind   string   `json:"kind"`   // "connection", "desk", "rule"
	Name   string   `json:"name"`
	Fields []string `json:"fields,omitempty"` // of a changed object
}

// PersonChange is what a plan changes for one person on one desk.
type PersonChange struct {
	Person   IdentityID `json:"id"`
	UserName string     `json:"user_name"`
	Desk     string     `json:"desk"` // name
	Before   Access     `json:"before"`
	After    Access     `json:"after"`
}

// draftState is what a draft comes to, given what is there.
type draftState struct {
	connections []Connection // to save
	desks       []Desk       // to save
	add, remove []Rule
	touched     map[ConnectionID]bool // whose rules change
	plan        Plan
}

// Plan returns what applying d would change. It changes nothing.
func (s *Service) Plan(ctx context.Context, d Draft) (Plan, error) {
	state, err := s.resolve(ctx, s.store, d)
	if err != nil {
		return Plan{}, err
	}
	return state.plan, nil
}

// Apply makes d true in one transaction. hash, when not empty, is the Hash of
// the plan that was reviewed: when applying would by now do anything else,
// Apply changes nothing and returns a Stale error.
func (s *Service) Apply(ctx context.Context, c Cause, d Draft, hash string) (Plan, error) {
	var state draftState
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil {
			return err
		}
		var err error
		if state, err = s.resolve(ctx, tx, d); err != nil {
			return err
		}
		if hash != "" && hash != state.plan.Hash {
			return Errorf(Stale, "plan", "something changed since this plan was made; run `deskbridge plan` again and review the difference")
		}
		if state.plan.Empty() {
			return nil
		}
		return s.carryOut(ctx, tx, c, state)
	})
	return state.plan, err
}

func (s *Service) carryOut(ctx context.Context, tx Store, c Cause, state draftState) error {
	for _, conn := range state.connections {
		if err := s.saveConnection(ctx, tx, conn); err != nil {
			return err
		}
	}
	for _, desk := range state.desks {
		if err := s.saveDesk(ctx, tx, desk); err != nil {
			return err
		}
	}
	for _, r := range state.remove {
		if err := s.deleteRule(ctx, tx, c, r); err != nil {
			return err
		}
	}
	for _, r := range state.add {
		if _, err := s.saveRule(ctx, tx, c, r); err != nil {
			return err
		}
	}
	for _, conn := range slices.Sorted(maps.Keys(state.touched)) {
		if err := s.markDirty(ctx, tx, conn, ""); err != nil {
			return err
		}
	}
	e := s.entry(c, "", "plan.applied", state.plan.Hash)
	e.Detail = map[string]any{"changes": state.plan.Changes, "people": len(state.plan.People)}
	return s.record(ctx, tx, e)
}

// saveConnection makes conn, or gives an existing one its settings and leaves
// alone what the brake keeps there.
func (s *Service) saveConnection(ctx context.Context, tx Store, conn Connection) error {
	have, err := tx.LockConnection(ctx, conn.ID)
	if err == nil {
		have.IdP, have.Domains, have.SignIn, have.JWT = conn.IdP, conn.Domains, conn.SignIn, conn.JWT
		conn = have
	} else if !isNotFound(err) {
		return err
	}
	if err := freeDomains(ctx, tx, conn); err != nil {
		return err
	}
	return tx.SaveConnection(ctx, conn)
}

// saveDesk makes or changes a desk. Seats that it gains go to those who wait.
func (s *Service) saveDesk(ctx context.Context, tx Store, desk Desk) error {
	if _, err := tx.LockDesk(ctx, desk.ID); err != nil && !isNotFound(err) {
		return err
	}
	if err := freeClientID(ctx, tx, desk); err != nil {
		return err
	}
	if err := tx.SaveDesk(ctx, desk); err != nil {
		return err
	}
	return s.passSeats(ctx, tx, desk, "")
}

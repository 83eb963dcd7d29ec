package deskhealth

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Unit is a team or mailbox as the desk shows it.
type Unit struct {
	Kind provision.UnitKind
	ID   string
	Name string
}

// KnownUnit is what the name of a team or mailbox in rules means on a desk: the
// unit that had the name when it was first looked for, whatever the desk calls it
// since. No two names mean one unit.
type KnownUnit struct {
	Desk  provision.DeskID
	Kind  provision.UnitKind
	Name  string // in rules
	ID    string // on the desk
	Shown string // what the desk calls it now; "" when it is gone

	// Other is the id of another unit that has the name now; "" when none has.
	// Nobody is put into it before an admin has said that it is meant.
	Other string
	At    time.Time // when the desk last showed something new of it
}

// Renamed reports whether the desk calls the unit by another name than rules do.
func (u KnownUnit) Renamed() bool { return u.Shown != "" && !sameName(u.Shown, u.Name) }

// Replaced reports whether the unit is gone, and another has its name.
func (u KnownUnit) Replaced() bool { return u.Shown == "" && u.Other != "" }

// namedIn reports whether one of names is that of the unit.
func (u KnownUnit) namedIn(names []named) bool {
	return slices.ContainsFunc(names, func(n named) bool { return n.kind == u.Kind && sameName(n.name, u.Name) })
}

// handsOver reports whether a hand-over policy names the unit.
func (u KnownUnit) handsOver(policy provision.HandOver) bool {
	for mailbox, r := range policy.Rules() {
		if sameName(mailbox, u.Name) && u.Kind != provision.UnitRole || sameName(r.Team, u.Name) && u.Kind == provision.UnitTeam {
			return true
		}
	}
	return false
}

func sameName(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// RecognizeUnits returns what the names in rules mean on a desk that has these
// units now: a name that is new there means the unit of that name, one that is
// known the same unit as before. Where the desk has renamed a unit, deleted it, or
// made another one of the name, that is noted in the audit log. It writes nothing
// when there is nothing new. Names that hand_over has are also looked for, as those in
// rules: also are these, with their kinds.
func (s *Service) RecognizeUnits(ctx context.Context, desk provision.DeskID, units []Unit, also ...Unit) ([]KnownUnit, error) {
	known, err := s.store.KnownUnits(ctx, desk)
	if err != nil {
		return nil, err
	}
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	names, err := s.followed(ctx, desk, rules, known)
	if err != nil {
		return nil, err
	}
	spoken := namedBy(rules, desk)
	for _, u := range also {
		names, spoken = append(names, named{u.Kind, u.Name}), append(spoken, named{u.Kind, u.Name})
	}
	look := func(store Store) (known, now []KnownUnit, changed []change, _ error) {
		known, err := store.KnownUnits(ctx, desk)
		if err != nil {
			return nil, nil, nil, err
		}
		kept, err := inUse(ctx, store, desk, spoken, known)
		if err != nil {
			return nil, nil, nil, err
		}
		now, changed = recognize(desk, kept, names, units)
		return known, now, changed, nil
	}
	known, now, changed, err := look(s.store)
	if err != nil || len(changed) == 0 && len(now) == len(known) {
		return now, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockDesk(ctx, desk); err != nil {
			return err
		}
		known, now, changed, err = look(tx) // another process may have been at it
		if err != nil {
			return err
		}
		return s.saveUnits(ctx, tx, known, now, changed)
	})
	return now, err
}

// inUse returns the known units that one of names is of, or that somebody has or is to have:
// what nobody speaks of any more says nothing of a rule that is made later.
func inUse(ctx context.Context, store Store, desk provision.DeskID, names []named, known []KnownUnit) ([]KnownUnit, error) {
	if !slices.ContainsFunc(known, func(u KnownUnit) bool { return !u.namedIn(names) }) {
		return known, nil
	}
	had, err := store.NamesOfAccounts(ctx, desk)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(known), func(u KnownUnit) bool {
		return !u.namedIn(names) && !provision.ContainsFold(had[u.Kind], u.Name)
	}), nil
}

// followed returns the names in rules of a desk, without the new names of renamed
// units while people are still to be evaluated by those rules: until then accounts
// go by the old name, and would lose what it means.
func (s *Service) followed(ctx context.Context, desk provision.DeskID, rules []provision.Rule, known []KnownUnit) ([]named, error) {
	names := namedBy(rules, desk)
	renamed := func(n named) bool {
		return slices.ContainsFunc(known, func(u KnownUnit) bool { return u.Kind == n.kind && u.Renamed() && sameName(u.Shown, n.name) })
	}
	if !slices.ContainsFunc(names, renamed) {
		return names, nil
	}
	asked := make(map[provision.ConnectionID]bool)
	for _, r := range rules {
		if r.Desk != desk || asked[r.Connection] {
			continue
		}
		asked[r.Connection] = true
		pending, err := s.store.EvaluationPending(ctx, r.Connection, s.now())
		if err != nil {
			return nil, err
		}
		if pending {
			return slices.DeleteFunc(names, renamed), nil
		}
	}
	return names, nil
}

func (s *Service) saveUnits(ctx context.Context, tx Store, before, now []KnownUnit, changed []change) error {
	for _, b := range before {
		if !slices.ContainsFunc(now, func(u KnownUnit) bool { return u.Kind == b.Kind && sameName(u.Name, b.Name) }) {
			if err := tx.DeleteKnownUnit(ctx, b.Desk, b.Kind, b.Name); err != nil {
				return err
			}
		}
	}
	var entries []provision.Entry
	for _, c := range changed {
		c.unit.At = s.now()
		if err := tx.SaveKnownUnit(ctx, c.unit); err != nil {
			return err
		}
		if c.action == "" {
			continue
		}
		e := s.unitEntry(provision.Cause{Actor: "worker", Action: "read units"}, c.action, c.unit)
		e.Detail["id"], e.Detail["now"], e.Detail["other"] = c.unit.ID, c.unit.Shown, c.unit.Other
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil
	}
	return s.audit.Record(ctx, tx, entries...)
}

func (s *Service) unitEntry(c provision.Cause, action provision.Action, u KnownUnit) provision.Entry {
	e := s.audit.Entry(c, "", action, string(u.Desk))
	e.Desk, e.Detail = u.Desk, map[string]any{"kind": u.Kind, "name": u.Name}
	return e
}

// named is a name of a kind in a rule.
type named struct {
	kind provision.UnitKind
	name string
}

func namedBy(rules []provision.Rule, desk provision.DeskID) (names []named) {
	for _, r := range rules {
		if r.Desk != desk {
			continue
		}
		for _, name := range r.Teams {
			names = append(names, named{provision.UnitTeam, name})
		}
		for _, name := range r.Mailboxes {
			names = append(names, named{provision.UnitMailbox, name})
		}
		for _, name := range r.DeskRoles {
			names = append(names, named{provision.UnitRole, name})
		}
	}
	return names
}

// change is what is new of a unit, and what the audit log says of it; "" for nothing.
type change struct {
	unit   KnownUnit
	action provision.Action
}

// recognize returns what is known of units now, and what of that is new. A new
// name means a unit when no other one has it, and no rule calls the unit otherwise:
// people by those rules have it by the name that is known.
func recognize(desk provision.DeskID, known []KnownUnit, names []named, units []Unit) (now []KnownUnit, changed []change) {
	now = slices.Clone(known)
	for _, n := range names {
		if slices.ContainsFunc(now, func(u KnownUnit) bool { return u.namedIn([]named{n}) }) {
			continue
		}
		called := slices.DeleteFunc(slices.Clone(units), func(u Unit) bool { return u.Kind != n.kind || !sameName(u.Name, n.name) })
		if len(called) != 1 {
			continue
		}
		same := func(u KnownUnit) bool { return u.Kind == n.kind && u.ID == called[0].ID }
		if slices.ContainsFunc(now, func(u KnownUnit) bool { return same(u) && u.namedIn(names) }) {
			continue
		}
		// Rules that name a unit anew, by what it is called by now, speak of it so.
		now = slices.DeleteFunc(now, same)
		fresh := KnownUnit{Desk: desk, Kind: n.kind, Name: n.name, ID: called[0].ID, Shown: called[0].Name}
		now, changed = append(now, fresh), append(changed, change{unit: fresh})
	}
	for i := range now {
		u := &now[i]
		shown, other := "", ""
		for _, unit := range units {
			switch {
			case unit.Kind != u.Kind:
			case unit.ID == u.ID:
				shown = unit.Name
			case other == "" && sameName(unit.Name, u.Name):
				other = unit.ID
			}
		}
		if shown == u.Shown && other == u.Other {
			continue
		}
		was := *u
		u.Shown, u.Other = shown, other
		changed = append(changed, change{*u, actionOf(was, *u)})
	}
	return now, changed
}

// actionOf says what happened to a unit on the desk.
func actionOf(was, is KnownUnit) provision.Action {
	switch {
	case is.Replaced() && !was.Replaced():
		return audit.UnitReplaced
	case is.Shown == "" && was.Shown != "":
		return audit.UnitGone
	case is.Shown != "" && !sameName(is.Shown, was.Shown):
		return audit.UnitRenamed
	}
	return ""
}

// KnownUnits returns what names in rules meant on a desk when that was last known.
func (s *Service) KnownUnits(ctx context.Context, desk provision.DeskID) ([]KnownUnit, error) {
	return s.store.KnownUnits(ctx, desk)
}

// OddUnits returns what names in rules and in hand_over mean on desks, of which the desks show
// something else than rules say: renamed, or replaced. Names that no rule has
// any more are left out.
func (s *Service) OddUnits(ctx context.Context) (odd []KnownUnit, _ error) {
	known, err := s.store.KnownUnits(ctx, "")
	if err != nil || len(known) == 0 {
		return nil, err
	}
	rules, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range known {
		handsOver := slices.ContainsFunc(desks, func(d provision.Desk) bool { return d.ID == u.Desk && u.handsOver(d.HandOver) })
		if (handsOver || u.namedIn(namedBy(rules, u.Desk))) && (u.Renamed() || u.Replaced()) {
			odd = append(odd, u)
		}
	}
	return odd, nil
}

// AcceptUnits has names in rules mean the teams and mailboxes of a desk that have
// these names now, where the ones that were meant are gone, and has those reconciled
// who wait for a team or mailbox there. It returns which these are. That rules mean
// the one of the name by another name is a Conflict error, when there is no other.
func (s *Service) AcceptUnits(ctx context.Context, c provision.Cause, desk provision.DeskID) (accepted []KnownUnit, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockDesk(ctx, desk); err != nil {
			return err
		}
		known, err := tx.KnownUnits(ctx, desk)
		if err != nil {
			return err
		}
		accepted = nil
		var taken error
		var entries []provision.Entry
		for _, u := range known {
			if !u.Replaced() {
				continue
			}
			if by := slices.IndexFunc(known, func(k KnownUnit) bool { return k.Kind == u.Kind && k.ID == u.Other }); by >= 0 {
				taken = provision.Errorf(provision.Conflict, "unit", "the %s that is called %q now is the one that rules call %q; correct the rules first: no two names of theirs may mean one", u.Kind, u.Name, known[by].Name)
				continue
			}
			accepted = append(accepted, u)
			if err := tx.DeleteKnownUnit(ctx, desk, u.Kind, u.Name); err != nil {
				return err
			}
			e := s.unitEntry(c, audit.UnitAccepted, u)
			e.Detail["id"], e.Detail["was"] = u.Other, u.ID
			entries = append(entries, e)
		}
		if len(entries) == 0 {
			return taken
		}
		if err := s.audit.Record(ctx, tx, entries...); err != nil {
			return err
		}
		lacking, err := tx.AccountsWhere(ctx, provision.AccountFilter{Desk: desk, State: provision.AccountNeedsAttention, ReasonCode: provision.ReasonPlace}, 0)
		if err != nil {
			return err
		}
		return s.entitlement.Requeue(ctx, tx, lacking)
	})
	return accepted, err
}

package directory

import (
	"context"
	"slices"
	"sync"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// evaluateBatch is how many people one statement batch of a group change
// evaluates.
const evaluateBatch = 500

// CreateGroup adds a group with members. A taken displayName is
// a Conflict; an unknown member is Invalid.
func (s *Service) CreateGroup(ctx context.Context, conn provision.ConnectionID, c provision.Cause, g provision.Group, members []provision.MemberID) (provision.Group, error) {
	err := s.inGroupTx(ctx, func(tx groupTx) error {
		rules, err := tx.Rules(ctx, conn)
		if err != nil {
			return err
		}
		if err := provision.AllOf(validateGroup(&g), provision.CheckVisible("displayName", g.DisplayName)); err != nil {
			return err
		}
		now := s.now()
		g.ID, g.Connection, g.Version, g.CreatedAt, g.UpdatedAt = provision.NewID[provision.GroupID](), conn, 1, now, now
		if err := tx.InsertGroup(ctx, g); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, tx, s.audit.Entry(c, conn, audit.GroupCreated, string(g.ID))); err != nil {
			return err
		}
		if rules, err = s.bindRules(ctx, tx, rules, g); err != nil {
			return err
		}
		_, err = s.changeMembers(ctx, tx, c, rules, g, members, nil)
		return err
	})
	return g, err
}

// Group returns a group.
func (s *Service) Group(ctx context.Context, conn provision.ConnectionID, id provision.GroupID) (provision.Group, error) {
	return s.store.Group(ctx, conn, id)
}

// Groups returns a page of the connection's groups.
func (s *Service) Groups(ctx context.Context, conn provision.ConnectionID, q provision.Query) (provision.Page[provision.Group], error) {
	return s.store.Groups(ctx, conn, q)
}

// Members returns the direct members of a group of this connection.
func (s *Service) Members(ctx context.Context, conn provision.ConnectionID, id provision.GroupID) ([]provision.Member, error) {
	if _, err := s.store.Group(ctx, conn, id); err != nil {
		return nil, err
	}
	return s.store.Members(ctx, id)
}

// UpdateGroup lets change edit a group and its members, in one transaction
// with the audit entry and the jobs that follow; see [Service.UpdatePerson].
// An unknown member is Invalid.
func (s *Service) UpdateGroup(ctx context.Context, conn provision.ConnectionID, id provision.GroupID, c provision.Cause, change func(*GroupChange) error) (updated provision.Group, err error) {
	err = s.inGroupTx(ctx, func(tx groupTx) error {
		rules, old, err := tx.LoadGroupForUpdate(ctx, conn, id)
		if err != nil {
			return err
		}
		edit := GroupChange{Group: old, members: sync.OnceValues(func() ([]provision.Member, error) { return tx.Members(ctx, id) })}
		if err := change(&edit); err != nil {
			return err
		}
		add, remove, err := edit.net()
		if err != nil {
			return err
		}
		e, err := decideGroup(old, edit.Group, s.now())
		if err != nil {
			return err
		}
		e.add, e.remove = add, remove
		updated, err = s.applyGroup(ctx, tx, c, rules, e)
		return err
	})
	return updated, err
}

// applyGroup carries out e in tx, notes it in the audit log, and has everybody
// evaluated whom it concerns. It returns the group as it is then.
func (s *Service) applyGroup(ctx context.Context, tx groupTx, c provision.Cause, rules []provision.Rule, e groupEffects) (provision.Group, error) {
	if e.edited {
		if err := s.audit.Record(ctx, tx, s.audit.Entry(c, e.old.Connection, audit.GroupChanged, string(e.old.ID))); err != nil {
			return provision.Group{}, err
		}
	}
	moved, err := s.changeMembers(ctx, tx, c, rules, e.now, e.add, e.remove)
	if err != nil {
		return provision.Group{}, err
	}
	if !e.edited && !moved {
		return e.old, nil
	}
	if err := tx.SaveGroup(ctx, e.now); err != nil {
		return provision.Group{}, err
	}
	if !e.renamed {
		return e.now, nil
	}
	if rules, err = s.bindRules(ctx, tx, rules, e.now); err != nil {
		return provision.Group{}, err
	}
	return e.now, s.touchGroup(ctx, tx, e.now.Connection, rules, e.now.ID)
}

// RemoveGroup deletes a group. check, when not nil, sees it first and may
// refuse.
func (s *Service) RemoveGroup(ctx context.Context, conn provision.ConnectionID, id provision.GroupID, c provision.Cause, check func(provision.Group) error) error {
	return s.inGroupTx(ctx, func(tx groupTx) error {
		rules, err := tx.Rules(ctx, conn)
		if err != nil {
			return err
		}
		g, err := tx.LockGroup(ctx, conn, id)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(g); err != nil {
				return err
			}
		}
		if err := s.touchGroup(ctx, tx, conn, rules, id); err != nil {
			return err
		}
		if err := tx.DeleteGroup(ctx, conn, id, s.now()); err != nil {
			return err
		}
		if err := s.unbindRules(ctx, tx, conn, rules, id); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.audit.Entry(c, conn, audit.GroupRemoved, string(id)))
	})
}

// changeMembers adds and removes members of g, which is locked, and evaluates
// the people that it touches. It reports whether anything changed.
func (s *Service) changeMembers(ctx context.Context, tx groupTx, c provision.Cause, rules []provision.Rule, g provision.Group, add, remove []provision.MemberID) (bool, error) {
	if len(add)+len(remove) == 0 {
		return false, nil
	}
	kinds, err := tx.LockMembers(ctx, g.Connection, add, remove)
	if err != nil {
		return false, err
	}
	members, err := membersOf(g.ID, add, kinds)
	if err != nil {
		return false, err
	}
	if nests(kinds) {
		if err := tx.alone(); err != nil { // who is below changes for groups that we do not lock
			return false, err
		}
	}
	added, err := tx.AddMembers(ctx, g.Connection, g.ID, members)
	if err != nil {
		return false, err
	}
	removed, err := tx.RemoveMembers(ctx, g.ID, remove)
	if err != nil {
		return false, err
	}
	if len(added)+len(removed) == 0 {
		return false, nil
	}
	entry := s.audit.Entry(c, g.Connection, audit.MembersChanged, string(g.ID))
	entry.Detail = map[string]any{}
	if len(added) > 0 {
		entry.Detail["added"] = added
	}
	if len(removed) > 0 {
		entry.Detail["removed"] = removed
	}
	if err := s.audit.Record(ctx, tx, entry); err != nil {
		return false, err
	}
	return true, s.evaluateMembers(ctx, tx, c, rules, g, kinds, slices.Concat(added, removed))
}

// evaluateMost is how many people a change of members evaluates itself; more are
// left to a worker, lest everybody else wait for them.
const evaluateMost = 1000

// evaluateMembers evaluates the people among members, who are locked, and marks
// those in the groups among them, when g means anything to a rule.
func (s *Service) evaluateMembers(ctx context.Context, tx groupTx, c provision.Cause, rules []provision.Rule, g provision.Group, kinds map[provision.MemberID]provision.MemberKind, members []provision.MemberID) error {
	grants, err := s.groupGrants(ctx, tx, g.Connection, rules, g.ID)
	if err != nil || !grants {
		return err
	}
	for _, m := range members {
		if kinds[m] == provision.MemberGroup {
			if err := s.entitlement.MarkDirty(ctx, tx, g.Connection, provision.GroupID(m)); err != nil {
				return err
			}
		}
	}
	people := peopleOf(kinds, members)
	switch {
	case len(people) == 0:
		return nil
	case len(people) > evaluateMost:
		return s.entitlement.MarkPeople(ctx, tx, g.Connection, people)
	}
	locked, err := tx.LockIdentities(ctx, g.Connection, people)
	if err != nil {
		return err
	}
	if len(people) > evaluateBatch { // people before accounts, and these by id
		if _, err := tx.LockAccountsOf(ctx, people); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(locked, evaluateBatch) {
		if err := s.entitlement.EvaluateIn(ctx, tx, c, g.Connection, rules, batch); err != nil {
			return err
		}
	}
	return nil
}

// groupGrants reports whether a rule is bound to the group or to one that it
// is nested in.
func (s *Service) groupGrants(ctx context.Context, tx Store, conn provision.ConnectionID, rules []provision.Rule, id provision.GroupID) (bool, error) {
	bound := boundGroups(rules)
	if len(bound) == 0 || bound[id] {
		return bound[id], nil
	}
	edges, err := tx.Edges(ctx, conn, []provision.MemberID{provision.MemberID(id)})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(edges, func(e provision.Edge) bool { return bound[e.Group] }), nil
}

// touchGroup has everybody in the group evaluated, when it means anything to a
// rule.
func (s *Service) touchGroup(ctx context.Context, tx groupTx, conn provision.ConnectionID, rules []provision.Rule, id provision.GroupID) error {
	grants, err := s.groupGrants(ctx, tx, conn, rules, id)
	if err != nil || !grants {
		return err
	}
	if err := tx.alone(); err != nil {
		return err
	}
	return s.entitlement.MarkDirty(ctx, tx, conn, id)
}

// bindRules binds the rules that name g and have no group yet to g, and
// returns rules as they are then.
func (s *Service) bindRules(ctx context.Context, tx groupTx, rules []provision.Rule, g provision.Group) ([]provision.Rule, error) {
	out, fresh := bindTo(rules, g)
	for _, r := range fresh {
		if err := tx.alone(); err != nil {
			return nil, err
		}
		if err := tx.SaveRule(ctx, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unbindRules frees the rules that were bound to a group that is gone. One
// whose name another group has taken meanwhile goes over to that one.
func (s *Service) unbindRules(ctx context.Context, tx groupTx, conn provision.ConnectionID, rules []provision.Rule, gone provision.GroupID) error {
	for i, r := range rules {
		if r.GroupID != gone {
			continue
		}
		bound, err := entitlement.BindRule(ctx, tx, r)
		if err != nil {
			return err
		}
		if err := tx.SaveRule(ctx, bound); err != nil {
			return err
		}
		rules[i] = bound
		if bound.GroupID == "" {
			continue
		}
		if err := s.touchGroup(ctx, tx, conn, rules, bound.GroupID); err != nil {
			return err
		}
	}
	return nil
}

package patch

import (
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// Members takes the changes that a PATCH makes to the members of a group, one
// after the other.
type Members interface {
	Add(ids ...provision.MemberID)
	Remove(ids ...provision.MemberID)
	RemoveAll()
	Members() ([]provision.Member, error) // as they were before all changes
}

// memberChange turns the operations of a PATCH on members into additions and
// removals, whose cost does not follow the size of the group. Only a value
// filter on something else than value reads the members.
type memberChange struct {
	group  Members
	limits Limits
	budget *budget
	named  int          // ids in the operations so far
	steps  []memberStep // the operations that now has not seen
	now    *nowMembers  // nil: no filter has asked for them yet
}

// nowMembers are the members as filters see them.
type nowMembers struct {
	by    map[string]resource.Object
	order []string // of by; ids may be gone, or stand twice
}

// memberStep adds or removes ids; with all it empties the group.
type memberStep struct {
	kind Kind
	all  bool
	ids  []provision.MemberID
}

func (m *memberChange) apply(kind Kind, at resource.Path, value any) error {
	if at.Sub != nil {
		if at.Sub.Name() == "display" { // we show the member's own name
			return nil
		}
		return scimerr.Immutable(at.String(), "is immutable; remove the member and add another.")
	}
	if at.Where != nil {
		return m.applySelected(kind, at, value)
	}
	ids, err := resource.ReadMembers(value, m.limits.MaxMembers)
	switch {
	case err != nil:
		return err
	case kind == Add:
		return m.add(ids)
	case kind == Replace:
		m.removeAll()
		return m.add(ids)
	case value == nil:
		m.removeAll()
		return nil
	case len(ids) == 0: // a client whose list has come out empty must not empty the group
		return scimerr.InvalidValue("value", "names no member; without it remove empties the group")
	}
	return m.remove(ids)
}

// applySelected changes the members that a filter finds. Who is named by it needs no
// value beside it.
func (m *memberChange) applySelected(kind Kind, at resource.Path, value any) error {
	var ids []provision.MemberID
	if kind != Remove && !resource.IsUnassigned(value) {
		var err error
		if ids, err = resource.ReadMembers(value, m.limits.MaxMembers); err != nil {
			return err
		}
	}
	selected, plain := valuesOf(at.Where)
	if !plain {
		var err error
		if selected, err = m.matching(at.Where); err != nil {
			return err
		}
	}
	switch {
	case kind == Remove:
		return m.remove(selected)
	case len(ids) == 0 && plain:
		return m.add(selected)
	case len(selected) == 0:
		return scimerr.NoTarget("No member matches the filter.")
	case kind == Replace:
		if err := m.remove(selected); err != nil {
			return err
		}
	}
	return m.add(ids)
}

// valuesOf returns the ids in value eq "…", also in several joined by or.
func valuesOf(where provision.Expr) ([]provision.MemberID, bool) {
	switch where := where.(type) {
	case provision.Or:
		left, ok := valuesOf(where.Left)
		right, ok2 := valuesOf(where.Right)
		return append(left, right...), ok && ok2
	case provision.Compare:
		id, ok := where.Value.(string)
		return []provision.MemberID{provision.MemberID(id)}, ok && where.Op == provision.OpEqual && where.Path[0] == "value"
	}
	return nil, false
}

// matching returns the members that satisfy where after the operations so far.
// The stored ones are read once in a request.
func (m *memberChange) matching(where provision.Expr) ([]provision.MemberID, error) {
	if m.now == nil {
		stored, err := m.group.Members()
		if err != nil {
			return nil, err
		}
		m.now = &nowMembers{by: make(map[string]resource.Object, len(stored))}
		for _, member := range stored {
			m.now.add(string(member.ID), resource.Representation{}.Member(member))
		}
	}
	for _, step := range m.steps {
		m.now.replay(step)
	}
	m.steps = nil
	if err := m.budget.spend(len(m.now.order) * terms(where)); err != nil {
		return nil, err
	}
	var out []provision.MemberID
	seen := make(map[string]bool, len(m.now.by))
	for _, id := range m.now.order {
		if err := m.budget.spend(0); err != nil {
			return nil, err
		}
		member, there := m.now.by[id]
		if there && !seen[id] && filter.Holds(where, member) {
			out = append(out, provision.MemberID(id))
		}
		seen[id] = true
	}
	return out, nil
}

func (n *nowMembers) add(id string, member resource.Object) {
	n.by[id] = member
	n.order = append(n.order, id)
}

func (n *nowMembers) replay(step memberStep) {
	if step.all {
		n.by, n.order = map[string]resource.Object{}, nil
	}
	for _, id := range step.ids {
		_, there := n.by[string(id)]
		switch {
		case step.kind == Remove:
			delete(n.by, string(id))
		case !there:
			n.add(string(id), resource.Object{"value": string(id)})
		}
	}
}

func (m *memberChange) add(ids []provision.MemberID) error {
	m.group.Add(ids...)
	return m.note(memberStep{kind: Add, ids: ids})
}

func (m *memberChange) remove(ids []provision.MemberID) error {
	m.group.Remove(ids...)
	return m.note(memberStep{kind: Remove, ids: ids})
}

func (m *memberChange) removeAll() {
	m.group.RemoveAll()
	m.steps = append(m.steps, memberStep{kind: Remove, all: true})
}

func (m *memberChange) note(step memberStep) error {
	m.steps = append(m.steps, step)
	if m.named += len(step.ids); m.named > m.limits.MaxMembers {
		return resource.TooManyMembers(m.limits.MaxMembers)
	}
	return nil
}

package scim

import (
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// readMembers returns the ids that the value of members names, each once: a
// list of objects with value, or of ids.
func readMembers(value any, limits Limits) ([]provision.MemberID, error) {
	def, _ := groupType.find("", "members")
	got, err := normalize(def.Def, "members", value)
	if err != nil {
		return nil, err
	}
	list, _ := got.([]any)
	if len(list) > limits.MaxMembersPerRequest {
		return nil, tooManyMembers(limits)
	}
	out := make([]provision.MemberID, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, element := range list {
		o, _ := element.(object)
		id := text(o, "value")
		if id == "" {
			return nil, scimerr.InvalidValue("members.value", "is required")
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, provision.MemberID(id))
		}
	}
	return out, nil
}

func tooManyMembers(limits Limits) error {
	return scimerr.TooLarge("members: one request can name at most %d members.", limits.MaxMembersPerRequest)
}

// memberChange turns the operations of a PATCH on members into additions and
// removals, whose cost does not follow the size of the group. Only a value
// filter on something else than value reads the members.
type memberChange struct {
	group  *provision.GroupChange
	limits Limits
	named  int          // ids in the operations so far
	steps  []memberStep // the operations so far
}

// memberStep adds or removes ids; with all it empties the group.
type memberStep struct {
	kind opKind
	all  bool
	ids  []provision.MemberID
}

func (m *memberChange) apply(kind opKind, at target, value any) error {
	if at.sub != nil {
		if at.sub.Name() == "display" { // we show the member's own name
			return nil
		}
		return scimerr.Immutable(at.text(), "is immutable; remove the member and add another.")
	}
	ids, err := readMembers(value, m.limits)
	if err != nil {
		return err
	}
	if at.where != nil {
		return m.applySelected(kind, at, ids)
	}
	switch {
	case kind == opAdd:
		return m.add(ids)
	case kind == opReplace:
		m.removeAll()
		return m.add(ids)
	case value == nil:
		m.removeAll()
		return nil
	}
	return m.remove(ids)
}

func (m *memberChange) applySelected(kind opKind, at target, ids []provision.MemberID) error {
	selected, plain := valuesOf(at.where)
	if !plain {
		var err error
		if selected, err = m.matching(at.where); err != nil {
			return err
		}
	}
	switch {
	case kind == opRemove:
		return m.remove(selected)
	case len(ids) == 0 && plain:
		return m.add(selected)
	case len(selected) == 0:
		return scimerr.NoTarget("No member matches the filter.")
	case kind == opReplace:
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
func (m *memberChange) matching(where provision.Expr) ([]provision.MemberID, error) {
	stored, err := m.group.Members()
	if err != nil {
		return nil, err
	}
	now := make([]object, 0, len(stored))
	for _, member := range stored {
		now = append(now, representation{}.member(member))
	}
	for _, step := range m.steps {
		now = step.replay(now)
	}
	var out []provision.MemberID
	for _, member := range now {
		if filter.Holds(where, member) {
			out = append(out, provision.MemberID(text(member, "value")))
		}
	}
	return out, nil
}

func (s memberStep) replay(now []object) []object {
	switch {
	case s.all:
		return nil
	case s.kind == opRemove:
		return slices.DeleteFunc(now, func(member object) bool {
			return slices.Contains(s.ids, provision.MemberID(text(member, "value")))
		})
	}
	for _, id := range s.ids {
		if !slices.ContainsFunc(now, func(member object) bool { return text(member, "value") == string(id) }) {
			now = append(now, object{"value": string(id)})
		}
	}
	return now
}

func (m *memberChange) add(ids []provision.MemberID) error {
	m.group.Add(ids...)
	return m.note(memberStep{kind: opAdd, ids: ids})
}

func (m *memberChange) remove(ids []provision.MemberID) error {
	m.group.Remove(ids...)
	return m.note(memberStep{kind: opRemove, ids: ids})
}

func (m *memberChange) removeAll() {
	m.group.RemoveAll()
	m.steps = append(m.steps, memberStep{kind: opRemove, all: true})
}

func (m *memberChange) note(step memberStep) error {
	m.steps = append(m.steps, step)
	if m.named += len(step.ids); m.named > m.limits.MaxMembersPerRequest {
		return tooManyMembers(m.limits)
	}
	return nil
}

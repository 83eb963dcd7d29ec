package directory

import (
	"github.com/deskbridge/deskbridge/provision"
)

// GroupChange is what [Service.UpdateGroup] lets its caller edit: the group
// itself, and its members as a sequence of additions and removals. The cost of
// a change follows its own size, unless it asks for Members.
type GroupChange struct {
	provision.Group
	members func() ([]provision.Member, error)
	ops     []memberOp
}

type memberOp struct {
	add bool
	all bool
	ids []provision.MemberID
}

// Add adds members; those already there stay.
func (g *GroupChange) Add(ids ...provision.MemberID) {
	g.ops = append(g.ops, memberOp{add: true, ids: ids})
}

// Remove removes members; those not there are ignored.
func (g *GroupChange) Remove(ids ...provision.MemberID) { g.ops = append(g.ops, memberOp{ids: ids}) }

// RemoveAll empties the group.
func (g *GroupChange) RemoveAll() { g.ops = append(g.ops, memberOp{all: true}) }

// Members returns the members as they are stored, before this change.
func (g *GroupChange) Members() ([]provision.Member, error) { return g.members() }

// Asked returns how many members the caller asked to add and to remove; all says
// that the group is to be emptied first. Some may be there, or gone, already.
func (g *GroupChange) Asked() (added, removed int, all bool) {
	for _, op := range g.ops {
		switch {
		case op.all:
			added, removed, all = 0, 0, true
		case op.add:
			added += len(op.ids)
		default:
			removed += len(op.ids)
		}
	}
	return added, removed, all
}

// net folds the sequence into what is to be added and removed in the end. Only
// a RemoveAll needs to know who is there.
func (g *GroupChange) net() (add, remove []provision.MemberID, err error) {
	desired := map[provision.MemberID]bool{} // true: in, false: out, absent: as it is
	var order []provision.MemberID
	note := func(id provision.MemberID, in bool) {
		if _, seen := desired[id]; !seen {
			order = append(order, id)
		}
		desired[id] = in
	}
	emptied := -1 // by the last op that does
	for i, op := range g.ops {
		if op.all {
			emptied = i
		}
	}
	for i, op := range g.ops {
		if i == emptied {
			present, err := g.members()
			if err != nil {
				return nil, nil, err
			}
			for _, m := range present {
				note(m.ID, false)
			}
		}
		for _, id := range op.ids {
			note(id, op.add && i > emptied)
		}
	}
	for _, id := range order {
		if desired[id] {
			add = append(add, id)
		} else {
			remove = append(remove, id)
		}
	}
	return add, remove, nil
}

package provision

import "context"

// GroupChange is what [Service.UpdateGroup] lets its caller edit: the group
// itself, and its members as a sequence of additions and removals. The cost of
// a change follows its own size, unless it asks for Members.
type GroupChange struct {
	Group
	members func() ([]Member, error)
	ops     []memberOp
}

type memberOp struct {
	add bool
	all bool
	ids []MemberID
}

// Add adds members; those already there stay.
func (g *GroupChange) Add(ids ...MemberID) { g.ops = append(g.ops, memberOp{add: true, ids: ids}) }

// Remove removes members; those not there are ignored.
func (g *GroupChange) Remove(ids ...MemberID) { g.ops = append(g.ops, memberOp{ids: ids}) }

// RemoveAll empties the group.
func (g *GroupChange) RemoveAll() { g.ops = append(g.ops, memberOp{all: true}) }

// Members returns the members as they are stored, before this change.
func (g *GroupChange) Members() ([]Member, error) { return g.members() }

// CreateGroup adds a group with members. A taken displayName or externalId is
// a Conflict; an unknown member is Invalid.
func (s *Service) CreateGroup(ctx context.Context, conn ConnectionID, c Cause, g Group, members []MemberID) (Group, error) {
	panic("todo")
}

// Group returns a group.
func (s *Service) Group(ctx context.Context, conn ConnectionID, id GroupID) (Group, error) {
	panic("todo")
}

// Groups returns a page of the connection's groups.
func (s *Service) Groups(ctx context.Context, conn ConnectionID, q Query) (Page[Group], error) {
	panic("todo")
}

// Members returns the direct members of a group of this connection.
func (s *Service) Members(ctx context.Context, conn ConnectionID, id GroupID) ([]Member, error) {
	panic("todo")
}

// UpdateGroup lets change edit a group and its members, in one transaction
// with the audit entry and the jobs that follow; see [Service.UpdateIdentity].
// An unknown member is Invalid.
func (s *Service) UpdateGroup(ctx context.Context, conn ConnectionID, id GroupID, c Cause, change func(*GroupChange) error) (Group, error) {
	panic("todo")
}

// RemoveGroup deletes a group. check, when not nil, sees it first and may
// refuse.
func (s *Service) RemoveGroup(ctx context.Context, conn ConnectionID, id GroupID, c Cause, check func(Group) error) error {
	panic("todo")
}

package provision

import "context"

// CreateIdentity adds a person and returns them with id, version and times.
//
// An externalId that belongs to a suspended person of the same connection
// restores that person under the old id, with id's description; restored is
// then true. Any other taken userName or externalId is a Conflict. Somebody
// who was removed before comes back under a new id, and takes up their desk
// accounts again.
func (s *Service) CreateIdentity(ctx context.Context, conn ConnectionID, c Cause, id Identity) (_ Identity, restored bool, _ error) {
	panic("todo")
}

// Identity returns a person who is not removed.
func (s *Service) Identity(ctx context.Context, conn ConnectionID, id IdentityID) (Identity, error) {
	panic("todo")
}

// Identities returns a page of the connection's people.
func (s *Service) Identities(ctx context.Context, conn ConnectionID, q Query) (Page[Identity], error) {
	panic("todo")
}

// UpdateIdentity lets change edit a person, in one transaction with the audit
// entry and the jobs that follow. When change leaves everything as it was,
// nothing is written and the version stays. change may run more than once; its
// error is returned as it is, and nothing is changed.
func (s *Service) UpdateIdentity(ctx context.Context, conn ConnectionID, id IdentityID, c Cause, change func(*Identity) error) (Identity, error) {
	panic("todo")
}

// RemoveIdentity turns a person into a tombstone: gone for the IdP, name free,
// memberships gone, access ending. check, when not nil, sees the person first
// and may refuse.
func (s *Service) RemoveIdentity(ctx context.Context, conn ConnectionID, id IdentityID, c Cause, check func(Identity) error) error {
	panic("todo")
}

// MembershipsOf returns the groups that people are in, direct ones first, then
// those through nested groups, by name.
func (s *Service) MembershipsOf(ctx context.Context, conn ConnectionID, ids []IdentityID) (map[IdentityID][]Membership, error) {
	panic("todo")
}

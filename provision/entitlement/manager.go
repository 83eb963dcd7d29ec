package entitlement

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// DeskUserOf returns the desk user of the person whom the IdP names as
// somebody's manager: by id, else by userName, else by an externalId or an address
// that nobody else has. "" when there is none.
func (s *Service) DeskUserOf(ctx context.Context, conn provision.ConnectionID, desk provision.DeskID, name string) (provision.DeskUserID, error) {
	if name == "" {
		return "", nil
	}
	people, err := s.store.FindPeople(ctx, name)
	if err != nil {
		return "", err
	}
	people = slices.DeleteFunc(people, func(p provision.Identity) bool { return p.Connection != conn || !p.Admitted(s.now()) })
	named := func(is func(p provision.Identity) bool) bool {
		i := slices.IndexFunc(people, is)
		if i >= 0 {
			people = people[i : i+1]
		}
		return i >= 0
	}
	if !named(func(p provision.Identity) bool { return string(p.ID) == name }) &&
		!named(func(p provision.Identity) bool { return provision.Fold(p.UserName) == provision.Fold(name) }) && len(people) != 1 {
		return "", nil // conversations go to nobody rather than to one of several
	}
	accounts, err := s.store.AccountsOf(ctx, []provision.IdentityID{people[0].ID})
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Desk == desk && a.Origin != provision.OriginNone {
			return a.DeskUser, nil
		}
	}
	return "", nil
}

// PersonCalled returns the one person of a connection who goes by a name: an id,
// userName, externalId or e-mail address. Whoever is not removed comes before
// those who had the name once. NotFound says that nobody does, Invalid that
// several do.
func (s *Service) PersonCalled(ctx context.Context, conn provision.Connection, name string) (provision.Identity, error) {
	found, err := s.store.FindPeople(ctx, name)
	if err != nil {
		return provision.Identity{}, err
	}
	found = slices.DeleteFunc(found, func(id provision.Identity) bool { return id.Connection != conn.ID })
	live := slices.DeleteFunc(slices.Clone(found), func(id provision.Identity) bool { return id.Status == provision.StatusRemoved })
	if len(live) == 1 {
		found = live
	}
	switch len(found) {
	case 0:
		return provision.Identity{}, provision.Errorf(provision.NotFound, "person", "nobody of the connection %q has the id, userName, externalId or e-mail address %q", conn.Name, provision.Clip(name))
	case 1:
		return found[0], nil
	}
	return provision.Identity{}, provision.Errorf(provision.Invalid, "person", "%d people of the connection %q go by %q; `deskbridge explain` shows their ids", len(found), conn.Name, provision.Clip(name))
}

// IsLeaving reports whether somebody of this name, which is one by which
// [Store].FindPeople finds people, has an account on a desk that is about to end.
func (s *Service) IsLeaving(ctx context.Context, desk provision.DeskID, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	people, err := s.store.FindPeople(ctx, name)
	if err != nil || len(people) == 0 {
		return false, err
	}
	ids := make([]provision.IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	accounts, err := s.store.AccountsOf(ctx, ids)
	for _, a := range accounts {
		if a.Desk == desk && a.Desired.Status != provision.AccessActive && a.State != provision.AccountEnded {
			return true, nil
		}
	}
	return false, err
}

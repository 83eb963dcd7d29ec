package entitlement

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// mostManagers is how far up managers are looked for.
const mostManagers = 10

// DeskUserOf returns the desk user of the person whom the IdP names as
// somebody's manager: by id, else by userName, else by an externalId or an address
// that nobody else has. "" when there is none.
func (s *Service) DeskUserOf(ctx context.Context, conn provision.ConnectionID, desk provision.DeskID, name string) (provision.DeskUserID, error) {
	person, err := s.manager(ctx, conn, name)
	if err != nil || person == nil || !person.Admitted(s.now()) {
		return "", err
	}
	return s.staysAs(ctx, *person, desk)
}

// ManagersOn returns the desk users of the manager whom the IdP names, of that
// one's manager, and so on, as [Service.DeskUserOf] finds them: those who are active
// and whose access to the desk does not end, the nearest first. gone says why the
// manager is not the first of them, in words; "" when they are.
func (s *Service) ManagersOn(ctx context.Context, conn provision.ConnectionID, desk provision.DeskID, name string) (users []provision.DeskUserID, gone string, _ error) {
	first, err := s.DeskUserOf(ctx, conn, desk, name)
	if err != nil {
		return nil, "", err
	}
	if first == "" {
		gone = "the manager has no account on the desk"
		leaving, err := s.IsLeaving(ctx, desk, name)
		if err != nil {
			return nil, "", err
		}
		if leaving {
			gone = "the manager is leaving too"
		}
	}
	seen := make(map[provision.IdentityID]bool)
	for len(seen) < mostManagers {
		person, err := s.manager(ctx, conn, name)
		if err != nil || person == nil || seen[person.ID] { // they may manage each other
			return users, gone, err
		}
		seen[person.ID] = true
		if person.Admitted(s.now()) {
			user, err := s.staysAs(ctx, *person, desk)
			if err != nil {
				return nil, "", err
			}
			if user != "" {
				users = append(users, user)
			}
		}
		name = ""
		if above := person.Attributes[provision.AttributeManager]; len(above) > 0 {
			name = above[0]
		}
	}
	return users, gone, nil
}

// manager returns the person whom the IdP names: somebody active, else who was, so
// that theirs can be asked for; nil for nobody, or one of several.
func (s *Service) manager(ctx context.Context, conn provision.ConnectionID, name string) (*provision.Identity, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	people, err := s.store.FindPeople(ctx, name)
	if err != nil {
		return nil, err
	}
	people = slices.DeleteFunc(people, func(p provision.Identity) bool { return p.Connection != conn })
	if active := slices.DeleteFunc(slices.Clone(people), func(p provision.Identity) bool { return !p.Admitted(s.now()) }); len(active) > 0 {
		people = active
	}
	for _, is := range []func(p provision.Identity) bool{
		func(p provision.Identity) bool { return string(p.ID) == name },
		func(p provision.Identity) bool { return provision.Fold(p.UserName) == provision.Fold(name) },
	} {
		called := slices.DeleteFunc(slices.Clone(people), func(p provision.Identity) bool { return !is(p) })
		if len(called) == 1 || len(called) > 0 && called[0].Admitted(s.now()) { // of those who had a name once, none rather than one of several
			return &called[0], nil
		}
	}
	if len(people) != 1 {
		return nil, nil //nolint:nilnil // conversations go to nobody rather than to one of several
	}
	return &people[0], nil
}

// staysAs returns a person's user on a desk, whose access there does not end; "" when
// there is none.
func (s *Service) staysAs(ctx context.Context, person provision.Identity, desk provision.DeskID) (provision.DeskUserID, error) {
	accounts, err := s.store.AccountsOf(ctx, []provision.IdentityID{person.ID})
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Desk == desk && a.Origin != provision.OriginNone && a.Desired.Status == provision.AccessActive {
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

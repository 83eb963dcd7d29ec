package report

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// PeopleFilter selects people. Empty fields select all who are not removed.
type PeopleFilter struct {
	Connection provision.ConnectionID
	Desk       provision.DeskID
	Status     provision.Status
	Search     string
}

// Person is a line of a list of people.
type Person struct {
	provision.Identity // without document, addresses and attributes
	ConnectionName     string
	Accounts           []provision.Account // by desk
}

// People returns a page of people, connection by connection in the order of
// their names, and in each by userName. next is what the page after it begins
// with; "" on the last.
func (s *Service) People(ctx context.Context, f PeopleFilter, page Page) (found []Person, next string, _ error) {
	if !slices.Contains([]provision.Status{"", provision.StatusActive, provision.StatusSuspended, provision.StatusRemoved}, f.Status) {
		return nil, "", provision.Errorf(provision.Invalid, "status", "unknown status %q; use active, suspended or removed", provision.Clip(string(f.Status)))
	}
	at, err := placeOf("people", page.After)
	if err != nil {
		return nil, "", err
	}
	connections, err := s.from(ctx, f.Connection, at)
	if err != nil {
		return nil, "", err
	}
	limit := page.limit()
	var last place
	for _, c := range connections {
		q := PeopleQuery{Connection: c.ID, Desk: f.Desk, Status: f.Status, Search: strings.TrimSpace(f.Search), Limit: limit + 1 - len(found)}
		if c.Name == at.Connection {
			q.AfterName, q.AfterID = at.Name, provision.IdentityID(at.ID)
		}
		rows, err := s.store.ListPeople(ctx, q)
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			if len(found) == limit {
				next = last.text()
				break
			}
			found = append(found, Person{Identity: r.Identity, ConnectionName: c.Name})
			last = place{List: "people", Connection: c.Name, Name: r.Sort, ID: string(r.ID)}
		}
		if next != "" {
			break
		}
	}
	return found, next, s.accounts(ctx, found)
}

// from returns the connections that a list goes through, from a place on.
func (s *Service) from(ctx context.Context, only provision.ConnectionID, at place) ([]provision.Connection, error) {
	connections, err := s.store.Connections(ctx)
	return slices.DeleteFunc(connections, func(c provision.Connection) bool {
		return only != "" && c.ID != only || c.Name < at.Connection
	}), err
}

// accounts adds the accounts of people.
func (s *Service) accounts(ctx context.Context, people []Person) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]provision.IdentityID, len(people))
	at := make(map[provision.IdentityID]*Person, len(people))
	for i := range people {
		ids[i] = people[i].ID
		at[people[i].ID] = &people[i]
	}
	accounts, err := s.store.AccountsOf(ctx, ids)
	for _, a := range accounts {
		p := at[a.Identity]
		p.Accounts = append(p.Accounts, a)
	}
	return err
}

// PeopleByID returns those of ids that there are, in any order, removed ones too;
// without document, addresses and attributes.
func (s *Service) PeopleByID(ctx context.Context, ids []provision.IdentityID) ([]provision.Identity, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.store.PeopleRows(ctx, ids)
	people := make([]provision.Identity, len(rows))
	for i, r := range rows {
		people[i] = r.Identity
	}
	return people, err
}

// Presence is how somebody is known by signing in, and where they are signed in.
type Presence struct {
	Logins   []provision.LoginKey
	Sessions []provision.Session // that have not ended, newest first; the first [MaxLimit]
}

// Presence returns how somebody signs in.
func (s *Service) Presence(ctx context.Context, id provision.IdentityID) (p Presence, err error) {
	if p.Logins, err = s.store.LoginsOf(ctx, id); err != nil {
		return p, err
	}
	p.Sessions, err = s.store.Sessions(ctx, provision.SessionFilter{Identity: id}, MaxLimit)
	return p, err
}

// mostNames is how many names a completion offers.
const mostNames = 50

// PeopleBeginning returns some userNames that begin with prefix.
func (s *Service) PeopleBeginning(ctx context.Context, prefix string) ([]string, error) {
	return s.store.PeopleBeginning(ctx, provision.Fold(prefix), mostNames)
}

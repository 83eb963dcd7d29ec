package plan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// leaverLate is how long the end of access may take before a person should look.
const leaverLate = 5 * time.Minute

// Person is what a report calls somebody.
type Person struct {
	ID         provision.IdentityID
	Connection provision.ConnectionID
	Name       string // as displayed; "" when the identity provider gives none
	Address    string // e-mail address, else userName
}

// PersonOf returns what a report calls id.
func PersonOf(id provision.Identity) Person {
	p := Person{ID: id.ID, Connection: id.Connection, Name: id.Profile.DisplayName, Address: cmp.Or(id.Profile.Email, id.UserName)}
	if p.Name == "" {
		p.Name = strings.TrimSpace(id.Profile.GivenName + " " + id.Profile.FamilyName)
	}
	return p
}

// String names the person: "Ada Lovelace (ada@example.com)"; what is known of that.
func (p Person) String() string {
	switch {
	case p.Address == "":
		return cmp.Or(p.Name, string(p.ID))
	case p.Name == "" || strings.EqualFold(p.Name, p.Address):
		return p.Address
	}
	return p.Name + " (" + p.Address + ")"
}

// Affected is an account in a report, and whose it is: of one in a [Cause] the account has
// what reports tell, which is ids, state, reason, loss, hand-over and times.
type Affected struct {
	provision.Account
	Person Person
}

// Drifted is an account that was found changed on its desk by hand, and whose it
// is.
type Drifted struct {
	deskhealth.Drift
	Person Person
}

// Cause is one reason for which accounts wait for a person.
type Cause struct {
	State    provision.AccountState
	Code     provision.ReasonCode
	Reason   string
	Desks    []provision.DeskID // of the accounts; one, unless mass-change protection has them on hold
	Count    int                // accounts
	People   int                // whose they are
	Since    *time.Time         // when the first of the losses began that mass-change protection has on hold; nil for any other cause
	Changed  time.Time          // when the first of the accounts changed last
	Accounts []Affected         // by id; the first, where a [Scope] says how many
}

// shortID is how many characters of an id a report shows: the last ones, for the
// first tell the time and are the same for all who came together.
const shortID = 8

// ShortID returns the end of an account's id, by which [Service.FindAccount]
// finds it.
func ShortID(id provision.AccountID) string { return string(id)[max(len(id)-shortID, 0):] }

// NeedsPerson reports whether anything waits for a person. An account whose loss
// was rejected does not.
func (o *Overview) NeedsPerson() bool { return len(o.Findings) > 0 }

// standing fills in who has not left yet, and why accounts wait for a person.
func (s *Service) standing(ctx context.Context, o *Overview, scope Scope) (err error) {
	if o.Causes, err = s.store.WaitingCauses(ctx, scope.Desk, scope.Most); err != nil {
		return err
	}
	slices.SortStableFunc(o.Causes, func(a, b Cause) int { return cmp.Compare(b.Count, a.Count) })
	var people []provision.IdentityID
	for _, c := range o.Causes {
		for _, a := range c.Accounts {
			people = append(people, a.Identity)
		}
	}
	called := make(map[provision.IdentityID]Person)
	if err := s.name(ctx, people, called); err != nil {
		return err
	}
	for _, c := range o.Causes {
		for i := range c.Accounts {
			c.Accounts[i].Person = called[c.Accounts[i].Identity]
		}
	}
	if !scope.CausesOnly {
		return s.leavingAndDrifted(ctx, o, scope, called)
	}
	return nil
}

func (s *Service) leavingAndDrifted(ctx context.Context, o *Overview, scope Scope, called map[provision.IdentityID]Person) error {
	leaving, err := s.store.LeavingAccounts(ctx, scope.Desk, scope.Most)
	if err != nil {
		return err
	}
	if o.Leavers, err = s.affected(ctx, leaving, called); err != nil {
		return err
	}
	drifts, err := s.health.Drifts(ctx, deskhealth.DriftFilter{Desk: scope.Desk})
	if err != nil {
		return err
	}
	people := make([]provision.IdentityID, len(drifts))
	for i, d := range drifts {
		people[i] = d.Identity
	}
	if err := s.name(ctx, people, called); err != nil {
		return err
	}
	for _, d := range drifts {
		o.Drifted = append(o.Drifted, Drifted{Drift: d, Person: called[d.Identity]})
	}
	return nil
}

// affected returns accounts with whose they are. called is what has been read
// already.
func (s *Service) affected(ctx context.Context, accounts []provision.Account, called map[provision.IdentityID]Person) ([]Affected, error) {
	people := make([]provision.IdentityID, len(accounts))
	for i, a := range accounts {
		people[i] = a.Identity
	}
	if err := s.name(ctx, people, called); err != nil {
		return nil, err
	}
	out := make([]Affected, len(accounts))
	for i, a := range accounts {
		out[i] = Affected{Account: a, Person: called[a.Identity]}
	}
	return out, nil
}

// name reads what people are called, those apart that called has already.
func (s *Service) name(ctx context.Context, people []provision.IdentityID, called map[provision.IdentityID]Person) error {
	const atOnce = 1000
	var unknown []provision.IdentityID
	for _, id := range people {
		if _, ok := called[id]; !ok {
			called[id] = Person{ID: id}
			unknown = append(unknown, id)
		}
	}
	for some := range slices.Chunk(unknown, atOnce) {
		found, err := s.store.PeopleNames(ctx, some)
		if err != nil {
			return err
		}
		for _, p := range found {
			called[p.ID] = p
		}
	}
	return nil
}

// FindAccount returns text where that is long enough for a whole id, whether or not
// there is such an account; else the id that begins or ends with it, of the
// accounts that need attention, are on hold, or are about to end. It is a NotFound
// or an Invalid error when that is none, or more than one.
func (s *Service) FindAccount(ctx context.Context, text string) (provision.AccountID, error) {
	if len(text) > 2*shortID {
		return provision.AccountID(text), nil
	}
	candidates, err := s.store.LeavingAccounts(ctx, "", 0)
	if err != nil {
		return "", err
	}
	causes, err := s.store.WaitingCauses(ctx, "", 0)
	if err != nil {
		return "", err
	}
	for _, c := range causes {
		for _, a := range c.Accounts {
			candidates = append(candidates, a.Account)
		}
	}
	found := make(map[provision.AccountID]bool)
	var id provision.AccountID
	for _, a := range candidates {
		if len(text) >= shortID && (strings.HasSuffix(string(a.ID), text) || strings.HasPrefix(string(a.ID), text)) {
			found[a.ID], id = true, a.ID
		}
	}
	switch len(found) {
	case 0:
		return "", provision.Errorf(provision.NotFound, "account", "no account that needs attention, is on hold or is about to end has an id that begins or ends with %q", text)
	case 1:
		return id, nil
	}
	return "", provision.Errorf(provision.Invalid, "account", "%d accounts have an id that begins or ends with %q; give the whole id", len(found), text)
}

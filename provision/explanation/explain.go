package explanation

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/profile"
)

// Explanation says what one person has on one desk, and why.
type Explanation struct {
	Person     provision.Identity
	Connection provision.Connection
	Groups     []provision.Membership
	Desk       provision.Desk
	Desired    provision.Access // with every grant
	Rules      map[provision.RuleID]provision.Rule
	Account    *provision.Account // nil: the person never had access there
	Profile    []Told             // what the desk makes of what is said of the person; nil: nothing is sent, or nobody knows
}

// Told is described with [profile.Told].
type Told = profile.Told

// Reason is one part of an access with everything that gives it.
type Reason struct {
	What   string            // "role", "desk role", "team" or "mailbox"
	Name   string            // of the role, team or mailbox
	Grants []provision.Grant // that give it; for the role the winners only
}

// Reasons lists every part of the desired access with what gives it: the role
// first, then roles of the desk's own, teams and mailboxes.
func (e *Explanation) Reasons() []Reason {
	if e.Desired.Status != provision.AccessActive {
		return nil
	}
	reasons := []Reason{{What: "role", Name: string(e.Desired.Role), Grants: e.grants(func(g provision.Grant) bool { return g.Role == e.Desired.Grants[0].Role })}} // the winners, though idleness may leave less of it
	for _, name := range e.Desired.DeskRoles {
		reasons = append(reasons, Reason{What: "desk role", Name: name, Grants: e.grants(func(g provision.Grant) bool { return provision.ContainsFold(g.DeskRoles, name) })})
	}
	for _, t := range e.Desired.Teams {
		reasons = append(reasons, Reason{What: "team", Name: t, Grants: e.grants(func(g provision.Grant) bool { return provision.ContainsFold(g.Teams, t) })})
	}
	for _, m := range e.Desired.Mailboxes {
		reasons = append(reasons, Reason{What: "mailbox", Name: m, Grants: e.grants(func(g provision.Grant) bool { return provision.ContainsFold(g.Mailboxes, m) })})
	}
	return reasons
}

func (e *Explanation) grants(gives func(provision.Grant) bool) []provision.Grant {
	var out []provision.Grant
	for _, g := range e.Desired.Grants {
		if gives(g) {
			out = append(out, g)
		}
	}
	return out
}

// Explain says what a person has on each desk that their connection's rules
// name or that they ever had access to, and why. It evaluates anew, so that it
// is true at this moment.
func (s *Service) Explain(ctx context.Context, person provision.Identity) ([]Explanation, error) {
	conn, err := s.store.Connection(ctx, string(person.Connection))
	if err != nil {
		return nil, err
	}
	rules, err := s.store.Rules(ctx, person.Connection)
	if err != nil {
		return nil, err
	}
	accounts, err := s.store.AccountsOf(ctx, []provision.IdentityID{person.ID})
	if err != nil {
		return nil, err
	}
	groups, err := entitlement.Memberships(ctx, s.store, person.Connection, []provision.IdentityID{person.ID})
	if err != nil {
		return nil, err
	}
	byDesk := make(map[provision.DeskID]provision.Account)
	for _, a := range accounts {
		byDesk[a.Desk] = a
	}
	byID := make(map[provision.RuleID]provision.Rule)
	for _, r := range rules {
		byID[r.ID] = r
	}
	var out []Explanation
	for _, id := range entitlement.DesksOf(rules, byDesk) {
		desk, err := s.store.Desk(ctx, string(id))
		if err != nil {
			return nil, err
		}
		e := Explanation{Person: person, Connection: conn, Groups: slices.Concat(groups[person.ID], person.Claimed()), Desk: desk, Rules: byID,
			Desired: provision.Evaluate(rules, person, groups[person.ID], id, s.now())}
		if a, ok := byDesk[id]; ok {
			e.Account = &a
		}
		e.Profile = s.told(&e)
		out = append(out, e)
	}
	return out, nil
}

// told says what becomes of what is said of somebody on a desk, where they are to have
// access.
func (s *Service) told(e *Explanation) []Told {
	if e.Desired.Status != provision.AccessActive {
		return nil
	}
	said := profile.Of(&provision.Account{Profile: e.Person.Profile}, e.Desired)
	kept, known := s.settings.Fit(e.Desk, said)
	if !known {
		return nil
	}
	return profile.Tell(e.Desk.Profile, said, kept)
}

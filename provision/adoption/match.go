package adoption

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Confidence is how sure it is that a person is behind a desk user.
type Confidence string

// How sure it is.
const (
	Exact  Confidence = "exact"  // the user carries our mark of the person's account, or the person's externalId
	Strong Confidence = "strong" // the person's primary address, at a domain that their connection has proven
	Weak   Confidence = "weak"   // a name, a former or other address, an address at a domain that nobody has proven
	None   Confidence = ""
)

// rank is greater the surer it is.
func (c Confidence) rank() int { return slices.Index([]Confidence{None, Weak, Strong, Exact}, c) }

// Match is a person who may be behind a desk user.
type Match struct {
	Person     provision.Identity
	Connection string             // its name
	Account    *provision.Account // the person's on the desk; nil: there is none
	Confidence Confidence
	Why        string // in words
}

// Candidate is a desk user whom no account of ours holds.
type Candidate struct {
	User     provision.DeskUser // as listed
	Aside    string             // why the user is left alone; "": nothing says so
	Matches  []Match            // the surest first
	Conflict string             // why nobody can say whose user it is; "": the first match stands alone
}

// Confidence is that of the first match.
func (c *Candidate) Confidence() Confidence {
	if len(c.Matches) == 0 {
		return None
	}
	return c.Matches[0].Confidence
}

// matcher finds out who users of one list may be.
type matcher struct {
	Store
	desk        provision.Desk
	roster      Roster
	connections []provision.Connection
}

func (s *Service) matcher(ctx context.Context, d provision.Desk, r Roster) (*matcher, error) {
	connections, err := s.store.Connections(ctx)
	return &matcher{s.store, d, r, connections}, err
}

// match says of users of the list, whom no account holds, who they may be. What it
// asks of the database follows how many users these are.
func (m *matcher) match(ctx context.Context, users []provision.DeskUser) ([]Candidate, error) {
	out := make([]Candidate, len(users))
	var keys Keys
	for i, u := range users {
		out[i] = Candidate{User: u, Aside: aside(&m.desk, m.roster.Self, &u)}
		keys.Names = append(keys.Names, provision.Fold(u.Email), provision.Fold(u.UserName))
		keys.DisplayNames = append(keys.DisplayNames, provision.Fold(u.DisplayName))
		keys.ExternalIDs = append(keys.ExternalIDs, u.ExternalID)
	}
	keys = Keys{distinct(keys.Names), distinct(keys.DisplayNames), distinct(keys.ExternalIDs)}
	people, err := m.PeopleLike(ctx, m.desk.ID, keys)
	if err != nil || len(people) == 0 {
		return out, err
	}
	ids := make([]provision.IdentityID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	found, err := m.AccountsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	accounts := make(map[provision.IdentityID]*provision.Account)
	for i := range found {
		if found[i].Desk == m.desk.ID {
			accounts[found[i].Identity] = &found[i]
		}
	}
	byKey := make(map[string][]*provision.Identity)
	for i := range people {
		for _, key := range m.keysOf(&people[i], accounts[people[i].ID]) {
			byKey[key] = append(byKey[key], &people[i])
		}
	}
	for i := range out {
		m.addMatches(&out[i], byKey, accounts)
	}
	return out, m.addConflicts(ctx, out)
}

// distinct returns texts once each, sorted and without the empty one.
func distinct(texts []string) []string {
	return slices.DeleteFunc(provision.Sorted(texts), func(s string) bool { return s == "" })
}

// keysOf returns what a desk user may have of a person.
func (m *matcher) keysOf(p *provision.Identity, a *provision.Account) []string {
	keys := []string{"n" + provision.Fold(p.UserName), "n" + provision.Fold(p.Profile.Email), "d" + provision.Fold(p.Profile.DisplayName), "x" + p.ExternalID}
	for _, e := range p.Emails {
		keys = append(keys, "n"+provision.Fold(e.Value))
	}
	if a != nil {
		keys = append(keys, "x"+string(a.ID))
		for _, name := range a.Names.Held(&m.desk) {
			keys = append(keys, "n"+name)
		}
	}
	return distinct(keys)
}

func (m *matcher) addMatches(c *Candidate, byKey map[string][]*provision.Identity, accounts map[provision.IdentityID]*provision.Account) {
	u, seen := &c.User, make(map[provision.IdentityID]bool)
	for _, key := range []string{"x" + u.ExternalID, "n" + provision.Fold(u.Email), "n" + provision.Fold(u.UserName), "d" + provision.Fold(u.DisplayName)} {
		if len(key) == 1 {
			continue
		}
		for _, p := range byKey[key] {
			if seen[p.ID] {
				continue
			}
			seen[p.ID] = true
			if match := m.compare(u, p, accounts[p.ID]); match.Confidence != None {
				c.Matches = append(c.Matches, match)
			}
		}
	}
	slices.SortStableFunc(c.Matches, func(a, b Match) int {
		if n := b.Confidence.rank() - a.Confidence.rank(); n != 0 {
			return n
		}
		return strings.Compare(string(a.Person.ID), string(b.Person.ID))
	})
}

// compare says how sure it is that p, who has the account a on the desk or nil, is
// behind u.
func (m *matcher) compare(u *provision.DeskUser, p *provision.Identity, a *provision.Account) Match {
	out := Match{Person: *p, Account: a}
	var domains []string
	for _, c := range m.connections {
		if c.ID == p.Connection {
			out.Connection, domains = c.Name, c.Domains
		}
	}
	say := func(c Confidence, format string, args ...any) Match {
		out.Confidence, out.Why = c, fmt.Sprintf(format, args...)
		return out
	}
	same := func(a, b string) bool { return a != "" && provision.Fold(a) == provision.Fold(b) }
	switch {
	case u.ExternalID != "" && a != nil && u.ExternalID == string(a.ID):
		return say(Exact, "carries Deskbridge's mark of this person's account")
	case u.ExternalID != "" && u.ExternalID == p.ExternalID:
		return say(Exact, "has the same external id")
	case same(u.Email, p.Profile.Email) && slices.Contains(domains, provision.DomainOf(u.Email)):
		return say(Strong, "has the same primary address, at a domain that %s has proven", out.Connection)
	case same(u.Email, p.Profile.Email):
		return say(Weak, "has the same primary address, at a domain that %s has not proven", out.Connection)
	case same(u.Email, p.UserName) || same(u.UserName, p.UserName):
		return say(Weak, "has the same login name")
	case slices.ContainsFunc(p.Emails, func(e provision.Email) bool { return same(u.Email, e.Value) || same(u.UserName, e.Value) }):
		return say(Weak, "has another address of this person")
	case a != nil && slices.ContainsFunc(a.Names.Held(&m.desk), func(name string) bool { return same(u.Email, name) || same(u.UserName, name) }):
		return say(Weak, "has an address that the desk knew this person by")
	case same(u.DisplayName, p.Profile.DisplayName):
		return say(Weak, "has the same name")
	}
	return out
}

// addConflicts finds out where nobody can say whose user one is.
func (m *matcher) addConflicts(ctx context.Context, all []Candidate) error {
	var addresses, ids []string
	for i := range all {
		if len(all[i].Matches) == 0 {
			continue
		}
		best := &all[i].Matches[0]
		addresses, ids = append(addresses, provision.Fold(best.Person.Profile.Email)), append(ids, best.Person.ExternalID)
		if best.Account != nil {
			ids = append(ids, string(best.Account.ID))
		}
	}
	others, err := m.ListedLike(ctx, m.roster, distinct(addresses), distinct(ids))
	if err != nil {
		return err
	}
	for i := range all {
		if len(all[i].Matches) > 0 {
			all[i].Conflict = m.conflict(&all[i], others)
		}
	}
	return nil
}

func (m *matcher) conflict(c *Candidate, others []provision.DeskUser) string {
	best := &c.Matches[0]
	if owner := m.owner(provision.DomainOf(c.User.Email)); owner != nil && owner.ID != best.Person.Connection {
		return fmt.Sprintf("the address is at a domain of connection %s, and the person is of %s", owner.Name, best.Connection)
	}
	if a := best.Account; a != nil && a.DeskUser != "" {
		return fmt.Sprintf("two users for one person: the person has user %s of the desk already", a.DeskUser)
	}
	for i := range others {
		o := &others[i]
		if o.ID == c.User.ID {
			continue
		}
		if o.Active && m.compare(o, &best.Person, best.Account).Confidence.rank() >= best.Confidence.rank() {
			return fmt.Sprintf("two users for one person: user %s of the desk may be theirs, too", o.ID)
		}
	}
	if n := rivals(c.Matches); n > 1 {
		return fmt.Sprintf("%d people for one user, and nothing tells which", n)
	}
	return ""
}

// rivals counts the people of whom no one is surer than the others: those who are at
// least strong, or where nobody is all.
func rivals(matches []Match) (n int) {
	least := min(matches[0].Confidence.rank(), Strong.rank())
	for _, m := range matches {
		if m.Confidence.rank() >= least {
			n++
		}
	}
	return n
}

// owner returns the connection that has proven a domain; nil when none has.
func (m *matcher) owner(domain string) *provision.Connection {
	for i, c := range m.connections {
		if domain != "" && slices.Contains(c.Domains, domain) {
			return &m.connections[i]
		}
	}
	return nil
}

package provision

import (
	"context"
	"slices"
	"time"
)

// Explanation says what one person has on one desk, and why.
type Explanation struct {
	Person     Identity
	Connection Connection
	Groups     []Membership
	Desk       Desk
	Wanted     Access // with every grant
	Rules      map[RuleID]Rule
	Account    *Account // nil: the person never had access there
}

// Reason is one part of an access with everything that gives it.
type Reason struct {
	What   string  // "role", "team" or "mailbox"
	Name   string  // of the role, team or mailbox
	Grants []Grant // that give it; for the role the winners only
}

// Reasons lists every part of the wanted access with what gives it: the role
// first, then teams, then mailboxes.
func (e *Explanation) Reasons() []Reason {
	if e.Wanted.Status != AccessActive {
		return nil
	}
	reasons := []Reason{{What: "role", Name: string(e.Wanted.Role), Grants: e.grants(func(g Grant) bool { return g.Role == e.Wanted.Role })}}
	for _, t := range e.Wanted.Teams {
		reasons = append(reasons, Reason{What: "team", Name: t, Grants: e.grants(func(g Grant) bool { return containsFold(g.Teams, t) })})
	}
	for _, m := range e.Wanted.Mailboxes {
		reasons = append(reasons, Reason{What: "mailbox", Name: m, Grants: e.grants(func(g Grant) bool { return containsFold(g.Mailboxes, m) })})
	}
	return reasons
}

func (e *Explanation) grants(gives func(Grant) bool) []Grant {
	var out []Grant
	for _, g := range e.Wanted.Grants {
		if gives(g) {
			out = append(out, g)
		}
	}
	return out
}

// FindPeople returns the people whose id, userName, externalId or e-mail
// address is text, of all connections; those who are not removed first.
func (s *Service) FindPeople(ctx context.Context, text string) ([]Identity, error) {
	people, err := s.store.FindPeople(ctx, text)
	if err == nil && len(people) == 0 {
		err = Errorf(NotFound, "user", "nobody has the id, userName, externalId or e-mail address %q", clip(text))
	}
	return people, err
}

// Explain says what a person has on each desk that their connection's rules
// name or that they ever had access to, and why. It evaluates anew, so that it
// is true at this moment.
func (s *Service) Explain(ctx context.Context, person Identity) ([]Explanation, error) {
	conn, err := s.store.Connection(ctx, string(person.Connection))
	if err != nil {
		return nil, err
	}
	rules, err := s.store.Rules(ctx, person.Connection)
	if err != nil {
		return nil, err
	}
	accounts, err := s.store.AccountsOf(ctx, []IdentityID{person.ID})
	if err != nil {
		return nil, err
	}
	groups, err := memberships(ctx, s.store, person.Connection, []IdentityID{person.ID})
	if err != nil {
		return nil, err
	}
	byDesk := make(map[DeskID]Account)
	for _, a := range accounts {
		byDesk[a.Desk] = a
	}
	byID := make(map[RuleID]Rule)
	for _, r := range rules {
		byID[r.ID] = r
	}
	var out []Explanation
	for _, id := range desksOf(rules, byDesk) {
		desk, err := s.store.Desk(ctx, string(id))
		if err != nil {
			return nil, err
		}
		e := Explanation{Person: person, Connection: conn, Groups: slices.Concat(groups[person.ID], person.claimed()), Desk: desk, Rules: byID,
			Wanted: Evaluate(rules, person, groups[person.ID], id)}
		if a, ok := byDesk[id]; ok {
			e.Account = &a
		}
		out = append(out, e)
	}
	return out, nil
}

// Overview is the state of everything at a glance.
type Overview struct {
	Connections []ConnectionOverview
	Desks       []DeskOverview
	Attention   []Account // parked and held ones: a person is needed
}

// ConnectionOverview is one connection in an [Overview].
type ConnectionOverview struct {
	Connection Connection
	Active     int        // people
	LastUsedAt *time.Time // newest use of any token; nil: never
}

// DeskOverview is one desk in an [Overview].
type DeskOverview struct {
	Desk     Desk
	Accounts map[AccountState]int
	Seats    int // taken
}

// Overview returns the state of everything at a glance.
func (s *Service) Overview(ctx context.Context) (o Overview, _ error) {
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return o, err
	}
	for _, c := range connections {
		line := ConnectionOverview{Connection: c}
		if line.Active, err = s.store.CountActive(ctx, c.ID); err != nil {
			return o, err
		}
		tokens, err := s.store.Tokens(ctx, c.ID)
		if err != nil {
			return o, err
		}
		for _, t := range tokens {
			if t.LastUsedAt != nil && (line.LastUsedAt == nil || t.LastUsedAt.After(*line.LastUsedAt)) {
				line.LastUsedAt = t.LastUsedAt
			}
		}
		o.Connections = append(o.Connections, line)
	}
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return o, err
	}
	counts, err := s.store.CountAccounts(ctx)
	if err != nil {
		return o, err
	}
	for _, d := range desks {
		line := DeskOverview{Desk: d, Accounts: counts[d.ID]}
		if line.Seats, err = s.store.SeatsTaken(ctx, d.ID); err != nil {
			return o, err
		}
		o.Desks = append(o.Desks, line)
	}
	for _, state := range []AccountState{AccountParked, AccountHeld} {
		accounts, err := s.store.AccountsWhere(ctx, AccountFilter{State: state}, 0)
		if err != nil {
			return o, err
		}
		o.Attention = append(o.Attention, accounts...)
	}
	return o, nil
}

// Retry has parked accounts visited again: all those of filter, or the one
// with this id. adopt, which takes an id, says that a person agrees to take
// over the user that the desk already has. It returns how many.
func (s *Service) Retry(ctx context.Context, c Cause, filter AccountFilter, id AccountID, adopt bool) (n int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		var accounts []Account
		if id != "" {
			a, err := tx.LockAccount(ctx, id)
			if err != nil {
				return err
			}
			if adopt && a.Origin == OriginNone {
				a.Origin = OriginAdopted
				if err := tx.SaveAccounts(ctx, []Account{a}); err != nil {
					return err
				}
				e := s.accountEntry(a, "account.adoption_agreed", nil)
				e.Cause = c
				if err := s.record(ctx, tx, e); err != nil {
					return err
				}
			}
			accounts = []Account{a}
		} else {
			filter.State = AccountParked
			var err error
			if accounts, err = tx.AccountsWhere(ctx, filter, 0); err != nil {
				return err
			}
		}
		n = len(accounts)
		for _, a := range accounts {
			e := s.accountEntry(a, "account.retried", nil)
			e.Cause = c
			if err := s.record(ctx, tx, e); err != nil {
				return err
			}
		}
		return s.wake(ctx, tx, accounts)
	})
	return n, err
}

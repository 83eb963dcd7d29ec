package plan

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// Overview is the state of everything at a glance.
type Overview struct {
	Connections []ConnectionOverview
	Desks       []DeskOverview
	Terms       []Termed   // of whom an admin has said something, by id
	Findings    []Finding  // what somebody has to see to
	Causes      []Cause    // why accounts need attention or are on hold; what concerns most accounts first
	Leavers     []Affected // whose access is to end, and of which the desk has not confirmed it; the oldest first
	Drifted     []Drifted  // by account
	At          time.Time  // when this was so
}

// ConnectionOverview is one connection in an [Overview].
type ConnectionOverview struct {
	Connection provision.Connection
	Active     int                // people
	Tokens     []credential.Token // those that ended included; by time of creation
	LastUsedAt *time.Time         // newest use of any token; nil: never
}

// UsableTokens returns how many tokens of the connection are accepted at now.
func (c *ConnectionOverview) UsableTokens(now time.Time) (n int) {
	for _, t := range c.Tokens {
		if t.Usable(now) {
			n++
		}
	}
	return n
}

// DeskOverview is one desk in an [Overview].
type DeskOverview struct {
	Desk     provision.Desk
	Accounts map[provision.AccountState]int
	Seats    int // taken
	Health   deskhealth.Health
}

// Scope says how much of an [Overview] is looked at, for a page that shows no more.
type Scope struct {
	Desk       provision.DeskID // whose accounts; "": of all
	Most       int              // accounts named of each cause, and leavers, at most; 0: all
	CausesOnly bool             // neither leavers nor drift
}

// Overview returns the state of everything at a glance, with every account that waits.
func (s *Service) Overview(ctx context.Context) (Overview, error) { return s.OverviewOf(ctx, Scope{}) }

// OverviewOf is [Service.Overview] as far as scope goes. What is not named is counted where
// it lies: the cost of a scope does not grow with the accounts that wait for the same.
func (s *Service) OverviewOf(ctx context.Context, scope Scope) (Overview, error) {
	o, err := s.Company(ctx)
	if err != nil {
		return o, err
	}
	return o, s.standing(ctx, &o, scope)
}

// Company returns connections with their people, desks with their seats, and findings of
// an [Overview], without a look at those who need somebody.
func (s *Service) Company(ctx context.Context) (Overview, error) {
	o, err := s.Glance(ctx)
	if err != nil {
		return o, err
	}
	for i := range o.Connections {
		if o.Connections[i].Active, err = s.store.CountActive(ctx, o.Connections[i].Connection.ID); err != nil {
			return o, err
		}
	}
	desks := make([]provision.DeskID, len(o.Desks))
	for i := range o.Desks {
		desks[i] = o.Desks[i].Desk.ID
	}
	taken, err := s.store.SeatsTakenOn(ctx, desks)
	for i := range o.Desks {
		o.Desks[i].Seats = taken[o.Desks[i].Desk.ID]
	}
	return o, err
}

// Glance returns connections, desks and findings of an [Overview], without a
// look at people.
func (s *Service) Glance(ctx context.Context) (o Overview, _ error) {
	o.At = s.now()
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return o, err
	}
	for _, c := range connections {
		line := ConnectionOverview{Connection: c}
		if line.Tokens, err = s.store.Tokens(ctx, c.ID); err != nil {
			return o, err
		}
		for _, t := range line.Tokens {
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
	health, err := s.health.All(ctx)
	if err != nil {
		return o, err
	}
	for _, d := range desks {
		o.Desks = append(o.Desks, DeskOverview{Desk: d, Accounts: counts[d.ID], Health: health[d.ID]})
	}
	o.Findings, err = s.findings(ctx, &o)
	return o, err
}

package plan

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/internal/spelling"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Consequences are what is expensive in a plan, for whoever reviews it. They
// follow from the plan and from how things stand, and are no part of its hash.
type Consequences struct {
	Roles  []RoleCount    `json:"roles,omitempty"` // new admins first, then those who lose access, then by number
	Seats  []SeatCount    `json:"seats,omitempty"` // of desks with a limit of seats, of which something changes
	Losses []LossCount    `json:"losses,omitempty"`
	Steps  []StepChange   `json:"steps,omitempty"` // what it makes of later steps of on_leave
	SignIn []SignInEnd    `json:"sign_in_ends,omitempty"`
	Groups []UnknownGroup `json:"unknown_groups,omitempty"` // that rules of the draft name

	Profiles []ProfileCount `json:"profiles,omitempty"` // fields that somebody else keeps on a desk than before
}

// RoleCount is how many people would get a role on a desk that they have not, or
// with no role lose access to it.
type RoleCount struct {
	Desk   string         `json:"desk"`
	Role   provision.Role `json:"role,omitempty"`
	People int            `json:"people"`
}

// SeatCount is how the seats of a desk would be taken.
type SeatCount struct {
	Desk   string   `json:"desk"`
	Before int      `json:"seats_before"` // 0: no limit
	After  int      `json:"seats_after"`
	Taken  int      `json:"taken"`             // now
	Needed int      `json:"needed"`            // by everybody who should have access, once the plan is applied
	Wait   int      `json:"wait"`              // who would have no seat
	Names  []string `json:"waiting,omitempty"` // userNames of those among them whom the plan gives access, if seats go by the order of people
}

// Kept returns how many people of a desk would keep a seat although there are
// fewer.
func (c SeatCount) Kept() int { return c.Needed - c.Wait }

// LossCount is how many people of a connection would lose access, and what
// mass-change protection would make of it.
type LossCount struct {
	Connection string `json:"connection"`
	People     int    `json:"people"`            // who have access now, and lose it by the change
	Of         int    `json:"of"`                // who have access now
	Others     int    `json:"others"`            // of those, the ones who have begun to lose it lately
	Limit      int    `json:"limit"`             // how many may, before the protection holds them
	Held       bool   `json:"held"`              // it does, unless an admin expects it
	OnHold     bool   `json:"on_hold,omitempty"` // the protection holds people of the connection already
}

// SignInEnd is a way to sign in that a plan takes away.
type SignInEnd struct {
	Connection string             `json:"connection"`
	Protocol   provision.Protocol `json:"protocol,omitempty"`
	Domain     string             `json:"domain,omitempty"`    // instead: its people cannot sign in through the connection any more
	SignedIn   int                `json:"signed_in,omitempty"` // people who are, by the protocol
}

// UnknownGroup is a group that rules name and that has not been pushed. Without a
// Group the connection has pushed none at all.
type UnknownGroup struct {
	Connection string `json:"connection"`
	Group      string `json:"group,omitempty"`
	Meant      string `json:"did_you_mean,omitempty"` // a group with a similar name
}

// LostPeople returns how many people would lose access that they have.
func (c *Consequences) LostPeople() (n int) {
	for _, l := range c.Losses {
		n += l.People
	}
	return n
}

// Held reports whether mass-change protection would hold some of those.
func (c *Consequences) Held() bool {
	return slices.ContainsFunc(c.Losses, func(l LossCount) bool { return l.Held })
}

// CheckLosses returns a Conflict when more people would lose access than
// somebody who has reviewed the plan expects.
func (p *Plan) CheckLosses(expected int) error {
	lost := p.Consequences.LostPeople()
	if lost <= expected {
		return nil
	}
	who := "people"
	if lost == 1 {
		who = "person"
	}
	return provision.Errorf(provision.Conflict, "losses", "%d %s would lose access, and %d may by --expect-losses; nothing is changed: review the plan, then expect %[1]d", lost, who, expected)
}

// effectsByDesk are who gains and who loses access to a desk, by userName.
type effectsByDesk struct {
	gain       []string
	lose       int
	roleCounts map[provision.Role]int
}

// consequences finds what is expensive in a plan.
func (s *Service) consequences(ctx context.Context, state *draftState) (c Consequences, err error) {
	byDesk := make(map[string]*effectsByDesk)
	for _, p := range state.plan.People {
		e := byDesk[p.Desk]
		if e == nil {
			e = &effectsByDesk{roleCounts: make(map[provision.Role]int)}
			byDesk[p.Desk] = e
		}
		was, will := p.Before.Status == provision.AccessActive, p.After.Status == provision.AccessActive
		switch {
		case will && !was:
			e.gain = append(e.gain, p.UserName)
		case was && !will:
			e.lose++
			e.roleCounts[""]++
		}
		if will && (!was || p.Before.Role != p.After.Role) {
			e.roleCounts[p.After.Role]++
		}
	}
	c.Roles = roleCounts(byDesk)
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return c, err
	}
	for _, conn := range connections { // a draft need not name those whose rules go
		if _, named := state.connectionsByName[conn.Name]; !named {
			state.connectionsByName[conn.Name] = conn
		}
	}
	if c.Seats, err = s.seatCounts(ctx, state, byDesk); err != nil {
		return c, err
	}
	for _, conn := range slices.Sorted(maps.Keys(state.losing)) {
		l, err := s.lossesOf(ctx, conn, connectionName(state.connectionsByName, conn), state.losing[conn])
		if err != nil {
			return c, err
		}
		if l.People > 0 {
			c.Losses = append(c.Losses, l)
		}
	}
	if c.Steps, err = s.stepChanges(ctx, state); err != nil {
		return c, err
	}
	if c.Profiles, err = s.profileCounts(ctx, state); err != nil {
		return c, err
	}
	if c.SignIn, err = s.signInEnds(ctx, state); err != nil {
		return c, err
	}
	c.Groups, err = s.unknownGroups(ctx, state)
	return c, err
}

func roleCounts(byDesk map[string]*effectsByDesk) (counts []RoleCount) {
	for _, desk := range slices.Sorted(maps.Keys(byDesk)) {
		for _, role := range slices.Sorted(maps.Keys(byDesk[desk].roleCounts)) {
			counts = append(counts, RoleCount{Desk: desk, Role: role, People: byDesk[desk].roleCounts[role]})
		}
	}
	place := func(c RoleCount) int {
		switch c.Role {
		case provision.RoleAdmin:
			return 0
		case "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(counts, func(a, b RoleCount) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(b.People, a.People))
	})
	return counts
}

// seatCounts says how the seats of desks would be taken.
func (s *Service) seatCounts(ctx context.Context, state *draftState, byDesk map[string]*effectsByDesk) (counts []SeatCount, _ error) {
	have, err := s.store.Desks(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(state.desksByName)) {
		desk := state.desksByName[name]
		count, known := SeatCount{Desk: name, After: desk.Seats}, false
		for _, h := range have {
			if h.ID == desk.ID {
				count.Before, known = h.Seats, true
			}
		}
		e := byDesk[name]
		if e == nil {
			e = &effectsByDesk{}
		}
		if count.Before == count.After && (count.After == 0 || len(e.gain)+e.lose == 0) {
			continue
		}
		if count.Taken, err = s.store.SeatsTaken(ctx, desk.ID); err != nil {
			return nil, err
		}
		desired, err := s.store.CountDesired(ctx, desk.ID)
		if err != nil {
			return nil, err
		}
		count.Needed = max(desired+len(e.gain)-e.lose, 0)
		if count.After > 0 {
			kept := max(count.Taken-e.lose, 0) // nobody is put out of a seat
			count.Wait = max(count.Needed-max(count.After, kept), 0)
			count.Names = e.gain[len(e.gain)-min(count.Wait, len(e.gain)):] // who waits already comes first
		}
		if known || count.Wait > 0 { // a new desk with seats for everybody is nothing to look at
			counts = append(counts, count)
		}
	}
	return counts, nil
}

// signInEnds says which ways to sign in go away, and for how many people.
func (s *Service) signInEnds(ctx context.Context, state *draftState) (ends []SignInEnd, _ error) {
	for _, change := range state.signIn {
		for _, by := range change.before.SignIn.Lost(&change.after.SignIn) {
			n, err := s.store.CountSignedIn(ctx, change.after.ID, by, s.now())
			if err != nil {
				return nil, err
			}
			ends = append(ends, SignInEnd{Connection: change.after.Name, Protocol: by, SignedIn: n})
		}
		if change.before.SignIn.Empty() {
			continue
		}
		for _, domain := range change.before.Domains {
			if !slices.Contains(change.after.Domains, domain) {
				ends = append(ends, SignInEnd{Connection: change.after.Name, Domain: domain})
			}
		}
	}
	return ends, nil
}

// unknownGroups finds the groups that the rules of a draft name and that have not
// been pushed. A new connection cannot have pushed any, and groups that sign-ins
// name are not pushed.
func (s *Service) unknownGroups(ctx context.Context, state *draftState) (unknown []UnknownGroup, _ error) {
	pushed := make(map[provision.ConnectionID][]string)
	for _, r := range state.rules {
		if r.Group == "" || r.GroupID != "" || slices.Contains(state.newConnections, r.Connection) {
			continue
		}
		bound, err := entitlement.BindRule(ctx, s.store, r)
		if err != nil {
			return nil, err
		}
		if bound.GroupID != "" {
			continue
		}
		names, read := pushed[r.Connection]
		if !read {
			if names, err = s.store.GroupNames(ctx, r.Connection); err != nil {
				return nil, err
			}
			pushed[r.Connection] = names
		}
		conn := connectionName(state.connectionsByName, r.Connection)
		u := UnknownGroup{Connection: conn, Group: r.Group, Meant: spelling.Closest(r.Group, names)}
		if len(names) == 0 {
			if in := state.connectionsByName[conn].SignIn; in.SAML != nil || in.OIDC != nil {
				continue
			}
			u.Group = ""
		}
		if !slices.Contains(unknown, u) {
			unknown = append(unknown, u)
		}
	}
	return unknown, nil
}

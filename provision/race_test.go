package provision_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

// atOnce runs every function in a goroutine of its own.
func (h *house) atOnce(fns ...func() error) {
	h.Helper()
	var all sync.WaitGroup
	for _, fn := range fns {
		all.Go(func() {
			if err := fn(); err != nil {
				h.Error(err)
			}
		})
	}
	all.Wait()
}

func (h *house) add(g provision.GroupID, id provision.MemberID) func() error {
	return func() error { return h.change(g, func(c *provision.GroupChange) { c.Add(id) }) }
}

// TestTwoGroupsAtOnce adds people to two groups at the same time: each group
// grants something, and none of it may be lost.
func TestTwoGroupsAtOnce(t *testing.T) {
	each(t, func(h *house) {
		one, two := h.group("One"), h.group("Two")
		h.rule("One", provision.RoleAgent, "A")
		h.rule("Two", provision.RoleAdmin, "B")
		people := h.people(10)
		var fns []func() error
		for _, p := range people {
			fns = append(fns, h.add(one.ID, provision.MemberID(p.ID)), h.add(two.ID, provision.MemberID(p.ID)))
		}
		h.atOnce(fns...)
		for _, p := range people {
			if got := h.wanted(p.ID); got.Role != provision.RoleAdmin || len(got.Teams) != 2 {
				h.Errorf("%s wants %s in %v, want admin in A and B", p.UserName, got.Role, got.Teams)
			}
		}
	})
}

// TestRuleWhilePeopleCome adds a rule while people are made.
func TestRuleWhilePeopleCome(t *testing.T) {
	each(t, func(h *house) {
		fns := []func() error{func() error {
			_, err := h.core.AddRule(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
			return err
		}}
		made := make([]provision.IdentityID, 19)
		for i := range made {
			fns = append(fns, func() error {
				id, _, err := h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, someone(fmt.Sprintf("p%d", i), "agent"))
				made[i] = id.ID
				return err
			})
		}
		h.atOnce(fns...)
		h.evaluate()
		for _, id := range made {
			h.role(id, provision.RoleAgent)
		}
	})
}

// TestNestingWhilePeopleJoin puts a group into one that grants access, or
// takes it out again, while people enter it.
func TestNestingWhilePeopleJoin(t *testing.T) {
	each(t, func(h *house) {
		h.rule("Top", provision.RoleAgent)
		top := h.group("Top")
		people := h.people(12)
		for round := range 3 {
			low := h.group(fmt.Sprintf("Low %d", round))
			fns := []func() error{h.add(top.ID, provision.MemberID(low.ID))}
			for _, p := range people {
				fns = append(fns, h.add(low.ID, provision.MemberID(p.ID)))
			}
			h.atOnce(fns...)
			h.evaluate()
			for _, p := range people {
				h.role(p.ID, provision.RoleAgent)
			}
			gone := func() error { return h.core.RemoveGroup(h.Context(), h.conn.ID, top.ID, byTest, nil) }
			late := h.group(fmt.Sprintf("Late %d", round))
			h.must(h.change(low.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(late.ID)) }))
			newcomer := h.person(fmt.Sprintf("new%d", round))
			h.atOnce(gone, h.add(late.ID, provision.MemberID(newcomer.ID)))
			h.evaluate()
			for _, p := range append(people, newcomer) {
				h.role(p.ID, "")
			}
			top = h.group("Top")
		}
	})
}

// TestBindingWhilePeopleJoin gives a group the name that a rule waits for
// while people enter it.
func TestBindingWhilePeopleJoin(t *testing.T) {
	each(t, func(h *house) {
		people := h.people(10)
		for round := range 3 {
			name := fmt.Sprintf("Wanted %d", round)
			h.rule(name, provision.RoleAgent)
			g := h.group(fmt.Sprintf("Unnamed %d", round))
			fns := []func() error{func() error { return h.change(g.ID, func(c *provision.GroupChange) { c.DisplayName = name }) }}
			for _, p := range people {
				fns = append(fns, h.add(g.ID, provision.MemberID(p.ID)))
			}
			h.atOnce(fns...)
			h.evaluate()
			for _, p := range people {
				h.role(p.ID, provision.RoleAgent)
			}
			h.must(h.core.RemoveGroup(h.Context(), h.conn.ID, g.ID, byTest, nil))
			h.evaluate()
		}
	})
}

// TestRemovedWhileJoining removes people while they are put into a group: no
// membership of somebody who is gone may stay.
func TestRemovedWhileJoining(t *testing.T) {
	each(t, func(h *house) {
		g := h.group("All")
		var fns []func() error
		for _, p := range h.people(10) {
			fns = append(fns,
				func() error { return h.core.RemoveIdentity(h.Context(), h.conn.ID, p.ID, byTest, nil) },
				func() error {
					if err := h.add(g.ID, provision.MemberID(p.ID))(); err != nil {
						h.code(err, provision.Invalid)
					}
					return nil
				})
		}
		h.atOnce(fns...)
		members, err := h.core.Members(h.Context(), h.conn.ID, g.ID)
		h.must(err)
		if len(members) > 0 {
			h.Errorf("%d people who are gone are still members", len(members))
		}
	})
}

// TestEverythingAtOnce changes rules, groups and people side by side; what is
// wanted in the end must be what an evaluation of everything says.
func TestEverythingAtOnce(t *testing.T) {
	each(t, func(h *house) {
		people := h.people(6)
		groups := []provision.Group{h.group("One"), h.group("Two"), h.group("Three")}
		var fns []func() error
		for i := range 20 {
			p, g := people[i%len(people)], groups[i%len(groups)]
			switch i % 4 {
			case 0:
				fns = append(fns, h.add(g.ID, provision.MemberID(p.ID)))
			case 1:
				fns = append(fns, func() error {
					_, err := h.core.AddRule(h.Context(), byTest, provision.Rule{Connection: h.conn.ID, Desk: h.desk.ID,
						Group: g.DisplayName, Role: provision.RoleAgent, Teams: []string{fmt.Sprintf("T%d", i)}})
					return err
				})
			case 2:
				fns = append(fns, func() error {
					_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, p.ID, byTest, func(id *provision.Identity) error {
						id.Profile.Title = fmt.Sprintf("title %d", i)
						return nil
					})
					return err
				})
			case 3:
				other := groups[(i+1)%len(groups)]
				fns = append(fns, h.add(g.ID, provision.MemberID(other.ID)))
			}
		}
		h.atOnce(fns...)
		h.evaluate()
		for _, p := range people {
			explanations, err := h.core.Explain(h.Context(), p)
			h.must(err)
			want := explanations[0].Wanted
			if got := h.wanted(p.ID); !got.Same(want) && (want.Status == provision.AccessActive || got.Status == provision.AccessActive) {
				h.Errorf("%s: kept as wanted %+v, want %+v", p.UserName, got, want)
			}
		}
	})
}

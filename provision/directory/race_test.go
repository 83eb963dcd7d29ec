package directory_test

import (
	"fmt"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestTwoGroupsAtOnce adds people to two groups at the same time: each group
// grants something, and none of it may be lost.
func TestTwoGroupsAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		one, two := h.Group("One"), h.Group("Two")
		h.Rule("One", provision.RoleAgent, "A")
		h.Rule("Two", provision.RoleAdmin, "B")
		people := h.People(10)
		var fns []func() error
		for _, p := range people {
			fns = append(fns, h.Add(one.ID, provision.MemberID(p.ID)), h.Add(two.ID, provision.MemberID(p.ID)))
		}
		h.AtOnce(fns...)
		for _, p := range people {
			if got := h.Desired(p.ID); got.Role != provision.RoleAdmin || len(got.Teams) != 2 {
				h.Errorf("%s wants %s in %v, want admin in A and B", p.UserName, got.Role, got.Teams)
			}
		}
	})
}

// TestRuleWhilePeopleCome adds a rule while people are made.
func TestRuleWhilePeopleCome(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		fns := []func() error{func() error {
			_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Attribute: "roles", Equals: "agent", Role: provision.RoleAgent})
			return err
		}}
		made := make([]provision.IdentityID, 19)
		for i := range made {
			fns = append(fns, func() error {
				id, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, provisiontest.Someone(fmt.Sprintf("p%d", i), "agent"))
				made[i] = id.ID
				return err
			})
		}
		h.AtOnce(fns...)
		h.Evaluate()
		for _, id := range made {
			h.Role(id, provision.RoleAgent)
		}
	})
}

// TestNestingWhilePeopleJoin puts a group into one that grants access, or
// takes it out again, while people enter it.
func TestNestingWhilePeopleJoin(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Rule("Top", provision.RoleAgent)
		top := h.Group("Top")
		people := h.People(12)
		for round := range 3 {
			low := h.Group(fmt.Sprintf("Low %d", round))
			fns := []func() error{h.Add(top.ID, provision.MemberID(low.ID))}
			for _, p := range people {
				fns = append(fns, h.Add(low.ID, provision.MemberID(p.ID)))
			}
			h.AtOnce(fns...)
			h.Evaluate()
			for _, p := range people {
				h.Role(p.ID, provision.RoleAgent)
			}
			gone := func() error {
				return h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, top.ID, provisiontest.ByTest, nil)
			}
			late := h.Group(fmt.Sprintf("Late %d", round))
			h.Must(h.Change(low.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(late.ID)) }))
			newcomer := h.Person(fmt.Sprintf("new%d", round))
			h.AtOnce(gone, h.Add(late.ID, provision.MemberID(newcomer.ID)))
			h.Evaluate()
			for _, p := range append(people, newcomer) {
				h.Role(p.ID, "")
			}
			top = h.Group("Top")
		}
	})
}

// TestBindingWhilePeopleJoin gives a group the name that a rule waits for
// while people enter it.
func TestBindingWhilePeopleJoin(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := h.People(10)
		for round := range 3 {
			name := fmt.Sprintf("Wanted %d", round)
			h.Rule(name, provision.RoleAgent)
			g := h.Group(fmt.Sprintf("Unnamed %d", round))
			fns := []func() error{func() error { return h.Change(g.ID, func(c *directory.GroupChange) { c.DisplayName = name }) }}
			for _, p := range people {
				fns = append(fns, h.Add(g.ID, provision.MemberID(p.ID)))
			}
			h.AtOnce(fns...)
			h.Evaluate()
			for _, p := range people {
				h.Role(p.ID, provision.RoleAgent)
			}
			h.Must(h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, g.ID, provisiontest.ByTest, nil))
			h.Evaluate()
		}
	})
}

// TestRemovedWhileJoining removes people while they are put into a group: no
// membership of somebody who is gone may stay.
func TestRemovedWhileJoining(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		g := h.Group("All")
		var fns []func() error
		for _, p := range h.People(10) {
			fns = append(fns,
				func() error {
					return h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, p.ID, provisiontest.ByTest, nil)
				},
				func() error {
					if err := h.Add(g.ID, provision.MemberID(p.ID))(); err != nil {
						h.Code(err, provision.Invalid)
					}
					return nil
				})
		}
		h.AtOnce(fns...)
		members, err := h.Core.Directory.Members(h.Context(), h.Conn.ID, g.ID)
		h.Must(err)
		if len(members) > 0 {
			h.Errorf("%d people who are gone are still members", len(members))
		}
	})
}

// TestEverythingAtOnce changes rules, groups and people side by side; what is
// wanted in the end must be what an evaluation of everything says.
func TestEverythingAtOnce(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		people := h.People(6)
		groups := []provision.Group{h.Group("One"), h.Group("Two"), h.Group("Three")}
		var fns []func() error
		for i := range 20 {
			p, g := people[i%len(people)], groups[i%len(groups)]
			switch i % 4 {
			case 0:
				fns = append(fns, h.Add(g.ID, provision.MemberID(p.ID)))
			case 1:
				fns = append(fns, func() error {
					_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID,
						Group: g.DisplayName, Role: provision.RoleAgent, Teams: []string{fmt.Sprintf("T%d", i)}})
					return err
				})
			case 2:
				fns = append(fns, func() error {
					_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, p.ID, provisiontest.ByTest, func(id *provision.Identity) error {
						id.Profile.Title = fmt.Sprintf("title %d", i)
						return nil
					})
					return err
				})
			case 3:
				other := groups[(i+1)%len(groups)]
				fns = append(fns, h.Add(g.ID, provision.MemberID(other.ID)))
			}
		}
		h.AtOnce(fns...)
		h.Evaluate()
		for _, p := range people {
			explanations, err := h.Core.Explanation.Explain(h.Context(), p)
			h.Must(err)
			want := explanations[0].Desired
			if got := h.Desired(p.ID); !got.Same(want) && (want.Status == provision.AccessActive || got.Status == provision.AccessActive) {
				h.Errorf("%s: kept as wanted %+v, want %+v", p.UserName, got, want)
			}
		}
	})
}

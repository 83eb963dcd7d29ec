package provision_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMembers(t *testing.T) {
	each(t, func(h *house) {
		h.rule("Support", provision.RoleAgent)
		ann, bob := h.person("ann"), h.person("bob")
		a, b := provision.MemberID(ann.ID), provision.MemberID(bob.ID)
		g := h.group("support", a) // by name, in any letter case
		h.evaluate()
		h.role(ann.ID, provision.RoleAgent)
		h.role(bob.ID, "")

		h.unchanged("adding who is there, removing who is not", func() {
			h.must(h.change(g.ID, func(c *provision.GroupChange) { c.Add(a); c.Remove(b); c.Remove("nobody") }))
		})
		h.unchanged("replacing all by the same", func() {
			h.must(h.change(g.ID, func(c *provision.GroupChange) { c.RemoveAll(); c.Add(a) }))
		})
		h.unchanged("an unknown member", func() {
			h.code(h.change(g.ID, func(c *provision.GroupChange) { c.Add(b, "nobody"); c.Remove(a); c.DisplayName = "Other" }), provision.Invalid)
		})
		h.unchanged("itself as a member", func() {
			h.code(h.change(g.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(g.ID)) }), provision.Invalid)
		})
		h.unchanged("a taken name", func() {
			_, err := h.core.CreateGroup(h.Context(), h.conn.ID, byTest, provision.Group{DisplayName: "SUPPORT"}, nil)
			h.code(err, provision.Conflict)
		})
		gone := h.person("gone")
		h.must(h.core.RemoveIdentity(h.Context(), h.conn.ID, gone.ID, byTest, nil))
		h.unchanged("somebody who was removed", func() {
			h.code(h.change(g.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(gone.ID)) }), provision.Invalid)
		})

		h.must(h.change(g.ID, func(c *provision.GroupChange) { c.Remove(a); c.Add(b) }))
		h.role(ann.ID, "")
		h.role(bob.ID, provision.RoleAgent)
		if got := h.wanted(ann.ID).Status; got != provision.AccessAbsent {
			h.Errorf("wanted of who left the group: %s", got)
		}
	})
}

func TestNestedGroups(t *testing.T) {
	each(t, func(h *house) {
		h.rule("Top", provision.RoleAgent, "A")
		ann := h.person("ann")
		low := h.group("Low", provision.MemberID(ann.ID))
		mid := h.group("Mid", provision.MemberID(low.ID))
		top := h.group("Top", provision.MemberID(mid.ID))
		h.evaluate()
		h.role(ann.ID, provision.RoleAgent)
		if got := h.wanted(ann.ID).Grants[0].Via; !slices.Equal(got, []provision.GroupID{low.ID, mid.ID}) {
			h.Errorf("via %v, want Low, then Mid", got)
		}
		h.must(h.change(low.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(top.ID)) })) // a cycle
		bob := h.person("bob")
		h.must(h.change(mid.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(bob.ID)) }))
		h.evaluate()
		h.role(bob.ID, provision.RoleAgent)

		h.must(h.change(top.ID, func(c *provision.GroupChange) { c.Remove(provision.MemberID(mid.ID)) }))
		h.evaluate()
		h.role(ann.ID, "")
		h.role(bob.ID, "")
		h.must(h.change(top.ID, func(c *provision.GroupChange) { c.Add(provision.MemberID(low.ID)) }))
		h.evaluate()
		h.role(ann.ID, provision.RoleAgent)
		h.role(bob.ID, "")
		h.must(h.core.RemoveGroup(h.Context(), h.conn.ID, low.ID, byTest, nil))
		h.evaluate()
		h.role(ann.ID, "")
	})
}

func TestRulesAndTheirGroups(t *testing.T) {
	each(t, func(h *house) {
		ann, bob := h.person("ann"), h.person("bob")
		early := h.group("Early", provision.MemberID(ann.ID))
		h.rule("early", provision.RoleAgent)
		h.rule("late", provision.RoleAdmin)
		h.evaluate()
		h.role(ann.ID, provision.RoleAgent)
		late := h.group("Late", provision.MemberID(bob.ID))
		h.role(bob.ID, provision.RoleAdmin)

		h.must(h.change(early.ID, func(c *provision.GroupChange) { c.DisplayName = "Renamed" }))
		h.evaluate()
		h.role(ann.ID, provision.RoleAgent)
		if got := h.wanted(ann.ID).Grants[0].GroupName; got != "Renamed" {
			h.Errorf("the grant names group %q, want Renamed", got)
		}
		namesake := h.group("Early", provision.MemberID(bob.ID)) // takes the name, not the rule
		h.evaluate()
		h.role(bob.ID, provision.RoleAdmin)

		refusal := errors.New("no")
		h.unchanged("a refused removal", func() {
			if err := h.core.RemoveGroup(h.Context(), h.conn.ID, late.ID, byTest, func(provision.Group) error { return refusal }); !errors.Is(err, refusal) {
				h.Errorf("error %v, want the caller's own", err)
			}
		})
		h.must(h.core.RemoveGroup(h.Context(), h.conn.ID, late.ID, byTest, nil))
		h.evaluate()
		h.role(bob.ID, "")

		// When the group that a rule was bound to is gone, its name counts again.
		h.must(h.core.RemoveGroup(h.Context(), h.conn.ID, early.ID, byTest, nil))
		h.evaluate()
		h.role(ann.ID, "")
		h.role(bob.ID, provision.RoleAgent)

		h.must(h.core.RemoveGroup(h.Context(), h.conn.ID, namesake.ID, byTest, nil))
		h.group("Other", provision.MemberID(ann.ID))
		other := h.group("Another", provision.MemberID(bob.ID))
		h.evaluate()
		h.role(bob.ID, "")
		h.must(h.change(other.ID, func(c *provision.GroupChange) { c.DisplayName = "Late" })) // a rename binds, too
		h.evaluate()
		h.role(bob.ID, provision.RoleAdmin)
	})
}

// TestMemberOperationsAreASet checks that any sequence of additions and
// removals comes to the same as doing them one by one on a set.
func TestMemberOperationsAreASet(t *testing.T) {
	each(t, func(h *house) {
		var ids []provision.MemberID
		for _, p := range h.people(5) {
			ids = append(ids, provision.MemberID(p.ID))
		}
		n := 0
		few(h.T, func(rt *rapid.T) {
			n++
			some := rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID)
			start := some.Draw(rt, "start")
			g := h.group(fmt.Sprintf("g%d", n), start...)
			want := map[provision.MemberID]bool{}
			for _, id := range start {
				want[id] = true
			}
			err := h.change(g.ID, func(c *provision.GroupChange) {
				for range rapid.IntRange(0, 5).Draw(rt, "ops") {
					switch list := some.Draw(rt, "ids"); rapid.IntRange(0, 2).Draw(rt, "op") {
					case 0:
						c.Add(list...)
						for _, id := range list {
							want[id] = true
						}
					case 1:
						c.Remove(list...)
						for _, id := range list {
							delete(want, id)
						}
					case 2:
						c.RemoveAll()
						clear(want)
					}
				}
			})
			if err != nil {
				rt.Fatal(err)
			}
			members, err := h.core.Members(h.Context(), h.conn.ID, g.ID)
			if err != nil {
				rt.Fatal(err)
			}
			got := map[provision.MemberID]bool{}
			for _, m := range members {
				got[m.ID] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Errorf("members (-want +got):\n%s", diff)
			}
		})
	})
}

// clones adds people to a group straight in the database, all like the first:
// what is tested is not their making.
func (h *house) clones(first provision.Identity, g provision.GroupID, n int) []provision.MemberID {
	h.Helper()
	for _, statement := range []string{
		`INSERT INTO identities (id, connection_id, user_name, user_name_folded, external_id, display_name, display_name_folded, status,
			profile, emails, attributes, document, version, created_at, updated_at)
		SELECT 'clone-' || i, connection_id, 'clone-' || i, 'clone-' || i, '', '', '', status,
			profile, emails, attributes, document, version, created_at, updated_at FROM identities, n WHERE id = $2`,
		`INSERT INTO members (connection_id, group_id, member_id, kind) SELECT connection_id, $2, 'clone-' || i, 'identity' FROM groups, n WHERE id = $2`,
	} {
		id := string(first.ID)
		if strings.Contains(statement, "members") {
			id = string(g)
		}
		_, err := h.store.DB().ExecContext(h.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) `+statement, n, id)
		h.must(err)
	}
	ids := make([]provision.MemberID, n)
	for i := range ids {
		ids[i] = provision.MemberID(fmt.Sprintf("clone-%d", i+1))
	}
	return ids
}

func TestRuleOnALargeGroup(t *testing.T) {
	each(t, func(h *house) {
		g := h.group("All")
		ids := h.clones(h.person("first"), g.ID, 1600)
		before := h.counts()
		h.rule("All", provision.RoleAgent)
		if jobs := h.counts().jobs - before.jobs; jobs != 1 {
			h.Errorf("a rule enqueued %d jobs at once, want 1", jobs)
		}
		h.evaluate()
		if n := h.counts().accounts; n != 1600 {
			h.Errorf("%d accounts, want 1600", n)
		}
		jobs := h.counts().jobs
		h.must(h.change(g.ID, func(c *provision.GroupChange) { c.Remove(ids[7]) }))
		if n := h.counts().jobs - jobs; n != 1 {
			h.Errorf("one removal enqueued %d jobs, want 1", n)
		}
	})
}

// TestRulesBindToNoLookAlike has a group whose name folds to that of a rule,
// and is another, come before the rule and after it.
func TestRulesBindToNoLookAlike(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann")
		before := h.rule("Desk admins", provision.RoleAdmin)
		h.group("Des\u212a admins", provision.MemberID(ann.ID))
		after := h.rule("desk admins", provision.RoleAdmin)
		for _, r := range []provision.Rule{before, after} {
			rules, err := h.core.Rules(h.Context(), h.conn.ID)
			h.must(err)
			if at := slices.IndexFunc(rules, func(have provision.Rule) bool { return have.ID == r.ID }); at < 0 || rules[at].GroupID != "" {
				t.Errorf("the rule on %q is bound: %+v", r.Group, rules)
			}
		}
	})
}

package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestMembers(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Rule("Support", provision.RoleAgent)
		ann, bob := h.Person("ann"), h.Person("bob")
		a, b := provision.MemberID(ann.ID), provision.MemberID(bob.ID)
		g := h.Group("support", a) // by name, in any letter case
		h.Evaluate()
		h.Role(ann.ID, provision.RoleAgent)
		h.Role(bob.ID, "")

		h.Unchanged("adding who is there, removing who is not", func() {
			h.Must(h.Change(g.ID, func(c *directory.GroupChange) { c.Add(a); c.Remove(b); c.Remove("nobody") }))
		})
		h.Unchanged("replacing all by the same", func() {
			h.Must(h.Change(g.ID, func(c *directory.GroupChange) { c.RemoveAll(); c.Add(a) }))
		})
		h.Unchanged("an unknown member", func() {
			h.Code(h.Change(g.ID, func(c *directory.GroupChange) { c.Add(b, "nobody"); c.Remove(a); c.DisplayName = "Other" }), provision.Invalid)
		})
		h.Unchanged("itself as a member", func() {
			h.Code(h.Change(g.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(g.ID)) }), provision.Invalid)
		})
		h.Unchanged("a taken name", func() {
			_, err := h.Core.Directory.CreateGroup(h.Context(), h.Conn.ID, provisiontest.ByTest, provision.Group{DisplayName: "SUPPORT"}, nil)
			h.Code(err, provision.Conflict)
		})
		gone := h.Person("gone")
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, gone.ID, provisiontest.ByTest, nil))
		h.Unchanged("somebody who was removed", func() {
			h.Code(h.Change(g.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(gone.ID)) }), provision.Invalid)
		})

		h.Must(h.Change(g.ID, func(c *directory.GroupChange) { c.Remove(a); c.Add(b) }))
		h.Role(ann.ID, "")
		h.Role(bob.ID, provision.RoleAgent)
		if got := h.Desired(ann.ID).Status; got != provision.AccessAbsent {
			h.Errorf("wanted of who left the group: %s", got)
		}
	})
}

func TestNestedGroups(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Rule("Top", provision.RoleAgent, "A")
		ann := h.Person("ann")
		low := h.Group("Low", provision.MemberID(ann.ID))
		mid := h.Group("Mid", provision.MemberID(low.ID))
		top := h.Group("Top", provision.MemberID(mid.ID))
		h.Evaluate()
		h.Role(ann.ID, provision.RoleAgent)
		if got := h.Desired(ann.ID).Grants[0].Via; !slices.Equal(got, []provision.GroupID{low.ID, mid.ID}) {
			h.Errorf("via %v, want Low, then Mid", got)
		}
		h.Must(h.Change(low.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(top.ID)) })) // a cycle
		bob := h.Person("bob")
		h.Must(h.Change(mid.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(bob.ID)) }))
		h.Evaluate()
		h.Role(bob.ID, provision.RoleAgent)

		h.Must(h.Change(top.ID, func(c *directory.GroupChange) { c.Remove(provision.MemberID(mid.ID)) }))
		h.Evaluate()
		h.Role(ann.ID, "")
		h.Role(bob.ID, "")
		h.Must(h.Change(top.ID, func(c *directory.GroupChange) { c.Add(provision.MemberID(low.ID)) }))
		h.Evaluate()
		h.Role(ann.ID, provision.RoleAgent)
		h.Role(bob.ID, "")
		h.Must(h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, low.ID, provisiontest.ByTest, nil))
		h.Evaluate()
		h.Role(ann.ID, "")
	})
}

func TestRulesAndTheirGroups(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann, bob := h.Person("ann"), h.Person("bob")
		early := h.Group("Early", provision.MemberID(ann.ID))
		h.Rule("early", provision.RoleAgent)
		h.Rule("late", provision.RoleAdmin)
		h.Evaluate()
		h.Role(ann.ID, provision.RoleAgent)
		late := h.Group("Late", provision.MemberID(bob.ID))
		h.Role(bob.ID, provision.RoleAdmin)

		h.Must(h.Change(early.ID, func(c *directory.GroupChange) { c.DisplayName = "Renamed" }))
		h.Evaluate()
		h.Role(ann.ID, provision.RoleAgent)
		if got := h.Desired(ann.ID).Grants[0].GroupName; got != "Renamed" {
			h.Errorf("the grant names group %q, want Renamed", got)
		}
		namesake := h.Group("Early", provision.MemberID(bob.ID)) // takes the name, not the rule
		h.Evaluate()
		h.Role(bob.ID, provision.RoleAdmin)

		refusal := errors.New("no")
		h.Unchanged("a refused removal", func() {
			if err := h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, late.ID, provisiontest.ByTest, func(provision.Group) error { return refusal }); !errors.Is(err, refusal) {
				h.Errorf("error %v, want the caller's own", err)
			}
		})
		h.Must(h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, late.ID, provisiontest.ByTest, nil))
		h.Evaluate()
		h.Role(bob.ID, "")

		// When the group that a rule was bound to is gone, its name counts again.
		h.Must(h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, early.ID, provisiontest.ByTest, nil))
		h.Evaluate()
		h.Role(ann.ID, "")
		h.Role(bob.ID, provision.RoleAgent)

		h.Must(h.Core.Directory.RemoveGroup(h.Context(), h.Conn.ID, namesake.ID, provisiontest.ByTest, nil))
		h.Group("Other", provision.MemberID(ann.ID))
		other := h.Group("Another", provision.MemberID(bob.ID))
		h.Evaluate()
		h.Role(bob.ID, "")
		h.Must(h.Change(other.ID, func(c *directory.GroupChange) { c.DisplayName = "Late" })) // a rename binds, too
		h.Evaluate()
		h.Role(bob.ID, provision.RoleAdmin)
	})
}

// TestMemberOperationsAreASet checks that any sequence of additions and
// removals comes to the same as doing them one by one on a set.
func TestMemberOperationsAreASet(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		var ids []provision.MemberID
		for _, p := range h.People(5) {
			ids = append(ids, provision.MemberID(p.ID))
		}
		n := 0
		provisiontest.Few(h.T, func(rt *rapid.T) {
			n++
			some := rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID)
			start := some.Draw(rt, "start")
			g := h.Group(fmt.Sprintf("g%d", n), start...)
			want := map[provision.MemberID]bool{}
			for _, id := range start {
				want[id] = true
			}
			err := h.Change(g.ID, func(c *directory.GroupChange) {
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
			members, err := h.Core.Directory.Members(h.Context(), h.Conn.ID, g.ID)
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

func TestRuleOnALargeGroup(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		g := h.Group("All")
		ids := h.Clones(h.Person("first"), g.ID, 1600)
		before := h.Counts()
		h.Rule("All", provision.RoleAgent)
		if jobs := h.Counts().Jobs - before.Jobs; jobs != 1 {
			h.Errorf("a rule enqueued %d jobs at once, want 1", jobs)
		}
		h.Evaluate()
		if n := h.Counts().Accounts; n != 1600 {
			h.Errorf("%d accounts, want 1600", n)
		}
		jobs := h.Counts().Jobs
		h.Must(h.Change(g.ID, func(c *directory.GroupChange) { c.Remove(ids[7]) }))
		if n := h.Counts().Jobs - jobs; n != 1 {
			h.Errorf("one removal enqueued %d jobs, want 1", n)
		}
	})
}

// TestRulesBindToNoLookAlike has a group whose name folds to that of a rule,
// and is another, come before the rule and after it.
func TestRulesBindToNoLookAlike(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann := h.Person("ann")
		before := h.Rule("Desk admins", provision.RoleAdmin)
		h.Group("Des\u212a admins", provision.MemberID(ann.ID))
		after := h.Rule("desk admins", provision.RoleAdmin)
		for _, r := range []provision.Rule{before, after} {
			rules, err := h.Core.Settings.Rules(h.Context(), h.Conn.ID)
			h.Must(err)
			if at := slices.IndexFunc(rules, func(have provision.Rule) bool { return have.ID == r.ID }); at < 0 || rules[at].GroupID != "" {
				t.Errorf("the rule on %q is bound: %+v", r.Group, rules)
			}
		}
	})
}

// TestLookAlikes finds groups that a rule misses for blanks that nobody sees.
func TestLookAlikes(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		for i := range 100 { // who has many groups of that word
			h.Group(fmt.Sprint("Support ", i))
		}
		for _, name := range []string{"Support\u00a0X ", "support X", "SupportX", "X Support", "Support XY"} {
			h.Group(name)
		}
		for name, want := range map[string]string{"Support X": "Support\u00a0X ", "Support  X": "Support\u00a0X |support X", "SupportX": "", "Sales": "", " ": "", "supportX ": "SupportX"} {
			got, err := h.Core.Directory.LookAlikes(h.Context(), h.Conn.ID, name)
			h.Must(err)
			names := make([]string, len(got))
			for i, g := range got {
				names[i] = g.DisplayName
			}
			if joined := strings.Join(names, "|"); joined != want {
				h.Errorf("%q looks like %q, want %q", name, joined, want)
			}
		}
	})
}

// fewGroups is a store that notes what is asked of its groups.
type fewGroups struct {
	directory.Store
	asked []provision.Page[provision.Group]
}

func (f *fewGroups) Groups(ctx context.Context, c provision.ConnectionID, q provision.Query) (provision.Page[provision.Group], error) {
	page, err := f.Store.Groups(ctx, c, q)
	f.asked = append(f.asked, page)
	return page, err
}

// TestLookAlikesReadFew checks that no group is read but those that have all of the
// words, and none behind the page that has one, however many there are.
func TestLookAlikesReadFew(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Group("Support\u00a01 ")
		for i := range 120 {
			h.Group(fmt.Sprint("Support ", i+1000))
		}
		for _, tt := range []struct {
			name                string
			alike, pages, first int // first: how many are on the first page
		}{{"Support 1", 1, 1, 100}, {"Support 1119", 0, 1, 1}, {"Support  1119", 1, 1, 1}} {
			few := &fewGroups{Store: h.Store}
			got, err := directory.New(few, nil, nil, nil, nil, nil).LookAlikes(h.Context(), h.Conn.ID, tt.name)
			h.Must(err)
			if len(got) != tt.alike || len(few.asked) != tt.pages || len(few.asked[0].Items) != tt.first {
				h.Errorf("%q: %d look like it, %d pages are read, %d on the first", tt.name, len(got), len(few.asked), len(few.asked[0].Items))
			}
		}
	})
}

package store_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		p := people(t, s, c.ID, "ann", "bob", "carl")
		bare := identity(c.ID, "bare")
		bare.Document = nil
		bare.Profile.DisplayName = ""
		must(t, s.InsertIdentity(ctx, bare))
		sub := insertGroup(t, s, c.ID, "sub")
		g := insertGroup(t, s, c.ID, "Support", person(p[2]), person(p[0]))
		id := func(m provision.Member) provision.MemberID { return m.ID }

		added := got(s.AddMembers(ctx, c.ID, g.ID, []provision.Member{person(p[1]), person(p[0]), nested(sub), person(p[1]), person(bare)}))(t)
		equal(t, "added", []provision.MemberID{id(person(p[1])), id(nested(sub)), id(person(bare))}, added)
		equal(t, "in order of adding", []provision.Member{
			{ID: id(person(p[2])), Kind: provision.MemberIdentity, Display: "Display carl"},
			{ID: id(person(p[0])), Kind: provision.MemberIdentity, Display: "Display ann"},
			{ID: id(person(p[1])), Kind: provision.MemberIdentity, Display: "Display bob"},
			{ID: id(nested(sub)), Kind: provision.MemberGroup, Display: "sub"},
			{ID: id(person(bare)), Kind: provision.MemberIdentity, Display: "bare"},
		}, got(s.Members(ctx, g.ID))(t))

		removed := got(s.RemoveMembers(ctx, g.ID, []provision.MemberID{id(person(p[0])), "unknown", id(nested(sub))}))(t)
		want := []provision.MemberID{id(person(p[0])), id(nested(sub))}
		slices.Sort(want)
		equal(t, "removed", want, removed)
		equal(t, "nothing to add", 0, len(got(s.AddMembers(ctx, c.ID, g.ID, nil))(t)))

		g2 := insertGroup(t, s, c.ID, "Other", person(p[1]))
		left := got(s.RemoveMemberships(ctx, id(person(p[1])), noon.Add(time.Hour)))(t)
		groups := []provision.GroupID{g.ID, g2.ID}
		slices.Sort(groups)
		equal(t, "left groups", groups, left)
		for _, id := range groups {
			g := got(s.Group(ctx, c.ID, id))(t)
			equal(t, "version of a group that was left", int64(3), g.Version)
			equal(t, "and when it changed, by the clock of the caller", noon.Add(time.Hour), g.UpdatedAt)
		}
		equal(t, "members then", 2, len(got(s.Members(ctx, g.ID))(t)))
	})
}

func TestMemberKinds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		w := newWorld(t, s)
		foreign := identity(w.other.ID, "foreign")
		must(t, s.InsertIdentity(ctx, foreign))
		kinds := got(s.MemberKinds(ctx, w.acme.ID, []provision.MemberID{
			person(w.ann).ID, nested(w.group).ID, person(w.gone).ID, person(foreign).ID, "unknown", "\x00", "\xff"}))(t)
		equal(t, "kinds", map[provision.MemberID]provision.MemberKind{
			person(w.ann).ID: provision.MemberIdentity, nested(w.group).ID: provision.MemberGroup}, kinds)
	})
}

func TestEdges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		p := people(t, s, c.ID, "ann", "bob")
		a := insertGroup(t, s, c.ID, "a", person(p[0]))
		b := insertGroup(t, s, c.ID, "b", nested(a), person(p[0]))
		top := insertGroup(t, s, c.ID, "top", nested(b))
		_, err := s.AddMembers(ctx, c.ID, a.ID, []provision.Member{nested(top)}) // a cycle
		must(t, err)
		insertGroup(t, s, c.ID, "unrelated", person(p[1]))

		edge := func(m provision.Member, g provision.Group) provision.Edge {
			return provision.Edge{Member: m.ID, Group: g.ID, GroupName: g.DisplayName}
		}
		want := []provision.Edge{edge(person(p[0]), a), edge(person(p[0]), b), edge(nested(a), b), edge(nested(b), top), edge(nested(top), a)}
		equal(t, "edges", want, got(s.Edges(ctx, c.ID, []provision.MemberID{person(p[0]).ID}))(t))
		equal(t, "of nobody", 0, len(got(s.Edges(ctx, c.ID, nil))(t)))
		equal(t, "in another connection", 0, len(got(s.Edges(ctx, "other", []provision.MemberID{person(p[0]).ID}))(t)))
	})
}

func TestDeleteGroup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		ann := people(t, s, c.ID, "ann")[0]
		inner := insertGroup(t, s, c.ID, "inner", person(ann))
		outer := insertGroup(t, s, c.ID, "outer", nested(inner), person(ann))
		must(t, s.DeleteGroup(ctx, c.ID, inner.ID, noon))
		_, err := s.Group(ctx, c.ID, inner.ID)
		wantCode(t, "Group", err, provision.NotFound)
		equal(t, "members of outer", []provision.Member{{ID: person(ann).ID, Kind: provision.MemberIdentity, Display: "Display ann"}},
			got(s.Members(ctx, outer.ID))(t))
		wantCode(t, "DeleteGroup again", s.DeleteGroup(ctx, c.ID, inner.ID, noon), provision.NotFound)
	})
}

// TestAddingMembersAtOnce adds the same people to a group from many sides:
// each is added once, and told so once.
func TestAddingMembersAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		all := people(t, s, c.ID, numbered("p", 50)...)
		g := insertGroup(t, s, c.ID, "Support")
		var members []provision.Member
		for _, p := range all {
			members = append(members, person(p))
		}
		counts := make([]int, 20)
		atOnce(t, len(counts), func(i int) error {
			mine := slices.Clone(members)
			if i%2 == 1 {
				slices.Reverse(mine)
			}
			return s.InTx(ctx, func(tx *store.Store) error {
				added, err := tx.AddMembers(ctx, c.ID, g.ID, mine)
				counts[i] = len(added)
				return err
			})
		})
		sum := 0
		for _, n := range counts {
			sum += n
		}
		equal(t, "added in all", len(members), sum)
		equal(t, "members", len(members), len(got(s.Members(ctx, g.ID))(t)))
	})
}

// TestRemovalReadsTheIndex: members of a large group are removed by the index,
// whatever the planner has been told of that group: nothing, that it is small,
// or all about another large one.
func TestRemovalReadsTheIndex(t *testing.T) {
	_, s := storetest.Postgres(t)
	ctx := t.Context()
	c, _ := seeded(t, s)
	must(t, s.Exec(ctx, `ALTER TABLE members SET (autovacuum_enabled = false)`))
	few := people(t, s, c.ID, "ann", "bob")
	fill := func(g provision.Group) {
		must(t, s.Exec(ctx, `INSERT INTO members (connection_id, group_id, member_id, kind)
			SELECT ?, ?, 'm' || n, 'identity' FROM generate_series(1, 5000) n`, string(c.ID), string(g.ID)))
	}
	remove := func(g provision.Group, atMost int, ids ...provision.MemberID) {
		t.Helper()
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			before := got(store.RowsRead(ctx, tx, "members"))(t)
			removed := got(tx.RemoveMembers(ctx, g.ID, append(ids, "nobody")))(t)
			equal(t, "removed from "+g.DisplayName, len(ids), len(removed))
			if n := got(store.RowsRead(ctx, tx, "members"))(t) - before; n > int64(atMost) {
				t.Errorf("%d rows were read to remove %d from %s", n, len(ids), g.DisplayName)
			}
			return nil
		}))
	}
	var many []provision.MemberID
	for n := range 100 {
		many = append(many, provision.MemberID("m"+strconv.Itoa(1000+n)))
	}
	unknown := insertGroup(t, s, c.ID, "unknown")
	fill(unknown)
	remove(unknown, 100, "m17", "m4711")
	remove(unknown, 600, many...)

	must(t, s.Exec(ctx, `DELETE FROM members`))
	small := insertGroup(t, s, c.ID, "small once", person(few[0]), person(few[1]))
	must(t, s.Exec(ctx, `ANALYZE`)) // what the planner believes from now on
	fill(small)
	remove(small, 100, "m17", "m4711")
	remove(small, 600, many...)

	must(t, s.Exec(ctx, `ANALYZE`))
	another := insertGroup(t, s, c.ID, "another")
	fill(another)
	remove(another, 100, "m17", "m4711")
	remove(another, 600, many...)
}

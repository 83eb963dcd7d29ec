package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestTombstone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		other := connection("other")
		must(t, s.SaveConnection(ctx, other))
		remove := func(name, userName, externalID string, after time.Duration) {
			id := identity(c.ID, userName)
			id.ID, id.ExternalID, id.Status = provision.IdentityID(name), externalID, provision.StatusRemoved
			id.UpdatedAt = noon.Add(after)
			must(t, s.InsertIdentity(ctx, id))
		}
		remove("old", "ann", "x1", time.Second)
		remove("older", "ann", "x1", 0)
		remove("newest", "ann", "x2", time.Hour)
		remove("bare", "ann", "", time.Minute)
		remove("bob", "bob", "x3", 0)
		people(t, s, c.ID, "live")

		for _, tt := range []struct {
			name, userName, externalID, want string
		}{
			{"same externalId, whatever the userName", "ANNA", "x2", "newest"},
			{"same externalId beats a stranger's userName", "bob", "x2", "newest"},
			{"newest of those with the same externalId, or without one and with the userName", "Ann", "x1", "bare"},
			{"same userName, the new one has no externalId", "ann", "", "newest"},
			{"same userName, the old one has no externalId", "ANN", "x9", "bare"},
			{"same userName, but another externalId: not the same", "bob", "x9", ""},
			{"nobody", "carl", "", ""},
			{"externalId heeds letter case", "carl", "X2", ""},
			{"somebody who is there", "live", "", ""},
		} {
			t.Run(tt.name, func(t *testing.T) {
				id, err := s.Tombstone(ctx, c.ID, tt.userName, tt.externalID)
				if tt.want == "" {
					wantCode(t, "Tombstone", err, provision.NotFound)
					return
				}
				must(t, err)
				equal(t, "id", tt.want, string(id.ID))
			})
		}
		_, err := s.Tombstone(ctx, other.ID, "ann", "x1")
		wantCode(t, "Tombstone of another connection", err, provision.NotFound)
	})
}

func TestFindPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		other := connection("other")
		must(t, s.SaveConnection(ctx, other))
		ann := people(t, s, c.ID, "ann")[0]
		gone := identity(c.ID, "Ann")
		gone.Status = provision.StatusRemoved
		must(t, s.InsertIdentity(ctx, gone))
		elsewhere := identity(other.ID, "ANN")
		elsewhere.ExternalID = "only-here"
		must(t, s.InsertIdentity(ctx, elsewhere))

		for _, tt := range []struct {
			name, text string
			want       []provision.IdentityID
		}{
			{"userName, live ones first", "aNN", []provision.IdentityID{ann.ID, elsewhere.ID, gone.ID}},
			{"e-mail address", "HOME-ann@example.test", []provision.IdentityID{ann.ID, elsewhere.ID, gone.ID}},
			{"id", string(gone.ID), []provision.IdentityID{gone.ID}},
			{"externalId", "only-here", []provision.IdentityID{elsewhere.ID}},
			{"nothing", "", nil},
			{"a NUL", "ann\x00", nil},
			{"part of a name", "an", nil},
		} {
			t.Run(tt.name, func(t *testing.T) {
				equal(t, "ids", tt.want, idsOf(got(s.FindPeople(ctx, tt.text))(t)))
			})
		}
	})
}

func idsOf(people []provision.Identity) []provision.IdentityID {
	var ids []provision.IdentityID
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestEachIdentity(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		all := people(t, s, c.ID, numbered("p", 1203)...)
		all[7].Status, all[8].Status = provision.StatusRemoved, provision.StatusSuspended
		must(t, s.SaveIdentity(ctx, all[7]))
		must(t, s.SaveIdentity(ctx, all[8]))

		var seen []provision.IdentityID
		batches := 0
		must(t, s.EachIdentity(ctx, c.ID, func(batch []provision.Identity) error {
			batches++
			seen = append(seen, idsOf(batch)...)
			_, err := s.CountActive(ctx, c.ID) // fn may use the store
			return err
		}))
		equal(t, "ids", idsOf(slices.Delete(slices.Clone(all), 7, 8)), seen)
		if batches < 2 {
			t.Errorf("all in %d batch", batches)
		}
		equal(t, "CountActive", 1201, got(s.CountActive(ctx, c.ID))(t))
		if err := s.EachIdentity(ctx, c.ID, func([]provision.Identity) error { return errRollback }); err != errRollback {
			t.Errorf("EachIdentity = %v, want fn's error", err)
		}
	})
}

func TestLockIdentities(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		all := people(t, s, c.ID, numbered("p", 700)...)
		all[3].Status = provision.StatusRemoved
		must(t, s.SaveIdentity(ctx, all[3]))
		asked := []provision.IdentityID{"unknown"}
		for _, p := range slices.Backward(all) {
			asked = append(asked, p.ID)
		}
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			equal(t, "by id, removed ones included", idsOf(all), idsOf(got(tx.LockIdentities(ctx, c.ID, asked))(t)))
			equal(t, "none asked", 0, len(got(tx.LockIdentities(ctx, c.ID, nil))(t)))
			return nil
		}))
	})
}

func TestMarks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		p := people(t, s, c.ID, "a", "b", "c", "d", "removed")
		p[4].Status = provision.StatusRemoved
		must(t, s.SaveIdentity(ctx, p[4]))
		inner := insertGroup(t, s, c.ID, "inner", person(p[0]), person(p[1]))
		outer := insertGroup(t, s, c.ID, "outer", nested(inner), person(p[1]), person(p[2]))
		_, err := s.AddMembers(ctx, c.ID, inner.ID, []provision.Member{nested(outer)}) // a cycle
		must(t, err)
		leaf := insertGroup(t, s, c.ID, "leaf", person(p[3]))

		dirty := func() []provision.IdentityID { return got(s.Dirty(ctx, c.ID, 100))(t) }
		must(t, s.MarkDirty(ctx, c.ID, outer.ID, noon))
		equal(t, "of a group with nested ones", idsOf(p[:3]), dirty())
		must(t, s.MarkDirty(ctx, c.ID, outer.ID, noon))
		equal(t, "marked twice", idsOf(p[:3]), dirty())
		equal(t, "limited", idsOf(p[:2]), got(s.Dirty(ctx, c.ID, 2))(t))
		must(t, s.ClearDirty(ctx, c.ID, idsOf(p[1:3])))
		equal(t, "after clearing", idsOf(p[:1]), dirty())
		must(t, s.MarkDirty(ctx, c.ID, leaf.ID, noon))
		equal(t, "a second group", []provision.IdentityID{p[0].ID, p[3].ID}, dirty())
		must(t, s.MarkPeople(ctx, c.ID, []provision.IdentityID{p[1].ID, p[3].ID, "unknown"}, noon))
		equal(t, "of people", []provision.IdentityID{p[0].ID, p[1].ID, p[3].ID}, dirty())
		next := func() (ids []provision.IdentityID) {
			must(t, s.InTx(ctx, func(tx *store.Store) error { ids = got(tx.NextDirty(ctx, c.ID, 2))(t).People; return nil }))
			return ids
		}
		equal(t, "nobody asked for everybody", 0, len(next()))
		must(t, s.MarkDirty(ctx, c.ID, "", noon))
		equal(t, "everybody, the first", idsOf(p[:2]), next())
		must(t, s.MarkDirty(ctx, c.ID, "", noon))
		equal(t, "everybody, from the beginning again", idsOf(p[:2]), next())
		equal(t, "the next", idsOf(p[2:4]), next())
		equal(t, "the last", 0, len(next()))
		equal(t, "nobody is left", 0, len(next()))
		must(t, s.MarkDirty(ctx, c.ID, "unknown", noon))
		equal(t, "of another connection", 0, len(got(s.Dirty(ctx, "other", 100))(t)))
	})
}

// TestMarksOfALargeGroup: nobody waits for a mark of each of its members.
func TestMarksOfALargeGroup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		ann := people(t, s, c.ID, "ann")[0]
		outer := insertGroup(t, s, c.ID, "outer", nested(insertGroup(t, s, c.ID, "large", person(ann))))
		must(t, s.Exec(ctx, `INSERT INTO members (connection_id, group_id, member_id, kind)
			WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
			SELECT m.connection_id, m.group_id, 'm' || n, 'identity' FROM members m, n WHERE m.kind = 'identity'`))
		must(t, s.MarkDirty(ctx, c.ID, outer.ID, noon))
		equal(t, "marks", 0, len(got(s.Dirty(ctx, c.ID, 10))(t)))
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			equal(t, "everybody", entitlement.Whole{People: []provision.IdentityID{ann.ID}, Last: true}, got(tx.NextDirty(ctx, c.ID, 10))(t))
			return nil
		}))
	})
}

// TestMarksAreNotLost changes a group while a worker evaluates and then clears
// its member's mark: the mark of the change must outlive that.
func TestMarksAreNotLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		ann := people(t, s, c.ID, "ann")[0]
		g := insertGroup(t, s, c.ID, "Support", person(ann))
		must(t, s.MarkDirty(ctx, c.ID, g.ID, noon))

		changed := make(chan error, 1)
		must(t, s.InTx(ctx, func(worker *store.Store) error {
			ids := got(worker.Dirty(ctx, c.ID, 10))(t)
			equal(t, "dirty", []provision.IdentityID{ann.ID}, ids)
			go func() { changed <- s.MarkDirty(ctx, c.ID, g.ID, noon) }()
			time.Sleep(100 * time.Millisecond) // for the change to get as far as it can
			return worker.ClearDirty(ctx, c.ID, ids)
		}))
		must(t, <-changed)
		equal(t, "dirty afterwards", []provision.IdentityID{ann.ID}, got(s.Dirty(ctx, c.ID, 10))(t))
	})
}

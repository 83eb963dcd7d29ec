package store_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestTombstones(t *testing.T) {
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
		for i := range 12 {
			remove("many"+strconv.Itoa(i), "many"+strconv.Itoa(i), "x4", time.Duration(i)*time.Second)
		}
		people(t, s, c.ID, "live")

		for _, tt := range []struct {
			name, userName, externalID string
			want                       []provision.IdentityID
		}{
			{"same externalId, whatever the userName", "ANNA", "x2", []provision.IdentityID{"newest"}},
			{"not a stranger of the userName", "bob", "x2", []provision.IdentityID{"newest"}},
			{"those with the externalId, and the newest of the userName with it or without any", "Ann", "x1", []provision.IdentityID{"bare", "old", "older"}},
			{"same userName, the new one has no externalId", "ann", "", []provision.IdentityID{"newest"}},
			{"same userName, the old one has no externalId", "ANN", "x9", []provision.IdentityID{"bare"}},
			{"same userName, but another externalId: not the same", "bob", "x9", nil},
			{"of many with the externalId the newest", "carl", "x4", []provision.IdentityID{"many11", "many10", "many9", "many8", "many7", "many6", "many5", "many4", "many3", "many2"}},
			{"and the one with the userName", "MANY0", "x4", []provision.IdentityID{"many11", "many10", "many9", "many8", "many7", "many6", "many5", "many4", "many3", "many2", "many0"}},
			{"nobody", "carl", "", nil},
			{"externalId heeds letter case", "carl", "X2", nil},
			{"somebody who is there", "live", "", nil},
			{"what nobody can be called", "\x00", "x1", nil},
		} {
			t.Run(tt.name, func(t *testing.T) {
				equal(t, "ids", tt.want, idsOf(got(s.Tombstones(ctx, c.ID, tt.userName, tt.externalID))(t)))
			})
		}
		equal(t, "of another connection", []provision.IdentityID(nil), idsOf(got(s.Tombstones(ctx, other.ID, "ann", "x1"))(t)))
	})
}

// TestSharedExternalID: an externalId may be that of many. Of those who are there
// as many are found as it takes to see it, and whoever has the userName, too.
func TestSharedExternalID(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		add := func(name, externalID string, status provision.Status) {
			id := identity(c.ID, name)
			id.ID, id.ExternalID, id.Status = provision.IdentityID(name), externalID, status
			must(t, s.InsertIdentity(ctx, id))
		}
		for i := range 5 {
			add("a"+strconv.Itoa(i), "same", provision.StatusActive)
			add("s"+strconv.Itoa(i), "same", provision.StatusSuspended)
		}
		add("gone", "same", provision.StatusRemoved)
		add("one", "alone", provision.StatusActive)
		equal(t, "that one has", []provision.IdentityID{"one"}, idsOf(got(s.IdentitiesByExternalID(ctx, c.ID, "alone"))(t)))
		equal(t, "that ten have", 2, len(got(s.IdentitiesByExternalID(ctx, c.ID, "same"))(t)))
		equal(t, "that nobody has", 0, len(got(s.IdentitiesByExternalID(ctx, c.ID, ""))(t)))
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			for name, want := range map[string]string{"A4": "a4", "s4": "s4", "new": ""} {
				store.ForgetLocks(tx)
				at := got(tx.ExistingMatches(ctx, c.ID, name, "same", nil))(t)
				active, suspended, named := 0, 0, ""
				for _, p := range at.SameExternalID {
					if p.UserName == want {
						named = want
					} else if p.Active() {
						active++
					} else {
						suspended++
					}
				}
				if active < 1 || active > 2 || suspended < 1 || suspended > 2 || want == "" && active+suspended != 4 || named != want || at.IdP != c.IdP {
					t.Errorf("%s: %d active, %d suspended, %q named, at %q", name, active, suspended, named, at.IdP)
				}
				equal(t, "removed", []provision.IdentityID{"gone"}, idsOf(at.Tombstones))
			}
			return nil
		}))
		found := got(s.Identities(ctx, c.ID, provision.Query{Where: exact(str("externalId", provision.OpEqual, "same")), Limit: 100}))(t)
		equal(t, "found by a filter", 10, found.Total)
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

package store_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// named returns the ids in a finding, as it lists them.
func named(items []provision.Found) []string {
	var out []string
	for _, f := range items {
		if f.Identity != nil {
			out = append(out, string(f.Identity.ID))
		} else {
			out = append(out, string(f.Group.ID))
		}
	}
	return out
}

// walked returns what q finds, page by page.
func walked(t *testing.T, s *store.Store, c provision.ConnectionID, q provision.Search, size int) []string {
	t.Helper()
	var out []string
	q.Limit = size
	for {
		page := got(s.Search(t.Context(), c, q))(t)
		if len(page.Items) > size {
			t.Fatalf("a page of %d has %d resources", size, len(page.Items))
		}
		if out = append(out, named(page.Items)...); page.Next == nil {
			return out
		}
		q.After = page.Next
	}
}

var searchSorts = []string{"", "userName", "displayName", "externalId", "meta.created", "meta.lastModified", "active", "emails.value", "emails.type",
	"title", "weight", "name.familyName", "groups.value", "members.value"}

// TestSearchWalks checks that a walk from position to position finds what one
// large page does, in the same order, whatever it sorts by; and that a search
// for one kind is in the order of a query.
func TestSearchWalks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := queried(t, s)
		for _, sort := range searchSorts {
			for _, descending := range []bool{false, true} {
				var by provision.Path
				if sort != "" {
					by = path(sort)
				}
				people := &provision.Selection{SortBy: by}
				groups := &provision.Selection{SortBy: by}
				if strings.HasPrefix(sort, "members") {
					people.SortBy = nil
				} else if sort != "displayName" && sort != "externalId" && !strings.HasPrefix(sort, "meta") {
					groups.SortBy = nil
				}
				q := provision.Search{People: people, Groups: groups, Sorted: sort != "", Descending: descending}
				all := walked(t, s, c, q, 100)
				if len(all) != 7 {
					t.Fatalf("%s: found %d", sort, len(all))
				}
				for size := 1; size < 4; size++ {
					equal(t, "walk by "+sort, all, walked(t, s, c, q, size))
				}
				q.Offset, q.Limit = 2, 3
				equal(t, "offset by "+sort, all[2:5], named(got(s.Search(t.Context(), c, q))(t).Items))

				if people.SortBy == nil && sort != "" {
					continue
				}
				var want []string
				for _, id := range got(s.Identities(t.Context(), c, provision.Query{SortBy: by, Descending: descending, Limit: 9}))(t).Items {
					want = append(want, string(id.ID))
				}
				equal(t, "people by "+sort, want, walked(t, s, c, provision.Search{People: people, Sorted: sort != "", Descending: descending}, 2))
			}
		}
	})
}

func TestSearchConditions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, groups := queried(t, s)
		q := provision.Search{Limit: 9,
			People: &provision.Selection{Where: provision.Constant(false)},
			Groups: &provision.Selection{Where: and(provision.Constant(true), str("displayName", provision.OpEqual, "leads"))}}
		page := got(s.Search(t.Context(), c, q))(t)
		equal(t, "the group", []string{string(groups["Leads"])}, named(page.Items))
		equal(t, "total", 1, page.Total)
		q.Limit = 0
		equal(t, "the total alone", provision.Finding{Total: 1}, got(s.Search(t.Context(), c, q))(t))
		equal(t, "nothing asked for", provision.Finding{}, got(s.Search(t.Context(), c, provision.Search{Limit: 1}))(t))

		for name, at := range map[string]provision.Position{
			"text where a number is": {ID: "x", Key: "y"},
			"a number too large":     {ID: "x\x00", Key: int64(1) << 62},
			"another type":           {ID: "x", Key: true},
		} {
			q := provision.Search{People: &provision.Selection{SortBy: path("active")}, Sorted: true, After: &at, Limit: 1}
			_, err := s.Search(t.Context(), c, q)
			wantCode(t, name, err, provision.Invalid)
		}
		far := provision.Search{People: &provision.Selection{SortBy: path("active")}, Sorted: true, After: &provision.Position{ID: "x", Key: int64(1) << 62}, Limit: 1}
		equal(t, "behind the largest number", 0, len(got(s.Search(t.Context(), c, far))(t).Items))
	})
}

func TestMembersOfSeveralGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, groups := queried(t, s)
		all := got(s.MembersOf(t.Context(), c, []provision.GroupID{groups["All"], groups["Support"], "nothing"}))(t)
		equal(t, "groups", 2, len(all))
		for id, members := range all {
			equal(t, "members", got(s.Members(t.Context(), id))(t), members)
		}
		other := got(s.MembersOf(t.Context(), "other", []provision.GroupID{groups["All"]}))(t)
		equal(t, "of another connection", 0, len(other))
	})
}

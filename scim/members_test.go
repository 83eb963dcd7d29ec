package scim_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// counted is a store that counts how members are read.
type counted struct {
	*store.Store
	single, several *atomic.Int64
}

func (c counted) Members(ctx context.Context, g provision.GroupID) ([]provision.Member, error) {
	c.single.Add(1)
	return c.Store.Members(ctx, g)
}

func (c counted) MembersOf(ctx context.Context, conn provision.ConnectionID, ids []provision.GroupID) (map[provision.GroupID][]provision.Member, error) {
	c.several.Add(1)
	return c.Store.MembersOf(ctx, conn, ids)
}

// TestMembersOfAPageAreReadAtOnce checks that the cost of a page of groups is
// one look-up of members, and none where members are not asked for.
func TestMembersOfAPageAreReadAtOnce(t *testing.T) {
	st := counted{storetest.SQLite(t), &atomic.Int64{}, &atomic.Int64{}}
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	ada := s.user("ada")
	for _, name := range []string{"a", "b", "c", "d"} {
		s.group(name, ada)
	}
	for query, want := range map[string]int64{
		"/Groups":                            1,
		"/Groups?cursor=&count=3":            1,
		"?filter=displayName%20pr":           1,
		"/Groups?excludedAttributes=members": 0,
		"/Groups?attributes=displayName":     0,
		"/Groups?count=0":                    0,
		"/Users":                             0,
	} {
		st.single.Store(0)
		st.several.Store(0)
		s.want(200, "GET", query, "")
		if st.single.Load() != 0 || st.several.Load() != want {
			t.Errorf("%s: members are read %d times, and %d times one by one", query, st.several.Load(), st.single.Load())
		}
	}
}

// TestLargeGroup reads a group that is sent while it is made.
func TestLargeGroup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		crowd(t, st, s.conn.ID, 1500)
		group := s.group("Everybody")
		var all []provision.Member
		err := st.EachIdentity(t.Context(), s.conn.ID, func(people []provision.Identity) error {
			for _, id := range people {
				all = append(all, provision.Member{ID: provision.MemberID(id.ID), Kind: provision.MemberIdentity})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.AddMembers(t.Context(), s.conn.ID, provision.GroupID(group), all); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"/Groups/" + group, "/Groups/" + group + "?attributes=members.value", "/Groups?excludedAttributes=members.$ref,meta"} {
			got := s.want(200, "GET", query, "")
			resource := got.body
			if list, ok := got.body["Resources"].([]any); ok {
				resource = list[0].(map[string]any)
			}
			members, _ := resource["members"].([]any)
			if len(members) != len(all) || got.header.Get("Content-Length") != "" || got.header.Get("Content-Type") != "application/scim+json" {
				t.Fatalf("%s: %d members, %v", query, len(members), got.header)
			}
			for i, member := range members {
				if member.(map[string]any)["value"] != string(all[i].ID) {
					t.Fatalf("%s: member %d is %v", query, i, member)
				}
			}
		}
		if got := s.do("HEAD", "/Groups/"+group, ""); got.status != 200 || got.raw != "" {
			t.Errorf("HEAD: %d", got.status)
		}
	})
}

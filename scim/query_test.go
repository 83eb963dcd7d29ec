package scim_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestPlusInAQuery takes a plus for a plus where blanks are %20, and for a blank in
// form encoding.
func TestPlusInAQuery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		s.want(201, "POST", "/Users", `{"userName":"ada+x@example.test","emails":[{"value":"ada+x@example.test","type":"work"}]}`)
		s.want(201, "POST", "/Groups", `{"displayName":"R+D","externalId":"a b"}`)
		for path, want := range map[string]float64{
			`/Users?filter=userName%20eq%20%22ada+x@example.test%22`:                             1,
			`/Users?filter=userName%20eq%20%22ada%2Bx@example.test%22`:                           1,
			`/Users?filter=userName+eq+%22ada%2Bx%40example.test%22`:                             1,
			`/Users?filter=emails.value%20eq%20%22ada+x@example.test%22&count=5`:                 1,
			`/Users?filter=emails[type%20eq%20%22work%22].value%20eq%20%22ada+x@example.test%22`: 1,
			`/Users?filter=userName%20sw%20%22ada+%22`:                                           1,
			`/Groups?filter=displayName%20eq%20%22R+D%22`:                                        1,
			`/Groups?filter=externalId+eq+%22a+b%22`:                                             1,
			`/Groups?filter=externalId%20eq%20%22a+b%22`:                                         0,
		} {
			if got := s.want(200, "GET", path, ""); got.body["totalResults"] != want {
				t.Errorf("%s: got %s", path, got.raw)
			}
		}
	})
}

// TestNumbersOfAPage caps what is beyond any page.
func TestNumbersOfAPage(t *testing.T) {
	s := onSQLite(t)
	s.user("ada")
	for query, want := range map[string]float64{
		"count=99999999999999999999": 1, "count=2147483647": 1, "count=-99999999999999999999": 0, "startIndex=99999999999999999999": 0, "startIndex=-99999999999999999999": 1,
	} {
		if got := s.want(200, "GET", "/Users?"+query, ""); got.body["itemsPerPage"] != want || got.body["totalResults"] != 1.0 {
			t.Errorf("%s: got %s", query, got.raw)
		}
	}
	for _, query := range []string{"count=x", "count=1.5", "count=1e3"} {
		s.want(400, "GET", "/Users?"+query, "")
	}
}

package scim_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestDatabaseThatCannot: what the database cannot take now is 503 with a time to
// come again, and no defect of the record; reading goes on, and what was answered
// with 201 is there.
func TestDatabaseThatCannot(t *testing.T) {
	st := storetest.SQLite(t)
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	if _, err := st.DB().ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // SQLite takes what there is: nothing grows
		t.Fatal(err)
	}
	made, refused := 0, 0
	for i := range 2000 {
		got := s.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%d"}`, i))
		if got.status == 201 {
			made++
			continue
		}
		refused++
		if after, err := strconv.Atoi(got.header.Get("Retry-After")); got.status != 503 || err != nil || after < 1 {
			t.Fatalf("a full database: %d, Retry-After %q, %s", got.status, got.header.Get("Retry-After"), got.raw)
		}
		if refused == 5 {
			break
		}
	}
	if got := s.want(200, "GET", "/Users?count=0", ""); refused == 0 || got.body["totalResults"] != float64(made) {
		t.Errorf("%d refused; %v people are there, %d were acknowledged", refused, got.body["totalResults"], made)
	}
}

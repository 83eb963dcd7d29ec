package store_test

import (
	"fmt"
	"testing"

	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestInsertionsAreFewStatements: a connection keeps each statement that it has seen,
// so there are few, however many numbers of rows are inserted.
func TestInsertionsAreFewStatements(t *testing.T) {
	_, s := storetest.Postgres(t)
	ctx := t.Context()
	var all []request.Record
	for n := range 40 {
		some := make([]request.Record, n)
		for i := range some {
			some[i].ID = fmt.Sprintf("r%d-%d", n, i)
		}
		must(t, s.AddRequests(ctx, some))
		all = append(all, some...)
	}
	equal(t, "requests", len(all), len(got(s.LatestRequests(ctx, request.Filter{}, request.Place{}, len(all)+1))(t)))
	must(t, s.InTx(ctx, func(tx *store.Store) error {
		if kept := got(store.Prepared(ctx, tx, "requests"))(t); kept < 1 || kept > 6 {
			t.Errorf("%d insertions are kept, of up to 39 rows", kept)
		}
		return nil
	}))
}

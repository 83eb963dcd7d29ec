package store_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestChangesWriteNoIndex: a change of what no index holds, which is most of what
// identity providers change, writes no index of people.
func TestChangesWriteNoIndex(t *testing.T) {
	_, s := storetest.Postgres(t)
	ctx := t.Context()
	c, _ := seeded(t, s)
	id := people(t, s, c.ID, "ann")[0]
	must(t, s.InTx(ctx, func(tx *store.Store) error {
		locked := got(tx.LockIdentity(ctx, c.ID, id.ID))(t)
		locked.Version++
		locked.UpdatedAt = locked.UpdatedAt.Add(time.Hour)
		locked.Profile.Title = "Engineer"
		locked.Document = json.RawMessage(`{"displayName":"Display ann","title":"Engineer","userName":"ann"}`)
		must(t, tx.SaveIdentity(ctx, locked))
		changed, inPlace, err := store.RowsInPlace(ctx, tx, "identities")
		must(t, err)
		equal(t, "people changed", int64(1), changed)
		equal(t, "of them in place", int64(1), inPlace)
		return nil
	}))
}

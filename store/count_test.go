package store_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestTotalIsExact adds and removes people from many goroutines, some of them in
// transactions that fail, and compares the total with what a count finds.
func TestTotalIsExact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		all := people(t, s, c.ID, numbered("p", 40)...)
		var group sync.WaitGroup
		for w := range 20 {
			group.Go(func() {
				_ = s.InTx(ctx, func(tx *store.Store) error {
					for i, p := range all[2*w : 2*w+2] {
						p.Status = provision.StatusRemoved
						if i == 1 {
							p.Status = provision.StatusSuspended
						}
						if err := tx.SaveIdentity(ctx, p); err != nil {
							return err
						}
					}
					fresh := all[0]
					fresh.ID, fresh.UserName, fresh.ExternalID = provision.NewID[provision.IdentityID](), "n"+strconv.Itoa(w), ""
					if err := tx.InsertIdentity(ctx, fresh); err != nil {
						return err
					}
					if w%4 == 0 {
						return errRollback
					}
					return nil
				})
			})
		}
		group.Wait()
		total := got(s.Identities(ctx, c.ID, provision.Query{}))(t).Total
		counted := got(s.Identities(ctx, c.ID, provision.Query{Where: provision.Constant(true)}))(t).Total
		if total != 40 || counted != total {
			t.Errorf("the total is %d, a count finds %d, want 40", total, counted)
		}
		for _, offset := range []int{0, 39, 40, 2000} {
			page := got(s.Identities(ctx, c.ID, provision.Query{Offset: offset, Limit: 10}))(t)
			if want := max(0, min(10, 40-offset)); page.Total != 40 || len(page.Items) != want {
				t.Errorf("from %d: %d of %d, want %d of 40", offset, len(page.Items), page.Total, want)
			}
		}
	})
}

// TestFarPagesAreTheSame compares pages that are reached through the index with
// those that are reached row by row.
func TestFarPagesAreTheSame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := seeded(t, s)
		people(t, s, c.ID, numbered("p", 2100)...)
		for _, offset := range []int{999, 1000, 1049, 1050, 1051, 2079, 2080, 2081, 2099, 2100, 3000} {
			far := got(s.Identities(t.Context(), c.ID, provision.Query{Offset: offset, Limit: 20}))(t)
			slow := got(s.Identities(t.Context(), c.ID, provision.Query{Offset: offset, Limit: 20, Where: provision.Constant(true)}))(t)
			if diff := cmp.Diff(idsOf(slow.Items), idsOf(far.Items)); diff != "" {
				t.Errorf("from %d (-row by row +by index):\n%s", offset, diff)
			}
			if far.Total != slow.Total {
				t.Errorf("from %d: total %d, want %d", offset, far.Total, slow.Total)
			}
		}
	})
}

// TestAuditGuardIsOfEveryColumn: a guard that named columns would not guard one
// that is added.
func TestAuditGuardIsOfEveryColumn(t *testing.T) {
	_, s := storetest.Postgres(t)
	var some int
	must(t, s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit%' AND cardinality(tgattr::smallint[]) > 0`).Scan(&some))
	equal(t, "guards of some columns", 0, some)
}

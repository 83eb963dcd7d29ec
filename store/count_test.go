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

// TestAuditGuardNamesEveryColumn keeps the guard of the audit log complete: a
// column that is added must not be one that can be changed.
func TestAuditGuardNamesEveryColumn(t *testing.T) {
	_, s := storetest.Postgres(t)
	rows, err := s.DB().QueryContext(t.Context(), `
		SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'audit'::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attnum <> ALL ((SELECT tgattr FROM pg_trigger WHERE tgname = 'audit_rows')::smallint[])
		ORDER BY a.attname`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var open []string
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		open = append(open, name)
	}
	must(t, rows.Err())
	if diff := cmp.Diff([]string{"hash", "seal"}, open); diff != "" {
		t.Errorf("columns that may be set (-want +got):\n%s", diff)
	}
}

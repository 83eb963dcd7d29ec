package store_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestWholeTablesAreNotRead: what is deleted with somebody, and what metrics and
// commands ask for again and again, is found by an index, however much there is.
func TestWholeTablesAreNotRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			if s.Dialect() == "postgres" { // what is empty it reads as a whole otherwise
				must(t, tx.Exec(ctx, `SET LOCAL enable_seqscan = off`))
			}
			plans := got(tx.ExplainTraces(ctx, "somebody"))(t)
			plans["who needs attention"] = got(tx.ExplainAccounts(ctx, provision.AccountFilter{State: provision.AccountNeedsAttention}))(t)
			plans["what is to be done by hand"] = got(tx.ExplainAccounts(ctx, provision.AccountFilter{ByHand: true}))(t)
			plans["who is on hold"] = got(tx.ExplainAccounts(ctx, provision.AccountFilter{State: provision.AccountOnHold}))(t)
			plans["how many are in which state"] = got(tx.ExplainCounts(ctx))(t)
			for what, plan := range plans {
				for line := range strings.Lines(plan) {
					whole := strings.Contains(line, "Seq Scan") || strings.Contains(line, "SCAN ") && !strings.Contains(line, "INDEX") && !strings.Contains(line, "json_each")
					if whole || strings.Contains(what, "who ") && strings.Contains(line, "accounts_pkey") {
						t.Errorf("%s: the whole table is read:\n%s", what, plan)
					}
				}
			}
			return nil
		}))
	})
}

// TestForeignKeysHaveIndexes: before a row goes, the database looks whether others
// point to it. Connections and desks go one at a time and seldom.
func TestForeignKeysHaveIndexes(t *testing.T) {
	s := storetest.SQLite(t)
	rows, err := s.DB().QueryContext(t.Context(), `SELECT m.name, f."from", f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND f."table" NOT IN ('connections', 'desks') AND NOT EXISTS ( -- an index that begins with all columns of the key
			SELECT 1 FROM pragma_index_list(m.name) i WHERE NOT i.partial AND NOT EXISTS (
				SELECT 1 FROM pragma_foreign_key_list(m.name) g WHERE g.id = f.id AND NOT EXISTS (
					SELECT 1 FROM pragma_index_info(i.name) c WHERE c.seqno = g.seq AND c.name = g."from")))`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, column, to string
		must(t, rows.Scan(&table, &column, &to))
		t.Errorf("nothing finds the rows of %s by %s when one of %s goes", table, column, to)
	}
	must(t, rows.Err())
}

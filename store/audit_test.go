package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestAuditIsAppendOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, s.Append(ctx, provision.Entry{At: noon, Action: "a"}, provision.Entry{ID: 7, Seal: 7, Hash: []byte("not ours to give"), At: noon, Action: "b"}))
		must(t, s.AddBlock(ctx, audit.Block{Number: 1, First: 1, Last: 2, Entries: 2, Hash: []byte{1}}))
		before, blocks, tail := got(s.Entries(ctx, 0, 9))(t), got(s.Blocks(ctx, 0, 9))(t), got(s.Tail(ctx, true))(t)
		equal(t, "seal that was appended", int64(0), before[1].Seal)
		row := func(id, seal string) string {
			return `INSERT OR REPLACE INTO audit (id, at, connection_id, actor, operation, request, action, subject, desk_id, account_id, detail, seal) VALUES (` + id + `, 0, '', '', '', '', '', '', '', '', '{}', ` + seal + `)`
		}
		statements := []string{
			`DELETE FROM audit`,
			`DELETE FROM audit WHERE id = 2`,
			`UPDATE audit SET action = 'c' WHERE id = 2`,
			`UPDATE audit SET detail = '{}' WHERE id = 1`,
			`UPDATE audit SET seal = 1 WHERE id = 1`,
			`UPDATE audit SET id = 3 WHERE id = 2`,
			`DELETE FROM audit_blocks`,
			`UPDATE audit_blocks SET entries = 1`,
			`DELETE FROM audit_count`,
			`UPDATE audit_count SET block = 0, last_id = 0, entries = 0`,
			`UPDATE audit_count SET block = 2, last_id = 1`,
			`INSERT INTO audit_count (one, block, last_id, entries) VALUES (1, 5, 5, 5)`,
		}
		if s.Dialect() == "sqlite" {
			statements = append(statements, row("1", "NULL"), row("NULL", "1"), row("0", "NULL"), row("-4", "NULL"),
				`INSERT OR REPLACE INTO audit_blocks (number, first_id, last_id, entries, at, late, missing, hash) VALUES (1, 1, 1, 1, 0, '', '', x'01')`)
		} else {
			statements = append(statements, `TRUNCATE audit`, `TRUNCATE audit_blocks`, `TRUNCATE audit_count`,
				strings.Replace(row("default", "1"), "OR REPLACE ", "", 1))
		}
		for _, statement := range statements {
			if err := s.Exec(ctx, statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want a refusal", statement, err)
			}
		}
		equal(t, "entries", before, got(s.Entries(ctx, 0, 9))(t))
		if diff := cmp.Diff(blocks, got(s.Blocks(ctx, 0, 9))(t)); diff != "" {
			t.Errorf("blocks (-want +got):\n%s", diff)
		}
		after := got(s.Tail(ctx, true))(t)
		after.Allotted = tail.Allotted // PostgreSQL gives ids in vain
		if diff := cmp.Diff(tail, after); diff != "" {
			t.Errorf("tail (-want +got):\n%s", diff)
		}
		equal(t, "guards missing", 0, len(got(s.Unguarded(ctx))(t)))
	})
}

// TestUnguardedAuditIsSeen takes each guard away, or changes it.
func TestUnguardedAuditIsSeen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var names []string
		query := `SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'`
		if s.Dialect() == "postgres" {
			query = `SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'audit%'`
		}
		rows, err := s.DB().QueryContext(ctx, query)
		must(t, err)
		defer rows.Close() // read to the end, it is closed
		on := make(map[string]string)
		for rows.Next() {
			var name, table string
			must(t, rows.Scan(&name, &table))
			names, on[name] = append(names, name), table
		}
		must(t, rows.Err())
		if len(names) < 8 {
			t.Fatalf("only %v", names)
		}
		undone := errors.New("undone")
		missing := func(statements ...string) (found []string) {
			t.Helper()
			err := s.InTx(ctx, func(tx *store.Store) (err error) {
				for _, statement := range statements {
					if err := tx.Exec(ctx, statement); err != nil {
						return err
					}
				}
				if found, err = tx.Unguarded(ctx); err != nil {
					return err
				}
				return undone
			})
			if !errors.Is(err, undone) {
				t.Error(err)
			}
			return found
		}
		for _, name := range names {
			drop := []string{`DROP TRIGGER ` + name}
			if s.Dialect() == "postgres" {
				drop[0] += ` ON ` + on[name]
				equal(t, "off", []string{name}, missing(fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER %s`, on[name], name)))
			} else {
				drop2 := fmt.Sprintf(`CREATE TRIGGER %s BEFORE UPDATE ON %s BEGIN SELECT 1; END`, name, on[name])
				equal(t, "another", []string{name}, missing(drop[0], drop2))
			}
			equal(t, "dropped", []string{name}, missing(drop...))
		}
		if s.Dialect() == "postgres" {
			equal(t, "another function", len(names), len(missing(`CREATE OR REPLACE FUNCTION deskbridge_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`)))
		}
	})
}

// TestAllottedWaitsForWriters: an id below others may still come, as long as
// its transaction is open.
func TestAllottedWaitsForWriters(t *testing.T) {
	_, s := storetest.Postgres(t)
	ctx := t.Context()
	must(t, s.Append(ctx, provision.Entry{At: noon, Action: "first"}))
	taken, end := make(chan error), make(chan bool)
	ended := make(chan error)
	go func() {
		ended <- s.InTx(ctx, func(tx *store.Store) error {
			err := tx.Append(ctx, provision.Entry{At: noon, Action: "late"})
			if err == nil {
				_, err = tx.Tail(ctx, true) // sends it
			}
			taken <- err
			if !<-end {
				return errors.New("rolled back")
			}
			return err
		})
	}()
	must(t, <-taken)
	must(t, s.Append(ctx, provision.Entry{At: noon, Action: "third"}))
	id, open, err := s.Allotted(ctx)
	must(t, err)
	equal(t, "open", true, open)
	equal(t, "id", int64(3), id)
	go func() { time.Sleep(20 * time.Millisecond); end <- true }()
	_, open, err = s.Allotted(ctx)
	must(t, errors.Join(err, <-ended))
	equal(t, "open once it has ended", false, open)
}

// TestAuditIsFound reads by subject, action and time.
func TestAuditIsFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var entries []provision.Entry
		for i := range 3000 {
			entries = append(entries, provision.Entry{At: noon.Add(time.Duration(i/3) * time.Minute), Action: provision.Action(fmt.Sprintf("action-%d", i%7)), Subject: fmt.Sprintf("s%d", i%100)})
		}
		must(t, s.Append(ctx, entries...))
		if s.Dialect() == "postgres" {
			must(t, s.Exec(ctx, `ANALYZE`))
		}
		for _, tt := range []struct {
			name   string
			filter audit.Filter
			index  string
		}{
			{"all", audit.Filter{}, "audit_at"},
			{"subject", audit.Filter{Subject: "s42"}, "audit_subject"},
			{"action", audit.Filter{Actions: []provision.Action{"action-3"}}, "audit_a"},
			{"actions", audit.Filter{Actions: []provision.Action{"action-3", "action-5"}}, "audit_a"},
			{"since", audit.Filter{Since: noon.Add(900 * time.Minute)}, "audit_at"},
			{"from and to", audit.Filter{Since: noon.Add(100 * time.Minute), Until: noon.Add(110 * time.Minute)}, "audit_at"},
			{"subject and time", audit.Filter{Subject: "s42", Since: noon.Add(100 * time.Minute)}, "audit_subject"},
		} {
			var want, have []int64
			for i, e := range entries {
				if (tt.filter.Subject == "" || tt.filter.Subject == e.Subject) && (tt.filter.Actions == nil || slices.Contains(tt.filter.Actions, e.Action)) &&
					!e.At.Before(tt.filter.Since) && (tt.filter.Until.IsZero() || e.At.Before(tt.filter.Until)) {
					want = append(want, int64(i+1))
				}
			}
			var after audit.Place
			for {
				page := got(s.FindEntries(ctx, tt.filter, after, 7))(t)
				if len(page) == 0 {
					break
				}
				for _, e := range page {
					have, after = append(have, e.ID), audit.Place{At: e.At, ID: e.ID}
				}
				if tt.name == "all" && len(have) > 100 {
					want = want[:len(have)]
					break
				}
			}
			if diff := cmp.Diff(want, have); diff != "" || len(have) == 0 {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
			plan := got(s.ExplainAudit(ctx, tt.filter, after, 100))(t)
			if !strings.Contains(plan, tt.index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN audit\n") {
				t.Errorf("%s is not by %s:\n%s", tt.name, tt.index, plan)
			}
		}
		equal(t, "what no entry can have", 0, len(got(s.FindEntries(ctx, audit.Filter{Subject: "a\x00"}, audit.Place{}, 9))(t)))
	})
}

// TestOldAuditStaysSealed takes a log from before there were blocks to the new
// schema, back, and to the new one again.
func TestOldAuditStaysSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		must(t, store.MigrateTo(ctx, s, beforeBlocks))
		must(t, s.Append(ctx, provision.Entry{At: noon, Action: "a"}, provision.Entry{At: noon, Action: "b"}, provision.Entry{At: noon, Action: "c"}))
		must(t, s.Exec(ctx, `UPDATE audit SET seal = 4 - id, hash = ? WHERE id <> 2`, []byte{7}))
		for range 2 {
			must(t, s.Migrate(ctx))
			tail := got(s.Tail(ctx, true))(t)
			want := audit.Tail{Counted: &audit.Count{Block: 3, LastID: 1, Entries: 2}, Seal: 3, SealHash: []byte{7}, Allotted: 3, LastID: 3, Unsealed: 1, Oldest: noon, Contiguous: s.Dialect() == "sqlite"}
			if diff := cmp.Diff(want, tail); diff != "" {
				t.Errorf("tail (-want +got):\n%s", diff)
			}
			equal(t, "guards missing", 0, len(got(s.Unguarded(ctx))(t)))
			equal(t, "to be sealed", int64(2), got(s.Lines(ctx, 1, 3, 9))(t)[0].ID)
			must(t, store.MigrateTo(ctx, s, beforeBlocks))
		}
	})
}

// beforeBlocks is the newest schema on which every entry is sealed by itself.
const beforeBlocks = 22

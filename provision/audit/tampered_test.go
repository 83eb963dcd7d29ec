package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store"
)

// attack is what somebody with all rights on the database does.
type attack struct {
	name       string
	statements []string
	postgres   []string      // instead, on PostgreSQL
	sealed     bool          // a server goes on sealing afterwards
	later      time.Duration // how long afterwards one looks
	want       string        // what verifying says
	since      bool          // with a head that was kept elsewhere
	start      string        // what a server says when it starts; "": it cannot see this so quickly
	unguarded  bool          // the guards stay away
}

// The log of the attacks: block 1 has the entries up to first-1, block 2 those
// from first to first+4, and block 3 a thousand from first+5 on.
var attacks = []attack{
	{name: "another actor", statements: []string{`UPDATE audit SET actor = 'nobody' WHERE id = FIRST`}, want: "block 2 (entries FIRST to", start: "block 2 ("},
	{name: "another time", statements: []string{`UPDATE audit SET at = at + 1 WHERE id = FIRST`}, want: "block 2 ("},
	{name: "another detail", statements: []string{`UPDATE audit SET detail = '{"version":7}' WHERE id = FIRST + 1`}, want: "block 2 ("},
	{name: "a detail written differently", statements: []string{`UPDATE audit SET detail = '{ }' WHERE id = FIRST + 1`}, want: "block 2 ("},
	{name: "another subject", statements: []string{`UPDATE audit SET subject = 'x' WHERE id = 1`}, want: "block 1 ("},
	{name: "deleted in the middle", statements: []string{`DELETE FROM audit WHERE id = FIRST + 2`}, want: "has 4 entries, and sealed 5", start: "has 4 entries"},
	{name: "the first ones deleted", statements: []string{`DELETE FROM audit WHERE id < 3`}, want: "block 1 ("},
	{name: "two swapped", statements: []string{`UPDATE audit SET id = 1000000 WHERE id = FIRST`, `UPDATE audit SET id = FIRST WHERE id = FIRST + 1`, `UPDATE audit SET id = FIRST + 1 WHERE id = 1000000`}, want: "block 2 ("},
	{name: "a seal of its own", statements: []string{`UPDATE audit SET seal = 1, hash = x'01' WHERE id = FIRST`}, postgres: []string{`UPDATE audit SET seal = 1, hash = '\x01' WHERE id = FIRST`}, want: "block 2 ("},
	{name: "a block changed", statements: []string{`UPDATE audit_blocks SET at = at + 1 WHERE number = 2`}, want: "block 2 (", start: "block 2 ("},
	{name: "a block in the middle removed", statements: []string{`DELETE FROM audit_blocks WHERE number = 2`}, want: "blocks 2 to 2 are missing", start: "blocks 2 to 2 are missing"},
	{name: "a block in the middle removed with its entries", statements: []string{`DELETE FROM audit_blocks WHERE number = 2`, `DELETE FROM audit WHERE id BETWEEN FIRST AND FIRST + 4`}, want: "blocks 2 to 2 are missing", start: "are in no block"},

	{name: "the last 1,000 cut off", statements: []string{`DELETE FROM audit WHERE id >= FIRST + 5`}, want: "has 0 entries, and sealed 1000", start: "has 0 entries"},
	{name: "the last 1,000 and their block cut off", statements: []string{`DELETE FROM audit WHERE id >= FIRST + 5`, `DELETE FROM audit_blocks WHERE number = 3`}, want: "removed from the end", start: "removed from the end"},
	{name: "the same, and sealed on", statements: []string{`DELETE FROM audit WHERE id >= FIRST + 5`, `DELETE FROM audit_blocks WHERE number = 3`}, sealed: true, want: "blocks 3 to 3 are missing", start: "blocks 3 to 3 are missing"},
	{name: "the same, and counted back", statements: []string{`DELETE FROM audit WHERE id >= FIRST + 5`, `DELETE FROM audit_blocks WHERE number = 3`, `UPDATE audit_count SET block = 2, last_id = FIRST + 4, entries = FIRST + 4`}, want: "the end of the log was cut off", start: "the end of the log was cut off"},
	{name: "the same, and the sequence, too, set back", statements: []string{`DELETE FROM audit WHERE id >= FIRST + 5`, `DELETE FROM audit_blocks WHERE number = 3`, `UPDATE audit_count SET block = 2, last_id = FIRST + 4, entries = FIRST + 4`, `UPDATE sqlite_sequence SET seq = FIRST + 4 WHERE name = 'audit'`},
		postgres: []string{`DELETE FROM audit WHERE id >= FIRST + 5`, `DELETE FROM audit_blocks WHERE number = 3`, `UPDATE audit_count SET block = 2, last_id = FIRST + 4, entries = FIRST + 4`, `SELECT setval('audit_id_seq', FIRST + 4)`}, since: true, want: "is not in the log, which ends with 2"},

	{name: "everything deleted", statements: []string{`DELETE FROM audit`, `DELETE FROM audit_blocks`}, want: "the log was emptied", start: "the log was emptied"},
	{name: "everything deleted with the count", statements: []string{`DELETE FROM audit`, `DELETE FROM audit_blocks`, `DELETE FROM audit_count`}, want: "the count of what was sealed is gone", start: "is gone"},
	{name: "everything deleted and counted from nothing", statements: []string{`DELETE FROM audit`, `DELETE FROM audit_blocks`, `UPDATE audit_count SET block = 0, last_id = 0, entries = 0`}, want: "the end of the log was cut off", start: "was cut off"},
	{name: "everything deleted, and sealed on", statements: []string{`DELETE FROM audit`, `DELETE FROM audit_blocks`}, sealed: true, want: "blocks 1 to 3 are missing", start: "blocks 1 to 3 are missing"},

	{name: "blocks removed, that the tail seems unsealed", statements: []string{`DELETE FROM audit_blocks WHERE number > 1`}, want: "removed from the end", start: "removed from the end"},
	{name: "blocks removed, changed and sealed on", statements: []string{`DELETE FROM audit_blocks WHERE number > 1`, `UPDATE audit SET actor = 'nobody' WHERE id = FIRST`}, sealed: true, want: "blocks 2 to 3 are missing", start: "blocks 2 to 3 are missing"},
	{name: "blocks removed and counted back", statements: []string{`DELETE FROM audit_blocks WHERE number > 1`, `UPDATE audit_count SET block = 1, last_id = FIRST - 1, entries = FIRST - 1`}, later: 2 * time.Minute, want: "1005 entries are not sealed", start: "1005 entries are not sealed"},
	{name: "blocks removed, counted back and sealed anew", statements: []string{`DELETE FROM audit_blocks WHERE number > 1`, `UPDATE audit_count SET block = 1, last_id = FIRST - 1, entries = FIRST - 1`}, sealed: true, since: true, want: "it was written anew"},

	{name: "put in with an old id", statements: []string{insertion(`0`, `1`)}, want: "entry 0 is in no block: it was put in"},
	{name: "put in with an id of before", statements: []string{insertion(`-7`, `1`)}, want: "entry -7 is in no block: it was put in"},
	{name: "put in with an old date", statements: []string{insertion(`FIRST + 1005`, `1000000`)}, want: "1 entries are not sealed, the oldest of 1970", start: "the oldest of 1970"},
	{name: "put in with an old date and sealed", statements: []string{insertion(`FIRST + 1005`, `1000000`)}, sealed: true, want: "says 1970-01-01T00:00:01Z, and was sealed in block 4", start: "it was put in"},
	{name: "put in with a date to come", statements: []string{insertion(`FIRST + 1005`, `4000000000000000`)}, sealed: true, want: "says 2096-10-02T07:06:40Z", start: "it was put in"},

	{name: "the sequence reset", statements: []string{`UPDATE sqlite_sequence SET seq = 1 WHERE name = 'audit'`}, postgres: []string{`ALTER SEQUENCE audit_id_seq RESTART`}, want: "the sequence was reset", start: "the sequence was reset"},
	{name: "the count ahead", statements: []string{`UPDATE audit_count SET last_id = last_id + 1`}, want: "entries were counted up to", start: "entries were counted up to"},
	{name: "the guards gone", unguarded: true, want: "the trigger audit_", start: "the trigger audit_"},
}

// insertion is a statement that puts an entry in.
func insertion(id, at string) string {
	return `INSERT INTO audit (id, at, connection_id, actor, operation, request, action, subject, desk_id, account_id, detail) VALUES (` + id + `, ` + at + `, '', 'cli', '', '', 'plan.applied', 'x', '', '', '{}')`
}

func TestTamperedAudit(t *testing.T) {
	for _, tt := range attacks {
		t.Run(tt.name, func(t *testing.T) {
			provisiontest.Each(t, func(h *provisiontest.Harness) {
				h.People(1)
				first := h.Seal() + 1
				h.Must(h.Store.Append(h.Context(), entriesNow(h, 5)...))
				h.Seal()
				h.Must(h.Store.Append(h.Context(), entriesNow(h, 1000)...))
				h.Seal()
				report, err := h.Core.Audit.Verify(h.Context(), audit.Head{})
				h.Must(err)
				if report.Block != 3 || report.Sealed != first+1004 || report.Sealed != report.Entries {
					h.Fatalf("report %+v, first %d", report, first)
				}
				head, err := audit.ParseHead(report.Last())
				h.Must(err)

				statements := tt.statements
				if h.Store.Dialect() == string(store.Postgres) && tt.postgres != nil {
					statements = tt.postgres
				}
				here := strings.NewReplacer("FIRST", fmt.Sprint(first))
				var run []string
				for _, s := range statements {
					run = append(run, here.Replace(s))
				}
				if tt.unguarded {
					h.Unguard()
				}
				h.Behind(run...)
				if strings.Contains(strings.Join(run, ""), "INSERT") && h.Store.Dialect() == string(store.Postgres) {
					h.Tamper(`SELECT setval('audit_id_seq', (SELECT max(id) FROM audit))`)
				}
				h.Offset.Add(int64(tt.later))
				if tt.sealed {
					h.Must(h.Store.Append(h.Context(), entriesNow(h, 1)...))
					h.Seal()
				}
				since := audit.Head{}
				if tt.since {
					if _, err := h.Core.Audit.Verify(h.Context(), since); err != nil {
						h.Errorf("found without a head: %v; say so", err)
					}
					since = head
				}
				finds(h, "verify", here.Replace(tt.want), func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, since) })
				if tt.start != "" {
					finds(h, "start", tt.start, h.Core.Audit.Check)
				}
			})
		})
	}
}

// entriesNow returns n entries of this moment.
func entriesNow(h *provisiontest.Harness, n int) []provision.Entry {
	entries := make([]provision.Entry, n)
	for i := range entries {
		entries[i] = h.Core.Audit.Entry(provisiontest.ByTest, h.Conn.ID, audit.UserChanged, fmt.Sprint(i))
		entries[i].Detail = map[string]any{"version": 1}
	}
	return entries
}

// finds fails the test unless look finds a problem that says want.
func finds(h *provisiontest.Harness, what, want string, look func(context.Context) (audit.Report, error)) {
	h.Helper()
	report, err := look(h.Context())
	if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Invalid || !strings.Contains(strings.Join(report.Problems, "\n"), want) {
		h.Errorf("%s says %v, and no problem is %q of\n%s", what, err, want, strings.Join(report.Problems, "\n"))
	}
}

// TestKeptHead compares the log with heads that were kept: of blocks and of
// entries that carry a seal of their own.
func TestKeptHead(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		old := sealedByThemselves(h, 3)
		h.People(1)
		h.Seal()
		first, err := h.Core.Audit.Head(h.Context())
		h.Must(err)
		h.Must(h.Store.Append(h.Context(), entriesNow(h, 2)...))
		h.Seal()
		for _, since := range []audit.Head{{}, old, first} {
			report, err := h.Core.Audit.Verify(h.Context(), since)
			h.Must(err)
			if report.Block != old.Number+2 || report.Unsealed != 0 || report.Sealed != h.Counts().Entries {
				h.Errorf("report %+v of %d", report, h.Counts().Entries)
			}
		}
		if _, err := h.Core.Audit.Check(h.Context()); err != nil {
			h.Error(err)
		}
		wrong := audit.Head{Number: first.Number, Hash: old.Hash}
		finds(h, "another hash", "it was written anew", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, wrong) })
		wrong = audit.Head{Number: old.Number, Hash: first.Hash}
		finds(h, "another old hash", "it was written anew", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, wrong) })

		h.Behind(`UPDATE audit SET actor = 'nobody' WHERE seal = 2`)
		finds(h, "an old entry changed", "(seal 2) does not fit the chain", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, first) })
		h.Behind(`DELETE FROM audit WHERE seal = 2`)
		finds(h, "an old entry removed", "seal 2 is missing", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, audit.Head{}) })
	})
	for _, text := range []string{"", "12", "12:", "x:" + strings.Repeat("ab", 32), "0:" + strings.Repeat("ab", 32), "1:abcd"} {
		if _, err := audit.ParseHead(text); err == nil {
			t.Errorf("%q is taken for a head", text)
		}
	}
}

// sealedByThemselves brings the log to what the migration makes of one from
// before there were blocks, with n entries sealed and one not, and returns the
// head.
func sealedByThemselves(h *provisiontest.Harness, n int) (head audit.Head) {
	h.Helper()
	h.Must(h.Store.Append(h.Context(), entriesNow(h, n)...))
	lines, err := h.Store.Lines(h.Context(), 0, 1000, 1000)
	h.Must(err)
	var run []string
	for i, l := range lines[:len(lines)-1] {
		l.Seal = int64(i + 1)
		l.Hash = audit.SealHash(l, head.Hash)
		head = audit.Head{Number: l.Seal, Hash: l.Hash}
		literal := map[string]string{"sqlite": `x'%x'`, "postgres": `'\x%x'`}[h.Store.Dialect()]
		run = append(run, fmt.Sprintf(`UPDATE audit SET seal = %d, hash = `+literal+` WHERE id = %d`, l.Seal, l.Hash, l.ID))
	}
	h.Behind(append(run, fmt.Sprintf(`UPDATE audit_count SET block = %d, last_id = %d, entries = %d`, head.Number, lines[len(lines)-2].ID, head.Number))...)
	return head
}

// TestSeenProblemsAreNotToldAgain: whoever looked into a hole, and kept a head
// after it, is not told of it for ever.
func TestSeenProblemsAreNotToldAgain(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.People(2)
		h.Seal()
		h.Behind(`DELETE FROM audit_blocks`, `DELETE FROM audit`)
		h.Must(h.Store.Append(h.Context(), entriesNow(h, 2)...))
		h.Seal()
		finds(h, "the hole", "are missing", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, audit.Head{}) })
		head, err := h.Core.Audit.Head(h.Context())
		h.Must(err)
		h.Must(h.Store.Append(h.Context(), entriesNow(h, 2)...))
		h.Seal()
		if _, err := h.Core.Audit.Verify(h.Context(), head); err != nil {
			h.Errorf("told again: %v", err)
		}
		h.Behind(`UPDATE audit SET actor = 'nobody'`)
		finds(h, "what does not fit", "does not fit the chain", func(ctx context.Context) (audit.Report, error) { return h.Core.Audit.Verify(ctx, head) })
	})
}

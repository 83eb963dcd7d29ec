package store_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestAuditChain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		entries := make([]provision.Entry, 1200)
		for i := range entries {
			entries[i] = provision.Entry{ID: 7, Seal: 7, Hash: []byte("not ours to give"), At: noon, Action: "user.created"}
		}
		must(t, s.Append(ctx, entries...))
		must(t, s.Append(ctx))

		for seal := int64(1); ; {
			open := got(s.Unsealed(ctx, 500))(t)
			if len(open) == 0 {
				equal(t, "sealed", int64(1201), seal)
				break
			}
			for i := range open {
				if open[i].Seal != 0 || open[i].Hash != nil {
					t.Fatalf("appended with a seal: %v", open[i])
				}
				open[i].Seal, open[i].Hash = seal, []byte{byte(seal), byte(seal >> 8)}
				seal++
			}
			must(t, s.Seal(ctx, open))
			last := got(s.LastSealed(ctx))(t)
			equal(t, "last", open[len(open)-1], last)
		}
		first := got(s.Entries(ctx, 0, 2))(t)
		next := got(s.Entries(ctx, first[1].ID, 2))(t)
		equal(t, "seals in order", []int64{1, 2, 3, 4}, []int64{first[0].Seal, first[1].Seal, next[0].Seal, next[1].Seal})

		first[0].Hash = []byte("forged")
		wantCode(t, "sealing again", s.Seal(ctx, first[:1]), provision.Stale)
		wantCode(t, "sealing what is not there", s.Seal(ctx, []provision.Entry{{ID: 1 << 40, Seal: 5000, Hash: []byte{1}}}), provision.Stale)
		must(t, s.Seal(ctx, nil))
	})
}

func TestAuditIsAppendOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, s.Append(ctx, provision.Entry{At: noon, Action: "a"}, provision.Entry{At: noon, Action: "b"}))
		must(t, s.Seal(ctx, []provision.Entry{{ID: 1, Seal: 1, Hash: []byte{1}}}))
		before := got(s.Entries(ctx, 0, 9))(t)
		for _, statement := range []string{
			`DELETE FROM audit`,
			`DELETE FROM audit WHERE seal IS NULL`,
			`UPDATE audit SET action = 'c' WHERE id = 2`,
			`UPDATE audit SET action = 'c', seal = 2, hash = audit.actor WHERE id = 2`,
			`UPDATE audit SET detail = '{}' WHERE id = 1`,
			`UPDATE audit SET seal = 2 WHERE id = 1`,
			`UPDATE audit SET seal = 2 WHERE id = 2`,
			`UPDATE audit SET seal = NULL, hash = NULL WHERE id = 1`,
			`UPDATE audit SET id = 3 WHERE id = 2`,
			map[string]string{
				"sqlite":   `INSERT OR REPLACE INTO audit (id, at, connection_id, actor, operation, request, action, subject, desk_id, account_id, detail) VALUES (1, 0, '', '', '', '', '', '', '', '', '{}')`,
				"postgres": `TRUNCATE audit`,
			}[s.Dialect()],
		} {
			statement = strings.ReplaceAll(statement, "audit.actor", map[string]string{"sqlite": "x'01'", "postgres": `'\x01'`}[s.Dialect()])
			if err := s.Exec(ctx, statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want a refusal", statement, err)
			}
		}
		equal(t, "entries", before, got(s.Entries(ctx, 0, 9))(t))
	})
}

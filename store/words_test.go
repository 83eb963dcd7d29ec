package store_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestOldWordsAreReplaced takes the states of accounts and the jobs that wait
// from the old words to the new ones, back, and to the new ones again.
func TestOldWordsAreReplaced(t *testing.T) {
	const beforeWords = 15
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		states := map[string]provision.AccountState{"waiting": provision.AccountWaiting, "ready": provision.AccountReady, "ended": provision.AccountEnded,
			"parked": provision.AccountNeedsAttention, "held": provision.AccountOnHold}
		accounts := make(map[string]provision.AccountID)
		for old := range states {
			a := account(people(t, s, c.ID, old)[0], d.ID)
			a.DeskUser = provision.DeskUserID(old)
			accounts[old] = a.ID
			must(t, s.SaveAccounts(ctx, []provision.Account{a}))
		}
		inState := func(state string) (n int) {
			t.Helper()
			must(t, s.DB().QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE state = '`+state+`'`).Scan(&n))
			return n
		}
		kinds := func(kind string) (n int) {
			t.Helper()
			must(t, s.DB().QueryRowContext(ctx, `SELECT count(*) FROM river_job WHERE kind = '`+kind+`'`).Scan(&n))
			return n
		}

		must(t, store.MigrateTo(ctx, s, beforeWords))
		for old, id := range accounts {
			must(t, s.Exec(ctx, `UPDATE accounts SET state = ? WHERE id = ?`, old, string(id)))
		}
		must(t, s.Exec(ctx, `INSERT INTO river_job (kind, args, max_attempts) VALUES ('visit', '{"account":"a1"}', 25), ('evaluate', '{"connection":"c1"}', 25)`))
		must(t, s.Migrate(ctx))
		for old, id := range accounts {
			equal(t, "what was "+old, states[old], got(s.Account(ctx, id))(t).State)
		}
		equal(t, "jobs of the old kind", 0, kinds("visit"))
		equal(t, "jobs of the new kind", 1, kinds("reconcile"))
		equal(t, "other jobs", 1, kinds("evaluate"))

		must(t, store.MigrateTo(ctx, s, beforeWords))
		for old := range states {
			equal(t, "accounts that are "+old+" again", 1, inState(old))
		}
		equal(t, "jobs of the old kind again", 1, kinds("visit"))
		must(t, s.Migrate(ctx))
		for old, id := range accounts {
			equal(t, "what was "+old+" twice", states[old], got(s.Account(ctx, id))(t).State)
		}
		equal(t, "account", provision.AccountID("a1"), worked(t, s)())
	})
}

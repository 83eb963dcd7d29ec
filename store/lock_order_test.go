package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestLockOrder: a transaction that locks in another order than
// [provision.InTx] says does not come through a test.
func TestLockOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, d := connection("acme"), desk("support")
		must(t, s.SaveConnection(t.Context(), c))
		must(t, s.SaveDesk(t.Context(), d))
		ann, bob := identity(c.ID, "ann"), identity(c.ID, "bob") // ids grow
		must(t, s.InsertIdentity(t.Context(), ann))
		must(t, s.InsertIdentity(t.Context(), bob))
		a, b := account(ann, d.ID), account(bob, d.ID)
		b.DeskUser = "other"
		must(t, s.SaveAccounts(t.Context(), []provision.Account{a, b}))

		type step func(ctx context.Context, tx *store.Store) error
		rules := step(func(ctx context.Context, tx *store.Store) error { _, err := tx.Rules(ctx, c.ID); return err })
		allRules := step(func(ctx context.Context, tx *store.Store) error { return tx.LockRules(ctx) })
		conn := step(func(ctx context.Context, tx *store.Store) error { _, err := tx.LockConnection(ctx, c.ID); return err })
		support := step(func(ctx context.Context, tx *store.Store) error { _, err := tx.LockDesk(ctx, d.ID); return err })
		person := func(id provision.IdentityID) step {
			return func(ctx context.Context, tx *store.Store) error { _, err := tx.LockIdentity(ctx, c.ID, id); return err }
		}
		one := func(id provision.AccountID) step {
			return func(ctx context.Context, tx *store.Store) error { _, err := tx.LockAccount(ctx, id); return err }
		}
		both := step(func(ctx context.Context, tx *store.Store) error {
			_, err := tx.LockAccounts(ctx, []provision.AccountID{b.ID, a.ID})
			return err
		})
		run := func(lockConnection bool) step {
			return func(ctx context.Context, tx *store.Store) error {
				_, _, err := tx.LoadRun(ctx, a, lockConnection)
				return err
			}
		}
		for _, tt := range []struct {
			name  string
			steps []step
			want  string // of the panic
		}{
			{"in order", []step{allRules, rules, conn, support, person(ann.ID), person(bob.ID), both}, ""},
			{"what is held may be asked for again", []step{rules, support, both, one(a.ID), support, rules}, ""},
			{"a run", []step{run(true), one(b.ID)}, ""},
			{"rules after a connection", []step{conn, rules}, "rules shared after connection " + string(c.ID)},
			{"a run after its connection", []step{conn, run(false)}, "rules shared after connection " + string(c.ID)},
			{"shared rules, then all", []step{rules, allRules}, "rules exclusive after rules shared"},
			{"a desk after an account", []step{one(a.ID), support}, "desk " + string(d.ID) + " after account " + string(a.ID)},
			{"people against their ids", []step{person(bob.ID), person(ann.ID)}, fmt.Sprintf("identity %s after identity %s", ann.ID, bob.ID)},
			{"accounts against their ids", []step{one(b.ID), both}, fmt.Sprintf("account %s after account %s", a.ID, b.ID)},
		} {
			t.Run(tt.name, func(t *testing.T) {
				got := ""
				func() {
					defer func() {
						if p := recover(); p != nil {
							got = fmt.Sprint(p)
						}
					}()
					must(t, s.InTx(t.Context(), func(tx *store.Store) error {
						for _, do := range tt.steps {
							if err := do(t.Context(), tx); err != nil {
								return err
							}
						}
						return nil
					}))
				}()
				if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
					t.Errorf("panic %q, want %q", got, tt.want)
				}
			})
		}
	})
}

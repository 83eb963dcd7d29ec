package store_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestLossesOfBefore: accounts from before there were losses have those that are
// under way.
func TestLossesOfBefore(t *testing.T) {
	const beforeLosses = 26
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		ids := people(t, s, c.ID, "ready", "leaves", "held", "ended", "phantom")
		var accounts []provision.Account
		for _, id := range ids {
			a := account(id, d.ID)
			a.Loss, a.EndingSince, a.State = provision.Loss{}, &noon, provision.AccountWaiting
			accounts = append(accounts, a)
		}
		accounts[0].EndingSince, accounts[0].State = nil, provision.AccountReady
		accounts[2].State, accounts[2].ReasonCode = provision.AccountOnHold, provision.ReasonMassChange
		accounts[3].State, accounts[3].Confirmed = provision.AccountEnded, provision.Access{Status: provision.AccessSuspended}
		accounts[4].Confirmed, accounts[4].ConfirmedAt, accounts[4].DeskUser, accounts[4].Origin = provision.Access{}, nil, "", provision.OriginNone
		must(t, s.SaveAccounts(ctx, accounts))
		must(t, store.MigrateTo(ctx, s, beforeLosses))
		must(t, s.Migrate(ctx))
		loss := provision.Loss{Since: &noon, Person: provision.StatusActive}
		onHold := loss
		onHold.Verdict = provision.VerdictOnHold
		for i, want := range []provision.Loss{{}, loss, onHold, {}, {}} {
			equal(t, ids[i].UserName, want, got(s.Account(ctx, accounts[i].ID))(t).Loss)
		}
		equal(t, "PeopleWithAccess", 1, got(s.PeopleWithAccess(ctx, c.ID))(t))
	})
}

// TestEvaluationPending: marks are waited for by what was lost after them.
func TestEvaluationPending(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		p := people(t, s, c.ID, "ann")
		g := insertGroup(t, s, c.ID, "Support", person(p[0]))
		pending := func(at time.Time) bool { return got(s.EvaluationPending(ctx, c.ID, at))(t) }
		later := noon.Add(time.Minute)
		equal(t, "nobody is marked", false, pending(later))
		must(t, s.MarkDirty(ctx, c.ID, g.ID, noon))
		must(t, s.MarkDirty(ctx, c.ID, g.ID, later))
		must(t, s.MarkPeople(ctx, c.ID, idsOf(p), later))
		equal(t, "what was lost before", false, pending(noon.Add(-time.Second)))
		equal(t, "a mark keeps its time", true, pending(noon))
		must(t, s.ClearDirty(ctx, c.ID, idsOf(p)))
		equal(t, "cleared", false, pending(later))
		must(t, s.MarkWhole(ctx, c.ID, "an apply", noon))
		must(t, s.MarkWhole(ctx, c.ID, "another", later))
		must(t, s.MarkDirty(ctx, c.ID, "", later)) // by the identity provider
		equal(t, "everybody", true, pending(noon))
		equal(t, "elsewhere", false, got(s.EvaluationPending(ctx, "other", later))(t))
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			equal(t, "the cause", "another", got(tx.NextDirty(ctx, c.ID, 10))(t).Cause)
			return nil
		}))
		equal(t, "done", false, pending(later))
	})
}

// TestAllowances: each is taken once, and all of a connection are dropped.
func TestAllowances(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		var ids []provision.AccountID
		who := people(t, s, c.ID, "ann", "bob", "cy")
		for i, id := range who {
			a := account(id, d.ID)
			if i == 2 { // who has none to lose
				a.Confirmed = provision.Access{Status: provision.AccessAbsent}
			}
			a.DeskUser = provision.DeskUserID(id.UserName)
			must(t, s.SaveAccounts(ctx, []provision.Account{a}))
			ids = append(ids, a.ID)
		}
		take := func(ids ...provision.AccountID) (taken map[provision.AccountID]string) {
			must(t, s.InTx(ctx, func(tx *store.Store) error { taken = got(tx.TakeAllowances(ctx, ids))(t); return nil }))
			return taken
		}
		equal(t, "allowed", 2, got(s.AllowLosses(ctx, d.ID, idsOf(who), "ann"))(t))
		equal(t, "allowed elsewhere", 0, got(s.AllowLosses(ctx, "other", idsOf(who), "cy"))(t))
		equal(t, "allowed again", 1, got(s.AllowLosses(ctx, d.ID, idsOf(who[1:]), "bob"))(t))
		equal(t, "taken", map[provision.AccountID]string{ids[1]: "bob"}, take(ids[1:]...)) // and nobody else's
		equal(t, "taken again", map[provision.AccountID]string{}, take(ids[1:]...))
		must(t, s.DropAllowances(ctx, "other"))
		must(t, s.DropAllowances(ctx, c.ID))
		equal(t, "dropped", map[provision.AccountID]string{}, take(ids...))
	})
}

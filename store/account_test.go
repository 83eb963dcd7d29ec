package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestDueAccounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		now := noon.Add(time.Hour)
		before := noon.Add(30 * time.Minute)
		ahead := now.Add(time.Minute) // what is written later than this, a clock wrote that has been set back
		tests := []struct {
			name   string
			change func(*provision.Account)
			due    bool
		}{
			{"due", func(a *provision.Account) {}, true},
			{"visited", func(a *provision.Account) { a.Reconciled = a.Revision }, false},
			{"touched since", func(a *provision.Account) { a.UpdatedAt = before }, false},
			{"leased", func(a *provision.Account) { a.LeaseUntil = new(now.Add(time.Second)) }, false},
			{"lease-over", func(a *provision.Account) { a.LeaseUntil = new(now) }, true},
			{"retry-later", func(a *provision.Account) { a.RetryAt = new(now.Add(time.Second)) }, false},
			{"retry-now", func(a *provision.Account) { a.RetryAt = new(now) }, true},
			{"held", func(a *provision.Account) { a.State = provision.AccountOnHold }, false},
			{"parked", func(a *provision.Account) { a.State = provision.AccountNeedsAttention }, false},
			{"parked-retry", func(a *provision.Account) { a.State, a.RetryAt = provision.AccountNeedsAttention, new(now) }, true},
			{"from-the-future", func(a *provision.Account) {
				a.UpdatedAt, a.RetryAt, a.LeaseUntil = ahead.Add(time.Second), new(now.Add(time.Hour)), new(now.Add(time.Hour))
			}, true},
			{"from-the-future-and-held", func(a *provision.Account) { a.UpdatedAt, a.State = ahead.Add(time.Second), provision.AccountOnHold }, false},
			{"just-touched", func(a *provision.Account) { a.UpdatedAt = ahead }, false},
			{"ready", func(a *provision.Account) { a.State = provision.AccountReady }, true},
		}
		var all []provision.Account
		var want []provision.DeskUserID
		for i, tt := range tests {
			a := account(people(t, s, c.ID, tt.name)[0], d.ID)
			a.UpdatedAt, a.LeaseUntil, a.RetryAt = noon.Add(time.Duration(i)*time.Second), nil, nil
			tt.change(&a)
			all = append(all, a)
			if tt.due {
				want = append(want, a.DeskUser)
			}
		}
		must(t, s.SaveAccounts(ctx, all))
		var due []provision.DeskUserID
		for _, a := range got(s.DueAccounts(ctx, now, before, ahead, 100))(t) {
			due = append(due, a.DeskUser)
		}
		slices.Sort(want)
		slices.Sort(due)
		equal(t, "due", want, due)
		equal(t, "limited", 2, len(got(s.DueAccounts(ctx, now, before, ahead, 2))(t)))
	})
}

func TestAccountLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		d2 := desk("second")
		must(t, s.SaveDesk(ctx, d2))
		all := people(t, s, c.ID, numbered("p", 620)...)
		var accounts []provision.Account
		for _, p := range all {
			a := account(p, d.ID)
			a.Seat, a.EndingSince, a.Loss = false, nil, provision.Loss{}
			accounts = append(accounts, a)
		}
		second := account(all[0], d2.ID)
		loss := func(since time.Time, person provision.Status, v provision.Verdict) provision.Loss {
			return provision.Loss{Since: &since, Person: person, Verdict: v}
		}
		second.State, second.EndingSince = provision.AccountNeedsAttention, &noon
		second.Loss = loss(noon, provision.StatusSuspended, provision.VerdictPassed)
		accounts[0].Loss = loss(noon.Add(time.Microsecond), provision.StatusActive, provision.VerdictNone)
		accounts[1].Loss = loss(noon, provision.StatusActive, provision.VerdictOnHold)
		accounts[2].Loss = loss(noon, provision.StatusActive, provision.VerdictReleased)
		accounts[3].Loss = loss(noon, provision.StatusActive, provision.VerdictRejected)
		accounts[4].Confirmed, accounts[4].DeskUser = provision.Access{}, "" // nothing to lose
		accounts[0].Seat, accounts[1].Seat = true, true
		accounts[0].EndingSince, accounts[1].EndingSince = new(noon.Add(time.Microsecond)), &noon
		must(t, s.SaveAccounts(ctx, append(accounts, second)))

		var ids []provision.IdentityID
		for _, p := range slices.Backward(all) {
			ids = append(ids, p.ID)
		}
		of := got(s.AccountsOf(ctx, ids))(t)
		equal(t, "AccountsOf", 621, len(of))
		if !slices.IsSortedFunc(of, func(a, b provision.Account) int {
			return slices.Compare([]string{string(a.Identity), string(a.Desk)}, []string{string(b.Identity), string(b.Desk)})
		}) {
			t.Error("AccountsOf is not by identity, desk")
		}
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			equal(t, "LockAccountsOf", 2, len(got(tx.LockAccountsOf(ctx, ids[len(ids)-1:]))(t)))
			return nil
		}))

		where := func(f provision.AccountFilter, limit int) int { return len(got(s.AccountsWhere(ctx, f, limit))(t)) }
		equal(t, "all", 621, where(provision.AccountFilter{}, 0))
		equal(t, "limited", 7, where(provision.AccountFilter{}, 7))
		equal(t, "of a desk", 1, where(provision.AccountFilter{Desk: d2.ID}, 0))
		equal(t, "of a connection", 621, where(provision.AccountFilter{Connection: c.ID}, 0))
		equal(t, "in a state", 1, where(provision.AccountFilter{Connection: c.ID, State: provision.AccountNeedsAttention}, 0))
		equal(t, "nowhere", 0, where(provision.AccountFilter{Desk: d.ID, State: provision.AccountNeedsAttention}, 0))
		equal(t, "CountAccounts", map[provision.DeskID]map[provision.AccountState]int{
			d.ID: {provision.AccountWaiting: 620}, d2.ID: {provision.AccountNeedsAttention: 1}}, got(s.CountAccounts(ctx))(t))
		equal(t, "SeatsTaken", 2, got(s.SeatsTaken(ctx, d.ID))(t))
		losses := func(c provision.ConnectionID, since time.Time) [2]int {
			all, explicit, err := s.CountLosses(ctx, c, since, noon.Add(time.Microsecond))
			must(t, err)
			return [2]int{all, explicit}
		}
		equal(t, "CountLosses after", [2]int{1, 0}, losses(c.ID, noon))
		equal(t, "CountLosses counts people, not accounts, and none that an admin decided about", [2]int{2, 1}, losses(c.ID, noon.Add(-time.Second)))
		until, _, err := s.CountLosses(ctx, c.ID, noon.Add(-time.Second), noon)
		must(t, err)
		equal(t, "CountLosses until", 2, until)
		equal(t, "CountLosses elsewhere", [2]int{0, 0}, losses("other", noon.Add(-time.Second)))
		equal(t, "PeopleWithAccess", 617, got(s.PeopleWithAccess(ctx, c.ID))(t))

		heir := people(t, s, c.ID, "heir")[0]
		equal(t, "MoveAccounts", 2, got(s.MoveAccounts(ctx, all[0].ID, heir.ID))(t))
		equal(t, "of the heir", 2, len(got(s.AccountsOf(ctx, []provision.IdentityID{heir.ID}))(t)))
		equal(t, "MoveAccounts of nobody", 0, got(s.MoveAccounts(ctx, all[0].ID, heir.ID))(t))
	})
}

func TestSteps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		w := newWorld(t, s)
		planned := got(s.JournalWrites(ctx, []reconcile.Write{
			{Account: w.account.ID, Kind: reconcile.WriteTeams, Detail: map[string]any{"add": []any{"t"}}},
			{Account: w.account.ID, Kind: reconcile.WriteRole, ID: 99, Note: "n"},
			{Account: w.account.ID, Kind: reconcile.WriteDeactivate},
		}))(t)
		open := got(s.OpenWrites(ctx, w.account.ID))(t)
		equal(t, "open", planned, open)
		if !(planned[0].ID < planned[1].ID && planned[1].ID < planned[2].ID) {
			t.Errorf("ids %d %d %d do not rise", planned[0].ID, planned[1].ID, planned[2].ID)
		}
		must(t, s.CloseWrites(ctx, []int64{planned[0].ID, planned[2].ID}))
		equal(t, "still open", planned[1:2], got(s.OpenWrites(ctx, w.account.ID))(t))
		equal(t, "nothing planned", 0, len(got(s.JournalWrites(ctx, nil))(t)))
	})
}

func TestTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		w := newWorld(t, s)
		later := token(w.acme.ID, "a-later-one")
		later.CreatedAt = noon.Add(time.Second)
		must(t, s.SaveToken(ctx, later))
		tokens := got(s.Tokens(ctx, w.acme.ID))(t)
		equal(t, "by time", []string{"ci", "a-later-one"}, []string{tokens[0].Name, tokens[1].Name})
		at := noon.Add(time.Hour)
		must(t, s.TouchToken(ctx, later.ID, at))
		touched, of, err := s.TokenByHash(ctx, later.Hash)
		must(t, err)
		equal(t, "last used", at, *touched.LastUsedAt)
		equal(t, "connection", w.acme.ID, of.ID)
		_, _, err = s.TokenByHash(ctx, []byte("unknown"))
		wantCode(t, "TokenByHash", err, provision.NotFound)
	})
}

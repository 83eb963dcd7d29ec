package store_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// accountsOn saves an account on the desk for each of n people.
func accountsOn(t *testing.T, s *store.Store, c provision.ConnectionID, d provision.DeskID, n int) []provision.Account {
	t.Helper()
	names := make([]string, n)
	for i := range names {
		names[i] = "p" + strconv.Itoa(i)
	}
	var accounts []provision.Account
	for _, p := range people(t, s, c, names...) {
		accounts = append(accounts, account(p, d))
	}
	must(t, s.SaveAccounts(t.Context(), accounts))
	return accounts
}

// TestNamesOnADeskAreTakenOnce has twenty accounts take the same names at once, and
// pass them on.
func TestNamesOnADeskAreTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		accounts := accountsOn(t, s, c.ID, d.ID, 20)
		names := []string{"a@example.test", "root.user"}
		won := make([]bool, len(accounts))
		atOnce(t, len(accounts), func(i int) error {
			err := s.InTx(ctx, func(tx *store.Store) error {
				if _, err := tx.LockAccount(ctx, accounts[i].ID); err != nil {
					return err
				}
				return tx.TakeNames(ctx, accounts[i], append(slices.Clone(names[i%2:]), "own"+strconv.Itoa(i)))
			})
			won[i] = err == nil
			if provision.IsConflict(err) {
				return nil
			}
			return err
		})
		holders := got(s.NameHolders(ctx, d.ID, names))(t)
		for _, name := range names {
			if n := len(got(s.NameHolders(ctx, d.ID, []string{name}))(t)); n > 1 {
				t.Errorf("%s has %d holders", name, n)
			}
		}
		if len(holders) != 1 {
			t.Errorf("%d holders of both, want 1", len(holders))
		}
		for i, a := range accounts {
			own := len(got(s.NameHolders(ctx, d.ID, []string{"own" + strconv.Itoa(i)}))(t)) == 1
			holds := slices.ContainsFunc(holders, func(h provision.Account) bool { return h.ID == a.ID })
			if won[i] != own || won[i] != holds {
				t.Errorf("account %d: taken %v, has its own name %v, holds one of all %v", i, won[i], own, holds)
			}
		}

		holder := holders[0]
		other := accounts[slices.IndexFunc(accounts, func(a provision.Account) bool { return a.ID != holder.ID })]
		another, elsewhere := desk("elsewhere"), other
		must(t, s.SaveDesk(ctx, another))
		elsewhere.Desk = another.ID
		must(t, s.TakeNames(ctx, elsewhere, names)) // another desk
		must(t, s.TakeNames(ctx, holder, []string{"b@example.test"}))
		must(t, s.TakeNames(ctx, other, []string{"root.user"}))
		must(t, s.TakeNames(ctx, other, []string{"root.user"}))
		equal(t, "holder", other.ID, got(s.NameHolders(ctx, d.ID, []string{"root.user"}))(t)[0].ID)
		must(t, s.TakeNames(ctx, other, nil))
		equal(t, "holders", 0, len(got(s.NameHolders(ctx, d.ID, names))(t)))
		equal(t, "account of a user", holder.ID, got(s.AccountOfUser(ctx, d.ID, holder.DeskUser))(t).ID)
		if _, err := s.AccountOfUser(ctx, d.ID, ""); !provision.IsNotFound(err) {
			t.Errorf("the account of no user: %v", err)
		}
	})
}

// TestDeskNamesAreFilledIn: accounts from before names were kept are known by
// what their desk has confirmed, as far as that is known.
func TestDeskNamesAreFilledIn(t *testing.T) {
	const beforeNames = 17
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		accounts := accountsOn(t, s, c.ID, d.ID, 6)
		for i := range accounts {
			a := &accounts[i]
			a.State, a.Reconciled, a.Profile.Email, a.Names, a.UserName = provision.AccountReady, a.Revision, strconv.Itoa(i)+"É@example.test", provision.DeskNames{}, ""
		}
		accounts[1].Profile.Email = "0é@example.test"       // known by the same as the first
		accounts[2].State = provision.AccountNeedsAttention // and their person has changed since
		accounts[3].State = provision.AccountNeedsAttention
		accounts[4].ConfirmedAt, accounts[4].Confirmed = nil, provision.Access{}
		accounts[5].Confirmed = provision.Access{Status: provision.AccessAbsent}
		must(t, s.SaveAccounts(ctx, accounts))
		must(t, s.Exec(ctx, `UPDATE identities SET updated_at = ?`, noon.UnixMicro()))
		must(t, s.Exec(ctx, `UPDATE identities SET updated_at = ? WHERE id = ?`, noon.UnixMicro()+1, string(accounts[2].Identity)))
		must(t, store.MigrateTo(ctx, s, beforeNames))
		must(t, s.Migrate(ctx))
		for i, want := range []provision.DeskNames{{Email: "0É@example.test", UserName: "p0"}, {}, {}, {Email: "3É@example.test", UserName: "p3"}, {}, {}} {
			a := got(s.Account(ctx, accounts[i].ID))(t)
			if a.Names != want || a.UserName != "p"+strconv.Itoa(i) {
				t.Errorf("account %d: %+v, userName %q; want %+v", i, a.Names, a.UserName, want)
			}
			if again := i == 1; a.Due() != again || (a.State == provision.AccountWaiting) != again {
				t.Errorf("account %d is %s, due %v", i, a.State, a.Due())
			}
		}
		equal(t, "holder", accounts[0].ID, got(s.NameHolders(ctx, d.ID, []string{"0é@example.test"}))(t)[0].ID)
	})
}

package store_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/removal"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestDeletingAConnectionLeavesItsNeighbours deletes everything of one of two
// connections, a little at a time.
func TestDeletingAConnectionLeavesItsNeighbours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		other := connection("beta")
		other.Domains = nil
		must(t, s.SaveConnection(ctx, other))
		for _, of := range []provision.Connection{c, other} {
			ids := people(t, s, of.ID, "ann", "bob", "cid")
			insertGroup(t, s, of.ID, "A", person(ids[0]), person(ids[1]))
			insertGroup(t, s, of.ID, "B", person(ids[2]), nested(insertGroup(t, s, of.ID, "C")))
			a := account(ids[0], d.ID)
			a.DeskUser = provision.DeskUserID("user-" + of.Name)
			must(t, s.SaveAccounts(ctx, []provision.Account{a}))
			must(t, s.SaveToken(ctx, token(of.ID, of.Name)))
			must(t, s.MarkDirty(ctx, of.ID, "", time.Now()))
			must(t, s.SaveLogin(ctx, provision.LoginKey{Connection: of.ID, Protocol: "saml", Issuer: "i", Subject: "s", Identity: ids[0].ID, CreatedAt: noon, UsedAt: noon}))
			gone := identity(of.ID, "old")
			gone.Status = provision.StatusRemoved
			must(t, s.InsertIdentity(ctx, gone))
		}
		of := removal.Scope{Connection: c.ID}
		counts, err := s.CountOf(ctx, c.ID)
		must(t, err)
		equal(t, "counts", removal.Counts{People: 3, Groups: 3, Logins: 1}, counts)
		equal(t, "access", []removal.AccessCount{{Connection: c.ID, Desk: d.ID, People: 1}}, got(s.CountAccess(ctx, of))(t))
		if n := got(s.CountUnended(ctx, of, noon))(t); n != 1 {
			t.Errorf("%d have not ended", n)
		}
		if none := got(s.DeletableAccounts(ctx, of, noon, "", 9))(t); len(none) != 0 {
			t.Errorf("a worker is at %v", none)
		}
		ids := got(s.DeletableAccounts(ctx, of, noon.Add(time.Hour), "", 9))(t)
		must(t, s.DeleteAccounts(ctx, ids))
		if n := got(s.CountUnended(ctx, of, noon))(t); n != 0 || len(ids) != 1 {
			t.Errorf("%d have not ended, %v were deleted", n, ids)
		}
		for i := 0; got(s.DeleteGroups(ctx, c.ID, 1))(t); i++ {
			if i > 9 {
				t.Fatal("groups come to no end")
			}
		}
		for i := 0; got(s.DeletePeople(ctx, c.ID, 2))(t); i++ {
			if i > 9 {
				t.Fatal("people come to no end")
			}
		}
		must(t, s.DeleteConnection(ctx, c.ID))
		_, err = s.Connection(ctx, string(c.ID))
		wantCode(t, "the connection", err, provision.NotFound)
		counts, err = s.CountOf(ctx, other.ID)
		must(t, err)
		equal(t, "the neighbour", removal.Counts{People: 3, Groups: 3, Logins: 1}, counts)
		equal(t, "the neighbour's access", []removal.AccessCount{{Connection: other.ID, Desk: d.ID, People: 1}}, got(s.CountAccess(ctx, removal.Scope{Desk: d.ID}))(t))
	})
}

// TestDeletingADesk deletes it with what a sweep and a pause left of it.
func TestDeletingADesk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		kept := desk("kept")
		must(t, s.SaveDesk(ctx, kept))
		ids := people(t, s, c.ID, "ann")
		must(t, s.SaveAccounts(ctx, []provision.Account{account(ids[0], d.ID), account(ids[0], kept.ID)}))
		for _, of := range []provision.DeskID{d.ID, kept.ID} {
			must(t, s.SaveRule(ctx, rule(c.ID, of)))
		}
		d.Removal = provision.RemovalKeeping
		must(t, s.SaveDesk(ctx, d))
		connections, desks, err := s.Removals(ctx)
		must(t, err)
		if len(connections) != 0 || len(desks) != 1 || desks[0] != d.ID {
			t.Errorf("removals: %v, %v", connections, desks)
		}
		equal(t, "who is on it", []provision.ConnectionID{c.ID}, got(s.ConnectionsOn(ctx, d.ID))(t))
		must(t, s.DeleteAccounts(ctx, got(s.DeletableAccounts(ctx, removal.Scope{Desk: d.ID}, noon.Add(time.Hour), "", 9))(t)))
		must(t, s.DeleteDesk(ctx, d.ID))
		all := got(s.Desks(ctx))(t)
		if len(all) != 1 || all[0].Name != "kept" || len(got(s.Rules(ctx, ""))(t)) != 1 {
			t.Errorf("left: %+v", all)
		}
		if accounts := got(s.AccountsOf(ctx, []provision.IdentityID{ids[0].ID}))(t); len(accounts) != 1 || accounts[0].Desk != kept.ID {
			t.Errorf("accounts left: %+v", accounts)
		}
	})
}

// TestEndsOfARemovedDeskAreNoMassChange: an admin has said that they are meant.
func TestEndsOfARemovedDeskAreNoMassChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		var accounts []provision.Account
		for _, id := range people(t, s, c.ID, "ann", "bob") {
			a := account(id, d.ID)
			since := noon
			a.Loss = provision.Loss{Since: &since, Person: provision.StatusActive}
			accounts = append(accounts, a)
		}
		must(t, s.SaveAccounts(ctx, accounts))
		lost := func() int {
			n, _, err := s.CountLosses(ctx, c.ID, noon.Add(-time.Hour), noon.Add(time.Hour))
			must(t, err)
			return n
		}
		if n := lost(); n != 2 {
			t.Errorf("%d are ending", n)
		}
		d.Removal = provision.RemovalEnding
		must(t, s.SaveDesk(ctx, d))
		if n := lost(); n != 0 {
			t.Errorf("%d are ending on a desk that is removed", n)
		}
	})
}

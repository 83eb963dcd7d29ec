package store_test

import (
	"strconv"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// eachB is storetest.Each for benchmarks.
func eachB(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) {
		_, s := storetest.Postgres(b)
		bench(b, s)
	})
}

// BenchmarkCompany does what happens every day in companies of several sizes,
// all of whose people are in one group: no cost may follow the size.
func BenchmarkCompany(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run("people="+strconv.Itoa(n), func(b *testing.B) {
			eachB(b, func(b *testing.B, s *store.Store) { benchCompany(b, s, n) })
		})
	}
}

func benchCompany(b *testing.B, s *store.Store, n int) {
	ctx := b.Context()
	c, d := seeded(b, s)
	all := people(b, s, c.ID, numbered("p", n)...)
	newcomer := people(b, s, c.ID, "newcomer")[0]
	var members []provision.Member
	var accounts []provision.Account
	for _, p := range all {
		members = append(members, person(p))
		accounts = append(accounts, account(p, d.ID))
	}
	must(b, s.SaveAccounts(ctx, accounts))
	g := insertGroup(b, s, c.ID, "everybody", members...)
	must(b, s.Exec(ctx, `ANALYZE`))
	some := idsOf(all[n/2 : n/2+50])
	one := []provision.MemberID{person(newcomer).ID}

	run := func(name string, what func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b, what())
			}
		})
	}
	run("add-remove-member", func() error {
		_, err := s.AddMembers(ctx, c.ID, g.ID, []provision.Member{person(newcomer)})
		must(b, err)
		_, err = s.RemoveMembers(ctx, g.ID, one)
		return err
	})
	run("save", func() error {
		newcomer.Version++
		return s.SaveIdentity(ctx, newcomer)
	})
	run("edges", func() error {
		_, err := s.Edges(ctx, c.ID, []provision.MemberID{person(all[n/2]).ID})
		return err
	})
	run("lock-50", func() error {
		return s.InTx(ctx, func(tx *store.Store) error {
			_, err := tx.LockIdentities(ctx, c.ID, some)
			return err
		})
	})
	run("accounts-of-50", func() error {
		_, err := s.AccountsOf(ctx, some)
		return err
	})
	run("member-kinds-50", func() error {
		_, err := s.MemberKinds(ctx, c.ID, append(one, provision.MemberID(g.ID)))
		return err
	})
	run("clear-marks", func() error { return s.ClearDirty(ctx, c.ID, some) })
	run("userName", func() error {
		_, err := s.Identities(ctx, c.ID, provision.Query{Where: str("userName", provision.OpEqual, "NEWCOMER"), Limit: 1})
		return err
	})
	run("email", func() error {
		_, err := s.Identities(ctx, c.ID, provision.Query{Where: str("emails.value", provision.OpEqual, "NEWCOMER@example.test"), Limit: 1})
		return err
	})
	run("externalId", func() error {
		_, err := s.Identities(ctx, c.ID, provision.Query{Where: exact(str("externalId", provision.OpEqual, "ext-newcomer")), Limit: 1})
		return err
	})
	run("find-people", func() error {
		_, err := s.FindPeople(ctx, "newcomer@example.test")
		return err
	})
	run("tombstone", func() error {
		_, err := s.Tombstones(ctx, c.ID, "newcomer", "ext-newcomer")
		return err
	})
	run("due", func() error {
		_, err := s.DueAccounts(ctx, noon, noon, noon, 100)
		return err
	})
}

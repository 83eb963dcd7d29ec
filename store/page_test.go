package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// crowd inserts so many people, each with an account, which change may change.
func crowd(t *testing.T, s *store.Store, c provision.ConnectionID, d provision.DeskID, n int, change func(int, *provision.Account)) []provision.Account {
	t.Helper()
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("crowd-%s-%04d", c, i)
	}
	var accounts []provision.Account
	for i, who := range people(t, s, c, names...) {
		a := account(who, d)
		change(i, &a)
		accounts = append(accounts, a)
	}
	must(t, s.SaveAccounts(t.Context(), accounts))
	return accounts
}

// TestSeatsReadAPage: of those with a seat accounts and people are read of the page alone,
// by the index what the audit log has of them, and for the ledger nothing but what it is made of.
func TestSeatsReadAPage(t *testing.T) {
	const holders, page = 400, 10
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		accounts := crowd(t, s, c.ID, d.ID, holders, func(_ int, a *provision.Account) {
			a.State, a.Confirmed = provision.AccountReady, provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent}
		})
		var entries []provision.Entry
		for i, a := range accounts {
			for n, action := range []provision.Action{audit.AccountConfirmed, audit.DeskSessionSignedIn, audit.DeskSessionSignedIn, "user.updated", "user.updated"} {
				entries = append(entries, provision.Entry{At: noon.Add(time.Duration(i*10+n) * time.Second), Action: action, Subject: string(a.Identity), Desk: d.ID, Account: a.ID, Detail: a.Confirmed.Detail()})
			}
		}
		must(t, s.Append(ctx, entries...))
		if s.Dialect() == "postgres" {
			must(t, s.Exec(ctx, `ANALYZE`))
		}
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			seats := core.New(tx, core.Policy{Now: func() time.Time { return noon.AddDate(1, 0, 0) }}, nil).Seats
			read := func(table string) int64 {
				if s.Dialect() != "postgres" {
					return 0
				}
				return got(store.RowsRead(ctx, tx, table))(t)
			}
			before := read("identities")
			found := got(seats.Idle(ctx, d, seat.Question{Unused: true, Limit: page}))(t)
			equal(t, "on the page, and behind it", [2]int{page, holders - page}, [2]int{len(found.Holders), found.More})
			equal(t, "the first was seen", noon.Add(2*time.Second), *found.Holders[0].Last)
			if n := read("identities") - before; n > page {
				t.Errorf("%d people were read for a page of %d", n, page)
			}
			return nil
		}))
		plan := got(s.ExplainSitters(ctx, d.ID))(t)
		if !strings.Contains(plan, "audit_seats") || strings.Contains(plan, "Seq Scan on audit") || strings.Contains(plan, "SCAN audit") || strings.Contains(plan, "SCAN e\n") {
			t.Errorf("not by audit_seats:\n%s", plan)
		}
		actions := []provision.Action{audit.AccountConfirmed, audit.SeatPriced, audit.UserRemoved}
		plan = got(s.ExplainEntriesFor(ctx, actions))(t)
		if !strings.Contains(plan, "audit_a") || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN audit\n") {
			t.Errorf("entries of the ledger are not by an index:\n%s", plan)
		}
		var have, want []int64
		for i, e := range entries {
			if slices.Contains(actions, e.Action) && e.At.Before(noon.Add(50*time.Minute)) {
				want = append(want, int64(i+1))
			}
		}
		for after := (audit.Place{}); ; {
			some := got(s.EntriesFor(ctx, actions, noon.Add(50*time.Minute), after, 77))(t)
			for _, e := range some {
				equal(t, "detail", "agent", e.Detail["role"])
				have, after = append(have, e.ID), audit.Place{At: e.At, ID: e.ID}
			}
			if len(some) < 77 {
				break
			}
		}
		equal(t, "entries", want, have)
	})
}

// TestHomeCostsByCauses: what home and the page of a desk show of accounts that wait is
// counted where it lies. With twenty times as many on hold there are as many statements, and
// no more people are read; and what is said of all of them is the same as who reads them all finds.
func TestHomeCostsByCauses(t *testing.T) {
	const named = 5
	counted, trips := storetest.CountingTrips(t)
	for _, s := range []*store.Store{storetest.SQLite(t), counted} {
		ctx := t.Context()
		c, d := seeded(t, s)
		other := desk("other")
		must(t, s.SaveDesk(ctx, other))
		rooms := core.New(s, core.Policy{Now: func() time.Time { return noon.AddDate(0, 1, 0) }}, nil)
		asked := 0
		hold := func(round string, n int) (tripsMade int, peopleRead int64) {
			t.Helper()
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("%s-%04d", round, i)
			}
			var accounts []provision.Account
			for i, who := range people(t, s, c.ID, names...) {
				a := account(who, d.ID)
				a.State, a.Reason, a.ReasonCode, a.EndingSince = provision.AccountOnHold, "on hold: so many", provision.ReasonMassChange, new(noon)
				a.Loss = provision.Loss{Since: new(noon.Add(time.Duration(i) * time.Minute))}
				accounts = append(accounts, a)
				if i%2 == 0 {
					a = account(who, other.ID)
					a.State, a.Reason, a.ReasonCode = provision.AccountOnHold, "on hold: so many", provision.ReasonMassChange
					if i%4 == 0 {
						a.State, a.Reason, a.ReasonCode = provision.AccountNeedsAttention, "the desk refuses it", provision.ReasonRefused
						asked++
					}
					accounts = append(accounts, a)
				}
			}
			must(t, s.SaveAccounts(ctx, accounts))
			scope := plan.Scope{Most: named, CausesOnly: true}
			got(rooms.Plan.OverviewOf(ctx, scope))(t) // the first asks how statements are to be read
			before := trips()
			got(rooms.Plan.OverviewOf(ctx, scope))(t)
			tripsMade = trips() - before
			must(t, s.InTx(ctx, func(tx *store.Store) error {
				if s.Dialect() == "postgres" {
					must(t, tx.Exec(ctx, `SET LOCAL enable_seqscan = off`)) // which the planner prefers for a table of a few pages
					peopleRead = got(store.RowsRead(ctx, tx, "identities"))(t)
				}
				o := got(core.New(tx, core.Policy{Now: rooms.Now}, nil).Plan.OverviewOf(ctx, scope))(t)
				if s.Dialect() == "postgres" {
					peopleRead = got(store.RowsRead(ctx, tx, "identities"))(t) - peopleRead
				}
				all := got(rooms.Plan.OverviewOf(ctx, plan.Scope{}))(t)
				equal(t, "causes", 2, len(o.Causes))
				for i, few := range o.Causes {
					whole := all.Causes[i]
					equal(t, "named", whole.Accounts[:named], few.Accounts)
					theirs := make(map[provision.IdentityID]bool)
					var since *time.Time
					for _, a := range whole.Accounts {
						theirs[a.Identity] = true
						if s := a.Loss.Since; s != nil && a.State == provision.AccountOnHold && (since == nil || s.Before(*since)) {
							since = s
						}
					}
					equal(t, "people, accounts", [2]int{len(theirs), len(whole.Accounts)}, [2]int{few.People, few.Count})
					equal(t, "since", since, few.Since)
					whole.Accounts, few.Accounts = nil, nil
					equal(t, "the rest", whole, few)
				}
				equal(t, "who is asked about", asked, o.Causes[1].Count)
				return nil
			}))
			return tripsMade, peopleRead
		}
		fewTrips, fewPeople := hold("few", 20)
		manyTrips, manyPeople := hold("many", 400)
		if manyTrips != fewTrips || manyPeople > max(fewPeople, 2*named) {
			t.Errorf("%s: %d trips and %d people read with 420 on hold, %d and %d with 20", s.Dialect(), manyTrips, manyPeople, fewTrips, fewPeople)
		}
	}
}

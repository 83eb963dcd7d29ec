package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// pages reads a list to its end, in pages of two, and fails when a page is too long.
func pages[T any](t *testing.T, list func(report.Page) ([]T, string, error)) (all []T) {
	t.Helper()
	page := report.Page{Limit: 2}
	for {
		found, next, err := list(page)
		must(t, err)
		if len(found) > 2 || next != "" && len(found) < 2 {
			t.Fatalf("a page of %d", len(found))
		}
		all = append(all, found...)
		if next == "" {
			return all
		}
		page.After = next
	}
}

func TestListPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		other := connection("beta")
		other.Domains = nil
		must(t, s.SaveConnection(ctx, other))
		ids := people(t, s, c.ID, "Eve", "bob", "ann", "dan", "100%_x")
		people(t, s, other.ID, "ann", "zoe")
		ids[3].Status = provision.StatusSuspended
		must(t, s.SaveIdentity(ctx, ids[3]))
		for _, gone := range []provision.Identity{identity(c.ID, "old"), identity(c.ID, "old")} {
			gone.Status = provision.StatusRemoved
			must(t, s.InsertIdentity(ctx, gone))
		}
		a := account(ids[0], d.ID)
		ended := account(ids[1], d.ID)
		ended.State = provision.AccountEnded
		must(t, s.SaveAccounts(ctx, []provision.Account{a, ended}))

		lists := report.New(s)
		for _, tt := range []struct {
			name   string
			filter report.PeopleFilter
			want   []string
		}{
			{"everybody", report.PeopleFilter{}, []string{"acme 100%_x", "acme ann", "acme bob", "acme dan", "acme Eve", "beta ann", "beta zoe"}},
			{"of a connection", report.PeopleFilter{Connection: other.ID}, []string{"beta ann", "beta zoe"}},
			{"active", report.PeopleFilter{Connection: c.ID, Status: "active"}, []string{"acme 100%_x", "acme ann", "acme bob", "acme Eve"}},
			{"suspended", report.PeopleFilter{Status: "suspended"}, []string{"acme dan"}},
			{"removed, two of one name", report.PeopleFilter{Status: "removed"}, []string{"acme old", "acme old"}},
			{"on a desk", report.PeopleFilter{Desk: d.ID}, []string{"acme Eve"}},
			{"in the userName", report.PeopleFilter{Search: "AN"}, []string{"acme ann", "acme dan", "beta ann"}},
			{"in the displayName", report.PeopleFilter{Search: "play e"}, []string{"acme Eve"}},
			{"in an address", report.PeopleFilter{Search: "HOME-bob@"}, []string{"acme bob"}},
			{"the whole externalId", report.PeopleFilter{Search: "ext-Eve"}, []string{"acme Eve"}},
			{"nothing is a pattern", report.PeopleFilter{Search: "%_"}, []string{"acme 100%_x"}},
			{"nobody", report.PeopleFilter{Search: "nobody"}, nil},
			{"NUL", report.PeopleFilter{Search: "a\x00"}, nil},
		} {
			var got []string
			for _, p := range pages(t, func(page report.Page) ([]report.Person, string, error) { return lists.People(ctx, tt.filter, page) }) {
				got = append(got, p.ConnectionName+" "+p.UserName)
			}
			equal(t, tt.name, tt.want, got)
		}
		found, _, err := lists.People(ctx, report.PeopleFilter{Search: "ext-Eve"}, report.Page{})
		must(t, err)
		equal(t, "the accounts", []provision.Account{a}, found[0].Accounts)
		equal(t, "the profile", ids[0].Profile, found[0].Profile)

		_, _, err = lists.People(ctx, report.PeopleFilter{Status: "gone"}, report.Page{})
		wantCode(t, "an unknown status", err, provision.Invalid)
		for _, after := range []string{"x", "!", "e30"} {
			_, _, err = lists.People(ctx, report.PeopleFilter{}, report.Page{After: after})
			wantCode(t, "no place: "+after, err, provision.Invalid)
		}
	})
}

// TestSearchGoesOn: somebody is found behind as many as are looked at first, by each of
// their names, and those whom many are called like come in the order of the list.
func TestSearchGoesOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			for n := range 2100 {
				if err := tx.InsertIdentity(ctx, identity(c.ID, fmt.Sprintf("ann%04d", n))); err != nil {
					return err
				}
			}
			// Somebody who was removed had an address, and a userName that is another's by now.
			gone := identity(c.ID, "Zoe")
			gone.Status, gone.Emails = provision.StatusRemoved, []provision.Email{{Value: "before@acme.example"}}
			return errors.Join(tx.InsertIdentity(ctx, gone), tx.InsertIdentity(ctx, identity(c.ID, "Zoe")))
		}))
		for search, want := range map[string][]string{
			"ZOE": {"Zoe"}, "play zoe": {"Zoe"}, "home-zoe@": {"Zoe"}, "ext-Zoe": {"Zoe"}, "nobody": {}, "before@acme": {},
			"nn209": {"ann2090", "ann2091", "ann2092"}, "an": {"ann0000", "ann0001", "ann0002"}, "n2000": {"ann2000"}, "n1999": {"ann1999"},
		} {
			found := got(s.ListPeople(ctx, report.PeopleQuery{Connection: c.ID, Search: search, Limit: 3}))(t)
			names := []string{}
			for _, p := range found {
				names = append(names, p.UserName)
			}
			equal(t, search, want, names)
		}
	})
}

func TestListGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		ids := people(t, s, c.ID, "ann", "bob", "cid", "dan", "eve")
		inner := insertGroup(t, s, c.ID, "inner", person(ids[0]))
		billing := insertGroup(t, s, c.ID, "Billing", person(ids[0]), person(ids[1]), person(ids[2]), nested(inner), person(ids[4]))
		insertGroup(t, s, c.ID, "Bills")
		r := rule(c.ID, d.ID)
		r.GroupID = billing.ID
		must(t, s.SaveRule(ctx, r))

		lists := report.New(s)
		var got []string
		for _, g := range pages(t, func(page report.Page) ([]report.Group, string, error) { return lists.Groups(ctx, "", "", page) }) {
			got = append(got, fmt.Sprintf("%s %s %d %d", g.ConnectionName, g.DisplayName, g.Members, len(g.Rules)))
		}
		equal(t, "all", []string{"acme Billing 5 1", "acme Bills 0 0", "acme inner 1 0"}, got)
		found, _, err := lists.Groups(ctx, c.ID, "ILLS", report.Page{})
		must(t, err)
		if len(found) != 1 || found[0].DisplayName != "Bills" {
			t.Errorf("searched: %+v", found)
		}

		one, err := lists.Group(ctx, "", "billing", report.Page{Limit: 3})
		must(t, err)
		if one.People != 4 || one.Groups != 1 || one.Members != 5 || len(one.Rules) != 1 || len(one.First) != 3 || one.Next == "" || one.First[0].Display != "Display ann" {
			t.Errorf("one: %+v", one)
		}
		rest, err := lists.Group(ctx, c.ID, string(billing.ID), report.Page{Limit: 3, After: one.Next})
		must(t, err)
		if len(rest.First) != 2 || rest.Next != "" || rest.First[0].Kind != provision.MemberGroup || rest.First[0].Display != "inner" {
			t.Errorf("the rest: %+v", rest)
		}
		_, err = lists.Group(ctx, "", "Biling", report.Page{})
		if e, ok := asError(err); !ok || e.Code != provision.NotFound || e.Detail != `there is no group "Biling"; did you mean Billing?` {
			t.Errorf("a typo: %v", err)
		}
		other := connection("beta")
		other.Domains = nil
		must(t, s.SaveConnection(ctx, other))
		insertGroup(t, s, other.ID, "Billing")
		_, err = lists.Group(ctx, "", "Billing", report.Page{})
		wantCode(t, "of two connections", err, provision.Invalid)
		one, err = lists.Group(ctx, other.ID, "Billing", report.Page{})
		must(t, err)
		if one.ConnectionName != "beta" {
			t.Errorf("of one connection: %+v", one)
		}
	})
}

func TestListAccess(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		ids := people(t, s, c.ID, "ann", "bob", "cid", "dan", "eve", "fay")
		var accounts []provision.Account
		for i, id := range ids {
			a := account(id, d.ID)
			a.Confirmed = provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"}}
			a.Desired.Grants = []provision.Grant{{Rule: "r1", GroupName: "Support", Role: provision.RoleAgent, Teams: []string{"Tier 1"}},
				{Rule: "r2", GroupName: "Helpers", Mailboxes: []string{"Help"}}}
			a.State = []provision.AccountState{provision.AccountReady, provision.AccountWaiting, provision.AccountOnHold, provision.AccountNeedsAttention, provision.AccountEnded, provision.AccountReady}[i]
			accounts = append(accounts, a)
		}
		accounts[2].Desired = provision.Access{Status: provision.AccessSuspended}
		accounts[3].Confirmed = provision.Access{} // nothing there yet
		accounts[5].Confirmed.Role, accounts[5].Confirmed.Mailboxes = provision.RoleAdmin, []string{"Bïlling", "Help"}
		must(t, s.SaveAccounts(ctx, accounts))
		entry := func(a provision.Account, after time.Duration, action provision.Action, add ...string) provision.Entry {
			e := provision.Entry{At: noon.Add(after), Connection: c.ID, Action: action, Subject: string(a.Identity), Desk: d.ID, Account: a.ID}
			if add != nil {
				e.Detail = map[string]any{"add": add, "remove": nil}
			}
			return e
		}
		must(t, s.Append(ctx, entry(accounts[5], 1*time.Hour, audit.AccountCreated), entry(accounts[5], 2*time.Hour, audit.AccountMailboxesChanged, "Help"),
			entry(accounts[5], 3*time.Hour, audit.AccountMailboxesChanged, "bïlling"), entry(accounts[5], 4*time.Hour, audit.AccountConfirmed)))

		lists := report.New(s)
		for _, tt := range []struct {
			name   string
			filter report.AccessFilter
			want   []string
		}{
			{"all who have it", report.AccessFilter{}, []string{"cid", "ann", "fay", "bob"}},
			{"by role", report.AccessFilter{Role: provision.RoleAdmin}, []string{"fay"}},
			{"by team, in any letter case", report.AccessFilter{Team: "TIER 1"}, []string{"cid", "ann", "fay", "bob"}},
			{"by mailbox", report.AccessFilter{Mailbox: "BÏLLING"}, []string{"fay"}},
			{"by all of them", report.AccessFilter{Mailbox: "Help", Team: "Tier 1", Role: provision.RoleAgent}, []string{"cid", "ann", "bob"}},
			{"of another connection", report.AccessFilter{Connection: "x"}, nil},
			{"nothing of that name", report.AccessFilter{Mailbox: "x\x00"}, nil},
		} {
			tt.filter.Desk = d.ID
			var got []string
			for _, a := range pages(t, func(page report.Page) ([]report.Access, string, error) { return lists.Access(ctx, tt.filter, page) }) {
				got = append(got, a.Person.UserName)
			}
			equal(t, tt.name, tt.want, got)
		}
		for _, tt := range []struct {
			filter report.AccessFilter
			since  time.Duration
			by     int
		}{{report.AccessFilter{}, 1 * time.Hour, 2}, {report.AccessFilter{Mailbox: "Help"}, 2 * time.Hour, 1}, {report.AccessFilter{Mailbox: "Bïlling"}, 3 * time.Hour, 0}} {
			tt.filter.Desk, tt.filter.Role = d.ID, provision.RoleAdmin
			found, _, err := lists.Access(ctx, tt.filter, report.Page{})
			must(t, err)
			if tt.filter.Role = ""; !found[0].Since.Equal(noon.Add(tt.since)) {
				t.Errorf("%+v: since %s, want %s", tt.filter, found[0].Since, noon.Add(tt.since))
			}
		}
		found, _, err := lists.Access(ctx, report.AccessFilter{Desk: d.ID, Mailbox: "Help"}, report.Page{})
		must(t, err)
		if len(found[0].By) != 0 || len(found[1].By) != 1 || found[1].By[0].GroupName != "Helpers" || !found[1].Since.Equal(accounts[0].CreatedAt) {
			t.Errorf("by whom: %+v, %+v", found[0], found[1])
		}
	})
}

func TestNamesBeginning(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		people(t, s, c.ID, "Ann", "anna", "bob", "an\u00ffx")
		insertGroup(t, s, c.ID, "Anns")
		lists := report.New(s)
		equal(t, "people", []string{"Ann", "anna", "an\u00ffx"}, got(lists.PeopleBeginning(ctx, "AN"))(t))
		equal(t, "groups", []string{"Anns"}, got(lists.GroupsBeginning(ctx, "a"))(t))
		equal(t, "nobody", []string(nil), got(lists.PeopleBeginning(ctx, "zz\x00"))(t))
	})
}

package builtin_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// TestMigrateAtOnce: several replicas start together.
func TestMigrateAtOnce(t *testing.T) {
	desks := must[*builtin.Desks](t)(builtin.New(openPostgres(t), builtin.Postgres))
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = desks.Migrate(t.Context()) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestMigrateAgain changes nothing.
func TestMigrateAgain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		connect(t, desks, support)
		before := must[builtin.Snapshot](t)(desks.Snapshot(t.Context(), support.ID))
		if err := desks.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, must[builtin.Snapshot](t)(desks.Snapshot(t.Context(), support.ID))); diff != "" {
			t.Errorf("the desk changed:\n%s", diff)
		}
	})
}

// TestOpenAtOnce: the first calls of several connectors make one desk.
func TestOpenAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		var wg sync.WaitGroup
		profiles, errs := make([]desk.Profile, 8), make([]error, 8)
		for i := range errs {
			d := must[desk.Desk](t)(desks.Connector(support))
			wg.Go(func() { profiles[i], errs[i] = d.Check(t.Context()) })
		}
		wg.Wait()
		for i, err := range errs {
			if err != nil || profiles[i].Self != "2" {
				t.Errorf("Check = %+v, %v; want our own account to be user 2", profiles[i], err)
			}
		}
	})
}

func TestSnapshot(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		conf := support
		conf.Seats = 10
		conf.Settings = map[string]string{builtin.SettingCompany: "Acme", builtin.SettingTimezone: "Europe/Prague", builtin.SettingOwnerEmail: "boss@example.test"}
		ctx, d := t.Context(), connect(t, desks, conf)
		ada := must[*provision.DeskUser](t)(d.Create(ctx, agent("ada@example.test", "Support", "Billing")))
		for _, n := range []builtin.NewConversation{
			{Mailbox: "Support", Assignee: desk.Assignee{User: ada.ID}},
			{Mailbox: "Support", Assignee: desk.Assignee{User: ada.ID}, Status: "closed"},
			{Mailbox: "Billing", Assignee: desk.Assignee{Team: "billing"}},
			{Mailbox: "Billing"},
			{Mailbox: "support", Status: "pending"},
		} {
			must[string](t)(desks.AddConversation(ctx, conf.ID, n))
		}
		want := builtin.Snapshot{
			Desk: conf.ID, Company: "Acme", Timezone: "Europe/Prague", Seats: 10, SeatsTaken: 1,
			Users: []builtin.UserState{
				{DeskUser: provision.DeskUser{ID: "1", Email: "boss@example.test", DisplayName: "Account Owner", GivenName: "Account", FamilyName: "Owner", Active: true, Role: provision.RoleOwner}},
				{DeskUser: provision.DeskUser{ID: "2", Email: "deskbridge@support.invalid", DisplayName: "Deskbridge Bridge", GivenName: "Deskbridge", FamilyName: "Bridge", Active: true, Role: provision.RoleAdmin, NotPerson: "service account"}, Service: true},
				{DeskUser: provision.DeskUser{ID: "7", Email: "ada@example.test", DisplayName: "Ada Byron", GivenName: "Ada", FamilyName: "Byron", Active: true, Role: provision.RoleAgent,
					Teams: []string{"Billing", "Support"}, Mailboxes: []string{"Billing", "Support"}}, Conversations: 1},
			},
			Teams: []string{"Billing", "Support"}, Mailboxes: []string{"Billing", "Support"},
			Unassigned: 2, Assigned: map[string]int{"Billing": 1},
		}
		if diff := cmp.Diff(want, must[builtin.Snapshot](t)(desks.Snapshot(ctx, conf.ID)), cmpopts.IgnoreFields(provision.DeskUser{}, "MadeAt")); diff != "" {
			t.Errorf("Snapshot (-want +got):\n%s", diff)
		}
	})
}

// TestOpenMakesTeamsAndMailboxes from the settings, once, and takes none away.
func TestOpenMakesTeamsAndMailboxes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		conf := support
		conf.Settings = map[string]string{builtin.SettingTeams: "Tier 1, Tier 2,", builtin.SettingMailboxes: "Help & Returns"}
		for _, teams := range []string{"Tier 1, Tier 2,", "tier 2"} {
			conf.Settings[builtin.SettingTeams] = teams
			d := must[desk.Desk](t)(desks.Connector(conf))
			got := must[desk.Profile](t)(d.Check(t.Context()))
			want := desk.Profile{Self: "2", Teams: []string{"Tier 1", "Tier 2"}, Mailboxes: []string{"Help & Returns"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("with teams %q (-want +got):\n%s", teams, diff)
			}
		}
	})
}

// TestAdd: names are taken in any letter case, and asking twice makes one.
func TestAdd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		ctx := t.Context()
		connect(t, desks, support)
		if a, b := must[string](t)(desks.AddTeam(ctx, support.ID, "Support")), must[string](t)(desks.AddTeam(ctx, support.ID, " SUPPORT ")); a != b {
			t.Errorf("two teams: %s and %s", a, b)
		}
		_, err := desks.AddTeam(ctx, support.ID, " ")
		wantPermanent(t, "a team without a name", err)
		_, err = desks.AddMailbox(ctx, support.ID, "Sales", "no address")
		wantPermanent(t, "a mailbox without an address", err)
		_, err = desks.AddConversation(ctx, support.ID, builtin.NewConversation{Mailbox: "Nowhere"})
		wantPermanent(t, "a conversation in no mailbox", err)
		_, err = desks.AddConversation(ctx, support.ID, builtin.NewConversation{Mailbox: "Support", Status: "done"})
		wantPermanent(t, "a conversation in no known state", err)
		_, err = desks.AddConversation(ctx, support.ID, builtin.NewConversation{Mailbox: "Support", Assignee: desk.Assignee{User: "2", Team: "Support"}})
		wantPermanent(t, "a conversation with two assignees", err)
		if _, err := desks.AddTeam(ctx, "unknown", "Support"); desk.KindOf(err) != desk.NotFound {
			t.Errorf("a team on no desk: %v", err)
		}
	})
}

// TestSettings: all mistakes are told at once, and no I/O is needed for it.
func TestSettings(t *testing.T) {
	desks := new(builtin.Desks)
	bad := support
	bad.Seats = -1
	bad.Settings = map[string]string{"timezone": "Mars/Olympus", "owner_email": "boss", "company": " ", "colour": "red"}
	_, err := desks.Connector(bad)
	if err == nil {
		t.Fatal("Connector accepts nonsense")
	}
	for _, field := range []string{"settings.timezone", "settings.owner_email", "settings.company", "settings.colour", "seats"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
	if _, err := builtin.New(nil, "mysql"); err == nil {
		t.Error("New accepts an unknown database")
	}
}

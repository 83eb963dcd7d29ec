package builtin_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

func agent(email string, units ...string) provision.DeskUser {
	return provision.DeskUser{Email: email, GivenName: "Ada", FamilyName: "Byron", Active: true, Role: provision.RoleAgent, Teams: units, Mailboxes: units}
}

// must returns v, and fails the test on an error.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantPermanent(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || desk.KindOf(err) != desk.Permanent {
		t.Errorf("%s: %v, want a permanent refusal", what, err)
	}
}

// TestProtected: nothing that Deskbridge is asked to do touches the owner and
// the service account.
func TestProtected(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		ctx, d := t.Context(), connect(t, desks, support)
		before := must[builtin.Snapshot](t)(desks.Snapshot(ctx, support.ID))
		for _, id := range []provision.DeskUserID{"1", "2"} {
			wantPermanent(t, "SetProfile", d.SetProfile(ctx, id, agent("thief@example.test")))
			wantPermanent(t, "SetRole", d.SetRole(ctx, id, provision.RoleAgent))
			wantPermanent(t, "ChangeTeams", d.ChangeTeams(ctx, id, []string{"Support"}, nil))
			wantPermanent(t, "ChangeMailboxes", d.ChangeMailboxes(ctx, id, []string{"Support"}, nil))
			wantPermanent(t, "SetActive", d.SetActive(ctx, id, false))
			wantPermanent(t, "Delete", d.Delete(ctx, id))
			wantPermanent(t, "Anonymize", d.Anonymize(ctx, id))
			wantPermanent(t, "EndSessions", d.EndSessions(ctx, id))
		}
		owner := agent("second-owner@example.test")
		owner.Role = provision.RoleOwner
		_, err := d.Create(ctx, owner)
		wantPermanent(t, "Create of an owner", err)
		if diff := cmp.Diff(before, must[builtin.Snapshot](t)(desks.Snapshot(ctx, support.ID))); diff != "" {
			t.Errorf("the desk changed:\n%s", diff)
		}
	})
}

// TestLimited: light users are in no team and own no conversation.
func TestLimited(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		ctx, d := t.Context(), connect(t, desks, support)
		limited := agent("linus@example.test", "Support")
		limited.Role = provision.RoleLimited
		_, err := d.Create(ctx, limited)
		wantPermanent(t, "Create in a team", err)
		if got := must[*provision.DeskUser](t)(d.Find(ctx, desk.Key{Email: limited.Email})); got != nil {
			t.Errorf("the refused create left %+v", got)
		}
		limited.Teams = nil
		id := must[*provision.DeskUser](t)(d.Create(ctx, limited)).ID
		wantPermanent(t, "ChangeTeams", d.ChangeTeams(ctx, id, []string{"Support"}, nil))
		c := must[string](t)(desks.AddConversation(ctx, support.ID, builtin.NewConversation{Mailbox: "Support"}))
		wantPermanent(t, "Assign", d.Assign(ctx, c, desk.Assignee{User: id}))
		if got := desks.ReadAssignee(support.ID)(t, c); got != (desk.Assignee{}) {
			t.Errorf("the conversation went to %+v", got)
		}
	})
}

// TestRoleTakesAway: what a user may no longer own goes back to the queue, and
// what is closed stays as it was.
func TestRoleTakesAway(t *testing.T) {
	eachDatabase(t, testRoleTakesAway)
}

func testRoleTakesAway(t *testing.T, desks *builtin.Desks) {
	for _, tt := range []struct {
		name       string
		change     func(t *testing.T, d desk.Desk, id provision.DeskUserID) error
		wantTeams  []string
		wantOpen   int
		wantClosed desk.Assignee
	}{
		{"to light user", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.SetRole(t.Context(), id, provision.RoleLimited)
		}, nil, 0, desk.Assignee{User: "7"}},
		{"to no role: teams are there when the person comes back", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.SetRole(t.Context(), id, provision.RoleNone)
		}, []string{"Billing", "Support"}, 0, desk.Assignee{User: "7"}},
		{"to admin", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.SetRole(t.Context(), id, provision.RoleAdmin)
		}, []string{"Billing", "Support"}, 2, desk.Assignee{User: "7"}},
		{"out of one mailbox", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.ChangeMailboxes(t.Context(), id, nil, []string{"billing"})
		}, []string{"Billing", "Support"}, 1, desk.Assignee{User: "7"}},
		{"deactivated", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.SetActive(t.Context(), id, false)
		}, []string{"Billing", "Support"}, 2, desk.Assignee{User: "7"}},
		{"anonymized", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.Anonymize(t.Context(), id)
		}, nil, 0, desk.Assignee{User: "7"}},
		{"deleted", func(t *testing.T, d desk.Desk, id provision.DeskUserID) error {
			return d.Delete(t.Context(), id)
		}, nil, 0, desk.Assignee{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conf := support
			conf.ID = provision.NewID[provision.DeskID]()
			ctx, d := t.Context(), connect(t, desks, conf)
			ada := must[*provision.DeskUser](t)(d.Create(ctx, agent("ada@example.test", "Support", "Billing")))
			closed := ""
			for _, n := range []builtin.NewConversation{{Mailbox: "Support"}, {Mailbox: "Billing", Status: "pending"}, {Mailbox: "Support", Status: "closed"}} {
				n.Assignee = desk.Assignee{User: ada.ID}
				closed = must[string](t)(desks.AddConversation(ctx, conf.ID, n))
			}
			if err := tt.change(t, d, ada.ID); err != nil {
				t.Fatal(err)
			}
			if open := must[[]desk.Conversation](t)(d.OpenConversations(ctx, ada.ID, 10)); len(open) != tt.wantOpen {
				t.Errorf("%d open conversations, want %d", len(open), tt.wantOpen)
			}
			if got := desks.ReadAssignee(conf.ID)(t, closed); got != tt.wantClosed {
				t.Errorf("the closed conversation is with %+v, want %+v", got, tt.wantClosed)
			}
			var teams []string
			if got := must[*provision.DeskUser](t)(d.Find(ctx, desk.Key{ID: ada.ID})); got != nil {
				teams = got.Teams
			}
			if diff := cmp.Diff(tt.wantTeams, teams); diff != "" {
				t.Errorf("teams (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAddressIsFreeAgain after its user is gone, and ids are not.
func TestAddressIsFreeAgain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		ctx, d := t.Context(), connect(t, desks, support)
		want := agent("ada@example.test")
		want.ExternalID = "0198c0de-0000-7000-8000-00000000000a"
		seen := make(map[provision.DeskUserID]bool)
		for _, end := range []func(id provision.DeskUserID) error{
			func(id provision.DeskUserID) error { return d.Delete(ctx, id) },
			func(id provision.DeskUserID) error { return d.Anonymize(ctx, id) },
			func(id provision.DeskUserID) error { return nil },
		} {
			made := must[*provision.DeskUser](t)(d.Create(ctx, want))
			if seen[made.ID] {
				t.Errorf("id %s is used again", made.ID)
			}
			seen[made.ID] = true
			if err := end(made.ID); err != nil {
				t.Fatal(err)
			}
		}
		other := agent("grace@example.test")
		other.ExternalID = want.ExternalID
		if _, err := d.Create(ctx, other); desk.KindOf(err) != desk.Conflict {
			t.Errorf("Create with a taken external id: %v", err)
		}
	})
}

// TestSeats: twenty people at once want five seats, by the connector and by the API.
func TestSeats(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		conf := support
		conf.Seats = 5
		ctx, d := t.Context(), connect(t, desks, conf)
		resting := agent("resting@example.test")
		resting.Active = false
		spare := must[*provision.DeskUser](t)(d.Create(ctx, resting)).ID
		resting.Email, resting.Active, resting.Role = "none@example.test", true, provision.RoleNone
		none := must[*provision.DeskUser](t)(d.Create(ctx, resting)).ID

		errs := make([]error, 20)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = d.Create(ctx, agent(string(provision.NewID[provision.AccountID]())+"@example.test"))
			})
		}
		wg.Wait()
		var made int
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			wantPermanent(t, "Create without a seat", err)
		}
		if s := must[builtin.Snapshot](t)(desks.Snapshot(ctx, conf.ID)); made != 5 || s.SeatsTaken != 5 {
			t.Errorf("%d were made and %d seats taken, want 5", made, s.SeatsTaken)
		}
		wantPermanent(t, "SetActive without a seat", d.SetActive(ctx, spare, true))
		wantPermanent(t, "SetRole without a seat", d.SetRole(ctx, none, provision.RoleAgent))

		conf.Seats = 7 // as an admin raises it
		if err := desks.Open(ctx, conf); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{d.SetActive(ctx, spare, true), d.SetRole(ctx, none, provision.RoleLimited)} {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// TestDesksAreApart: two desks in one database share nothing, ids included.
func TestDesksAreApart(t *testing.T) {
	eachDatabase(t, func(t *testing.T, desks *builtin.Desks) {
		ctx, here := t.Context(), connect(t, desks, support)
		second := support
		second.ID, second.Name = "0198c0de-0000-7000-8000-000000000002", "sales"
		there := connect(t, desks, second)
		before := must[builtin.Snapshot](t)(desks.Snapshot(ctx, second.ID))

		same := agent("ada@example.test", "Support")
		same.ExternalID = "0198c0de-0000-7000-8000-00000000000a"
		ada := must[*provision.DeskUser](t)(here.Create(ctx, same))
		if got := must[*provision.DeskUser](t)(there.Find(ctx, desk.Key{ID: ada.ID, ExternalID: ada.ExternalID, Email: ada.Email})); got != nil {
			t.Errorf("the other desk finds %+v", got)
		}
		if diff := cmp.Diff(before, must[builtin.Snapshot](t)(desks.Snapshot(ctx, second.ID))); diff != "" {
			t.Errorf("the other desk changed:\n%s", diff)
		}
		twin := must[*provision.DeskUser](t)(there.Create(ctx, same))
		if twin.ID != ada.ID {
			t.Errorf("ids depend on other desks: %s, want %s", twin.ID, ada.ID)
		}
		if err := here.Delete(ctx, ada.ID); err != nil {
			t.Fatal(err)
		}
		if got := must[*provision.DeskUser](t)(there.Find(ctx, desk.Key{Email: ada.Email})); got == nil || len(got.Teams) != 1 {
			t.Errorf("the other desk has lost its user: %+v", got)
		}
	})
}

func TestFit(t *testing.T) {
	d := must[desk.Desk](t)((&builtin.Desks{}).Connector(support))
	long := strings.Repeat("é", 45)
	for _, tt := range []struct {
		name       string
		want, fits provision.DeskUser
	}{
		{"as it is", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Ada Byron"},
			provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Ada Byron"}},
		{"another display name is not shown", provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Countess of Lovelace"},
			provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Ada Byron"}},
		{"from the display name alone", provision.DeskUser{DisplayName: "Ada Augusta Byron"},
			provision.DeskUser{GivenName: "Ada Augusta", FamilyName: "Byron", DisplayName: "Ada Augusta Byron"}},
		{"one name", provision.DeskUser{DisplayName: "Madonna"}, provision.DeskUser{GivenName: "Madonna", DisplayName: "Madonna"}},
		{"only a family name", provision.DeskUser{FamilyName: "Byron", DisplayName: "Byron"}, provision.DeskUser{FamilyName: "Byron", DisplayName: "Byron"}},
		{"nothing but an address", provision.DeskUser{Email: "ada@example.test"},
			provision.DeskUser{Email: "ada@example.test", GivenName: "ada", DisplayName: "ada"}},
		{"long names are cut by characters", provision.DeskUser{GivenName: long, FamilyName: long, Title: strings.Repeat("é", 60)},
			provision.DeskUser{GivenName: long[:80], FamilyName: long[:80], DisplayName: long[:80] + " " + long[:80], Title: strings.Repeat("é", 50)}},
		{"control characters go", provision.DeskUser{GivenName: "A\x00da\n", FamilyName: "By\xffron", DisplayName: "x"},
			provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", DisplayName: "Ada Byron"}},
		{"an unknown time zone is the company's", provision.DeskUser{DisplayName: "Ada", Timezone: "Mars/Olympus"},
			provision.DeskUser{GivenName: "Ada", DisplayName: "Ada"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.fits.Role = provision.RoleNone
			if diff := cmp.Diff(tt.fits, d.Fit(tt.want)); diff != "" {
				t.Errorf("Fit (-want +got):\n%s", diff)
			}
		})
	}
}

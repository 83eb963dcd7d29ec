package chatwoot

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

func wantKind(t *testing.T, err error, kind desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %s with %q", err, kind, words)
	}
}

func person(name string) provision.DeskUser {
	return provision.DeskUser{ExternalID: "account-" + name, Email: name + "@example.test", DisplayName: name + " Byron", Active: true, Role: provision.RoleAgent}
}

// TestInboxesOfOldBuilds: who is in an inbox stays when somebody joins or leaves,
// whether a build adds or replaces.
func TestInboxesOfOldBuilds(t *testing.T) {
	for name, old := range map[string]bool{"replaces": true, "adds": false} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.old = old
			ada, bob, eve := f.add("Ada", "ada@example.test", plainAgent), f.add("Bob", "bob@example.test", plainAgent), f.add("Eve", "eve@example.test", plainAgent)
			f.in[inboxes][1] = []int64{1, bob.ID}
			d := f.connect(t)
			for _, step := range []struct {
				who  *fakeAgent
				in   bool
				want []int64
			}{{ada, true, []int64{1, ada.ID, bob.ID}}, {bob, false, []int64{1, ada.ID}}, {bob, false, []int64{1, ada.ID}}, {eve, true, []int64{1, ada.ID, eve.ID}}} {
				names := []string{"help"}
				add, remove := names, []string(nil)
				if !step.in {
					add, remove = nil, names
				}
				if err := d.ChangeMailboxes(t.Context(), step.who.id(), add, remove); err != nil {
					t.Fatal(err)
				}
				got := slices.Sorted(slices.Values(f.in[inboxes][1]))
				if slices.Sort(step.want); !slices.Equal(got, step.want) {
					t.Fatalf("%s in %t: members are %v, want %v", step.who.Name, step.in, got, step.want)
				}
			}
		})
	}
}

func (a *fakeAgent) id() provision.DeskUserID { return userID(a.ID) }

// TestTeamGivesNoInbox: an agent who is in the team alone gets no conversation of an
// inbox, an administrator does.
func TestTeamGivesNoInbox(t *testing.T) {
	f := newFake(t)
	ada, boss := f.add("Ada", "ada@example.test", plainAgent), f.add("Boss", "boss@example.test", administrator)
	f.in[teams][3] = []int64{ada.ID}
	f.conversations = []*fakeConversation{{ID: 11, Inbox: 1, Agent: 1, Status: "open"}}
	d := f.connect(t)
	wantKind(t, d.Assign(t.Context(), "11", desk.Assignee{User: ada.id()}), desk.Permanent, "Collaborators")
	if f.conversations[0].Agent != 1 {
		t.Errorf("it went to %d", f.conversations[0].Agent)
	}
	if err := d.Assign(t.Context(), "11", desk.Assignee{User: boss.id()}); err != nil || f.conversations[0].Agent != boss.ID {
		t.Errorf("%v, %d", err, f.conversations[0].Agent)
	}
}

// TestTeamThatTheLeaverIsIn: a conversation that is given to the agent's own team is
// taken from the agent all the same.
func TestTeamThatTheLeaverIsIn(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "ada@example.test", plainAgent)
	f.in[teams][3] = []int64{ada.ID}
	f.conversations = []*fakeConversation{{ID: 11, Inbox: 1, Agent: ada.ID, Status: "snoozed"}}
	err := f.connect(t).Assign(t.Context(), "11", desk.Assignee{Team: "Support"})
	if c := f.conversations[0]; err != nil || c.Team != 3 || c.Agent != 0 {
		t.Errorf("%v, %+v", err, c)
	}
}

// TestBotsAreLeftAlone: a bot with the number of an agent has what it has.
func TestBotsAreLeftAlone(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "ada@example.test", plainAgent)
	f.conversations = []*fakeConversation{{ID: 11, Inbox: 1, Agent: ada.ID, Status: "pending", Bot: true}, {ID: 12, Inbox: 1, Agent: ada.ID, Status: "resolved"}}
	d := f.connect(t)
	if got, err := d.OpenConversations(t.Context(), ada.id(), 10); err != nil || len(got) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := d.Assign(t.Context(), "11", desk.Assignee{}); err != nil || !f.conversations[0].Bot {
		t.Errorf("%v, %+v", err, f.conversations[0])
	}
}

// TestCustomRoles: a role of the account's own making is access, and is never
// overwritten.
func TestCustomRoles(t *testing.T) {
	f := newFake(t)
	ada, odd := f.add("Ada", "ada@example.test", plainAgent), f.add("Odd", "odd@example.test", "supervisor")
	ada.Custom = 4
	d := f.connect(t)
	for _, a := range []*fakeAgent{ada, odd} {
		if got, err := d.Find(t.Context(), desk.Key{ID: a.id()}); err != nil || got.Role != provision.RoleAgent {
			t.Errorf("%+v, %v", got, err)
		}
		for _, role := range []provision.Role{provision.RoleAgent, provision.RoleAdmin} {
			wantKind(t, d.SetRole(t.Context(), a.id(), role), desk.Permanent, "custom role")
		}
	}
	if ada.Role != plainAgent || odd.Role != "supervisor" {
		t.Errorf("%+v, %+v", ada, odd)
	}
}

// TestAddressesOfOthers: whoever has a user in another account joins with it, or an
// admin is told what to do; and their record is not touched.
func TestAddressesOfOthers(t *testing.T) {
	f := newFake(t)
	other := f.add("Somebody", "ada@example.test", plainAgent)
	other.Elsewhere, f.strict = true, true
	d := f.connect(t)
	_, err := d.Create(t.Context(), person("ada"))
	wantKind(t, err, desk.Permanent, "another account")
	if !other.Elsewhere {
		t.Error("they are in")
	}
	f.strict = false
	got, err := d.Create(t.Context(), person("ada"))
	if err != nil || got.ID != other.id() || got.DisplayName != "Somebody" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoSeat(t *testing.T) {
	f := newFake(t)
	f.seats = 1
	_, err := f.connect(t).Create(t.Context(), person("ada"))
	wantKind(t, err, desk.Permanent, "no seat left")
}

// TestDeletions: who is still shown after a deletion is not gone; and what a job has not
// cleaned up yet is nobody's.
func TestDeletions(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "ada@example.test", plainAgent)
	f.lazy, f.halt = 2, true
	d := f.connect(t)
	if e := desk.AcceptedOnly(d.Delete(t.Context(), ada.id())); e == nil {
		t.Error("a deletion that does not show is called done")
	}
	if f.lazy = 0; d.Delete(t.Context(), ada.id()) != nil {
		t.Error("a deletion that shows is not called done")
	}
	if got, err := d.Find(t.Context(), desk.Key{ID: ada.id(), Email: ada.Email}); err != nil || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestProfile: a name is changed, an address is the person's to change.
func TestProfile(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "ada@example.test", plainAgent)
	d := f.connect(t)
	want := person("ada")
	if err := d.SetProfile(t.Context(), ada.id(), want); err != nil || ada.Name != "ada Byron" {
		t.Errorf("%v, %+v", err, ada)
	}
	want.Email, want.DisplayName = "new@example.test", "Other"
	wantKind(t, d.SetProfile(t.Context(), ada.id(), want), desk.CannotDo, "Profile Settings")
	if ada.Name != "ada Byron" || ada.Email != "ada@example.test" {
		t.Errorf("%+v", ada)
	}
}

// TestForeignAnswers: what is not Chatwoot's, or not all of it, says nothing about
// anybody.
func TestForeignAnswers(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		text   string
	}{
		"a path that is not there": {404, `{"status":404,"error":"Not Found"}`},
		"somebody else's 404":      {404, `{"message":"Not Found"}`},
		"nobody at all":            {200, `[]`},
		"others only":              {200, `[{"id":2,"account_id":7,"email":"x@example.test","role":"agent"}]`},
		"another account's":        {200, `[{"id":1,"account_id":3,"email":"x@example.test","role":"agent"}]`},
		"half a record":            {200, `[{"id":1,"account_id":7,"name":"Bridge"}]`},
		"no list":                  {200, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/api/v1/accounts/7/agents" {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(answer.status)
				_, _ = w.Write([]byte(answer.text))
				return true
			}
			got, err := f.connect(t).Find(t.Context(), desk.Key{ID: "2", Email: "x@example.test"})
			if got != nil || desk.KindOf(err) != desk.Retryable || err == nil {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestCheckProblems(t *testing.T) {
	f := newFake(t)
	f.agents[0].Role = plainAgent
	p, err := f.connect(t).Check(t.Context())
	if err != nil || p.Self != "1" || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], "no administrator of account 7") {
		t.Errorf("%+v, %v", p, err)
	}
	ada := f.add("Ada", "ada@example.test", plainAgent)
	wantKind(t, f.connect(t).SetRole(t.Context(), ada.id(), provision.RoleAdmin), desk.Permanent, "administrator of the account")
}

// TestPlacesOfOneName: of two inboxes with one name nobody chooses.
func TestPlacesOfOneName(t *testing.T) {
	f := newFake(t)
	f.inboxes[12] = "HELP "
	ada := f.add("Ada", "ada@example.test", plainAgent)
	wantKind(t, f.connect(t).ChangeMailboxes(t.Context(), ada.id(), []string{"Help"}, nil), desk.Permanent, "rename all but one")
}

func TestFit(t *testing.T) {
	d := newFake(t).connect(t)
	for _, tt := range []struct {
		want provision.DeskUser
		show string
	}{
		{provision.DeskUser{DisplayName: "Countess", GivenName: "Ada", FamilyName: "Byron"}, "Countess"},
		{provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", Title: "Countess", Phone: "1"}, "Ada Byron"},
		{provision.DeskUser{DisplayName: " A\nda\x00 "}, "A da"},
		{provision.DeskUser{DisplayName: strings.Repeat("ä", 300)}, strings.Repeat("ä", 255)},
		{provision.DeskUser{Timezone: "UTC"}, ""},
	} {
		if diff := cmp.Diff(provision.DeskUser{DisplayName: tt.show}, d.Fit(tt.want)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestNew(t *testing.T) {
	const home = "https://chat.example.test"
	account := map[string]string{"account": "7"}
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "address, account and token", URL: home, Secret: fakeToken, Settings: account},
		{Name: "below a path", URL: "https://example.test/chat/", Secret: fakeToken, Settings: account},
		{Name: "http by choice", URL: "http://chat:3000", Secret: fakeToken, Settings: map[string]string{"account": "7", "allow_http": "true"}},
		{Name: "http elsewhere", URL: "http://chat.example.test", Secret: fakeToken, Settings: account, Mistakes: []string{"url"}},
		{Name: "no account", URL: home, Secret: fakeToken, Mistakes: []string{"settings.account"}},
		{Name: "a name for an account", URL: home, Secret: fakeToken, Settings: map[string]string{"account": "../3"}, Mistakes: []string{"settings.account"}},
		{Name: "a password for a token", URL: home, Secret: "hunter2", Settings: account, Mistakes: []string{"secret"}},
		{Name: "a token and a line break", URL: home, Secret: fakeToken + "\nX-Evil: 1", Settings: account, Mistakes: []string{"secret"}},
		{Name: "all mistakes at once", URL: "chat", Settings: map[string]string{"allow_http": "1", "inbox": "x"},
			Mistakes: []string{"settings.allow_http", "settings.inbox", "settings.account", "secret", "url"}},
	})
}

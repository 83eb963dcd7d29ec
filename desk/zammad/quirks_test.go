package zammad

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

func wantKind(t *testing.T, err error, kind desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %s with %q", err, kind, words)
	}
}

func (f *fake) id(u *fakeUser) provision.DeskUserID { return provision.DeskUserID(number(u.ID)) }

func person(name string) provision.DeskUser {
	return provision.DeskUser{ExternalID: "account-" + name, Email: name + "@example.test", GivenName: name, FamilyName: "Byron", DisplayName: name + " Byron",
		Active: true, Role: provision.RoleAgent, Teams: []string{"Support"}}
}

// TestGroupsOfOthersStay: a change of groups keeps the levels of the other groups, and
// gives the levels that the settings say.
func TestGroupsOfOthersStay(t *testing.T) {
	f := newFake(t)
	u := f.add("Ada", "ada@example.test", 2, 3)
	u.Groups = access{2: {"read", "overview"}, 3: {"full"}}
	d := f.connect(t, "group_access", "Read, change")
	for _, step := range []struct {
		add, remove []string
		want        access
	}{
		{[]string{"support"}, nil, access{1: {"change", "read"}, 2: {"read", "overview"}, 3: {"full"}}},
		{[]string{"Billing", "Sales::Europe"}, nil, access{1: {"change", "read"}, 2: {"change", "read"}, 3: {"full"}}},
		{nil, []string{"Support", "Sales::Europe", "No More"}, access{2: {"change", "read"}}},
		{nil, []string{"Billing"}, access{}},
	} {
		if err := d.ChangeTeams(t.Context(), f.id(u), step.add, step.remove); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, u.Groups); diff != "" {
			t.Errorf("add %q, remove %q (-want +got):\n%s", step.add, step.remove, diff)
		}
	}
	if !slices.Equal(u.Roles, []int64{2, 3}) || u.Preferences != "theirs" {
		t.Errorf("more than groups has changed: %+v", u)
	}
}

// TestGroupsThatAreNotShownStay: what is stored of somebody inactive, or of no agent,
// outlives a leave, and is not written.
func TestGroupsThatAreNotShownStay(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	made, err := d.Create(t.Context(), person("ada"))
	if err != nil {
		t.Fatal(err)
	}
	u := f.user(f.users[len(f.users)-1].ID)
	want := access{1: {"full"}, 2: {"read"}}
	u.Groups[2] = []string{"read"}
	step := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, u.Groups); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", what, diff)
		}
	}
	step("deactivate", d.SetActive(t.Context(), made.ID, false))
	step("leave", d.ChangeTeams(t.Context(), made.ID, nil, []string{"Support", "Billing"}))
	step("no role", d.SetRole(t.Context(), made.ID, provision.RoleNone))
	err = d.ChangeTeams(t.Context(), made.ID, []string{"Sales::Europe"}, nil)
	wantKind(t, err, desk.Permanent, "inactive")
	step("activate", d.SetActive(t.Context(), made.ID, true))
	step("leave as a customer", d.ChangeTeams(t.Context(), made.ID, nil, []string{"Support"}))
	step("role", d.SetRole(t.Context(), made.ID, provision.RoleAgent))
	got, err := d.Find(t.Context(), desk.Key{ID: made.ID})
	if err != nil || !slices.Equal(got.Teams, []string{"Billing", "Support"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRoles: what a list of roles amounts to, and what stays of it.
func TestRoles(t *testing.T) {
	f := newFake(t)
	f.roles = append(f.roles, object{"id": 6, "name": "Boss", "active": true, "permissions": []string{"admin.user"}, "group_ids": access{}},
		object{"id": 7, "name": "Off", "active": false, "permissions": []string{"admin"}, "group_ids": access{}})
	d := f.connect(t)
	for _, tt := range []struct {
		has  []int64
		is   provision.Role
		to   provision.Role
		then []int64
		fail string
	}{
		{[]int64{3}, provision.RoleNone, provision.RoleAgent, []int64{2}, ""},
		{[]int64{2, 3}, provision.RoleAgent, provision.RoleAdmin, []int64{1, 2, 3}, ""},
		{[]int64{1}, provision.RoleAdmin, provision.RoleAgent, []int64{2}, ""},
		{[]int64{1, 2, 4}, provision.RoleAdmin, provision.RoleAgent, []int64{2, 4}, ""},
		{[]int64{4}, provision.RoleLimited, provision.RoleAgent, []int64{2, 4}, ""},
		{[]int64{5}, provision.RoleAgent, provision.RoleNone, []int64{3}, ""},
		{[]int64{7}, provision.RoleNone, provision.RoleAgent, []int64{2, 7}, ""},
		{[]int64{6, 2}, provision.RoleAdmin, provision.RoleAgent, []int64{2, 6}, "Boss"},
		{[]int64{2}, provision.RoleAgent, provision.RoleLimited, []int64{2}, "limited_role"},
	} {
		u := f.add("Ada", fmt.Sprintf("ada%v@example.test", tt.has), tt.has...)
		got, err := d.Find(t.Context(), desk.Key{ID: f.id(u)})
		if err != nil || got.Role != tt.is {
			t.Errorf("%v is %+v, %v, want %s", tt.has, got, err, tt.is)
		}
		err = d.SetRole(t.Context(), f.id(u), tt.to)
		if (err != nil) != (tt.fail != "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%v to %s: %v", tt.has, tt.to, err)
		}
		if slices.Sort(u.Roles); !slices.Equal(u.Roles, tt.then) {
			t.Errorf("%v to %s has %v, want %v", tt.has, tt.to, u.Roles, tt.then)
		}
	}
	wantKind(t, d.SetRole(t.Context(), "1", provision.RoleAgent), desk.Permanent, "Zammad's own")
}

// TestRightsThatAreIgnored: a token that may not give roles and groups is told by
// Check, and what it did not do by reading back.
func TestRightsThatAreIgnored(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	u := f.add("Ada", "ada@example.test", 2)
	f.weak = true
	p, err := d.Check(t.Context())
	if err != nil || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], "admin.user") {
		t.Errorf("%q, %v", p.Problems, err)
	}
	for what, err := range map[string]error{
		"SetRole":     d.SetRole(t.Context(), f.id(u), provision.RoleAdmin),
		"ChangeTeams": d.ChangeTeams(t.Context(), f.id(u), []string{"Billing"}, nil),
	} {
		if e := desk.AcceptedOnly(err); e == nil || !strings.Contains(e.Detail, "admin.user") {
			t.Errorf("%s: %v", what, err)
		}
	}
	made, err := d.Create(t.Context(), person("grace"))
	if desk.AcceptedOnly(err) == nil || made == nil || made.Role != provision.RoleNone {
		t.Errorf("%+v, %v", made, err)
	}
	f.weak, f.users[1].Roles = false, []int64{2}
	if p, err = d.Check(t.Context()); err != nil || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], "roles lack the permissions admin.user,") {
		t.Errorf("%q, %v", p.Problems, err)
	}
}

func TestCheckProblems(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		edit       func(*fake)
		pairs      []string
	}{
		{"an attribute that is not there", `no attribute "deskbridge"`, func(f *fake) { f.unmarked = true }, nil},
		{"a group without access", "groups Billing", func(f *fake) { f.users[1].Groups = access{1: {"full"}, 2: {"read"}, 3: {"full"}} }, nil},
		{"a role that is not there", `no active role "Lead"`, func(*fake) {}, []string{"agent_role", "Lead"}},
		{"an agent who is none", "makes nobody an agent", func(*fake) {}, []string{"agent_role", "Editor"}},
		{"a leaver with access", "left to a leaver", func(*fake) {}, []string{"customer_role", "Editor"}},
		{"sign-up as an agent", "signs up", func(f *fake) { f.roles[4]["default_at_signup"] = true }, nil},
		{"nobody instead", "replacement", func(*fake) {}, []string{"replacement", "nobody@example.test"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			tt.edit(f)
			p, err := f.connect(t, tt.pairs...).Check(t.Context())
			if err != nil || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], tt.want) {
				t.Errorf("%q, %v, want %q", p.Problems, err, tt.want)
			}
		})
	}
}

// TestTicketsOutOfSight: a leaver's tickets that are not shown are not handed over.
func TestTicketsOutOfSight(t *testing.T) {
	f := newFake(t)
	u := f.add("Ada", "ada@example.test", 2)
	u.Groups = access{2: {"full"}}
	f.tickets = []*fakeTicket{{ID: 7, Owner: u.ID, Group: 2, State: 2}, {ID: 8, Owner: u.ID, Group: 2, State: 4}, {ID: 9, Owner: u.ID, Group: 2, State: 7}}
	f.users[1].Groups = access{1: {"full"}}
	_, err := f.connect(t).OpenConversations(t.Context(), f.id(u), 10)
	wantKind(t, err, desk.Permanent, "Billing, Sales::Europe")
	f.roles[1]["group_ids"] = access{2: {"full"}, 3: {"full"}} // by a role of its own
	got, err := f.connect(t).OpenConversations(t.Context(), f.id(u), 10)
	want := []desk.Conversation{{ID: "7", Assignee: f.id(u), Mailbox: "Billing"}, {ID: "9", Assignee: f.id(u), Mailbox: "Billing"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestWhoMayOwn: where Zammad would silently take nobody for an owner, it is not
// asked, and the ticket stays whose it is.
func TestWhoMayOwn(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "ada@example.test", 2)
	ada.Groups = access{1: {"full"}}
	f.tickets = []*fakeTicket{{ID: 7, Owner: ada.ID, Group: 1, State: 2}}
	d := f.connect(t)
	reads, byRole, customer := f.add("Reads", "reads@example.test", 2), f.add("Role", "role@example.test", 5), f.add("Guest", "guest@example.test", 3)
	reads.Groups, customer.Groups = access{1: {"read", "change"}}, access{1: {"full"}}
	for _, u := range []*fakeUser{reads, byRole, customer, f.users[0]} {
		wantKind(t, d.Assign(t.Context(), "7", desk.Assignee{User: f.id(u)}), desk.Permanent, "may not own")
		if f.tickets[0].Owner != ada.ID {
			t.Fatalf("the ticket went from %d to %d", ada.ID, f.tickets[0].Owner)
		}
	}
	f.tickets[0].Group = 3
	if err := d.Assign(t.Context(), "7", desk.Assignee{User: f.id(byRole)}); err != nil || f.tickets[0].Owner != byRole.ID {
		t.Errorf("%v, owner %d", err, f.tickets[0].Owner)
	}
	members, err := d.TeamMembers(t.Context(), "sales::europe")
	if err != nil || !slices.Equal(members, []provision.DeskUserID{f.id(byRole)}) {
		t.Errorf("%v, %v", members, err)
	}
}

// TestManyUsers: with many customers the database is asked, and not the list.
func TestManyUsers(t *testing.T) {
	f := newFake(t)
	f.cap = 10
	for i := range 60 {
		f.add("Customer", fmt.Sprintf("c%d@example.test", i), 3)
	}
	u := f.add("Ada", "ada@example.test", 2)
	u.Mark = "account-ada"
	d := f.connect(t)
	for range 2 {
		for _, key := range []desk.Key{{Email: "ADA@example.test"}, {ExternalID: "account-ada"}} {
			if got, err := d.Find(t.Context(), key); err != nil || got == nil || got.ID != f.id(u) {
				t.Errorf("%+v: %+v, %v", key, got, err)
			}
		}
		if got, err := d.Find(t.Context(), desk.Key{ExternalID: "none", Email: "none@example.test"}); err != nil || got != nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if n := slices.Index(f.asked, "POST /users/search"); n < 0 || slices.Contains(f.asked[n:], "GET /users") {
		t.Errorf("asked %q", f.asked)
	}
	f.old = true // and does not understand the question
	if got, err := d.Find(t.Context(), desk.Key{Email: "ada@example.test"}); err != nil || got == nil || got.ID != f.id(u) {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range 200 {
		f.add("Customer", fmt.Sprintf("d%d@example.test", i), 3)
	}
	if _, _, err := d.List(t.Context(), ""); desk.KindOf(err) != desk.CannotDo {
		t.Errorf("List: %v", err)
	}
}

// TestTakenAddresses: an address is given to nobody twice, also where Zammad would.
func TestTakenAddresses(t *testing.T) {
	f := newFake(t)
	f.shared = true
	d := f.connect(t)
	customer := f.add("Ada", "ada@example.test", 3)
	_, err := d.Create(t.Context(), person("ada"))
	wantKind(t, err, desk.Conflict, "user "+number(customer.ID))
	grace, err := d.Create(t.Context(), person("grace"))
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.SetProfile(t.Context(), grace.ID, person("ada")), desk.Conflict, "already")
	f.add("Second", "ada@example.test", 3)
	_, err = d.Find(t.Context(), desk.Key{Email: "ada@example.test"})
	wantKind(t, err, desk.Permanent, "same e-mail address")
}

// TestNoSeat: a limit of agents is told as such, and nobody is made.
func TestNoSeat(t *testing.T) {
	f := newFake(t)
	f.seats = 1
	_, err := f.connect(t).Create(t.Context(), person("ada"))
	wantKind(t, err, desk.Permanent, "no seat left")
	if len(f.users) != 3 {
		t.Errorf("%d users", len(f.users))
	}
}

// TestDeletions: Zammad deletes later, or fails to.
func TestDeletions(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	u := f.add("Ada", "ada@example.test", 2)
	f.lazy = 12
	for range 2 { // the second finds it queued
		if e := desk.AcceptedOnly(d.Delete(t.Context(), f.id(u))); e == nil || !strings.Contains(e.Detail, "not done it yet") {
			t.Errorf("%v", e)
		}
	}
	if f.lazy = 0; d.Delete(t.Context(), f.id(u)) != nil || f.user(u.ID) != nil || len(f.tasks) != 1 {
		t.Errorf("%d tasks", len(f.tasks))
	}
	u = f.add("Ada", "ada@example.test", 2)
	f.fails = true
	err := d.Anonymize(t.Context(), f.id(u))
	wantKind(t, err, desk.Permanent, "System > Data Privacy")
	if desk.AcceptedOnly(err) != nil {
		t.Errorf("a failure is told as %v", err)
	}
}

// TestOutOfOffice: who leaves is out of office, with somebody instead; who returns is
// not. A holiday of their own is left alone.
func TestOutOfOffice(t *testing.T) {
	f := newFake(t)
	boss := f.add("Boss", "boss@example.test", 2)
	d := f.connect(t, "replacement", "boss@example.test")
	u := f.add("Ada", "ada@example.test", 2)
	today := time.Now().UTC().Format(time.DateOnly)
	if err := d.StopInflow(t.Context(), f.id(u)); err != nil || !u.Away || u.Replacement != boss.ID || u.AwayFrom > today || u.AwayUntil <= today {
		t.Fatalf("%v, %+v", err, u)
	}
	u.Active = false
	if err := d.SetActive(t.Context(), f.id(u), true); err != nil || u.Away {
		t.Errorf("%v, %+v", err, u)
	}
	u.Away, u.AwayFrom, u.AwayUntil, u.Replacement, u.Active = true, today, time.Now().Add(50*time.Hour).UTC().Format(time.DateOnly), 2, false
	was := *u
	err := errors.Join(d.StopInflow(t.Context(), f.id(u)), d.SetActive(t.Context(), f.id(u), true))
	was.Active = true
	if diff := cmp.Diff(&was, u); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	boss.Active = false
	ada := f.add("Ada", "ada2@example.test", 2)
	if err := d.StopInflow(t.Context(), f.id(ada)); err != nil || ada.Replacement != 2 {
		t.Errorf("%v, %+v", err, ada)
	}
}

// TestForeignAnswers: what is not Zammad's says nothing about anybody.
func TestForeignAnswers(t *testing.T) {
	for name, body := range map[string]struct {
		status int
		text   string
	}{
		"a path that is not there": {404, `{"error":"No route matches [GET] /x"}`},
		"somebody else's 404":      {404, `{"message":"Not Found"}`},
		"a page":                   {404, "<html>"},
		"another record":           {200, `{"id":9,"email":"x@example.test","active":true,"role_ids":[2],"group_ids":{}}`},
		"half a record":            {200, `{"id":3,"email":"x@example.test","active":true,"role_ids":[2]}`},
		"null for a state":         {200, `{"id":3,"email":"x@example.test","active":null,"role_ids":[2],"group_ids":{}}`},
		"a list":                   {200, `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(body.status)
				_, _ = w.Write([]byte(body.text))
				return true
			}
			got, err := f.connect(t).Find(t.Context(), desk.Key{ID: "3"})
			if got != nil || err == nil || desk.KindOf(err) != desk.Retryable {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestListThatShrinks: a search that says more than it shows is read again later.
func TestListThatShrinks(t *testing.T) {
	f := newFake(t)
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/tickets/search" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"records":[],"total_count":3}`))
		return true
	}
	_, err := f.connect(t).OpenConversations(t.Context(), "2", 10)
	wantKind(t, err, desk.Retryable, "fewer than it says")
}

func TestNew(t *testing.T) {
	const home = "https://zammad.example.test"
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "nothing but address and token", URL: home, Secret: fakeToken},
		{Name: "below a path", URL: "https://example.test/desk/", Secret: fakeToken},
		{Name: "all of it", URL: home, Secret: fakeToken, Settings: map[string]string{"admin_role": "Chief", "agent_role": "Helper", "limited_role": "Reader", "customer_role": "User",
			"group_access": "read, Change", "external_id_attribute": "deskbridge", "replacement": "desk@example.test", "invite": "true"}},
		{Name: "http elsewhere", URL: "http://zammad.example.test", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "a password in the address", URL: "https://admin:hunter2@zammad.example.test", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "a password for a token", URL: home, Secret: "hunter2", Mistakes: []string{"secret"}},
		{Name: "a token and a line break", URL: home, Secret: fakeToken + "\nX-Evil: 1", Mistakes: []string{"secret"}},
		{Name: "one role twice", URL: home, Secret: fakeToken, Settings: map[string]string{"limited_role": "customer"}, Mistakes: []string{"settings"}},
		{Name: "an attribute that Zammad has", URL: home, Secret: fakeToken, Settings: map[string]string{"external_id_attribute": "note"}, Mistakes: []string{"settings.external_id_attribute"}},
		{Name: "all mistakes at once", URL: "zammad", Settings: map[string]string{"allow_http": "1", "agent_role": "", "group_access": "full, read", "invite": "no", "replacement": "boss", "team": "x"},
			Mistakes: []string{"settings.agent_role", "settings.allow_http", "settings.group_access", "settings.invite", "settings.replacement", "settings.team", "secret", "url"}},
	})
}

func TestFit(t *testing.T) {
	d := newFake(t).connect(t)
	for _, tt := range []struct {
		name, given, family, shown string
		first, last                string
	}{
		{"both names", "Ada", "Byron", "Countess", "Ada", "Byron"},
		{"the name to be shown", "Ada", "", "Ada King Byron", "Ada King", "Byron"},
		{"small letters of one word", "", "", "madonna", "Madonna", ""},
		{"large ones", "ÄNNE", "", "", "Änne", ""},
		{"mixed ones stay", "", "McKay", "", "McKay", ""},
		{"of two words too", "ada", "byron", "", "ada", "byron"},
		{"a space that does not break", "", "", "Ada\u00a0Byron", "Ada", "Byron"},
		{"an address of the web", "Ada", "https://evil.example/x", "", "Ada", "evil.example/x"},
		{"lines", "A\nda", " Byron\x00", "", "A da", "Byron"},
		{"too long", strings.Repeat("ä", 120), "Byron", "", strings.Repeat("ä", 100), "Byron"},
		{"none", "", "", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := d.Fit(provision.DeskUser{GivenName: tt.given, FamilyName: tt.family, DisplayName: tt.shown, Email: "ada@xn--exmple-cua.test", Title: "Countess"})
			want := provision.DeskUser{GivenName: tt.first, FamilyName: tt.last, DisplayName: people.ShownName(tt.first, tt.last), Email: "ada@exämple.test"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

package freescout

import (
	"errors"
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
	return provision.DeskUser{ExternalID: "account-" + name, Email: name + "@example.test", GivenName: name, FamilyName: "Byron", Active: true, Role: provision.RoleAgent}
}

func (u *fakeUser) id() provision.DeskUserID { return userID(u.ID) }

// TestClicks: what the API cannot do, an administrator is told to do, at the user by number.
func TestClicks(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "Byron", "ada@example.test", wordUser)
	d := f.connect(t)
	for words, err := range map[string]error{
		"(id 2) > Profile; set Role to Administrator":                         d.SetRole(t.Context(), ada.id(), provision.RoleAdmin),
		"no role that stands for limited":                                     d.SetRole(t.Context(), ada.id(), provision.RoleLimited),
		`(id 2) > Permissions; tick "Shop", untick "Support"`:                 d.ChangeMailboxes(t.Context(), ada.id(), []string{"shop"}, []string{"Support", "gone"}),
		"(id 2) > Profile; bring name, e-mail, job title":                     d.SetProfile(t.Context(), ada.id(), person("ada")),
		"(id 2) > Profile; bring name and e-mail to":                          f.connect(t, "details", "false").SetProfile(t.Context(), ada.id(), person("ada")),
		"(id 2) > Profile; tick Disabled":                                     d.SetActive(t.Context(), ada.id(), false),
		"(id 2) > Profile; untick Disabled":                                   d.SetActive(t.Context(), ada.id(), true),
		"(id 2) > Profile; change First Name":                                 d.Anonymize(t.Context(), ada.id()),
		"the next click signs the user out":                                   d.EndSessions(t.Context(), ada.id()),
		"FreeScout has no teams; let rules name mailboxes":                    d.ChangeTeams(t.Context(), ada.id(), []string{"x"}, nil),
		"has no teams: set hand_over of the desk to an agent, or to unassign": d.Assign(t.Context(), "11", desk.Assignee{Team: "x"}),
	} {
		wantKind(t, err, desk.CannotDo, words)
	}
	err := d.ChangeMailboxes(t.Context(), ada.id(), []string{"Sales"}, nil)
	wantKind(t, err, desk.Permanent, `no mailbox "Sales"`)
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Place != "Sales" {
		t.Errorf("the place is %q", e.Place)
	}
	if slices.ContainsFunc(f.asked, func(a string) bool { return !strings.HasPrefix(a, "GET ") }) {
		t.Errorf("something was written: %q", f.asked)
	}
}

// TestHeirs: what a leaver still has goes, with the deletion, to the heir of its mailbox,
// closed conversations too; to nobody where the heir would not see it.
func TestHeirs(t *testing.T) {
	f := newFake(t)
	f.mailboxes[3] = "Lab"
	ada, boss, eve := f.add("Ada", "Byron", "ada@example.test", wordUser), f.add("Boss", "One", "boss@example.test", wordAdmin), f.add("Eve", "Two", "eve@example.test", wordUser)
	eve.mailboxes = []int64{2}
	for _, tt := range []struct {
		heirs string
		want  []int64 // of a conversation in each mailbox
		told  string  // by Check
	}{
		{"", []int64{0, 0, 0}, ""},
		{"boss@example.test, 2 = EVE@example.test", []int64{boss.ID, eve.ID, boss.ID}, ""},
		{"3=eve@example.test", []int64{0, 0, 0}, `"Lab", and does not see it`},
		{"nobody@example.test,9=boss@example.test", []int64{0, 0, 0}, "mailbox number 9"},
		{"ada@example.test", []int64{0, 0, 0}, `"Lab", and does not see it`}, // the leaver
	} {
		ada.Deleted, ada.Email, ada.mailboxes = false, "ada@example.test", []int64{1, 2}
		f.conversations = []*fakeConversation{{ID: 11, Mailbox: 1, User: ada.ID, Status: "closed", State: "published"},
			{ID: 12, Mailbox: 2, User: ada.ID, Status: "active", State: "published"}, {ID: 13, Mailbox: 3, User: ada.ID, Status: "active", State: "draft"}}
		var more []string
		if tt.heirs != "" {
			more = []string{"heirs", tt.heirs}
		}
		d := f.connect(t, more...)
		p, err := d.Check(t.Context())
		if problems := strings.Join(p.Problems, "\n"); err != nil || !strings.Contains(problems, tt.told) || tt.told == "" && problems != "" {
			t.Errorf("heirs %q: problems %q, %v", tt.heirs, problems, err)
		}
		if err := d.Delete(t.Context(), ada.id()); err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, c := range f.conversations {
			got = append(got, c.User)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("heirs %q: they have %v, want %v", tt.heirs, got, tt.want)
		}
	}
}

// TestDeletions: who is shown as before after a deletion is not gone; who is shown under
// an address that ends in FreeScout's own way is.
func TestDeletions(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "Byron", "ada@example.test", wordUser)
	f.deaf, f.showsGone = true, true
	d := f.connect(t)
	if e := desk.AcceptedOnly(d.Delete(t.Context(), ada.id())); e == nil {
		t.Error("a deletion that does not show is called done")
	}
	f.deaf = false
	if err := d.Delete(t.Context(), ada.id()); err != nil {
		t.Error(err)
	}
	for _, key := range []desk.Key{{ID: ada.id()}, {Email: ada.Email}, {Email: "ada@example.test"}} {
		if got, err := d.Find(t.Context(), key); err != nil || got != nil {
			t.Errorf("Find(%+v) = %+v, %v", key, got, err)
		}
	}
	users, _, err := d.List(t.Context(), "")
	if err != nil || len(users) != 1 {
		t.Errorf("List = %+v, %v", users, err)
	}
	wantKind(t, d.Delete(t.Context(), "1"), desk.Permanent, "acts in the name of user 1")
}

// TestNobody: a FreeScout that does not take back an assignee is not believed.
func TestNobody(t *testing.T) {
	f := newFake(t)
	f.noNobody = true
	id := f.converse("1", 1)[0]
	if e := desk.AcceptedOnly(f.connect(t).Assign(t.Context(), id, desk.Assignee{})); e == nil {
		t.Error("a conversation that stays is called unassigned")
	}
}

// TestConversations: what is closed, spam, a draft or deleted is nobody's work; what was
// merged is gone, and an address that leads elsewhere is no such thing.
func TestConversations(t *testing.T) {
	f := newFake(t)
	f.conversations = []*fakeConversation{
		{ID: 11, Mailbox: 1, User: 1, Status: "active", State: "published"}, {ID: 12, Mailbox: 1, User: 1, Status: "closed", State: "published"},
		{ID: 13, Mailbox: 1, User: 1, Status: "spam", State: "published"}, {ID: 14, Mailbox: 1, User: 1, Status: "active", State: "draft"},
		{ID: 15, Mailbox: 1, User: 1, Status: "active", State: "deleted"}, {ID: 16, Mailbox: 9, User: 1, Status: "pending", State: "published"},
		{ID: 17, Mailbox: 1, User: 1, Status: "active", State: "published", merged: 11},
	}
	d := f.connect(t)
	got, err := d.OpenConversations(t.Context(), "1", 10)
	want := []desk.Conversation{{ID: "11", Assignee: "1", Mailbox: "Support"}, {ID: "16", Assignee: "1"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	for _, gone := range []string{"15", "17", "99", "x"} {
		wantKind(t, d.Assign(t.Context(), gone, desk.Assignee{}), desk.NotFound, "no conversation")
	}
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, "https://elsewhere.example.test"+r.URL.Path, http.StatusMovedPermanently)
		return true
	}
	wantKind(t, d.Assign(t.Context(), "11", desk.Assignee{}), desk.Retryable, "redirects")
}

// TestCreate: who is made is a User with a password that nobody knows, shown late or not.
func TestCreate(t *testing.T) {
	f := newFake(t)
	f.slow = 2
	want := person("ada")
	want.Role = provision.RoleAdmin
	got, err := f.connect(t).Create(t.Context(), want)
	if err != nil || got.Role != provision.RoleAgent || got.DisplayName != "ada Byron" {
		t.Errorf("%+v, %v", got, err)
	}
	f.slow = 100
	if _, err := f.connect(t).Create(t.Context(), person("bob")); desk.AcceptedOnly(err) == nil {
		t.Errorf("%v, want a user who does not show", err)
	}
	want.Role = provision.RoleLimited
	_, err = f.connect(t).Create(t.Context(), want)
	wantKind(t, err, desk.Permanent, "no role for limited")
	want.Role, want.Email = provision.RoleAgent, "nobody"
	_, err = f.connect(t).Create(t.Context(), want)
	wantKind(t, err, desk.Permanent, "no e-mail address")
}

// TestForeignAnswers: what is not FreeScout's, or not all of it, says nothing about anybody.
func TestForeignAnswers(t *testing.T) {
	f := newFake(t)
	f.add("Ada", "Byron", "ada@example.test", wordUser)
	d := f.connect(t)
	for name, answer := range map[string]struct {
		status int
		form   string
		text   string
	}{
		"a page to sign in":                    {200, "text/html", "<html>"},
		"FreeScout itself, without the module": {404, "text/html; charset=UTF-8", "<!DOCTYPE html>"},
		"another record":                       {200, "application/json", `{"id":7,"email":"x@example.test","role":"user"}`},
		"half a record":                        {200, "application/json", `{"id":2,"firstName":"Ada"}`},
		"another list":                         {200, "application/json", `{"_embedded":{"users":[]},"page":{"number":7}}`},
		"an early end":                         {200, "application/json", `{"_embedded":{"users":[]},"page":{"number":1,"totalPages":2,"totalElements":60}}`},
		"no list":                              {200, "application/json", `{}`},
	} {
		f.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", answer.form)
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.text))
			return true
		}
		for _, key := range []desk.Key{{ID: "2"}, {Email: "ada@example.test"}} {
			if got, err := d.Find(t.Context(), key); got != nil || err == nil || desk.KindOf(err) != desk.Retryable {
				t.Errorf("%s: Find(%+v) = %+v, %v", name, key, got, err)
			}
		}
		if users, _, err := d.List(t.Context(), ""); err == nil {
			t.Errorf("%s: List = %+v", name, users)
		}
	}
	f.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return true
	}
	_, err := d.Create(t.Context(), person("bob"))
	wantKind(t, err, desk.Permanent, "update the module")
}

// TestRoles: a word that is not known is nobody's role, and keeps nobody else from the list.
func TestRoles(t *testing.T) {
	f := newFake(t)
	odd := f.add("Odd", "One", "odd@example.test", "superuser")
	f.add("Ada", "Byron", "ada@example.test", wordUser)
	f.pages = 2
	d := f.connect(t)
	_, err := d.Find(t.Context(), desk.Key{ID: odd.id()})
	wantKind(t, err, desk.Permanent, "does not know")
	first, next, err := d.List(t.Context(), "")
	if err != nil || next == "" || len(first) != 1 {
		t.Errorf("List = %+v, %q, %v", first, next, err)
	}
	last, end, err := d.List(t.Context(), next)
	if err != nil || end != "" || len(last) != 1 || last[0].Email != "ada@example.test" {
		t.Errorf("List = %+v, %q, %v", last, end, err)
	}
	if n, err := d.Admins(t.Context()); n != 1 || err != nil {
		t.Errorf("Admins = %d, %v", n, err)
	}
}

func TestCheckProblems(t *testing.T) {
	f := newFake(t)
	ada := f.add("Ada", "Byron", "ada@example.test", wordUser)
	for by, words := range map[string]string{"2": "is no administrator", "9": "there is no user 9"} {
		p, err := f.connect(t, "by_user", by).Check(t.Context())
		if err != nil || string(p.Self) != by || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], words) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	wantKind(t, f.connect(t, "by_user", "9").Delete(t.Context(), ada.id()), desk.Permanent, "HTTP 400")
}

func TestCheckRule(t *testing.T) {
	d := newFake(t).connect(t)
	for _, tt := range []struct {
		rule    provision.Rule
		want    int
		warning bool
	}{
		{provision.Rule{Role: provision.RoleAgent, Teams: []string{"x"}, Mailboxes: []string{"Support"}}, 1, false},
		{provision.Rule{Role: provision.RoleAgent}, 1, true},
		{provision.Rule{Role: provision.RoleAgent, Mailboxes: []string{"Support"}}, 0, false},
		{provision.Rule{Role: provision.RoleAdmin}, 0, false},
	} {
		if p := d.CheckRule(tt.rule); len(p) != tt.want || len(p) > 0 && p[0].Warning != tt.warning {
			t.Errorf("CheckRule(%+v) = %+v", tt.rule, p)
		}
	}
}

func TestFit(t *testing.T) {
	got := newFake(t).connect(t).Fit(provision.DeskUser{DisplayName: "Madonna", Title: strings.Repeat("é", 101), Phone: "1\n2", Timezone: "Middle Earth"})
	want := provision.DeskUser{GivenName: "Madonna", FamilyName: "-", DisplayName: "Madonna -", Title: strings.Repeat("é", 100), Phone: "1 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = newFake(t).connect(t, "details", "false").Fit(provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", Title: "Countess", Timezone: "UTC"})
	if got.Title+got.Timezone != "" {
		t.Errorf("%+v", got)
	}
}

func TestNew(t *testing.T) {
	const home = "https://desk.example.test"
	by := map[string]string{"by_user": "1"}
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "address, user and key", URL: home, Secret: fakeKey, Settings: by},
		{Name: "below a path, with heirs", URL: "https://example.test/help/", Secret: fakeKey, Settings: map[string]string{"by_user": "1", "heirs": "a@example.test, 2 = b@example.test"}},
		{Name: "http by choice", URL: "http://desk", Secret: fakeKey, Settings: map[string]string{"by_user": "1", "allow_http": "true"}},
		{Name: "http elsewhere", URL: "http://desk.example.test", Secret: fakeKey, Settings: by, Mistakes: []string{"url"}},
		{Name: "nobody to act for", URL: home, Secret: fakeKey, Mistakes: []string{"settings.by_user"}},
		{Name: "a name in place of a number", URL: home, Secret: fakeKey, Settings: map[string]string{"by_user": "../2"}, Mistakes: []string{"settings.by_user"}},
		{Name: "two heirs of one mailbox", URL: home, Secret: fakeKey, Settings: map[string]string{"by_user": "1", "heirs": "2=a@example.test,2=b@example.test"}, Mistakes: []string{"settings.heirs"}},
		{Name: "heirs of a mailbox by name", URL: home, Secret: fakeKey, Settings: map[string]string{"by_user": "1", "heirs": "Shop=a@example.test"}, Mistakes: []string{"settings.heirs"}},
		{Name: "a password for a key", URL: home, Secret: desktest.Password, Settings: by, Mistakes: []string{"secret"}},
		{Name: "a key and a line break", URL: home, Secret: fakeKey + "\nX-Evil: 1", Settings: by, Mistakes: []string{"secret"}},
		{Name: "all mistakes at once", URL: "desk", Settings: map[string]string{"allow_http": "1", "inbox": "x", "heirs": "x"},
			Mistakes: []string{"settings.allow_http", "settings.inbox", "settings.by_user", "settings.heirs", "secret", "url"}},
	})
}

package helpy

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

const externalID = "0b5fd7f4-1111-4222-8333-444455556666"

func wantKind(t *testing.T, err error, kind desk.Kind, words string) {
	t.Helper()
	e, ok := errors.AsType[*desk.Error](err)
	if !ok || e.Kind != kind || !strings.Contains(e.Detail, words) {
		t.Errorf("error %v, want %s with %q", err, kind, words)
	}
}

func person(email string) provision.DeskUser {
	return provision.DeskUser{ExternalID: externalID, Email: email, DisplayName: "Ada Byron", Active: true, Role: provision.RoleAgent}
}

// full gives a user something in every field that the API shows.
func full(f *fake, email, role string) *fakeUser {
	u := f.add("Ada Byron", email, role)
	for _, name := range written {
		if u.shown[name] == nil {
			u.shown[name] = "some " + name
		}
	}
	return u
}

// TestChangesKeepTheRest: a change writes everything, and changes what it is for.
func TestChangesKeepTheRest(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	for _, tt := range []struct {
		name   string
		active any
		change func(provision.DeskUserID) error
		want   map[string]any
	}{
		{"profile", true, func(id provision.DeskUserID) error {
			return d.SetProfile(t.Context(), id, provision.DeskUser{Email: "profile@new.test", DisplayName: "Augusta King", Title: "Countess"})
		}, map[string]any{"email": "profile@new.test", "name": "Augusta King", "title": "Countess"}},
		{"profile of a deactivated user", false, func(id provision.DeskUserID) error {
			return d.SetProfile(t.Context(), id, provision.DeskUser{Email: "off@new.test"})
		}, map[string]any{"email": "off@new.test"}},
		{"role", true, func(id provision.DeskUserID) error { return d.SetRole(t.Context(), id, provision.RoleAdmin) }, map[string]any{"role": "admin"}},
		{"deactivation", true, func(id provision.DeskUserID) error { return d.SetActive(t.Context(), id, false) }, map[string]any{"active": false}},
		{"reactivation", nil, func(id provision.DeskUserID) error { return d.SetActive(t.Context(), id, true) }, map[string]any{"active": true}},
		{"nothing", true, func(id provision.DeskUserID) error { return d.SetRole(t.Context(), id, provision.RoleAgent) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := full(f, strings.ReplaceAll(tt.name, " ", "-")+"@example.test", "agent")
			u.shown["active"] = tt.active
			want := maps.Clone(u.shown)
			maps.Copy(want, tt.want)
			f.play(nil)
			if err := tt.change(u.deskID()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, u.shown); diff != "" || u.password != "their own" {
				t.Errorf("password %q; (-want +got):\n%s", u.password, diff)
			}
			if got := f.count("PATCH"); got != min(len(tt.want), 1) {
				t.Errorf("%d writes", got)
			}
		})
	}
}

// TestPasswordIsDemanded: a Helpy that takes no null for a password gets no other
// one, and an admin has a task.
func TestPasswordIsDemanded(t *testing.T) {
	f := newFake(t)
	u := f.add("Ada", "ada@example.test", "agent")
	f.play(func(w http.ResponseWriter, r *http.Request, _ func()) bool {
		if r.Method == http.MethodPatch {
			refuse(http.StatusBadRequest, "password is empty").write(w)
		}
		return r.Method == http.MethodPatch
	})
	err := f.connect(t).SetActive(t.Context(), u.deskID(), false)
	wantKind(t, err, desk.CannotDo, "deactivate user 3 at Users > (user 3) > Edit User")
}

// TestOldHelpy: what is not shown would be emptied, so nothing is written.
func TestOldHelpy(t *testing.T) {
	f := newFake(t)
	u := f.add("Ada", "ada@example.test", "agent")
	for _, each := range f.users {
		delete(each.shown, "notes")
		delete(each.shown, "status")
	}
	d := f.connect(t)
	wantKind(t, d.SetRole(t.Context(), u.deskID(), provision.RoleNone), desk.Permanent, "notes, status")
	if f.count("PATCH") > 0 {
		t.Error("it was written to")
	}
	for _, each := range f.users {
		delete(each.shown, "team_list")
	}
	_, err := d.Check(t.Context())
	wantKind(t, err, desk.Permanent, "does not show team_list of its users")
	for _, each := range f.users {
		each.shown["team_list"] = []any{}
	}
	profile, err := d.Check(t.Context())
	if err != nil || len(profile.Problems) != 1 || !strings.Contains(profile.Problems[0], "notes, status") {
		t.Errorf("Check = %+v, %v", profile, err)
	}
}

// TestSpared: Helpy says that it has ended admins and its own user, and does
// nothing; so it is not asked to.
func TestSpared(t *testing.T) {
	f := newFake(t)
	admin := f.add("Boss", "boss@example.test", "admin")
	d := f.connect(t)
	for id, words := range map[provision.DeskUserID]string{admin.deskID(): "another role before", "2": "Helpy's own"} {
		wantKind(t, d.Delete(t.Context(), id), desk.Permanent, words)
		wantKind(t, d.Anonymize(t.Context(), id), desk.Permanent, words)
	}
	for _, err := range []error{d.SetActive(t.Context(), "2", false), d.SetRole(t.Context(), "2", provision.RoleAdmin),
		d.SetProfile(t.Context(), "2", provision.DeskUser{Email: "ada@example.test"})} {
		wantKind(t, err, desk.Permanent, "Helpy's own")
	}
	if n := f.count("DELETE") + f.count("POST") + f.count("PATCH"); n > 0 {
		t.Errorf("%d writes", n)
	}
	if err := errors.Join(d.SetRole(t.Context(), admin.deskID(), provision.RoleNone), d.Delete(t.Context(), admin.deskID())); err != nil {
		t.Errorf("who is no admin any more: %v", err)
	}
}

// TestDeletionInTheBackground: who is shown after a deletion may be gone a moment
// later, and is not waited for here.
func TestDeletionInTheBackground(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	f.lazy = 1
	u := f.add("Ada", "ada@example.test", "agent")
	err := d.Delete(t.Context(), u.deskID())
	wantKind(t, err, desk.Permanent, "did not do it")
	if desk.AcceptedOnly(err) == nil {
		t.Errorf("%v: nobody would look again", err)
	}
	if err := d.Delete(t.Context(), u.deskID()); err != nil {
		t.Errorf("of who is gone: %v", err)
	}
}

// TestCreateOtherwise: of who was made otherwise than asked for, it is said who that
// is; of whoever does not carry the mark, it is not.
func TestCreateOtherwise(t *testing.T) {
	for field, value := range map[string]any{"role": "user", "email": "other@example.test", "active": false, "account_number": nil} {
		f := newFake(t)
		f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
			if r.Method == http.MethodPost {
				honest()
				f.mu.Lock()
				f.users[2].shown[field] = value
				f.mu.Unlock()
			}
			return r.Method == http.MethodPost
		})
		got, err := f.connect(t).Create(t.Context(), person("ada@example.test"))
		if wantKind(t, err, desk.Permanent, "did not do it"); desk.AcceptedOnly(err) == nil || (got == nil) != (field == "account_number") || got != nil && got.ID != "3" {
			t.Errorf("another %s: Create = %+v, %v", field, got, err)
		}
	}
}

// TestCreationReadBackLate: who was made, and could not be read, is found.
func TestCreationReadBackLate(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	if got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID}); got != nil || err != nil {
		t.Fatalf("Find = %+v, %v", got, err)
	}
	made := false
	f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
		if made = made || r.Method == http.MethodPost; made && strings.HasSuffix(r.URL.Path, "/users/3") {
			crash.write(w)
			return true
		}
		return blind(w, r, honest)
	})
	_, err := d.Create(t.Context(), person("ada@example.test"))
	wantKind(t, err, desk.Retryable, "HTTP 500")
	f.play(blind)
	if got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID}); err != nil || got == nil || got.ID != "3" {
		t.Errorf("Find = %+v, %v", got, err)
	}
}

// TestManyJoinersAtOnce: the list of all is read once at a time, and not anew for
// each who was made and seen.
func TestManyJoinersAtOnce(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	f.play(blind)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := d.Find(t.Context(), desk.Key{Email: "nobody@example.test"}); got != nil || err != nil {
				t.Errorf("Find = %+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	for i := range 3 {
		joiner := person(strings.Repeat("a", i+1) + "@example.test")
		joiner.ExternalID += strings.Repeat("a", i)
		_, err := d.Create(t.Context(), joiner)
		if got, find := d.Find(t.Context(), desk.Key{Email: "nobody@example.test"}); got != nil || errors.Join(err, find) != nil {
			t.Errorf("Find = %+v, %v, %v", got, err, find)
		}
	}
	if n := f.count("GET /users") - f.count("GET /users/"); n != 1 {
		t.Errorf("all users are read %d times", n)
	}
}

// TestSearchMisses: whom the search does not find is looked for among all, and for
// many who are new the list of all is read once.
func TestSearchMisses(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	made, err := d.Create(t.Context(), person("ada.o'brien+desk@example.test"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Find(t.Context(), desk.Key{Email: "Ada.O'Brien+Desk@Example.test"})
	if err != nil || got == nil || got.ID != made.ID {
		t.Errorf("Find = %+v, %v", got, err)
	}
	f.play(nil)
	for _, email := range []string{"a@example.test", "b@example.test", "c@example.test"} {
		if got, err := d.Find(t.Context(), desk.Key{ExternalID: "none", Email: email}); got != nil || err != nil {
			t.Errorf("Find = %+v, %v", got, err)
		}
	}
	if n := f.count("GET /users") - f.count("GET /users/"); n > 1 {
		t.Errorf("all users are read %d times", n)
	}
	f.play(blind)
	if got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID}); err != nil || got == nil || got.ID != made.ID {
		t.Errorf("Find by external id = %+v, %v", got, err)
	}
	second := f.add("Ada", "second@example.test", "agent")
	second.shown["account_number"] = mark + externalID
	d.users.all.Doubt()
	_, err = d.Find(t.Context(), desk.Key{ExternalID: externalID})
	wantKind(t, err, desk.Permanent, "carry the same account number")
}

// blind is a search that finds nobody.
func blind(w http.ResponseWriter, r *http.Request, _ func()) bool {
	if strings.HasSuffix(r.URL.Path, "/search") {
		reply{status: http.StatusOK, body: []any{}}.write(w)
		return true
	}
	return false
}

// TestCreationWithoutAnswer: what became of it is found out by whoever comes next,
// also where the search finds nobody.
func TestCreationWithoutAnswer(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	if got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID}); got != nil || err != nil {
		t.Fatalf("Find = %+v, %v", got, err)
	}
	f.play(func(w http.ResponseWriter, r *http.Request, honest func()) bool {
		if r.Method == http.MethodPost {
			honest() // which has answered; what follows is too late, so it breaks off
			panic(http.ErrAbortHandler)
		}
		return blind(w, r, honest)
	})
	_, err := d.Create(t.Context(), person("ada@example.test"))
	wantKindOrBroken(t, err)
	got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID, Email: "ada@example.test"})
	if err != nil || got == nil || got.ExternalID != externalID {
		t.Errorf("Find = %+v, %v", got, err)
	}
	_, err = d.Create(t.Context(), person("ada@example.test"))
	wantKindOrBroken(t, err)
}

func wantKindOrBroken(t *testing.T, err error) {
	t.Helper()
	if kind := desk.KindOf(err); err == nil || kind != desk.Retryable && kind != desk.Conflict {
		t.Errorf("error %v", err)
	}
}

// TestWhoIsWho: names prove nothing, and account numbers only with our mark.
func TestWhoIsWho(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	f.add("Ada Byron", "namesake@example.test", "agent").shown["account_number"] = externalID
	company := f.add("Ada Byron", "customer@example.test", "user")
	company.shown["account_number"] = "4711"
	if got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID}); got != nil || err != nil {
		t.Errorf("a company's own number is taken for ours: %+v, %v", got, err)
	}
	made, err := d.Create(t.Context(), person("ada@example.test"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID}); err != nil || got.ID != made.ID {
		t.Errorf("Find = %+v, %v", got, err)
	}
	if err := d.SetRole(t.Context(), company.deskID(), provision.RoleAgent); err != nil || company.shown["account_number"] != "4711" {
		t.Errorf("the company's number is %v, %v", company.shown["account_number"], err)
	}
	for _, id := range []provision.DeskUserID{"", "0", "-1", "self", "1/..", "2147483648", "99999999999999999999"} {
		if got, err := d.Find(t.Context(), desk.Key{ID: id}); got != nil || err != nil {
			t.Errorf("Find %q = %+v, %v", id, got, err)
		}
	}
}

// TestInvited: whoever was invited without a role becomes an agent by accepting, so
// counts as one, and can be kept from it.
func TestInvited(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	u := f.add("Invited User: ada@example.test", "ada@example.test", "")
	u.shown["active"] = false
	if got, err := d.Find(t.Context(), desk.Key{ID: u.deskID()}); err != nil || got.Role != provision.RoleAgent || got.Active {
		t.Errorf("Find = %+v, %v", got, err)
	}
	if err := d.SetActive(t.Context(), u.deskID(), true); err != nil || u.text("role") != "user" {
		t.Errorf("the role is %q, %v", u.text("role"), err)
	}
	u.shown["role"] = nil
	if err := d.SetRole(t.Context(), u.deskID(), provision.RoleNone); err != nil || u.text("role") != "user" {
		t.Errorf("the role is %q, %v", u.text("role"), err)
	}
}

// TestGroups: they are shown of those to whom they mean something, and what is left
// to do by hand is said with the clicks.
func TestGroups(t *testing.T) {
	f := newFake(t)
	d := f.connect(t)
	u := f.add("Ada", "ada@example.test", "agent")
	u.shown["team_list"] = []any{"Tier One", "support"}
	wantKind(t, d.ChangeTeams(t.Context(), u.deskID(), []string{"billing"}, []string{"tier one"}), desk.CannotDo,
		`Users > (user 3) > Edit User > Group/Team, choose "billing" there (an agent in no group sees the tickets of all groups), take "tier one" away there, and save`)
	wantKind(t, d.ChangeTeams(t.Context(), u.deskID(), nil, []string{"tier one"}), desk.CannotDo, "take")
	if err := d.ChangeTeams(t.Context(), u.deskID(), nil, []string{"billing"}); err != nil {
		t.Errorf("out of a group that they are not in: %v", err)
	}
	members, err := d.TeamMembers(t.Context(), "Support")
	if diff := cmp.Diff([]provision.DeskUserID{u.deskID()}, members); diff != "" || err != nil {
		t.Errorf("%v; (-want +got):\n%s", err, diff)
	}
	if err := d.SetActive(t.Context(), u.deskID(), false); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Find(t.Context(), desk.Key{ID: u.deskID()}); err != nil || len(got.Teams) > 0 {
		t.Errorf("a deactivated user is %+v, %v", got, err)
	}
	if err := d.ChangeTeams(t.Context(), u.deskID(), nil, []string{"tier one", "support"}); err != nil {
		t.Errorf("a leaver's groups are somebody's task: %v", err)
	}
	if members, err := d.TeamMembers(t.Context(), "nobody's"); desk.KindOf(err) != desk.NotFound {
		t.Errorf("TeamMembers = %v, %v", members, err)
	}
}

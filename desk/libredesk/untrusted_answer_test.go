package libredesk

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// ofWrites answers writes, and leaves reads alone.
func ofWrites(answer http.HandlerFunc) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodGet {
			return false
		}
		answer(w, r)
		return true
	}
}

// ofAll answers everything.
func ofAll(answer http.HandlerFunc) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		answer(w, r)
		return true
	}
}

func yes(w http.ResponseWriter, _ *http.Request) { succeed(w, true) }

// ada is an agent of a fake, in Support Agents, with a conversation and a key.
func ada(f *fakeLibredesk) (id provision.DeskUserID, conversation string) {
	a := f.hire("Ada Byron", "ada@example.test", 4)
	a.Teams, a.Key = []int64{1}, "key"
	return "3", f.converse("3", 1)[0]
}

// TestObedience holds that a success is not believed.
func TestObedience(t *testing.T) {
	change := provision.DeskUser{Email: "ada@example.test", GivenName: "Augusta", FamilyName: "King"}
	joiner := provision.DeskUser{Email: "grace@example.test", GivenName: "Grace", FamilyName: "Hopper", Role: provision.RoleAgent}
	for _, tt := range []struct {
		name  string
		do    func(d *libredesk, c string) error
		kind  desk.Kind
		words string
	}{
		{"a profile that stays", func(d *libredesk, _ string) error { return d.SetProfile(t.Context(), "3", change) }, desk.Permanent, "(name): Libredesk accepted to change the profile"},
		{"a user who stays enabled", func(d *libredesk, _ string) error { return d.SetActive(t.Context(), "3", false) }, desk.Permanent, "(enabled): Libredesk accepted to disable user 3"},
		{"a role that is not given", func(d *libredesk, _ string) error { return d.SetRole(t.Context(), "3", provision.RoleAdmin) }, desk.Permanent, "(without role Admin, still with role Team Agent)"},
		{"a role of its own that is not given", func(d *libredesk, _ string) error {
			return d.ChangeRoles(t.Context(), "3", []string{"Shift Lead"}, nil)
		}, desk.Permanent, "(without role Shift Lead): Libredesk accepted to change the roles of user 3"},
		{"a role that stands for one of ours", func(d *libredesk, _ string) error {
			return d.ChangeRoles(t.Context(), "3", []string{"Admin"}, nil)
		}, desk.Permanent, "stands for a role here"},
		{"a team that does not take the user", func(d *libredesk, _ string) error {
			return d.ChangeTeams(t.Context(), "3", []string{"Billing Agents"}, nil)
		}, desk.Permanent, "without team Billing Agents"},
		{"a team that keeps the user", func(d *libredesk, _ string) error {
			return d.ChangeTeams(t.Context(), "3", nil, []string{"Support Agents"})
		}, desk.Permanent, "still with team Support Agents"},
		{"somebody who is not away", func(d *libredesk, _ string) error { return d.SetAway(t.Context(), "3", true) }, desk.Permanent, "availability_status"},
		{"somebody who goes on getting conversations", func(d *libredesk, _ string) error { return d.StopInflow(t.Context(), "3") }, desk.Permanent, "availability_status"},
		{"an assignee who stays", func(d *libredesk, c string) error { return d.Assign(t.Context(), c, desk.Assignee{}) }, desk.Permanent, "assign conversation"},
		{"another assignee", func(d *libredesk, c string) error {
			return d.Assign(t.Context(), c, desk.Assignee{Team: "Billing Agents"})
		}, desk.Permanent, "assign conversation"},
		{"a user who survives", func(d *libredesk, _ string) error { return d.Delete(t.Context(), "3") }, desk.Permanent, "disable user 3"},
		{"a creation of nobody", func(d *libredesk, _ string) error { _, err := d.Create(t.Context(), joiner); return err }, desk.Retryable, "names no number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			_, c := ada(f)
			f.lie = ofWrites(yes)
			err := tt.do(f.connect(catalogueOfTests...), c)
			wantKind(t, err, tt.kind, tt.words)
			if err != nil && strings.Contains(err.Error(), "example.test") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// TestKeyThatStays: who is disabled and keeps an API key could use it on return.
func TestKeyThatStays(t *testing.T) {
	f := newFake(t)
	ada(f)
	f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		lies := strings.HasSuffix(r.URL.Path, "/api-key")
		if lies {
			succeed(w, true)
		}
		return lies
	}
	wantKind(t, f.connect().SetActive(t.Context(), "3", false), desk.Permanent, "revoke the API key of user 3")
}

// TestLostRole: a role given by hand that Libredesk leaves out is said, whatever
// was to be changed.
func TestLostRole(t *testing.T) {
	f := newFake(t)
	ada(f)
	f.agents[3].Roles = []int64{4, 6}
	f.lie = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPut {
			locked(f, func() any { f.roles[6]["name"] = "Renamed"; return nil })
		}
		return false
	}
	wantKind(t, f.connect(catalogueOfTests...).ChangeTeams(t.Context(), "3", []string{"Billing Agents"}, nil), desk.Permanent, "(without role Shift Lead)")
}

// TestAnswers: what is not Libredesk's answer is not taken for one, and no error
// holds anybody's address.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		kind   desk.Kind
		words  string
	}{
		{"a page to sign in", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<p>ada@example.test")
		}, desk.Retryable, "is a proxy in the way?"},
		{"another program's success", func(w http.ResponseWriter, _ *http.Request) { say(w, 200, object{"id": 3}) }, desk.Retryable, "is a proxy in the way?"},
		{"nothing in the envelope", func(w http.ResponseWriter, _ *http.Request) { succeed(w, nil) }, desk.Retryable, "is a proxy in the way?"},
		{"another user", func(w http.ResponseWriter, _ *http.Request) { succeed(w, object{"id": 4}) }, desk.Retryable, "another record"},
		{"half a user", func(w http.ResponseWriter, _ *http.Request) { succeed(w, object{"id": 3, "email": "ada@example.test"}) }, desk.Retryable, "does not show state"},
		{"a path that is not there", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "GeneralException", "Route not found") }, desk.Retryable, "not part of Libredesk's API"},
		{"a proxy's 404", func(w http.ResponseWriter, _ *http.Request) { say(w, 404, object{"message": "Not Found"}) }, desk.Retryable, "not part of Libredesk's API"},
		{"its own 404", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "NotFoundException", "User not found") }, desk.NotFound, "no user 3"},
		{"a key that is refused", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 401, "GeneralException", "ada@example.test") }, desk.Unauthorized, "Generate API key"},
		{"a permission that is missing", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, 403, "PermissionException", "Permission denied")
		}, desk.Permanent, "deskbridge desk check"},
		{"a failure", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 500, "GeneralException", "ada@example.test") }, desk.Retryable, "HTTP 500"},
		{"a pause", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			refuse(w, 429, "GeneralException", "slow down")
		}, desk.Retryable, "HTTP 429"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			d := f.connect()
			f.lie = ofAll(tt.answer)
			_, err := d.read(t.Context(), "3")
			wantKind(t, err, tt.kind, tt.words)
			if strings.Contains(err.Error(), "example.test") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// TestFailedCreation: a failure of Libredesk's own is a conflict when somebody has
// the address; anybody else's leaves open what was done.
func TestFailedCreation(t *testing.T) {
	joiner := provision.DeskUser{Email: "Ada@Example.test", GivenName: "Ada", Role: provision.RoleAgent}
	f := newFake(t)
	ada(f)
	_, err := f.connect().Create(t.Context(), joiner)
	wantKind(t, err, desk.Conflict, "user 3 of Libredesk")
	wantKind(t, f.connect().SetProfile(t.Context(), "2", joiner), desk.Conflict, "user 3 of Libredesk")
	f.lie = ofWrites(func(w http.ResponseWriter, _ *http.Request) { say(w, 500, object{"message": "no"}) })
	_, err = f.connect().Create(t.Context(), joiner)
	wantKind(t, err, desk.Retryable, "HTTP 500")
	f.lie = nil
	for _, email := range []string{"", "ada", "Ada <ada@example.test>", strings.Repeat("a", 320) + "@example.test"} {
		_, err := f.connect().Create(t.Context(), provision.DeskUser{Email: email, GivenName: "Ada", Role: provision.RoleAgent})
		wantKind(t, err, desk.Permanent, "e-mail address")
	}
	if n := f.count("POST /agents"); n != 2 {
		t.Errorf("%d creations were tried", n)
	}
}

// TestTwoOfOneAddress: Libredesk keeps addresses apart that differ in letter case.
func TestTwoOfOneAddress(t *testing.T) {
	f := newFake(t)
	ada(f)
	f.hire("Ada Byron", "ADA@example.test", 4)
	_, err := f.connect().Find(t.Context(), desk.Key{Email: "ada@example.test"})
	wantKind(t, err, desk.Permanent, "the users 3, 4 of Libredesk have the same e-mail address")
}

// TestListOfConversations: a list that is of everybody, or shorter than it says,
// is none.
func TestListOfConversations(t *testing.T) {
	lists := regexp.MustCompile(`/conversations/all$`)
	for _, tt := range []struct {
		name    string
		results []object
		total   any
		words   string
	}{
		{"of everybody", []object{{"uuid": "a", "status": "Open"}}, 1, "everybody's conversations"},
		{"shorter than it says", []object{}, 5, "5 conversations fewer"},
		{"without a count", []object{}, nil, "does not say how many"},
	} {
		f := newFake(t)
		f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			lies := lists.MatchString(r.URL.Path)
			if lies {
				succeed(w, object{"results": tt.results, "total": tt.total})
			}
			return lies
		}
		_, err := f.connect().OpenConversations(t.Context(), "3", 10)
		wantKind(t, err, desk.Retryable, tt.words)
	}
}

// TestListThatShrinks: where one leaves the list, another slips to a page that was
// read before; so a list that has fewer than a page ago is none.
func TestListThatShrinks(t *testing.T) {
	f := newFake(t)
	ada(f)
	f.converse("3", 149)
	f.lie = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.URL.Query().Get("page") == "2" {
			locked(f, func() any { f.conversations[0].Status = "Resolved"; return nil })
		}
		return false
	}
	open, err := f.connect().OpenConversations(t.Context(), "3", 1000)
	if err == nil {
		t.Errorf("%d conversations are taken for all", len(open))
	}
	wantKind(t, err, desk.Retryable, "while it was read")
	if open, err := f.connect().OpenConversations(t.Context(), "3", 1000); err != nil || len(open) != 149 {
		t.Errorf("once it is over: %d conversations, %v", len(open), err)
	}
}

// TestNameThatMoves: what moves from one name to the other is a change.
func TestNameThatMoves(t *testing.T) {
	f := newFake(t)
	f.hire("Ada Augusta Byron", "ada@example.test", 4)
	must(t, f.connect().SetProfile(t.Context(), "3", provision.DeskUser{Email: "ada@example.test", GivenName: "Ada Augusta", FamilyName: "Byron"}))
	if a := f.agents[3]; a.First != "Ada Augusta" || a.Last != "Byron" {
		t.Errorf("the name is %q, %q", a.First, a.Last)
	}
}

// TestCreateOtherwise: of who was made with another role it is said who that is; of
// somebody with another address it is not.
func TestCreateOtherwise(t *testing.T) {
	for name, edit := range map[string]func(*fakeAgent){
		"role": func(a *fakeAgent) { a.Roles = []int64{6} }, "address": func(a *fakeAgent) { a.Email = "other@example.test" },
	} {
		f := newFake(t)
		f.lie = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
			if strings.HasSuffix(r.URL.Path, "/agents/3") {
				locked(f, func() any { edit(f.agents[3]); return nil })
			}
			return false
		}
		got, err := f.connect().Create(t.Context(), provision.DeskUser{Email: "ada@example.test", GivenName: "Ada", Role: provision.RoleAgent})
		if wantKind(t, err, desk.Permanent, "did not do it"); desk.AcceptedOnly(err) == nil || (got == nil) != (name == "address") || got != nil && got.ID != "3" {
			t.Errorf("another %s: Create = %+v, %v", name, got, err)
		}
	}
}

// TestMakerOfRoles: who may change roles can give themselves any right.
func TestMakerOfRoles(t *testing.T) {
	f := newFake(t)
	f.roles[7]["permissions"] = []string{"roles:manage"}
	ada(f)
	f.agents[3].Roles = []int64{4, 7}
	d := f.connect(catalogueOfTests...)
	got, err := d.Find(t.Context(), desk.Key{ID: "3"})
	must(t, err)
	if admins, err := d.Admins(t.Context()); got.Role != provision.RoleAdmin || err != nil || admins != 2 {
		t.Errorf("who may manage roles is %+v, among %d admins, %v", got, admins, err)
	}
	wantKind(t, d.SetRole(t.Context(), "3", provision.RoleAgent), desk.Permanent, "may still manage users or roles, by one of the roles Team Agent, Office")
	profile, err := f.connect("agent_role", "Office").Check(t.Context())
	must(t, err)
	if all := strings.Join(profile.Problems, "\n"); !strings.Contains(all, `the role "Office" may manage users or roles`) || !strings.Contains(all, `clear "Manage Users", "Manage Roles"`) {
		t.Errorf("problems: %s", all)
	}
}

// TestRosterGoesOn: what was read before one read fails is not read again, and of
// many who ask at once one reads.
func TestRosterGoesOn(t *testing.T) {
	f := newFake(t)
	ada(f)
	for range 20 {
		f.hire("Some Body", strconv.Itoa(len(f.agents))+"@example.test", 4)
	}
	for _, a := range f.agents {
		a.UpdatedAt = time.Now().Add(-time.Minute)
	}
	d := f.connect()
	f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		fails := strings.HasSuffix(r.URL.Path, "/agents/20")
		if fails {
			refuse(w, 400, "GeneralException", "no")
		}
		return fails
	}
	if _, _, err := d.List(t.Context(), ""); err == nil {
		t.Error("it is taken for whole")
	}
	before := f.count("GET /agents/N")
	f.lie = nil
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if users, _, err := d.List(t.Context(), ""); err != nil || len(users) != 22 {
				t.Errorf("%d users, %v", len(users), err)
			}
		})
	}
	wg.Wait()
	if all := f.count("GET /agents/N"); before < 15 || all > 22+maxParallel {
		t.Errorf("%d users were read, %d of them before one failed", all, before)
	}
}

// TestRosterAsksOnce: who did not change is not read again; a change of roles or
// teams has all read again.
func TestRosterAsksOnce(t *testing.T) {
	f := newFake(t)
	ada(f)
	for _, a := range f.agents {
		a.UpdatedAt = time.Now().Add(-time.Minute)
	}
	d := f.connect()
	list := func() []provision.DeskUser {
		users, _, err := d.List(t.Context(), "")
		must(t, err)
		return users
	}
	before := list()
	asked := f.count("GET /agents/N")
	if diff := cmp.Diff(before, list()); diff != "" || f.count("GET /agents/N") != asked {
		t.Errorf("%d users were read again; (-before +after):\n%s", f.count("GET /agents/N")-asked, diff)
	}
	must(t, d.SetRole(t.Context(), "3", provision.RoleAdmin))
	asked = f.count("GET /agents/N")
	if after := list(); after[1].Role != provision.RoleAdmin || f.count("GET /agents/N") != asked+1 {
		t.Errorf("after a change of one: %+v, %d were read", after, f.count("GET /agents/N")-asked)
	}
	locked(f, func() any { f.teams[1] = "Renamed"; return nil })
	if after := list(); !cmp.Equal(after[1].Teams, []string{"Renamed"}) {
		t.Errorf("after a rename of the team: %+v", after)
	}
}

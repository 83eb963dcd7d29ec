package redmine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/evidence"
)

func TestRecordedUser(t *testing.T) {
	f := newFake(t, recorded(script{"GET /users": says(justAda)}))
	d := connect(t, f.URL, nil)
	want := &provision.DeskUser{
		ID: "9", ExternalID: "9b1c", Email: "ada@example.test", UserName: "ada@example.test", DisplayName: "Ada Byron", GivenName: "Ada", FamilyName: "Byron",
		Active: true, Role: provision.RoleAgent, Teams: []string{"Support Agents"}, Mailboxes: []string{"Support"},
		MadeAt: time.Date(2026, 11, 21, 20, 25, 37, 0, time.UTC),
	}
	for _, key := range []desk.Key{{ID: "9"}, {ID: "4711", ExternalID: "9b1c"}} {
		got, err := d.Find(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Find(%+v) (-want +got):\n%s", key, diff)
		}
	}
	once := strings.Replace(ada, `"last_login_on":null`, `"last_login_on":"2026-11-29T08:00:00Z"`, 1)
	f = newFake(t, recorded(script{"GET /users/9": says(once)}))
	got, err := connect(t, f.URL, nil).Find(t.Context(), desk.Key{ID: "9"})
	if err != nil || !got.LastLogin.Equal(time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("Find = %+v, %v", got, err)
	}
}

// TestObedience holds that a success is not believed.
func TestObedience(t *testing.T) {
	done := []answer{{status: http.StatusNoContent}}
	change := provision.DeskUser{Email: "ada@example.test", GivenName: "Augusta", FamilyName: "King"}
	limited := map[string]string{"limited_group": "Desk Readers", "assign_to_teams": "true"}
	for _, tt := range []struct {
		name   string
		script script
		do     func(d *redmine) error
		kind   desk.Kind
		words  string
	}{
		{"a profile that stays", script{"PUT /users/9": done},
			func(d *redmine) error { return d.SetProfile(t.Context(), "9", change) }, desk.Permanent, "(firstname, lastname): Redmine accepted to change the profile"},
		{"a user who stays unlocked", script{"PUT /users/9": done},
			func(d *redmine) error { return d.SetActive(t.Context(), "9", false) }, desk.Permanent, "did not do it"},
		{"a user who does not become admin", script{"PUT /users/9": done},
			func(d *redmine) error { return d.SetRole(t.Context(), "9", provision.RoleAdmin) }, desk.Permanent, "make user 9 admin"},
		{"a group of limited users that does not take one", script{"PUT /memberships/3": done, "POST /groups/7/users": done},
			func(d *redmine) error { return d.SetRole(t.Context(), "9", provision.RoleLimited) }, desk.Permanent, "make user 9 limited"},
		{"a group that does not take the user", script{"POST /groups/6/users": {{status: 422, body: `{"errors":["User is invalid"]}`}}},
			func(d *redmine) error { return d.ChangeTeams(t.Context(), "9", []string{"Billing Agents"}, nil) }, desk.Permanent, "add user 9"},
		{"a group that keeps the user", script{"DELETE /groups/5/users/9": done},
			func(d *redmine) error { return d.ChangeTeams(t.Context(), "9", nil, []string{"Support Agents"}) }, desk.Permanent, "remove user 9"},
		{"a group that is gone", script{"POST /groups/6/users": {{status: 404}}},
			func(d *redmine) error { return d.ChangeTeams(t.Context(), "9", []string{"Billing Agents"}, nil) }, desk.Retryable, "a moment ago"},
		{"a project that does not take the user", script{"POST /projects/2/memberships": {{status: 201, body: `{}`}}},
			func(d *redmine) error { return d.ChangeMailboxes(t.Context(), "9", []string{"Billing"}, nil) }, desk.Permanent, "give user 9 a role"},
		{"a project that is closed", script{"POST /projects/2/memberships": {{status: 403}}},
			func(d *redmine) error { return d.ChangeMailboxes(t.Context(), "9", []string{"Billing"}, nil) }, desk.Permanent, "closed nor archived"},
		{"a project that is gone", script{"POST /projects/2/memberships": {{status: 404}}},
			func(d *redmine) error { return d.ChangeMailboxes(t.Context(), "9", []string{"Billing"}, nil) }, desk.Retryable, "a moment ago"},
		{"a project that keeps the user", script{"PUT /memberships/3": done},
			func(d *redmine) error { return d.ChangeMailboxes(t.Context(), "9", nil, []string{"Support"}) }, desk.Permanent, "keeps a role"},
		{"an assignee who stays", script{"PUT /issues/79": done},
			func(d *redmine) error { return d.Assign(t.Context(), "79", desk.Assignee{}) }, desk.Permanent, "assign issue 79"},
		{"another assignee", script{"PUT /issues/79": done},
			func(d *redmine) error { return d.Assign(t.Context(), "79", desk.Assignee{Team: "Billing Agents"}) }, desk.Permanent, "assign issue 79"},
		{"a user who survives", script{"DELETE /users/9": done},
			func(d *redmine) error { return d.Delete(t.Context(), "9") }, desk.Permanent, "delete user 9"},
		{"a deletion of which nobody knows how it ended", script{"DELETE /users/9": done, "GET /users/9": {{status: 500}}},
			func(d *redmine) error { return d.Delete(t.Context(), "9") }, desk.Retryable, "500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(tt.script))
			err := tt.do(connect(t, f.URL, limited))
			wantKind(t, err, tt.kind, tt.words)
			for what := range tt.script {
				if !strings.HasPrefix(what, "GET") && f.count(what) != 1 {
					t.Errorf("%d times %s", f.count(what), what)
				}
			}
			if err != nil && strings.Contains(err.Error(), "ada") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// A release that ignores a filter answers with everybody.
func TestIgnoredFilters(t *testing.T) {
	f := newFake(t, recorded(script{
		"GET /users":  says(strings.ReplaceAll(justAda, `"id":9,"login"`, `"id":11,"login"`)),
		"GET /issues": says(`{"issues":[{"id":79,"project":{"id":1,"name":"Support"},"assigned_to":{"id":11,"name":"Grace"}},{"id":80,"project":{"id":1,"name":"Support"}},{"id":81,"project":{"id":3,"name":"Old"},"assigned_to":{"id":9,"name":"Ada"}},{"id":82,"project":{"id":1,"name":"Support"},"assigned_to":{"id":9,"name":"Ada"}}],"total_count":4,"offset":0,"limit":100}`),
	}))
	d := connect(t, f.URL, nil)
	got, err := d.Find(t.Context(), desk.Key{Email: "grace@example.test"})
	if got != nil || err != nil {
		t.Errorf("Find = %+v, %v", got, err)
	}
	open, err := d.OpenConversations(t.Context(), "9", 10)
	if diff := cmp.Diff([]desk.Conversation{{ID: "82", Assignee: "9", Mailbox: "Support"}}, open); diff != "" || err != nil {
		t.Errorf("OpenConversations: %v (-want +got):\n%s", err, diff)
	}
	members, err := d.TeamMembers(t.Context(), "Support Agents")
	if len(members) > 0 || err != nil {
		t.Errorf("TeamMembers = %v, %v: 11 is not in the group", members, err)
	}
}

// Of two users with one address the younger goes, whoever made it.
func TestYield(t *testing.T) {
	made := strings.Replace(ada, `"id":9`, `"id":12`, 1)
	want := provision.DeskUser{Email: "Ada@example.test", GivenName: "Ada", FamilyName: "Byron", Role: provision.RoleAgent, ExternalID: "9b1c"}
	both := `{"users":[{"id":%s,"mail":"ada@example.test"},{"id":12,"mail":"ada@example.test"}],"total_count":2}`
	t.Run("to an older one", func(t *testing.T) {
		f := newFake(t, recorded(script{
			"POST /users":      {{status: 201, body: made}},
			"GET /users":       says(fmt.Sprintf(both, "9")),
			"DELETE /users/12": {{status: 204}},
		}))
		_, err := connect(t, f.URL, nil).Create(t.Context(), want)
		wantKind(t, err, desk.Conflict, "user 9")
		if f.count("DELETE /users/12") != 1 {
			t.Error("the double is still there")
		}
	})
	t.Run("not to a younger one", func(t *testing.T) {
		f := newFake(t, recorded(script{
			"POST /users":   {{status: 201, body: made}},
			"GET /users":    says(fmt.Sprintf(both, "13")),
			"GET /users/12": says(made),
		}))
		got, err := connect(t, f.URL, nil).Create(t.Context(), want)
		if err != nil || got.ID != "12" {
			t.Errorf("Create = %+v, %v", got, err)
		}
	})
	t.Run("and says so when the double stays", func(t *testing.T) {
		f := newFake(t, recorded(script{
			"POST /users":      {{status: 201, body: made}},
			"GET /users":       says(fmt.Sprintf(both, "9")),
			"DELETE /users/12": {{status: 500}},
		}))
		_, err := connect(t, f.URL, nil).Create(t.Context(), want)
		wantKind(t, err, desk.Retryable, "a double of user 9")
	})
}

func TestCreateReadsBack(t *testing.T) {
	want := provision.DeskUser{Email: "ada@example.test", Role: provision.RoleAgent, ExternalID: "9b1c"}
	for _, tt := range []struct {
		name, shows string
		words       string
	}{
		{"a hidden field", strings.Replace(ada, `"custom_fields":[{"id":1,"name":"SCIM external id","value":"9b1c"}],`, "", 1), "Visible"},
		{"a list for an external id", strings.Replace(ada, `"value":"9b1c"`, `"value":["9b1c"]`, 1), "Visible"},
		{"another address", strings.Replace(ada, `"mail":"ada@`, `"mail":"eve@`, 1), "e-mail address"},
		{"an administrator", strings.Replace(ada, `"admin":false`, `"admin":true`, 1), "the role agent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(script{"POST /users": {{status: 201, body: ada}}, "GET /users/9": says(tt.shows)}))
			_, err := connect(t, f.URL, nil).Create(t.Context(), want)
			wantKind(t, err, desk.Permanent, tt.words)
			if sent := f.log("POST /users"); !strings.Contains(sent[0], `"firstname":"ada","generate_password":true,"lastname":"-"`) {
				t.Errorf("sent %s", sent)
			}
		})
	}
}

func TestCheckFindsProblems(t *testing.T) {
	field := func(from, to string) script {
		s := recorded(nil)["GET /custom_fields"][0].body
		return script{"GET /custom_fields": says(strings.Replace(s, from, to, 1))}
	}
	for _, tt := range []struct {
		name   string
		script script
		words  string
	}{
		{"a field of groups", field(`"user"`, `"group"`), "no custom field"},
		{"a hidden field", field(`"visible":true`, `"visible":false`), `tick "Visible"`},
		{"a field for dates", field(`"string"`, `"date"`), "no plain text"},
		{"a field for several values", field(`"multiple":false`, `"multiple":true`), "no plain text"},
		{"a short field", field(`"max_length":null`, `"max_length":10`), "36 characters"},
		{"a role that nobody can be assigned by", script{"GET /roles/4": says(`{"role":{"id":4,"assignable":false}}`)}, "take over nothing"},
		{"no projects", script{"GET /projects": says(`{"projects":[],"total_count":0}`)}, "no active project"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(tt.script))
			p, err := connect(t, f.URL, nil).Check(t.Context())
			if err != nil || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], tt.words) || p.Self != "8" {
				t.Errorf("Check = %+v, %v, want %q", p, err, tt.words)
			}
		})
	}
	for _, tt := range []struct {
		name   string
		answer answer
		kind   desk.Kind
		words  string
	}{
		{"an API that is switched off", answer{status: 403}, desk.Unauthorized, "Enable REST web service"},
		{"another program", answer{body: `{"ok":true}`}, desk.Retryable, "no Redmine"},
		{"another program's page", answer{status: 404, body: "<p>"}, desk.Retryable, "check the desk's URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, script{"GET /users/current": {tt.answer}})
			_, err := connect(t, f.URL, nil).Check(t.Context())
			wantKind(t, err, tt.kind, tt.words)
		})
	}
}

// crowd is a Redmine with many users, active ones only, newest first.
type crowd struct {
	mu     sync.Mutex
	users  []string // external ids; the number is the position, counted from 1
	pages  atomic.Int32
	broken int // pages that are answered before one is not; 0: all
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/users/"), ".json")); err == nil && id <= len(c.users) {
		fmt.Fprintf(w, `{"user":{%s,"status":1,"groups":[],"memberships":[]}}`, c.user(id))
		return
	}
	if r.URL.Path != "/users.json" {
		answer{body: recorded(nil)["GET "+strings.TrimSuffix(r.URL.Path, ".json")][0].body}.write(w)
		return
	}
	if n := c.pages.Add(1); c.broken > 0 && int(n) > c.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var list []string
	if query := r.URL.Query(); query.Get("status") == "1" {
		offset, _ := strconv.Atoi(query.Get("offset"))
		for id := len(c.users) - offset; id > 0 && len(list) < pageSize; id-- {
			list = append(list, "{"+c.user(id)+"}")
		}
		fmt.Fprintf(w, `{"users":[%s],"total_count":%d}`, strings.Join(list, ","), len(c.users))
		return
	}
	answer{body: nobody}.write(w)
}

func (c *crowd) user(id int) string {
	return fmt.Sprintf(`"id":%d,"login":"u%[1]d","mail":"u%[1]d@example.test","custom_fields":[{"id":1,"name":"SCIM external id","value":%q}]`, id, c.users[id-1])
}

func TestExternalIDsOfACrowd(t *testing.T) {
	c := &crowd{broken: 5}
	for n := range 12 * pageSize {
		c.users = append(c.users, "ext-"+strconv.Itoa(n+1))
	}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	d := connect(t, srv.URL, nil)
	find := func(externalID string, pages int) (*provision.DeskUser, error) {
		t.Helper()
		before := c.pages.Load()
		got, err := d.Find(t.Context(), desk.Key{ExternalID: externalID})
		if n := int(c.pages.Load() - before); n != pages {
			t.Errorf("looking for %s took %d pages, want %d", externalID, n, pages)
		}
		return got, err
	}

	_, err := find("ext-1", 6)
	wantKind(t, err, desk.Retryable, "500")
	c.broken = 0
	if got, err := find("ext-1", 7+2+3); err != nil || got == nil || got.ID != "1" { // the rest, other states, newest
		t.Errorf("Find = %+v, %v", got, err)
	}
	if got, err := find("ext-700", 0); err != nil || got == nil || got.ID != "700" {
		t.Errorf("Find = %+v, %v", got, err)
	}
	if got, err := find("ext-0", 3); err != nil || got != nil {
		t.Errorf("Find = %+v, %v", got, err)
	}
	for n := range pageSize + 1 { // more than a page since
		c.users = append(c.users, "late-"+strconv.Itoa(n))
	}
	if got, err := find("late-0", 3+2); err != nil || got == nil || got.ID != provision.DeskUserID(strconv.Itoa(12*pageSize+1)) {
		t.Errorf("Find = %+v, %v", got, err)
	}
	c.users[0] = "moved" // by hand, on an old user
	if got, err := find("ext-1", 0); err != nil || got != nil {
		t.Errorf("Find = %+v, %v: the user does not carry it any more", got, err)
	}
	d.marks.Age = 0 // as if it were read long ago
	if got, err := find("moved", 14+2+3); err != nil || got == nil || got.ID != "1" {
		t.Errorf("Find = %+v, %v", got, err)
	}
}

// Who is deleted while the index is read moves others to pages that were read
// already.
func TestExternalIDsWhileUsersGo(t *testing.T) {
	var page atomic.Int32
	f := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/users/"), ".json"); r.URL.Path != "/users.json" {
			fmt.Fprintf(w, `{"user":{"id":%s,"status":1,"groups":[],"memberships":[],"custom_fields":[{"id":1,"name":"ExternalID","value":"m%[1]s"}]}}`, id)
			return
		}
		query, total := r.URL.Query(), 250
		if page.Add(1) > 1 {
			total = 240 // ten of the first page are gone
		}
		offset, _ := strconv.Atoi(query.Get("offset"))
		var list []string
		for n := offset; query.Get("status") == "1" && n < min(offset+pageSize, total); n++ {
			id := n + 1 + 250 - total
			list = append(list, fmt.Sprintf(`{"id":%d,"custom_fields":[{"id":1,"name":"ExternalID","value":"m%[1]d"}]}`, id))
		}
		if query.Get("status") != "1" {
			total = 0
		}
		fmt.Fprintf(w, `{"users":[%s],"total_count":%d}`, strings.Join(list, ","), total)
	}))
	t.Cleanup(f.Close)
	d := connect(t, f.URL, map[string]string{"external_id_field": "ExternalID"})
	for _, id := range []int64{1, 101, 105, 110, 111, 250} {
		r, err := d.marks.Find(t.Context(), "m"+number(id))
		if err != nil || r == nil || r.ID != id {
			t.Errorf("m%d is on %v, %v", id, r, err)
		}
	}
}

func TestAdminsStopsEarly(t *testing.T) {
	f := newFake(t, recorded(script{"GET /users": says(`{"users":[{"id":1,"admin":true},{"id":8,"admin":true},{"id":9,"admin":false}],"total_count":5000}`)}))
	n, err := connect(t, f.URL, nil).Admins(t.Context())
	if n != 2 || err != nil || f.count("GET /users") != 1 {
		t.Errorf("Admins = %d, %v after %d requests", n, err, f.count("GET /users"))
	}
}

// TestMailboxesOf: projects that are not active, and answers that are none.
func TestMailboxesOf(t *testing.T) {
	const here = `{"id":5,"name":"Support Agents","memberships":`
	for _, tt := range []struct {
		name, group string
		want        []string
		kind        desk.Kind // of the error; "" with want
	}{
		{"two projects, one closed", here + `[{"id":1,"project":{"id":1,"name":"Support"},"roles":[{"id":6,"name":"Team"}]},{"id":2,"project":{"id":3,"name":"Old"},"roles":[{"id":6,"name":"Team"}]}]}`, []string{"Support"}, ""},
		{"through the project above", here + `[{"id":7,"project":{"id":2,"name":"Billing"},"roles":[{"id":6,"name":"Team","inherited":true}]}]}`, []string{"Billing"}, ""},
		{"no role", here + `[{"id":7,"project":{"id":2,"name":"Billing"},"roles":[]}]}`, nil, ""},
		{"no project", here + `[]}`, nil, ""},
		{"no word of projects", `{"id":5,"name":"Support Agents"}`, nil, desk.Permanent},
		{"another group", `{"id":6,"name":"Billing Agents","memberships":[]}`, nil, desk.Retryable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(script{"GET /groups/5": says(`{"group":` + tt.group + `}`)}))
			got, err := connect(t, f.URL, nil).MailboxesOf(t.Context(), "support agents")
			if tt.kind != "" {
				if desk.KindOf(err) != tt.kind {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestNumberOfSomebodyElse: a Redmine that was restored gives a number anew. The time
// at which it made each user tells them apart, and who is read again is who they were.
func TestNumberOfSomebodyElse(t *testing.T) {
	find := func(user string) provision.DeskUser {
		t.Helper()
		f := newFake(t, recorded(script{"GET /users/9": says(user)}))
		got, err := connect(t, f.URL, nil).Find(t.Context(), desk.Key{ID: "9"})
		if err != nil || got == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		return *got
	}
	before, again := find(ada), find(strings.Replace(ada, "2026-11-21T20:25:38Z", "2026-11-30T08:00:00Z", 1))
	after := find(strings.Replace(ada, `"created_on":"2026-11-21T20:25:37Z"`, `"created_on":"2026-11-30T08:00:00Z"`, 1))
	known := evidence.See(provision.Evidence{}, &before)
	if evidence.MadeAnew(known, &again) {
		t.Errorf("a change makes somebody else of %+v", again)
	}
	if !evidence.MadeAnew(known, &after) {
		t.Errorf("%+v has the number of %+v, and is taken for them", after, before)
	}
}

package helpscout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// page1 is a list of one page, under a name.
func page1(name, elements string) answer {
	var all []json.RawMessage
	if err := json.Unmarshal([]byte("["+elements+"]"), &all); err != nil {
		panic(err)
	}
	return answer{body: fmt.Sprintf(`{"_embedded":{%q:[%s]},"page":{"size":50,"number":1,"totalPages":1,"totalElements":%d}}`, name, elements, len(all))}
}

func TestFindComparesAgain(t *testing.T) {
	for _, tt := range []struct {
		name, hits string
		want       provision.DeskUserID
	}{
		{"the right one", adaBody, "71"},
		{"somebody whose alternate address it is", strings.ReplaceAll(adaBody, "ada@", "countess@"), ""},
		{"a team of that name", strings.Replace(adaBody, `"type":"user"`, `"type":"team"`, 1), ""},
		{"everybody", `{"id":1,"email":"olive@example.test","role":"owner","type":"user"},` + adaBody, "71"},
		{"one without a type", strings.Replace(adaBody, `,"type":"user"`, ``, 1), "71"},
		{"one without an id", strings.Replace(adaBody, `"id":71,`, ``, 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, map[string]answer{"GET /users": page1("users", tt.hits), "GET /teams": page1("teams", ""), "GET /mailboxes": page1("mailboxes", "")})
			got, err := s.connect().Find(t.Context(), desk.Key{Email: "ADA@example.test"})
			if err != nil || (got == nil) != (tt.want == "") || got != nil && got.ID != tt.want {
				t.Errorf("Find = %+v, %v; want user %q", got, err, tt.want)
			}
		})
	}
	t.Run("two of them", func(t *testing.T) {
		s := newScript(t, map[string]answer{"GET /users": page1("users", adaBody+","+strings.Replace(adaBody, "71", "72", 1))})
		_, err := s.connect().Find(t.Context(), desk.Key{Email: "ada@example.test"})
		wantKind(t, err, desk.Permanent, "users 71, 72")
	})
	t.Run("a role that is new", func(t *testing.T) {
		s := newScript(t, map[string]answer{"GET /users/71": {body: strings.Replace(adaBody, `"role":"user"`, `"role":"super admin"`, 1)}})
		_, err := s.connect().Find(t.Context(), desk.Key{ID: "71"})
		wantKind(t, err, desk.Permanent, "role that this release")
	})
	t.Run("the id of a team", func(t *testing.T) {
		f := newFake(t)
		for id := range f.teams {
			if got, err := f.connect().Find(t.Context(), desk.Key{ID: provision.DeskUserID(formatID(id))}); got != nil || err != nil {
				t.Errorf("Find = %+v, %v", got, err)
			}
		}
	})
}

// TestListsThatChange: when somebody is removed while we read, another slips
// from the second page to the first, and must not be overlooked.
func TestListsThatChange(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	last := f.last // on the second page
	d.client.HTTP.Transport = transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, "/members") && r.URL.Query().Get("page") == "1" && f.users[last-59] != nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.users, last-59) // the first of them
			for _, p := range f.units() {
				delete(p.members, last-59)
			}
		}
	})}
	members, err := d.TeamMembers(t.Context(), "Support")
	if err != nil || len(members) != usersPage+9 {
		t.Errorf("%d members, %v", len(members), err)
	}

	joined := false
	d.client.HTTP.Transport = transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, "/members") && r.URL.Query().Get("page") == "1" && !joined {
			f.mu.Lock()
			defer f.mu.Unlock()
			joined = true
			for _, p := range f.units() { // one goes and one comes: there are as many as before
				if p.members[last-58] {
					delete(p.members, last-58)
					p.members[f.add(&fakeUser{FirstName: "New", Role: "user"})] = true
				}
			}
			delete(f.users, last-58)
		}
	})}
	members, err = d.TeamMembers(t.Context(), "Support")
	stayed := slices.DeleteFunc(slices.Clone(members), func(id provision.DeskUserID) bool { n, _ := parseID(id); return n < last-57 || n > last })
	if err != nil || len(stayed) != 58 {
		t.Errorf("one goes and one comes: %d of the 58 who stayed are there, %v", len(stayed), err)
	}

	gone := last - 57
	d.client.HTTP.Transport = transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.users, gone)
		gone++
	})}
	_, err = d.Admins(t.Context())
	wantKind(t, err, desk.Retryable, "became shorter while it was read")

	d.client.HTTP.Transport = transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.add(&fakeUser{FirstName: "New", Role: "admin"})
		f.mu.Unlock()
		f.ServeHTTP(w, r)
	})}
	if n, err := d.Admins(t.Context()); err != nil || n < 3 {
		t.Errorf("while the list grows: %d admins, %v", n, err)
	}
}

// TestMembershipIsShared: reading who is where is dear, so that those who ask
// at once share it; but nobody gets what was read before they asked.
func TestMembershipIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		d := f.connect()
		d.client.HTTP.Transport = transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond)
			f.ServeHTTP(w, r)
		})}
		find := func() {
			if _, err := d.Find(t.Context(), desk.Key{ID: "2"}); err != nil {
				t.Error(err)
			}
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(find)
		}
		wg.Wait()
		const pages = 3 // two, and the first of them once more
		if got := f.count("GET /teams/3/members"); got != 2*pages {
			t.Errorf("twenty who ask at once take %d requests, want one reading for the first and one for the others", got)
		}
		find()
		if got := f.count("GET /teams/3/members"); got != 3*pages {
			t.Error("who asks later gets what was read before")
		}
	})
}

// TestNewNames: a team that is made while we run is found at once, and one that
// is gone does no harm.
func TestNewNames(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	wantCheck(t, d)
	made, err := d.Create(t.Context(), ada())
	if err != nil {
		t.Fatal(err)
	}
	f.teams[9001] = &fakeUnit{name: "Returns", members: map[int64]bool{}}
	if err := d.ChangeTeams(t.Context(), made.ID, []string{"RETURNS"}, []string{"Never Was"}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Find(t.Context(), desk.Key{ID: made.ID})
	if err != nil || cmp.Diff([]string{"Returns"}, got.Teams) != "" {
		t.Errorf("Find = %+v, %v", got, err)
	}
	delete(f.teams, 9001)
	if got, err = d.Find(t.Context(), desk.Key{ID: made.ID}); err != nil || len(got.Teams) > 0 {
		t.Errorf("after the team is gone: %+v, %v", got, err)
	}
	if err := d.ChangeTeams(t.Context(), made.ID, nil, []string{"Returns"}); err != nil {
		t.Errorf("leaving a team that is gone: %v", err)
	}
	f.teams[9002] = &fakeUnit{name: "support ", members: map[int64]bool{}}
	d = f.connect()
	wantKind(t, d.ChangeTeams(t.Context(), made.ID, []string{"Support"}, nil), desk.Permanent, "rename")
}

// TestPlanWithoutTeams: teams are for the plans Plus and Pro.
func TestPlanWithoutTeams(t *testing.T) {
	for _, a := range []answer{{status: 403}, {status: 404}, page1("teams", "")} {
		s := newScript(t, map[string]answer{"GET /users/me": {body: `{"id":2,"role":"owner","type":"user"}`}, "GET /users/71": {body: adaBody},
			"GET /teams": a, "GET /mailboxes": page1("mailboxes", `{"id":5,"name":"Help"}`), "GET /users": page1("users", adaBody)})
		d := s.connect()
		p, err := d.Check(t.Context())
		if diff := cmp.Diff(desk.Profile{Self: "2", Mailboxes: []string{"Help"}}, p); err != nil || diff != "" {
			t.Errorf("Check: %v\n%s", err, diff)
		}
		got, err := d.Find(t.Context(), desk.Key{ID: "71"})
		if err != nil || cmp.Diff([]string{"Help"}, got.Mailboxes) != "" {
			t.Errorf("Find = %+v, %v", got, err)
		}
		wantKind(t, d.ChangeTeams(t.Context(), "71", []string{"Support"}, nil), desk.Permanent, "Plus and Pro")
	}
}

func TestCheckProblems(t *testing.T) {
	f := newFake(t)
	f.users[f.me].Role = "user"
	clear(f.mailboxes)
	p, err := f.connect().Check(t.Context())
	if err != nil || p.Self != "2" || len(p.Problems) != 2 {
		t.Errorf("Check = %+v, %v", p, err)
	}
	s := newScript(t, map[string]answer{"GET /users/me": {status: 404}})
	_, err = s.connect().Check(t.Context())
	wantKind(t, err, desk.Retryable, "no Inbox API")
}

// TestCreateSends: invitations only when they are asked for, and nothing that
// is not known.
func TestCreateSends(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings []string
		want     provision.DeskUser
		body     string
	}{
		{"as little as there is", nil, ada(),
			`{"firstName":"Ada","lastName":"Byron","email":"ada@example.test","role":"user","sendInvite":false}`},
		{"all there is", []string{"send_invite", "true"}, provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", Email: "ada@example.test", Active: true,
			Role: provision.RoleAdmin, Title: "Countess", Phone: "1", Timezone: "Europe/London", Mailboxes: []string{"Billing", "support"}, Teams: []string{"Support"}},
			`{"firstName":"Ada","lastName":"Byron","email":"ada@example.test","role":"admin","timezone":"Europe/London","jobTitle":"Countess","phone":"1",` +
				`"sendInvite":true,"mailboxes":[{"id":6,"emailAccess":true},{"id":4,"emailAccess":true}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			d := f.connect(tt.settings...)
			var sent []byte
			d.client.HTTP.Transport = transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/users") {
					sent, _ = io.ReadAll(r.Body)
					r.Body = io.NopCloser(strings.NewReader(string(sent)))
				}
				f.ServeHTTP(w, r)
			})}
			got, err := d.Create(t.Context(), tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.body, string(sent)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			id, _ := parseID(got.ID)
			if want := len(tt.settings) > 0; f.users[id].invited != want {
				t.Errorf("invited: %t, want %t", f.users[id].invited, want)
			}
		})
	}
}

func TestCreateRefused(t *testing.T) {
	with := func(change func(u *provision.DeskUser)) provision.DeskUser {
		u := ada()
		change(&u)
		return u
	}
	for _, tt := range []struct {
		name  string
		want  provision.DeskUser
		words string
	}{
		{"nobody's address", with(func(u *provision.DeskUser) { u.Email = "" }), "no e-mail address"},
		{"no role", with(func(u *provision.DeskUser) { u.Role = "" }), "role none"},
		{"the owner", with(func(u *provision.DeskUser) { u.Role = provision.RoleOwner }), "role owner"},
		{"not active", with(func(u *provision.DeskUser) { u.Active = false }), "not active"},
		{"an unknown inbox", with(func(u *provision.DeskUser) { u.Mailboxes = []string{"Support", "Nowhere"} }), `"Nowhere"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			_, err := f.connect().Create(t.Context(), tt.want)
			wantKind(t, err, desk.Permanent, tt.words)
			if got := f.count("POST /users"); got != 0 {
				t.Errorf("%d requests to create", got)
			}
		})
	}
}

// TestCreateAnswers: whatever is answered to a creation, it is sent once.
func TestCreateAnswers(t *testing.T) {
	const taken, free = adaBody, ""
	for _, tt := range []struct {
		name   string
		answer answer
		found  string // by the address afterwards
		kind   desk.Kind
		words  string
	}{
		{"taken, in the meantime", answer{status: 400}, taken, desk.Conflict, "user 71"},
		{"taken, said with 404", answer{status: 404}, taken, desk.Conflict, "user 71"},
		{"taken, said with 403", answer{status: 403}, taken, desk.Conflict, "user 71"},
		{"refused for another reason", answer{status: 412}, free, desk.Permanent, "seat"},
		{"not allowed", answer{status: 403}, free, desk.Permanent, "Administrator"},
		{"no such call", answer{status: 404}, free, desk.Permanent, "404"},
		{"lost", answer{status: 502}, taken, desk.Retryable, "502"},
		{"too many requests", answer{status: 429}, taken, desk.Retryable, "rate limit"},
		{"made, without an id", answer{status: 201}, taken, "", ""},
		{"made, with the id in the address", answer{status: 201, header: map[string]string{"Location": "https://api.helpscout.net/v2/users/71"}}, free, "", ""},
		{"made, and yet not there", answer{status: 201}, free, desk.Retryable, "does not show it"},
		{"made, with another's id", answer{status: 201, header: map[string]string{"Resource-ID": "1"}}, free, desk.Retryable, "does not show it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t, map[string]answer{"POST /users": tt.answer, "GET /users": page1("users", tt.found), "GET /users/71": {body: adaBody},
				"GET /users/1": {body: `{"id":1,"email":"olive@example.test","role":"owner","type":"user"}`}})
			got, err := s.connect().Create(t.Context(), ada())
			if tt.kind == "" {
				if err != nil || got.ID != "71" {
					t.Errorf("Create = %+v, %v", got, err)
				}
			} else {
				wantKind(t, err, tt.kind, tt.words)
			}
			if n := s.count("POST /users"); n != 1 {
				t.Errorf("%d requests to create", n)
			}
		})
	}
}

func TestLightUsers(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	want := ada()
	want.Role, want.Mailboxes = provision.RoleLimited, []string{"Support"}
	light, err := d.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.ChangeTeams(t.Context(), light.ID, []string{"Support"}, nil), desk.Permanent, "light user")
	if err := d.ChangeTeams(t.Context(), light.ID, nil, []string{"Support"}); err != nil {
		t.Errorf("leaving a team: %v", err)
	}
	c := f.converse(t, provision.DeskUserID(formatID(f.me)), 1)[0]
	wantKind(t, d.Assign(t.Context(), c, desk.Assignee{User: light.ID}), desk.Permanent, "light user")
}

// TestConversations: merged ones are gone, others than the user's are none of
// ours, and the limit holds.
func TestConversations(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	me := provision.DeskUserID(formatID(f.me))
	ids := f.converse(t, me, 60)
	merged, _ := parseID(ids[0])
	f.conversations[merged].merged = true
	wantKind(t, d.Assign(t.Context(), ids[0], desk.Assignee{}), desk.NotFound, "merged")
	wantKind(t, d.Assign(t.Context(), "../users/2", desk.Assignee{}), desk.NotFound, "")
	wantKind(t, d.Assign(t.Context(), ids[1], desk.Assignee{User: "me"}), desk.Permanent, "numbers")
	for _, limit := range []int{1, 25, 59, 1000} {
		open, err := d.OpenConversations(t.Context(), me, limit)
		if err != nil || len(open) != min(limit, 59) {
			t.Errorf("OpenConversations up to %d: %d, %v", limit, len(open), err)
		}
	}
	_, err := d.OpenConversations(t.Context(), "no-number", 1)
	wantKind(t, err, desk.NotFound, "")

	s := newScript(t, map[string]answer{"GET /conversations": page1("conversations",
		`{"id":9,"assignee":{"id":71}},{"id":9,"assignee":{"id":71}},{"id":10,"assignee":{"id":72}},{"id":11},{"assignee":{"id":71}}`)})
	open, err := s.connect().OpenConversations(t.Context(), "71", 100)
	if diff := cmp.Diff([]desk.Conversation{{ID: "9", Assignee: "71"}}, open); err != nil || diff != "" {
		t.Errorf("OpenConversations: %v\n%s", err, diff)
	}
}

// TestListsThatShrink: where one leaves a list while it is read, another slips to a
// page that was read before; so it is read again. One that shows fewer than it says it
// has is none.
func TestListsThatShrink(t *testing.T) {
	conversation := func(id string) string { return `{"id":` + id + `,"assignee":{"id":71}}` }
	answers := []string{
		`{"_embedded":{"conversations":[` + conversation("1") + `,` + conversation("2") + `]},"page":{"number":1,"totalPages":2,"totalElements":3}}`,
		`{"page":{"number":2,"totalPages":1,"totalElements":2}}`, // the first one is closed
		`{"_embedded":{"conversations":[` + conversation("2") + `,` + conversation("3") + `]},"page":{"number":1,"totalPages":1,"totalElements":2}}`,
	}
	asked := 0
	d := connect(t, "http://127.0.0.1:1/api", transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"token_type":"bearer","access_token":"t","expires_in":172800}`
		switch {
		case r.URL.Query().Get("status") == "active":
			body = `{"page":{"number":1,"totalPages":1,"totalElements":0}}`
		case r.Method == http.MethodGet:
			body = answers[min(asked, len(answers)-1)]
			asked++
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})})
	open, err := d.OpenConversations(t.Context(), "71", 100)
	if len(open) != 3 || err != nil || asked != len(answers) {
		t.Errorf("%d conversations by %d requests, %v", len(open), asked, err)
	}
	answers[2] = `{"_embedded":{"teams":[{"id":5,"name":"Help"}]},"page":{"number":1,"totalPages":1,"totalElements":2}}`
	_, err = d.client.places(t.Context(), "/teams", "teams")
	wantKind(t, err, desk.Retryable, "1 teams fewer than it says")
}

func TestDelete(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	wantKind(t, d.Delete(t.Context(), provision.DeskUserID(formatID(f.me))), desk.Permanent, "owns the app")
	wantKind(t, d.Delete(t.Context(), "1"), desk.Permanent, "Administrator") // the owner
	if err := d.Delete(t.Context(), "../users/60"); err != nil {
		t.Error(err)
	}
	if f.count("DELETE /users/2") != 0 || f.users[1] == nil {
		t.Error("ourselves, or the owner, were tried")
	}
}

// TestRateLimited: the connector waits as long as it may, hands a 429 back with
// the time to wait, and asks nothing before that.
func TestRateLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.limit = 200
		f.used, f.minute = 195, time.Now().Truncate(time.Minute) // by others
		d := f.connect()
		_, err := d.Admins(t.Context()) // two pages of users
		for err == nil {
			_, err = d.Admins(t.Context())
		}
		e, _ := errors.AsType[*desk.Error](err)
		wantKind(t, err, desk.Retryable, "rate limit")
		if e.RetryAfter <= 0 || e.RetryAfter > time.Minute+time.Second {
			t.Errorf("RetryAfter is %v", e.RetryAfter)
		}
		asked := f.count("GET /users")
		_, again := d.Admins(t.Context())
		wantKind(t, again, desk.Retryable, "rate limit")
		if f.count("GET /users") != asked {
			t.Error("it asks again before the time")
		}
		time.Sleep(e.RetryAfter)
		if _, err := d.Admins(t.Context()); err != nil {
			t.Errorf("after the time: %v", err)
		}
	})
}

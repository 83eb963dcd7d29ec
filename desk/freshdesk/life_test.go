package freshdesk

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, want desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != want || !strings.Contains(err.Error(), words) {
		t.Errorf("error is %v, want %s with %q", err, want, words)
	}
	if err != nil && strings.Contains(err.Error(), "@example.test") {
		t.Errorf("the error tells too much: %v", err)
	}
}

func idOf(n int64) provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(n, 10)) }

// ada is an agent of a fake, in Support.
func ada(f *fakeFreshdesk) (*fakeAgent, provision.DeskUserID) {
	a := f.hire("Ada Byron", "ada@example.test", agentRole)
	a.Groups = []int64{support}
	return a, idOf(a.ID)
}

// converse opens tickets in the group Support, long ago.
func (f *fakeFreshdesk) converse(assignee provision.DeskUserID, n int) (ids []string) {
	agent, _ := strconv.ParseInt(string(assignee), 10, 64)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		then := time.Now().AddDate(0, 0, -7-i%100)
		t := &fakeTicket{ID: f.number(), Status: []int64{statusOpen, 3, 8}[i%3], Agent: agent, Group: support, Created: then, Updated: then}
		f.tickets[t.ID], ids = t, append(ids, strconv.FormatInt(t.ID, 10))
	}
	return ids
}

func connectTo(t *testing.T, address string, pairs ...string) *freshdesk {
	t.Helper()
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	d, err := New(provision.Desk{URL: address, Secret: fakeKey + ":X", Settings: settings})
	must(t, err)
	fd := d.(*freshdesk)
	fd.client.patience.First = time.Millisecond
	return fd
}

func (f *fakeFreshdesk) connect(pairs ...string) *freshdesk {
	f.t.Helper()
	return connectTo(f.t, f.URL, pairs...)
}

// fakeHarness is the suite's view of a fake.
func fakeHarness(f *fakeFreshdesk, pairs ...string) desktest.Harness {
	return desktest.Harness{
		Desk:  func(*testing.T) desk.Desk { return f.connect(pairs...) },
		Teams: [2]string{"Support", "Billing"},
		MakeUser: func(_ *testing.T, name, email string) provision.DeskUserID {
			return locked(f, func() provision.DeskUserID { return idOf(f.hire(name, email, agentRole).ID) })
		},
		Converse:   func(_ *testing.T, assignee provision.DeskUserID, n int) []string { return f.converse(assignee, n) },
		Unassigned: desk.Assignee{Team: "Support"},
		Elsewhere:  "Billing",
		Move: func(_ *testing.T, conversation string) {
			locked(f, func() bool {
				n, _ := strconv.ParseInt(conversation, 10, 64)
				f.tickets[n].Group, f.tickets[n].Updated = billing, time.Now()
				return true
			})
		},
		Assignee: func(_ *testing.T, conversation string) desk.Assignee {
			return locked(f, func() desk.Assignee {
				n, _ := strconv.ParseInt(conversation, 10, 64)
				if t := f.tickets[n]; t.Agent == 0 {
					return desk.Assignee{Team: f.groups[t.Group]}
				}
				return desk.Assignee{User: idOf(f.tickets[n].Agent)}
			})
		},
	}
}

func TestContract(t *testing.T) { desktest.Run(t, fakeHarness(newFake(t), "limited_role", "Reader")) }

// TestContractBehindFaults runs the suite with every call made twice.
func TestContractBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, fakeHarness(newFake(t))) }

// TestChangesKeepTheRest: a change replaces lists, and yet takes nothing that somebody gave.
func TestChangesKeepTheRest(t *testing.T) {
	f := newFake(t)
	a, id := ada(f)
	a.Roles, a.Skills, a.Occasional, a.Scope = []int64{agentRole, shiftRole}, []int64{7}, true, 3
	d := f.connect("limited_role", "Reader")
	must(t, d.ChangeTeams(t.Context(), id, []string{"Billing"}, []string{"Support"}))
	must(t, d.SetRole(t.Context(), id, provision.RoleAdmin))
	if !slices.Equal(a.Groups, []int64{billing}) || !slices.Equal(a.Roles, []int64{shiftRole, adminRole}) || !slices.Equal(a.Skills, []int64{7}) || !a.Occasional || a.Scope != 3 {
		t.Errorf("%+v", a)
	}
	must(t, d.SetRole(t.Context(), id, provision.RoleLimited))
	if !slices.Equal(a.Roles, []int64{shiftRole, readerRole}) {
		t.Errorf("%+v", a)
	}
	a.Roles = []int64{superRole}
	must(t, d.SetRole(t.Context(), id, provision.RoleAgent)) // as strong as that
	if !slices.Equal(a.Roles, []int64{superRole}) {
		t.Errorf("%+v", a)
	}
	wantKind(t, d.SetRole(t.Context(), id, provision.RoleLimited), desk.Permanent, "is more than limited by one of the roles Supervisor, Reader")
}

// TestOwner: account administrators are shown as owners, and never touched.
func TestOwner(t *testing.T) {
	f := newFake(t)
	a, id := ada(f)
	a.Roles = []int64{ownerRole}
	d := f.connect()
	got, err := d.Find(t.Context(), desk.Key{Email: "ADA@example.test"})
	if must(t, err); got.Role != provision.RoleOwner {
		t.Errorf("%+v", got)
	}
	for _, err := range []error{d.SetRole(t.Context(), id, provision.RoleAgent), d.ChangeTeams(t.Context(), id, []string{"Billing"}, nil), d.Delete(t.Context(), id)} {
		wantKind(t, err, desk.Permanent, "is an account administrator, and is left alone")
	}
	if n := f.count("PUT /agents/N") + f.count("DELETE /agents/N"); n > 0 {
		t.Errorf("%d writes", n)
	}
}

// TestContactBecomesAgent: whoever is a customer, or was an agent once, becomes one under
// the same number; a contact that is deleted is in the way, and said.
func TestContactBecomesAgent(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	d := f.connect()
	must(t, d.Delete(t.Context(), id))
	want := provision.DeskUser{Email: "Ada@example.test", DisplayName: "Ada Byron", Role: provision.RoleAgent, Active: true, Teams: []string{"Billing"}}
	got, err := d.Create(t.Context(), want)
	must(t, err)
	if got.ID != id || !slices.Equal(got.Teams, []string{"Billing"}) || f.count("PUT /contacts/N/make_agent") != 1 || f.count("POST /agents") != 0 {
		t.Errorf("%+v", got)
	}
	must(t, d.Delete(t.Context(), id))
	f.contacts[f.last]["deleted"] = true
	_, err = d.Create(t.Context(), want)
	wantKind(t, err, desk.Permanent, "also among deleted and blocked ones")
	f.seats = 1
	want.Email = "grace@example.test"
	_, err = d.Create(t.Context(), want)
	wantKind(t, err, desk.Permanent, "no seat is left")
}

// TestSearchIsBehind: what was moved or came lately counts as it is, whatever a search shows.
func TestSearchIsBehind(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	other := f.hire("Grace", "grace@example.test", agentRole)
	other.Groups = []int64{support}
	all := f.converse(id, 5)
	f.index, f.behind = f.snapshot(), true
	d := f.connect()
	must(t, d.AssignMany(t.Context(), all[:2], desk.Assignee{User: idOf(other.ID)}))
	must(t, d.Assign(t.Context(), all[2], desk.Assignee{}))
	late := f.converse(id, 1)
	n, _ := strconv.ParseInt(late[0], 10, 64)
	f.tickets[n].Updated = time.Now()
	open, err := d.OpenConversations(t.Context(), id, 10)
	must(t, err)
	var got []string
	for _, c := range open {
		got = append(got, c.ID)
	}
	if diff := cmp.Diff(append(all[3:], late...), got); diff != "" || open[0].Mailbox != "Support" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if open, err := d.OpenConversations(t.Context(), idOf(other.ID), 10); err != nil || len(open) != 2 {
		t.Errorf("%v, %v", open, err)
	}
}

// TestManyTickets: more than a search shows are found by the days on which they were opened.
func TestManyTickets(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	all := f.converse(id, 1000)
	open, err := f.connect().OpenConversations(t.Context(), id, 10_000)
	if must(t, err); len(open) != len(all) {
		t.Errorf("%d of %d", len(open), len(all))
	}
	for _, tick := range f.tickets {
		tick.Created = time.Now().AddDate(0, 0, -30)
	}
	_, err = f.connect().OpenConversations(t.Context(), id, 10_000)
	wantKind(t, err, desk.Permanent, "opened on one day")
}

// TestSearchThatLies: one that is shorter than it says, or none at all, is no answer.
func TestSearchThatLies(t *testing.T) {
	for words, body := range map[string]object{
		"3 tickets fewer": {"total": 3, "results": []object{}}, "holds no list of tickets": {"total": 0}, "no list of tickets; ": {"results": []object{}},
	} {
		f := newFake(t)
		f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			lies := strings.HasSuffix(r.URL.Path, "/search/tickets")
			if lies {
				say(w, 200, body)
			}
			return lies
		}
		_, err := f.connect().OpenConversations(t.Context(), "7", 10)
		wantKind(t, err, desk.Retryable, words)
	}
}

// TestJobs: what a job did is what the tickets show, and one that does not end is none.
func TestJobs(t *testing.T) {
	for ends, want := range map[string]desk.Kind{"FAILED": desk.Permanent, "QUEUED": desk.Retryable} {
		f := newFake(t)
		_, id := ada(f)
		all := f.converse(id, 3)
		d := f.connect()
		d.client.patience.First, d.client.patience.Most = time.Nanosecond, time.Microsecond
		f.lie = func(http.ResponseWriter, *http.Request, []byte) bool {
			locked(f, func() any {
				for _, j := range f.jobs {
					j.ends = ends
				}
				return nil
			})
			return false
		}
		err := d.AssignMany(t.Context(), all, desk.Assignee{Team: "Billing"})
		if wantKind(t, err, want, ""); (desk.AcceptedOnly(err) != nil) != (ends == "FAILED") {
			t.Errorf("%s: %v", ends, err)
		}
	}
}

// TestOutsideTheGroup: a ticket goes to members of its group, and not once it is done with.
func TestOutsideTheGroup(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	other := f.hire("Grace", "grace@example.test", agentRole)
	c := f.converse(id, 2)
	d := f.connect()
	wantKind(t, d.Assign(t.Context(), c[0], desk.Assignee{User: idOf(other.ID)}), desk.Permanent, "is not in the group of ticket")
	wantKind(t, d.AssignMany(t.Context(), c, desk.Assignee{User: idOf(other.ID)}), desk.Permanent, "is not in the group of ticket")
	other.Groups, other.Off = []int64{support}, true
	wantKind(t, d.Assign(t.Context(), c[0], desk.Assignee{User: idOf(other.ID)}), desk.Permanent, "is deactivated")
	for _, tick := range f.tickets {
		tick.Status = statusDone
	}
	wantKind(t, d.Assign(t.Context(), c[0], desk.Assignee{}), desk.NotFound, "by now")
}

// TestDeactivationThatIsNotShown: who was deactivated by hand is out where Freshdesk shows
// it; where it does not, nobody's access is said to have ended.
func TestDeactivationThatIsNotShown(t *testing.T) {
	for _, silent := range []bool{false, true} {
		f := newFake(t)
		f.silent = silent
		u, id := ada(f)
		u.Off = true
		got, err := f.connect().Find(t.Context(), desk.Key{ID: id})
		if err != nil || got.Active != silent {
			t.Errorf("silent %t: %+v, %v", silent, got, err)
		}
	}
}

// TestListReadsEachOnce: a list leaves roles and groups out, and agents who did not change
// are not read again.
func TestListReadsEachOnce(t *testing.T) {
	f := newFake(t)
	a, id := ada(f)
	for _, a := range f.agents {
		a.Updated = time.Now().Add(-time.Minute)
	}
	d := f.connect()
	for range 2 {
		users, _, err := d.List(t.Context(), "")
		if must(t, err); len(users) != 2 || users[1].ID != id || !slices.Equal(users[1].Teams, []string{"Support"}) {
			t.Errorf("%+v", users)
		}
	}
	if n := f.count("GET /agents/N"); n != 2 {
		t.Errorf("%d were read", n)
	}
	locked(f, func() any {
		a.Roles, a.Updated = []int64{adminRole}, time.Now()
		return nil
	})
	if n, err := d.Admins(t.Context()); n != 2 || err != nil {
		t.Errorf("%d admins, %v", n, err)
	}
	if used, limit, err := d.Seats(t.Context()); used != 2 || limit != 0 || err != nil {
		t.Errorf("%d of %d seats, %v", used, limit, err)
	}
}

// TestAnswers: what is not Freshdesk's answer is not taken for one.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   any
		kind   desk.Kind
		words  string
	}{
		{"nobody", 404, nil, desk.NotFound, "no agent 7"},
		{"another agent", 200, object{"id": 8}, desk.Retryable, "something else"},
		{"half an agent", 200, object{"id": 7, "contact": object{"email": "ada@example.test"}}, desk.Retryable, "something else"},
		{"a list", 200, []object{}, desk.Retryable, "is a proxy in the way?"},
		{"a key that is refused", 401, object{"code": "invalid_credentials"}, desk.Unauthorized, "View API key"},
		{"a right that is missing", 403, object{"code": "access_denied"}, desk.Permanent, "must be an administrator"},
	} {
		f := newFake(t)
		f.lie = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool { say(w, tt.status, tt.body); return true }
		_, err := f.connect().read(t.Context(), "7")
		if wantKind(t, err, tt.kind, tt.words); t.Failed() {
			t.Fatal(tt.name)
		}
	}
}

// TestLimits: the limit of one kind of request keeps nobody else waiting; that of all does.
func TestLimits(t *testing.T) {
	for left, alone := range map[string]bool{"300": true, "0": false, "": false} {
		f := newFake(t)
		f.lie = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.Header().Set("Retry-After", "9")
			w.Header().Set("X-RateLimit-Remaining", left)
			say(w, 429, object{"message": "You have exceeded the limit of requests"})
			return true
		}
		_, err := f.connect().read(t.Context(), "7")
		if e, _ := errors.AsType[*desk.Error](err); e == nil || e.RetryAfter != 9*time.Second || errors.Is(err, desk.ErrNotAsked) != alone {
			t.Errorf("%q left: %v", left, err)
		}
	}
}

// TestCannot: what the API lacks is said with the clicks for it.
func TestCannot(t *testing.T) {
	d := newFake(t).connect()
	for words, err := range map[string]error{
		"Neo Admin Center": d.SetProfile(t.Context(), "7", provision.DeskUser{}), "More > Deactivate": d.SetActive(t.Context(), "7", false), "> Reactivate": d.SetActive(t.Context(), "7", true),
		"Delete forever": d.Anonymize(t.Context(), "7"), "Admin > Team > Groups": d.ChangeMailboxes(t.Context(), "7", nil, nil), "ends no sessions": d.EndSessions(t.Context(), "7"),
	} {
		wantKind(t, err, desk.CannotDo, words)
	}
	p, err := newFake(t).connect("agent_role", "Nobody").Check(t.Context())
	if must(t, err); len(p.Problems) != 1 || !strings.Contains(p.Problems[0], `no role "Nobody"`) {
		t.Errorf("%q", p.Problems)
	}
}

func TestNew(t *testing.T) {
	const home = "https://example.freshdesk.test"
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "a key", URL: home, Secret: fakeKey},
		{Name: "a key and its X", URL: home + "/", Secret: fakeKey + ":X"},
		{Name: "every setting", URL: home, Secret: fakeKey, Settings: map[string]string{"admin_role": "Boss", "agent_role": "Tier 1", "limited_role": "Reader", "ticket_scope": "global", "occasional": "true", "allow_http": "false"}},
		{Name: "http elsewhere", URL: "http://example.freshdesk.test", Secret: fakeKey, Mistakes: []string{"url"}},
		{Name: "a password", URL: home, Secret: "bridge@example.test:hunter2", Mistakes: []string{"secret"}},
		{Name: "account administrators", URL: home, Secret: fakeKey, Settings: map[string]string{"admin_role": "Account administrator"}, Mistakes: []string{"settings"}},
		{Name: "all mistakes at once", URL: "example", Settings: map[string]string{"ticket_scope": "all", "role": "x"}, Mistakes: []string{"settings.role", "settings.ticket_scope", "secret", "url"}},
	})
}

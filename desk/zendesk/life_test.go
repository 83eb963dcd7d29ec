package zendesk

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/kit/people"
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

// ada is an agent of a fake, in Support.
func ada(f *fakeZendesk) (*fakeUser, provision.DeskUserID) {
	u := f.hire("Ada Byron", "ada@example.test", agent)
	f.enter(u, support)
	return u, provision.DeskUserID(strconv.FormatInt(u.ID, 10))
}

func addresses(u *fakeUser) (all []string) {
	for _, i := range u.Identities {
		text := i.Value
		if i.Primary {
			text += " primary"
		}
		if i.Verified {
			text += " verified"
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

// TestChangeOfAddress: wherever Deskbridge is killed, the old address is gone when the change
// counts as made, also where the new one was a second one of the user; and the address that
// somebody added stays.
func TestChangeOfAddress(t *testing.T) {
	want := provision.DeskUser{Email: "augusta@example.test", DisplayName: "Ada Byron"}
	for name, tt := range map[string]struct {
		step         string
		second, done bool // the new address is there already; the step was done, and its answer lost
		doubts       bool
		verify       bool // the step is that of verifying; the user has no other address, for Zendesk tells of all together
	}{
		"nothing happens":                      {},
		"Zendesk has the address verified":     {doubts: true},
		"killed before the change":             {step: "PUT"},
		"killed after the change":              {step: "PUT", done: true},
		"killed before it is verified":         {doubts: true, step: "PUT", verify: true},
		"a second one":                         {second: true},
		"a second one, killed before its end":  {second: true, step: "DELETE"},
		"a second one, killed after its end":   {second: true, step: "DELETE", done: true},
		"a second one, killed before all else": {second: true, step: "PUT"},
		"a second one, killed after all":       {second: true, step: "PUT", done: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.doubts = tt.doubts
			u, id := ada(f)
			u.External = "account-7"
			addressesThen := []string{"augusta@example.test primary verified"}
			if !tt.verify {
				u.Identities = append(u.Identities, &fakeIdentity{f.number(), "private@example.test", false, true})
				addressesThen = append(addressesThen, "private@example.test verified")
			}
			if tt.second {
				u.Identities = append(u.Identities, &fakeIdentity{f.number(), "Augusta@example.test", false, false})
			}
			f.lie = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				if r.Method != tt.step || strings.HasSuffix(r.URL.Path, "/verify") != tt.verify {
					return false
				}
				locked(f, func() any { f.lie = nil; return nil })
				if tt.done {
					r.Body = io.NopCloser(bytes.NewReader(body))
					f.serve(nothing{}, r)
				}
				say(w, 503, object{})
				return true
			}
			err := f.connect().SetProfile(t.Context(), id, want)
			if tt.step != "" {
				wantKind(t, err, desk.Retryable, "HTTP 503")
				got, err := f.connect().Find(t.Context(), desk.Key{ID: id})
				must(t, err)
				if !people.SameText(got.Email, want.Email) {
					must(t, f.connect().SetProfile(t.Context(), id, want))
				}
			}
			if diff := cmp.Diff(addressesThen, addresses(u)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got, err := f.connect().Find(t.Context(), desk.Key{ID: id}); err != nil || got.Email != want.Email {
				t.Errorf("in the end: %+v, %v", got, err)
			}
		})
	}
}

// TestAddressThatIsNotKept: a change of address that does not show is none, and an agent
// without one gets it.
func TestAddressThatIsNotKept(t *testing.T) {
	want := provision.DeskUser{Email: "augusta@example.test"}
	f := newFake(t)
	u, id := ada(f)
	f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPut {
			say(w, 200, object{"identity": object{}})
		}
		return r.Method == http.MethodPut
	}
	err := f.connect().SetProfile(t.Context(), id, want)
	if wantKind(t, err, desk.Permanent, "change the e-mail address"); desk.AcceptedOnly(err) == nil {
		t.Errorf("%v", err)
	}
	u.Identities = nil
	must(t, f.connect().SetProfile(t.Context(), id, want))
	if diff := cmp.Diff([]string{"augusta@example.test primary verified"}, addresses(u)); diff != "" {
		t.Error(diff)
	}
}

// nothing is an answer that nobody gets.
type nothing struct{}

func (nothing) Header() http.Header            { return http.Header{} }
func (nothing) Write(data []byte) (int, error) { return len(data), nil }
func (nothing) WriteHeader(int)                {}

// TestSecondAddress: an address that another user has besides is in the way.
func TestSecondAddress(t *testing.T) {
	f := newFake(t)
	u, _ := ada(f)
	u.Identities = append(u.Identities, &fakeIdentity{f.number(), "second@example.test", false, true})
	_, id := f.hire("Grace", "grace@example.test", agent), provision.DeskUserID(strconv.FormatInt(f.last-2, 10))
	d := f.connect()
	_, err := d.Create(t.Context(), provision.DeskUser{Email: "second@example.test", DisplayName: "Second", Role: provision.RoleAgent, Active: true})
	wantKind(t, err, desk.Conflict, "perhaps as a second address")
	wantKind(t, d.SetProfile(t.Context(), id, provision.DeskUser{Email: "second@example.test", DisplayName: "Grace"}), desk.Conflict, "perhaps as a second address")
	if got, err := d.Find(t.Context(), desk.Key{Email: "second@example.test"}); got != nil || err != nil {
		t.Errorf("a second address finds %+v, %v", got, err)
	}
}

// TestNotOurs: shared agents, and those of Zendesk Chat, are shown as nobody's to change.
func TestNotOurs(t *testing.T) {
	for name, edit := range map[string]func(*fakeUser){
		"is shared": func(u *fakeUser) { u.Shared = true }, "Chat alone": func(u *fakeUser) { u.ChatOnly = true }, "of Zendesk Chat": func(u *fakeUser) { u.RoleType = chatAgent },
	} {
		f := newFake(t)
		u, id := ada(f)
		edit(u)
		d := f.connect(everySetting...)
		got, err := d.Find(t.Context(), desk.Key{ID: id})
		must(t, err)
		if got.Role != provision.RoleOwner {
			t.Errorf("%s: role %s", name, got.Role)
		}
		for _, err := range []error{
			d.SetActive(t.Context(), id, false), d.SetRole(t.Context(), id, provision.RoleNone), d.Delete(t.Context(), id), d.Anonymize(t.Context(), id), d.EndSessions(t.Context(), id),
			d.ChangeTeams(t.Context(), id, []string{"Billing"}, nil), d.SetProfile(t.Context(), id, provision.DeskUser{Email: "x@example.test"}),
		} {
			wantKind(t, err, desk.Permanent, name)
		}
	}
}

// TestRoles: custom roles stand for what settings say; light agents are limited; a role
// given by hand is not taken for the sake of another of the same strength.
func TestRoles(t *testing.T) {
	f := newFake(t)
	u, id := ada(f)
	d := f.connect("agent_role", "Lead", "limited_role", "Light agent")
	role := func(want provision.Role) {
		t.Helper()
		if got, err := d.Find(t.Context(), desk.Key{ID: id}); err != nil || got.Role != want {
			t.Errorf("role is %+v, %v, want %s", got, err, want)
		}
	}
	u.CustomRole = reader
	role(provision.RoleAgent)
	must(t, d.SetRole(t.Context(), id, provision.RoleAgent))
	if u.CustomRole != reader {
		t.Error("the role given by hand is gone")
	}
	must(t, d.SetRole(t.Context(), id, provision.RoleLimited))
	role(provision.RoleLimited)
	must(t, d.SetRole(t.Context(), id, provision.RoleAgent))
	if role(provision.RoleAgent); u.CustomRole != lead {
		t.Errorf("custom role is %d", u.CustomRole)
	}
	wantKind(t, d.SetRole(t.Context(), id, provision.RoleNone), desk.Permanent, "set downgrade_leavers")
	u.RoleType = contributor
	role(provision.RoleLimited)

	p, err := f.connect("agent_role", "Light agent", "limited_role", "Nobody").Check(t.Context())
	must(t, err)
	if all := strings.Join(p.Problems, "\n"); !strings.Contains(all, `"Light agent" is none that agents can work with`) || !strings.Contains(all, `no role "Nobody"`) {
		t.Errorf("problems: %s", all)
	}
}

// TestLeavingGroups: the default group is left after another has become it, and what the
// job takes away is known when the change is at its end.
func TestLeavingGroups(t *testing.T) {
	f := newFake(t)
	u, id := ada(f)
	u.Default = support
	c := f.converse(id, 1)[0]
	d := f.connect()
	must(t, d.ChangeTeams(t.Context(), id, nil, []string{"Support"}))
	if u.Default != everybody || f.count("PUT /users/N/group_memberships/N/make_default") != 1 {
		t.Errorf("the default group is %d", u.Default)
	}
	if open, err := d.OpenConversations(t.Context(), id, 9); err != nil || len(open) > 0 {
		t.Errorf("the job has not run: %v, %v", open, err)
	}
	if tick, err := d.Read(t.Context(), c); err != nil || tick.Assignee != 0 {
		t.Errorf("%+v, %v", tick, err)
	}
	boxes, err := d.MailboxesOf(t.Context(), "support")
	if diff := cmp.Diff([]string{"Support"}, boxes); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// TestJobs: one that fails, or does not end, is no success.
func TestJobs(t *testing.T) {
	for ends, words := range map[string]string{"failed": "a job of Zendesk's has failed", "killed": "has killed", "working": "has not ended a job yet"} {
		f := newFake(t)
		_, id := ada(f)
		all := f.converse(id, 3)
		d := f.connect()
		d.client.patience.First, d.client.patience.Most = time.Nanosecond, time.Microsecond
		f.lie = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
			locked(f, func() any {
				for _, j := range f.jobs {
					if j.ends = ends; ends == "working" {
						j.looks = 2
					}
				}
				return nil
			})
			return false
		}
		wantKind(t, d.AssignMany(t.Context(), all, desk.Assignee{}), desk.Retryable, words)
	}
}

// TestForgottenJob: a job that Zendesk does not know any more has ended, and what came of
// it is what the tickets show.
func TestForgottenJob(t *testing.T) {
	for _, done := range []bool{true, false} {
		f := newFake(t)
		_, id := ada(f)
		all := f.converse(id, 3)
		d := f.connect()
		f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if !strings.Contains(r.URL.Path, "/job_statuses/") {
				return false
			}
			locked(f, func() any {
				for _, j := range f.jobs {
					if done {
						j.work()
					}
				}
				return nil
			})
			missing(w)
			return true
		}
		err := d.AssignMany(t.Context(), all, desk.Assignee{})
		if done {
			must(t, err)
		} else if desk.AcceptedOnly(err) == nil {
			t.Errorf("%v, and no ticket was assigned", err)
		}
	}
}

// TestManyTickets: what is solved is not read to its end where Zendesk is seen to sort, and
// all of it is where it is not.
func TestManyTickets(t *testing.T) {
	for _, unsorted := range []bool{false, true} {
		f := newFake(t)
		f.unsorts = unsorted
		_, id := ada(f)
		f.converse(id, 950)
		for i, tick := range f.tickets {
			if tick.Status = "closed"; i%2 == 0 {
				tick.Status = "solved"
			}
		}
		open := f.converse(id, 3)
		got, err := f.connect().OpenConversations(t.Context(), id, 1000)
		must(t, err)
		if len(got) != 3 || got[0].ID != open[0] || got[0].Mailbox != "Support" {
			t.Errorf("unsorted %t: %+v", unsorted, got)
		}
		if n := f.count("GET /users/N/tickets/assigned"); (n > 4) != unsorted {
			t.Errorf("unsorted %t: %d pages were read", unsorted, n)
		}
	}
}

// TestOnePageOfTickets: where there is no other page, nobody has to know whether it is sorted.
func TestOnePageOfTickets(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	f.converse(id, 2)
	f.tickets[1].Status = "solved"
	if got, err := f.connect().OpenConversations(t.Context(), id, 10); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := f.count("GET /users/N/tickets/assigned"); n != 1 {
		t.Errorf("%d pages were read", n)
	}
}

// TestOutsideTheGroup: a ticket would follow its assignee into another group.
func TestOutsideTheGroup(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	other := f.hire("Grace", "grace@example.test", agent)
	to := desk.Assignee{User: provision.DeskUserID(strconv.FormatInt(other.ID, 10))}
	c := f.converse(id, 2)
	wantKind(t, f.connect().Assign(t.Context(), c[0], to), desk.Permanent, "is not in the group of ticket")
	wantKind(t, f.connect().AssignMany(t.Context(), c, to), desk.Permanent, "is not in the group of ticket")
	f.tickets[0].Status = "closed"
	wantKind(t, f.connect().Assign(t.Context(), c[0], desk.Assignee{}), desk.NotFound, "is closed by now")
}

// TestRequester: whoever has asked for help in open tickets cannot be deleted, and
// an admin reads why.
func TestRequester(t *testing.T) {
	f := newFake(t)
	u, id := ada(f)
	f.asking[u.ID] = true
	wantKind(t, f.connect().Delete(t.Context(), id), desk.Permanent, "Requested tickets")
	wantKind(t, f.connect().Anonymize(t.Context(), id), desk.Permanent, "Requested tickets")
}

// TestSearchIsBehind: whom the index does not know is found among the agents, and made
// by nobody a second time.
func TestSearchIsBehind(t *testing.T) {
	f := newFake(t)
	u, id := ada(f)
	f.behind[u.ID] = true
	d := f.connect()
	got, err := d.Find(t.Context(), desk.Key{Email: "ADA@example.test"})
	if must(t, err); got == nil || got.ID != id {
		t.Errorf("found %+v", got)
	}
	_, err = d.Create(t.Context(), provision.DeskUser{Email: "ada@example.test", DisplayName: "Ada", Role: provision.RoleAgent})
	wantKind(t, err, desk.Conflict, "user "+string(id)+" of Zendesk")
}

// TestLimitOfOneUser: too many changes of one user keep nobody else waiting; those of all do.
func TestLimitOfOneUser(t *testing.T) {
	f := newFake(t)
	_, id := ada(f)
	f.limit = 2
	d := f.connect()
	must(t, d.SetActive(t.Context(), id, false))
	must(t, d.SetActive(t.Context(), id, true))
	err := d.SetActive(t.Context(), id, false)
	wantKind(t, err, desk.Retryable, "five changes of one user")
	if e, _ := errors.AsType[*desk.Error](err); e.RetryAfter != time.Second || !errors.Is(err, desk.ErrNotAsked) {
		t.Errorf("%+v", e)
	}
	f.lie = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.Header().Set("Retry-After", "9")
		say(w, 429, object{"error": "TooManyRequests"})
		return true
	}
	_, err = d.Find(t.Context(), desk.Key{ID: id})
	if e, _ := errors.AsType[*desk.Error](err); e == nil || e.RetryAfter != 9*time.Second || errors.Is(err, desk.ErrNotAsked) {
		t.Errorf("%v", err)
	}
}

// TestNoSeat: a refusal names what was refused.
func TestNoSeat(t *testing.T) {
	f := newFake(t)
	f.seats = 1
	_, err := f.connect().Create(t.Context(), provision.DeskUser{Email: "ada@example.test", DisplayName: "Ada", Role: provision.RoleAgent})
	wantKind(t, err, desk.Permanent, "Zendesk refuses to make the user (HTTP 422)")
}

// TestAnswers: what is not Zendesk's answer is not taken for one.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   any
		kind   desk.Kind
		words  string
	}{
		{"a path that is not there", 404, object{"error": "InvalidEndpoint", "description": "Not found"}, desk.Retryable, "not part of Zendesk's API"},
		{"no Zendesk of that name", 404, object{"error": object{"title": "No help desk at example.zendesk.com"}}, desk.Retryable, "not part of Zendesk's API"},
		{"its own 404", 404, object{"error": "RecordNotFound"}, desk.NotFound, "no user 7"},
		{"another user", 200, object{"user": object{"id": 8}}, desk.Retryable, "something else"},
		{"half a user", 200, object{"user": object{"id": 7, "email": "ada@example.test"}}, desk.Retryable, "something else"},
		{"an empty answer", 200, object{}, desk.Retryable, "something else"},
		{"two changes at once", 409, object{"error": "DatabaseConflict"}, desk.Retryable, "HTTP 409"},
		{"a token that is refused", 401, object{"error": "Couldn't authenticate you"}, desk.Unauthorized, "API tokens"},
		{"a right that is missing", 403, object{"error": "Forbidden"}, desk.Permanent, "must be an admin"},
	} {
		f := newFake(t)
		f.lie = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool { say(w, tt.status, tt.body); return true }
		_, err := f.connect().read(t.Context(), "7")
		if wantKind(t, err, tt.kind, tt.words); t.Failed() {
			t.Fatal(tt.name)
		}
	}
	f := newFake(t)
	f.lie = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		say(w, 200, object{"user": object{"id": nil, "name": "Anonymous user", "role": endUser}})
		return true
	}
	_, err := f.connect().Check(t.Context())
	wantKind(t, err, desk.Unauthorized, "API tokens")
}

// TestLists: a list that goes on and does not say where, or holds somebody else, is none.
func TestLists(t *testing.T) {
	for words, body := range map[string]object{
		"and not where":         {"group_memberships": []object{{"id": 1, "user_id": 1002, "group_id": 5}}, "meta": object{"has_more": true, "after_cursor": nil}},
		"holds no list":         {"group_memberships": []object{}},
		"with something else":   {"group_memberships": []object{{"id": 1, "user_id": 7, "group_id": 5}}, "meta": object{"has_more": false}},
		"list of group_members": {"users": []object{}, "meta": object{"has_more": false}},
	} {
		f := newFake(t)
		_, id := ada(f)
		f.lie = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			lies := strings.HasSuffix(r.URL.Path, "/group_memberships")
			if lies {
				say(w, 200, body)
			}
			return lies
		}
		_, err := f.connect().Find(t.Context(), desk.Key{ID: id})
		wantKind(t, err, desk.Retryable, words)
	}
}

// TestDeletedShell: who is deleted is nobody, though Zendesk goes on showing them, and the
// address is free.
func TestDeletedShell(t *testing.T) {
	f := newFake(t)
	u, id := ada(f)
	d := f.connect()
	must(t, d.Delete(t.Context(), id))
	if got, err := d.Find(t.Context(), desk.Key{ID: id, Email: "ada@example.test"}); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := d.Create(t.Context(), provision.DeskUser{Email: "ada@example.test", DisplayName: "Ada", Role: provision.RoleAgent, Active: true})
	if must(t, err); got.ID == id {
		t.Errorf("made %+v", got)
	}
	must(t, d.Anonymize(t.Context(), id))
	if !u.Erased {
		t.Errorf("%+v", u)
	}
}

func TestFit(t *testing.T) {
	d := &zendesk{}
	for phone, want := range map[string]string{"+44 (20) 0000-000": "+44200000000", "020 0000": "", "+0 1234567": "", "+44 20 0000 x7": "", "+1234567890123456": ""} {
		if got := d.Fit(provision.DeskUser{DisplayName: "Ada", Phone: phone}).Phone; got != want {
			t.Errorf("phone %q is %q, want %q", phone, got, want)
		}
	}
	got := d.Fit(provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", Title: "Countess", Timezone: "UTC"})
	if diff := cmp.Diff(provision.DeskUser{DisplayName: "Ada Byron"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNew(t *testing.T) {
	const home = "https://example.zendesk.test"
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "address and API token", URL: home, Secret: fakeToken},
		{Name: "an OAuth token", URL: home + "/", Secret: strings.Repeat("o", 40)},
		{Name: "every setting", URL: home, Secret: fakeToken, Settings: map[string]string{"agent_role": "Lead", "limited_role": "Reader", "downgrade_leavers": "true", "welcome_email": "true", "allow_http": "false"}},
		{Name: "http elsewhere", URL: "http://example.zendesk.test", Secret: fakeToken, Mistakes: []string{"url"}},
		{Name: "a password", URL: home, Secret: "bridge@example.test:hunter2", Mistakes: []string{"secret"}},
		{Name: "a token and a line break", URL: home, Secret: fakeToken + "\nX-Evil: 1", Mistakes: []string{"secret"}},
		{Name: "one role for two", URL: home, Secret: fakeToken, Settings: map[string]string{"agent_role": "lead", "limited_role": "Lead"}, Mistakes: []string{"settings"}},
		{Name: "all mistakes at once", URL: "example", Settings: map[string]string{"downgrade_leavers": "yes", "role": "x"}, Mistakes: []string{"settings.downgrade_leavers", "settings.role", "secret", "url"}},
	})
	s, err := parseSettings(provision.Desk{URL: home, Secret: fakeToken, OnLeave: provision.LeaveDowngrade})
	if must(t, err); !s.endUsers || s.authorization != "Basic "+base64.StdEncoding.EncodeToString([]byte(fakeToken)) {
		t.Errorf("%+v", s)
	}
}

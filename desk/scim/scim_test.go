package scim

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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConnector(t *testing.T) { desktest.Run(t, newFake(t, habits{}).harness()) }

// TestConnectorOfFew: a service provider that can do as little as may be.
func TestConnectorOfFew(t *testing.T) {
	desktest.Run(t, newFake(t, habits{noPatch: true, filter: "untold", memberFilter: "refused", pageMost: 7}).harness())
}

func TestConnectorBehindFaults(t *testing.T) {
	desktest.RunBehindFaults(t, newFake(t, habits{showsGroups: true, etags: true}).harness())
}

// person is somebody to be made an agent.
func person(name string) provision.DeskUser {
	return provision.DeskUser{ExternalID: "mark-of-" + name, Email: strings.ToLower(name) + "@example.test", DisplayName: name + " Test", GivenName: name, FamilyName: "Test", Active: true, Role: provision.RoleAgent}
}

func (f *fake) made(p *provider, name string) provision.DeskUserID {
	f.t.Helper()
	u, err := p.Create(f.t.Context(), person(name))
	must(f.t, err)
	return u.ID
}

// TestHabits has somebody join, move, be renamed and leave on service providers that
// do something otherwise.
func TestHabits(t *testing.T) {
	for _, tt := range []struct {
		name string
		habits
		settings []string
	}{
		{name: "users show their groups", habits: habits{showsGroups: true}},
		{name: "no PATCH, and says so", habits: habits{noPatch: true}},
		{name: "no PATCH, and says that there is", habits: habits{hidesNoPatch: true}},
		{name: "no PATCH, with ETags", habits: habits{noPatch: true, etags: true}},
		{name: "PATCH answers nothing", habits: habits{patchAnswers: http.StatusNoContent}},
		{name: "filters are refused", habits: habits{filter: "refused", memberFilter: "refused"}},
		{name: "filters are ignored", habits: habits{filter: "ignored", memberFilter: "ignored"}},
		{name: "a filter for members finds nobody", habits: habits{memberFilter: "empty"}},
		{name: "no filter for addresses", habits: habits{refusesEmails: true}},
		{name: "no discovery", habits: habits{silent: true}},
		{name: "small pages", habits: habits{pageMost: 1, filter: "refused", memberFilter: "refused"}},
		{name: "active is text", habits: habits{flagsAsText: true}},
		{name: "names of attributes in small letters", habits: habits{smallLetters: true, noPatch: true}},
		{name: "our mark is forgotten", habits: habits{forgetsMark: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, tt.habits)
			f.add("somebody@example.test", "Some Body", "agent")
			p := f.connect(tt.settings...)
			profile, err := p.Check(t.Context())
			must(t, err)
			if profile.Self == "" || len(profile.Problems) > 0 || !slices.Equal(profile.Teams, []string{"Billing", "Support"}) {
				t.Errorf("Check: %+v", profile)
			}
			id := f.made(p, "Ada")
			must(t, p.ChangeTeams(t.Context(), id, []string{"Support"}, nil))
			must(t, p.ChangeTeams(t.Context(), id, []string{"billing"}, []string{"Support"}))
			renamed := person("Augusta")
			must(t, p.SetProfile(t.Context(), id, renamed))
			must(t, p.SetRole(t.Context(), id, provision.RoleAdmin))
			got, err := p.Find(t.Context(), desk.Key{Email: "AUGUSTA@example.test"})
			must(t, err)
			want := &provision.DeskUser{ID: id, ExternalID: "mark-of-Ada", Email: renamed.Email, UserName: renamed.Email, DisplayName: "Augusta Test", GivenName: "Augusta", FamilyName: "Test",
				Active: true, Role: provision.RoleAdmin, Teams: []string{"Billing"}}
			if tt.forgetsMark {
				want.ExternalID = ""
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after all (-want +got):\n%s", diff)
			}
			if none, err := p.Find(t.Context(), desk.Key{ExternalID: "nobody's", Email: "ada@example.test"}); none != nil || err != nil {
				t.Errorf("Find of nobody = %+v, %v", none, err)
			}
			must(t, p.SetActive(t.Context(), id, false))
			if got, err = p.Find(t.Context(), desk.Key{ID: id}); err != nil || got.Active {
				t.Errorf("deactivated: %+v, %v", got, err)
			}
			must(t, p.Delete(t.Context(), id))
			if got, err = p.Find(t.Context(), desk.Key{ID: id}); err != nil || got != nil {
				t.Errorf("deleted: %+v, %v", got, err)
			}
		})
	}
}

// TestDeactivatedIsGone: where deactivating deletes, access has ended all the same.
func TestDeactivatedIsGone(t *testing.T) {
	f := newFake(t, habits{deletes: true})
	p := f.connect()
	id := f.made(p, "Ada")
	must(t, p.SetActive(t.Context(), id, false))
	if got, err := p.Find(t.Context(), desk.Key{ID: id, Email: "ada@example.test"}); got != nil || err != nil {
		t.Errorf("Find = %+v, %v", got, err)
	}
	if err := p.SetActive(t.Context(), id, true); desk.KindOf(err) != desk.NotFound {
		t.Errorf("SetActive of somebody who is gone: %v", err)
	}
}

// TestPatchInOktasForm: what is sent is what service providers are tested with.
func TestPatchInOktasForm(t *testing.T) {
	f := newFake(t, habits{showsGroups: true})
	p := f.connect()
	id := f.made(p, "Ada")
	f.play(nil)
	must(t, p.SetActive(t.Context(), id, false))
	must(t, p.ChangeTeams(t.Context(), id, []string{"Support"}, nil))
	must(t, p.ChangeTeams(t.Context(), id, nil, []string{"Support"}))
	const op = `"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`
	want := []string{
		`PATCH /Users/` + string(id) + ` {"Operations":[{"op":"replace","value":{"active":false}}],` + op,
		`PATCH /Groups/2 {"Operations":[{"op":"add","path":"members","value":[{"display":"ada@example.test","value":"` + string(id) + `"}]}],` + op,
		`PATCH /Groups/2 {"Operations":[{"op":"remove","path":"members[value eq \"` + string(id) + `\"]"}],` + op,
	}
	if diff := cmp.Diff(want, f.bodies); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// TestLargeGroups: where memberships can be told otherwise, members are not read.
func TestLargeGroups(t *testing.T) {
	for _, h := range []habits{{}, {showsGroups: true}} {
		f := newFake(t, h)
		p := f.connect()
		must(t, p.ChangeTeams(t.Context(), f.made(p, "Ada"), []string{"Support"}, nil))
		_, err := p.Find(t.Context(), desk.Key{Email: "ada@example.test"})
		must(t, err)
		id := f.made(p, "Grace")
		f.play(func(_ http.ResponseWriter, r *http.Request, _ func()) bool {
			if r.Method == http.MethodGet && (strings.HasPrefix(r.URL.Path, "/v2/Groups/") || r.URL.Path == "/v2/Groups" && r.URL.Query().Get("excludedAttributes") != "members") {
				t.Errorf("members are read: %s", r.URL)
			}
			return false
		})
		must(t, p.ChangeTeams(t.Context(), id, []string{"Support"}, nil))
		must(t, p.ChangeTeams(t.Context(), id, []string{"Billing"}, []string{"Support"}))
	}
}

// TestLists: no list that is half a list is taken for a whole one, and none comes to
// no end.
func TestLists(t *testing.T) {
	for _, tt := range []struct {
		name string
		habits
		want string
	}{
		{"each page is the first one", habits{noStartIndex: true, pageMost: 2}, "takes no notice of startIndex"},
		{"there are said to be more", habits{tellsTooMany: 3}, "3 fewer than it says there are"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, tt.habits)
			for _, name := range []string{"one", "two", "three"} {
				f.add(name+"@example.test", name, "agent")
			}
			users, _, err := f.connect().List(t.Context(), "")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("List = %d users, %v", len(users), err)
			}
			if n := f.count("GET /Users"); n > 5 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestUnknownRoles: nobody is made less, or taken for an agent, of whom it is not
// known what they may do.
func TestUnknownRoles(t *testing.T) {
	f := newFake(t, habits{})
	id := provision.DeskUserID(f.add("chief@example.test", "Chief", "account-manager").Text("id"))
	p := f.connect()
	got, err := p.Find(t.Context(), desk.Key{ID: id})
	must(t, err)
	if got.Role != provision.RoleAdmin {
		t.Errorf("an unknown role counts as %s", got.Role)
	}
	if err := p.SetRole(t.Context(), id, provision.RoleAgent); desk.KindOf(err) != desk.Permanent || !strings.Contains(err.Error(), "account-manager") {
		t.Errorf("SetRole over an unknown role: %v", err)
	}
	ignoring := f.connect("ignored_roles=beta, account-manager")
	must(t, ignoring.SetRole(t.Context(), id, provision.RoleAgent))
	if roles := f.find(f.users, string(id)).Objects("roles"); len(roles) != 2 {
		t.Errorf("roles are %v", roles)
	}
	must(t, p.SetRole(t.Context(), id, provision.RoleNone))
	if roles := f.find(f.users, string(id)).Objects("roles"); len(roles) != 0 {
		t.Errorf("a leaver keeps %v", roles)
	}
}

// TestRoleAttributes: the role may stand in other places.
func TestRoleAttributes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		where string
		holds func(u object) string
	}{
		{"entitlements", "entitlements", func(u object) string { return u.Objects("entitlements")[0].Text("value") }},
		{"an attribute", "userType", func(u object) string { return u.Text("userType") }},
		{"an extension", extension + ":tier", func(u object) string { return u.Sub(extension).Text("tier") }},
	} {
		for _, h := range []habits{{}, {noPatch: true}} {
			t.Run(tt.name, func(t *testing.T) {
				f := newFake(t, h)
				p := f.connect("role_attribute="+tt.where, "service_account=")
				id := f.made(p, "Ada")
				if got := tt.holds(f.find(f.users, string(id))); got != "agent" {
					t.Errorf("made with %q", got)
				}
				must(t, p.SetRole(t.Context(), id, provision.RoleAdmin))
				got, err := p.Find(t.Context(), desk.Key{ID: id})
				must(t, err)
				if held := tt.holds(f.find(f.users, string(id))); held != "admin" || got.Role != provision.RoleAdmin {
					t.Errorf("%q, shown as %s", held, got.Role)
				}
			})
		}
	}
}

// TestNoRoles: of a desk that takes no roles, roles are tasks.
func TestNoRoles(t *testing.T) {
	f := newFake(t, habits{noGroups: true})
	p := f.connect("role_attribute=none", "teams=false", "conversations=none")
	id := f.made(p, "Ada")
	profile, err := p.Check(t.Context())
	must(t, err)
	if len(profile.Problems) > 0 || p.Capabilities().ChangeRole || p.Capabilities().ChangeTeams {
		t.Errorf("%+v", profile)
	}
	for what, err := range map[string]error{"SetRole": p.SetRole(t.Context(), id, provision.RoleAdmin), "ChangeTeams": p.ChangeTeams(t.Context(), id, []string{"Support"}, nil)} {
		if desk.KindOf(err) != desk.CannotDo {
			t.Errorf("%s: %v", what, err)
		}
	}
	if open, err := p.OpenConversations(t.Context(), id, 10); err != nil || len(open) > 0 {
		t.Errorf("OpenConversations = %v, %v", open, err)
	}
	if roles := f.find(f.users, string(id)).Objects("roles"); len(roles) > 0 {
		t.Errorf("made with %v", roles)
	}
	if found, err := f.connect().Check(t.Context()); err != nil || len(found.Problems) != 1 || !strings.Contains(found.Problems[0], "no groups") {
		t.Errorf("Check = %+v, %v", found, err)
	}
}

// TestUpsert: who is answered with, and is not the new user, is nobody's new user.
func TestUpsert(t *testing.T) {
	f := newFake(t, habits{upserts: true})
	p := f.connect()
	f.made(p, "Ada")
	other := person("Ada")
	other.ExternalID = "somebody else"
	if u, err := p.Create(t.Context(), other); u != nil || desk.AcceptedOnly(err) == nil {
		t.Errorf("Create = %+v, %v", u, err)
	}
}

// TestChangedMeanwhile: a change that met another one is begun anew, and not lost.
func TestChangedMeanwhile(t *testing.T) {
	f := newFake(t, habits{etags: true, noPatch: true})
	p := f.connect()
	id := f.made(p, "Ada")
	once := false
	f.play(func(_ http.ResponseWriter, r *http.Request, _ func()) bool {
		if r.Method == http.MethodPut && !once {
			once = true
			f.mu.Lock()
			u := f.find(f.users, string(id))
			u["title"], u["meta"] = "Countess", map[string]any{"version": `W/"99"`}
			f.mu.Unlock()
		}
		return false
	})
	must(t, p.SetRole(t.Context(), id, provision.RoleAdmin))
	if u := f.find(f.users, string(id)); u.Text("title") != "Countess" || f.count("PUT ") != 2 {
		t.Errorf("after %d tries: %v", f.count("PUT "), u)
	}
}

// TestAnswers: what is no answer of SCIM is not taken for one.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   desk.Kind
	}{
		{"a page to sign in", 200, "<html>", desk.Retryable},
		{"JSON that is no list", 200, `{"ok":true}`, desk.Retryable},
		{"nothing at all", 200, "", desk.Retryable},
		{"a list that is not there", 404, `{"detail":"no"}`, desk.Retryable},
		{"a refused token", 401, `{}`, desk.Unauthorized},
		{"a token that may not", 403, `{}`, desk.Permanent},
		{"too many requests", 429, `{}`, desk.Retryable},
		{"a list with somebody who has no id", 200, `{"totalResults":1,"Resources":[{"userName":"ada@example.test"}]}`, desk.Retryable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, habits{})
			p := f.connect()
			_, err := p.client.Discover(t.Context())
			must(t, err)
			f.play(func(w http.ResponseWriter, _ *http.Request, _ func()) bool {
				w.Header().Set("Content-Type", map[bool]string{true: "text/html", false: "application/scim+json"}[strings.HasPrefix(tt.body, "<")])
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
				return true
			})
			if u, err := p.Find(t.Context(), desk.Key{Email: "ada@example.test"}); err == nil || desk.KindOf(err) != tt.want {
				t.Errorf("Find = %+v, %v, want %s", u, err, tt.want)
			}
		})
	}
}

// TestIdsInPaths: no id leads to another address.
func TestIdsInPaths(t *testing.T) {
	f := newFake(t, habits{})
	p := f.connect()
	_, err := p.Check(t.Context())
	must(t, err)
	f.play(nil)
	for _, id := range []provision.DeskUserID{"..", ".", "../Groups/2", "1/2", "a b", "1?x=2", "%2e%2e", "é"} {
		if u, err := p.Find(t.Context(), desk.Key{ID: id}); u != nil || err != nil {
			t.Errorf("Find(%q) = %+v, %v", id, u, err)
		}
		if err := p.SetActive(t.Context(), id, false); desk.KindOf(err) != desk.NotFound {
			t.Errorf("SetActive(%q): %v", id, err)
		}
		must(t, p.Delete(t.Context(), id))
	}
	if len(f.asked) > 0 {
		t.Errorf("asked %q", f.asked)
	}
}

// TestBasic: a service provider may want a user and a password.
func TestBasic(t *testing.T) {
	f := newFake(t, habits{})
	d, err := New(provision.Desk{URL: f.URL + "/v2", Secret: "scim:secret", Settings: map[string]string{"auth": "basic"}})
	must(t, err)
	f.play(func(w http.ResponseWriter, r *http.Request, _ func()) bool {
		if user, password, ok := r.BasicAuth(); !ok || user != "scim" || password != "secret" {
			t.Errorf("authorization is %q", r.Header.Get("Authorization"))
		}
		r.Header.Set("Authorization", "Bearer "+fakeToken)
		return false
	})
	_, err = d.Check(t.Context())
	must(t, err)
}

func TestSettings(t *testing.T) {
	const url = "https://desk.example.com/scim/v2"
	desktest.RunSettings(t, New, []desktest.Settings{
		{Name: "as few as may be", URL: url, Secret: "token"},
		{Name: "all", URL: url, Secret: "user:pass", Settings: map[string]string{"auth": "basic", "service_account": "x", "role_attribute": extension + ":tier", "admin_role": "a", "agent_role": "", "limited_role": "l",
			"ignored_roles": "b, c", "attributes": "", "teams": "false", "memberships": "filter", "conversations": "none", "allow_http": "true"}},
		{Name: "http to elsewhere", URL: "http://desk.example.com", Secret: "token", Mistakes: []string{"url"}},
		{Name: "nothing", Mistakes: []string{"secret", "url"}},
		{Name: "no user", URL: url, Secret: desktest.Password, Settings: map[string]string{"auth": "basic"}, Mistakes: []string{"secret"}},
		{Name: "two lines", URL: url, Secret: "tok\nen", Mistakes: []string{"secret"}},
		{Name: "roles alike", URL: url, Secret: "token", Settings: map[string]string{"agent_role": "admin"}, Mistakes: []string{"settings"}},
		{Name: "nonsense", URL: url, Secret: "token", Settings: map[string]string{"auth": "magic", "role_attribute": "emails", "attributes": "shoe_size", "memberships": "guess", "conversations": "maybe", "colour": "red"},
			Mistakes: []string{"settings.attributes", "settings.auth", "settings.colour", "settings.conversations", "settings.memberships", "settings.role_attribute"}},
	})
}

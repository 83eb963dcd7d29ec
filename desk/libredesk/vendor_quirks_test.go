package libredesk

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func person(first string) provision.DeskUser {
	return provision.DeskUser{
		Email: strings.ToLower(first+"."+rand.Text()[:10]) + "@example.test", GivenName: first, FamilyName: "Example",
		Active: true, Role: provision.RoleAgent, Teams: []string{"Support Agents"},
	}
}

func create(t *testing.T, d *libredesk, want provision.DeskUser) provision.DeskUserID {
	t.Helper()
	got, err := d.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return got.ID
}

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
}

func wantRoles(t *testing.T, b browser, id provision.DeskUserID, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, b.agent(id).Roles); diff != "" {
		t.Errorf("roles of user %s (-want +got):\n%s", id, diff)
	}
}

const password = "Correct-Horse-7"

// TestLeaverWithOpenBrowser: who is disabled or deleted is out with the next
// click, and their API key does not work again on return.
func TestLeaverWithOpenBrowser(t *testing.T) {
	b := real(t)
	d := b.connect()
	for _, end := range []struct {
		name string
		end  func(provision.DeskUserID) error
	}{
		{"disabled", func(id provision.DeskUserID) error { return d.SetActive(t.Context(), id, false) }},
		{"deleted", func(id provision.DeskUserID) error { return d.Delete(t.Context(), id) }},
	} {
		t.Run(end.name, func(t *testing.T) {
			b := real(t)
			want := person("Leaver")
			id := create(t, d, want)
			b.change(id, object{"new_password": password})
			theirs := signIn(t, want.Email, password)
			var key struct {
				Key    string `json:"api_key"`
				Secret string `json:"api_secret"`
			}
			b.must("POST", "/agents/"+string(id)+"/api-key", nil, &key)
			byKey := connectTo(t, b.url, key.Key+":"+key.Secret)
			if status := theirs.do("GET", "/agents/me", nil, nil); status != http.StatusOK {
				t.Fatalf("before: HTTP %d", status)
			}
			_, err := byKey.Find(t.Context(), desk.Key{ID: id})
			wantKind(t, err, desk.Permanent, "permissions the service account's role lacks") // the key works, and may do little
			must(t, end.end(id))
			if status := theirs.do("GET", "/agents/me", nil, nil); status == http.StatusOK {
				t.Error("the browser still gets in")
			}
			_, err = byKey.Check(t.Context())
			wantKind(t, err, desk.Unauthorized, "refuses the API key")
			if end.name == "deleted" {
				return
			}
			must(t, d.SetActive(t.Context(), id, true))
			_, err = byKey.Check(t.Context())
			wantKind(t, err, desk.Unauthorized, "refuses the API key")
			if status := theirs.do("GET", "/agents/me", nil, nil); status == http.StatusOK {
				t.Error("the browser of before gets in on return")
			}
		})
	}
}

// TestRolesByHand: what somebody gave besides stays, until they leave; and who may
// manage users by it is an admin.
func TestRolesByHand(t *testing.T) {
	b := real(t)
	d := b.connect(catalogueOfTests...)
	id := create(t, d, person("Lead"))
	b.change(id, object{"roles": []string{"Shift Lead", "Team Agent"}})
	must(t, d.SetRole(t.Context(), id, provision.RoleAdmin))
	wantRoles(t, b, id, "Admin", "Shift Lead")
	must(t, d.SetRole(t.Context(), id, provision.RoleLimited))
	wantRoles(t, b, id, "Reader", "Shift Lead")
	must(t, d.ChangeTeams(t.Context(), id, []string{"Billing Agents"}, nil))
	wantRoles(t, b, id, "Reader", "Shift Lead")

	b.change(id, object{"roles": []string{"Office", "Reader"}})
	got, err := d.Find(t.Context(), desk.Key{ID: id})
	must(t, err)
	if got.Role != provision.RoleAdmin {
		t.Errorf("who may manage users is called %s", got.Role)
	}
	wantKind(t, d.SetRole(t.Context(), id, provision.RoleAgent), desk.Permanent, "may still manage users or roles, by one of the roles Office, Team Agent")
	must(t, d.SetRole(t.Context(), id, provision.RoleNone))
	if roles := b.agent(id).Roles; len(roles) > 0 {
		t.Errorf("a leaver keeps %q", roles)
	}
	b.change(id, object{"roles": []string{"Shift Lead"}})
	if got, err = d.Find(t.Context(), desk.Key{ID: id}); err != nil || got.Role != provision.RoleAgent {
		t.Errorf("who has a role of their own is %+v, %v", got, err)
	}
}

// TestRoleThatGoes: Libredesk leaves out without a word the roles that it does
// not know, or makes half a user.
func TestRoleThatGoes(t *testing.T) {
	b := real(t)
	name := "Short Lived " + rand.Text()[:8]
	d := b.connect("agent_role", name)
	_, err := d.Create(t.Context(), person("Early"))
	wantKind(t, err, desk.Permanent, "correct the setting agent_role")
	var role struct{ ID int64 }
	b.must("POST", "/roles", object{"name": name, "permissions": []string{readAny}}, &role)
	id := b.hire("Gone Role", person("Role").Email, "Reader", "Shift Lead")
	_, err = d.roles.Reread(t.Context())
	must(t, err)
	b.must("DELETE", "/roles/"+strconv.FormatInt(role.ID, 10), nil, nil)

	wantKind(t, d.SetRole(t.Context(), id, provision.RoleAgent), desk.Permanent, "(without role "+name+"): Libredesk accepted to give the role "+name+" to user")
	want := person("Half")
	_, err = d.Create(t.Context(), want)
	wantKind(t, err, desk.Conflict, "has this e-mail address already")
	if half, err := d.Find(t.Context(), desk.Key{Email: want.Email}); err != nil || half == nil || half.Role != provision.RoleNone {
		t.Errorf("half a user is %+v, %v", half, err)
	}
}

// TestLibredesksOwnAccount: it is no agent of anybody's, and never touched.
func TestLibredesksOwnAccount(t *testing.T) {
	got, err := real(t).connect().Find(t.Context(), desk.Key{ID: "1"})
	must(t, err)
	if got == nil || got.Role != provision.RoleOwner {
		t.Errorf("Libredesk's own account is %+v", got)
	}
}

// TestStates: snoozed is open, resolved and closed are not; what somebody took
// over by another role than their team's counts.
func TestStates(t *testing.T) {
	b := real(t)
	d := b.connect()
	id, outsider := create(t, d, person("States")), b.hire("Out Sider", person("Out").Email, "Agent")
	all := b.converse(id, 4)
	b.must("PUT", "/conversations/"+all[1]+"/status", object{"status": "Snoozed", "snoozed_until": "24h"}, nil)
	b.must("PUT", "/conversations/"+all[2]+"/status", object{"status": "Resolved"}, nil)
	b.must("PUT", "/conversations/"+all[3]+"/status", object{"status": "Closed"}, nil)
	open, err := d.OpenConversations(t.Context(), id, 10)
	must(t, err)
	want := []desk.Conversation{{ID: all[0], Assignee: id, Mailbox: "Support"}, {ID: all[1], Assignee: id, Mailbox: "Support"}}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, d.Assign(t.Context(), all[0], desk.Assignee{User: outsider})) // "Agent" reads all
	must(t, d.Assign(t.Context(), all[0], desk.Assignee{Team: "Billing Agents"}))
	if got := b.assignee(all[0]); got != (desk.Assignee{Team: "Billing Agents"}) {
		t.Errorf("assigned to %+v", got)
	}
}

// TestReturn: who comes back is dealt conversations again.
func TestReturn(t *testing.T) {
	b := real(t)
	d := b.connect()
	id := create(t, d, person("Return"))
	must(t, d.StopInflow(t.Context(), id))
	must(t, d.SetActive(t.Context(), id, false))
	if got := b.agent(id).Availability; got != reassigning {
		t.Errorf("a leaver is %s", got)
	}
	must(t, d.SetActive(t.Context(), id, true))
	if got := b.agent(id).Availability; got != offline {
		t.Errorf("who returns is %s", got)
	}
}

// TestLastLogin: it is told where Libredesk tells it, and who never signed in has none.
func TestLastLogin(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	never, once := f.hire("Ada Never", "never@example.test", 1), f.hire("Bob Once", "once@example.test", 1)
	once.LastLogin = "2026-11-29T08:00:00.123456Z"
	for _, tt := range []struct {
		of   *fakeAgent
		want time.Time
	}{{never, time.Time{}}, {once, time.Date(2026, 11, 29, 8, 0, 0, 123456000, time.UTC)}} {
		u, err := d.Find(t.Context(), desk.Key{Email: tt.of.Email})
		must(t, err)
		if u == nil || !u.LastLogin.Equal(tt.want) || !u.LastActive.Equal(tt.want) || u.Accepted != nil {
			t.Errorf("%s: %+v", tt.of.Email, u)
		}
	}
}

func TestCheckFindsProblems(t *testing.T) {
	b := real(t)
	profile, err := b.connect("agent_role", "Office", "admin_role", "Shift Lead", "limited_role", "Nothing").Check(t.Context())
	must(t, err)
	all := strings.Join(profile.Problems, "\n")
	for _, words := range []string{`no role "Nothing"`, `"Office" may manage users or roles`, `"Shift Lead" may not manage users`} {
		if !strings.Contains(all, words) {
			t.Errorf("no problem says %q: %s", words, all)
		}
	}
	if profile.Version != "v1.0.3" || !slices.Contains(profile.Teams, "Billing Agents") {
		t.Errorf("profile is %+v", profile)
	}
}

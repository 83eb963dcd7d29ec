package requesttracker

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// fresh returns a name that nothing on the desk has.
func fresh(prefix string) string { return prefix + " " + rand.Text()[:10] }

func person(prefix string) provision.DeskUser {
	return provision.DeskUser{
		ExternalID:  string(provision.NewID[provision.AccountID]()),
		Email:       strings.ToLower(prefix+"."+rand.Text()[:10]) + "@example.test",
		DisplayName: prefix + " Example",
		Active:      true,
		Role:        provision.RoleAgent,
	}
}

func create(t *testing.T, d *rt, want provision.DeskUser) provision.DeskUserID {
	t.Helper()
	got, err := d.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return got.ID
}

func wantKind(t *testing.T, err error, want desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != want || !strings.Contains(err.Error(), words) {
		t.Errorf("error is %v, want %s with %q", err, want, words)
	}
}

// Without the field RT would answer each look-up with all its users.
func TestFindWithoutCustomField(t *testing.T) {
	d := realRT(t).connect("external_id_field", "No such field")
	got, err := d.Find(t.Context(), desk.Key{ExternalID: "0190-somebody"})
	if got != nil {
		t.Errorf("Find = %+v", got)
	}
	wantKind(t, err, desk.Permanent, "custom field")

	profile, err := d.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(profile.Problems) != 1 || !strings.Contains(profile.Problems[0], `"No such field"`) {
		t.Errorf("problems are %q, want the custom field", profile.Problems)
	}
	_, err = d.Create(t.Context(), person("Idless"))
	wantKind(t, err, desk.Permanent, "ModifyCustomField")
}

func TestFindAmbiguous(t *testing.T) {
	r := realRT(t)
	d := r.connect()
	t.Run("two with the same external id", func(t *testing.T) {
		one, two := person("One"), person("Two")
		create(t, d, one)
		id := create(t, d, two)
		r.do("PUT", "/user/"+string(id), map[string]any{"CustomFields": map[string]string{"SCIM external id": one.ExternalID}}, nil)
		_, err := d.Find(t.Context(), desk.Key{ExternalID: one.ExternalID})
		wantKind(t, err, desk.Permanent, string(id))
	})
	t.Run("an external id in another letter case is another external id", func(t *testing.T) {
		want := person("Case")
		want.ExternalID = "abc" + want.ExternalID
		create(t, d, want)
		got, err := d.Find(t.Context(), desk.Key{ExternalID: strings.ToUpper(want.ExternalID)})
		if got != nil || err != nil {
			t.Errorf("Find = %+v, %v", got, err)
		}
	})
	t.Run("an address as the name of one without address", func(t *testing.T) {
		email := person("Nameonly").Email
		id := r.makeUser(map[string]any{"Name": email})
		got, err := d.Find(t.Context(), desk.Key{Email: strings.ToUpper(email)})
		if err != nil || got == nil || got.ID != id {
			t.Errorf("Find = %+v, %v, want user %s", got, err, id)
		}
	})
	t.Run("an address as the name of somebody with another address", func(t *testing.T) {
		want := person("Moved")
		r.makeUser(map[string]any{"Name": want.Email, "EmailAddress": "new." + want.Email})
		got, err := d.Find(t.Context(), desk.Key{Email: want.Email})
		if got != nil || err != nil {
			t.Errorf("Find = %+v, %v, want nobody: it would be the wrong person", got, err)
		}
		_, err = d.Create(t.Context(), want)
		wantKind(t, err, desk.Conflict, "name already")
	})
	t.Run("a group's number is no user", func(t *testing.T) {
		got, err := d.Find(t.Context(), desk.Key{ID: provision.DeskUserID(r.makeGroup(fresh("Group")))})
		if got != nil || err != nil {
			t.Errorf("Find = %+v, %v", got, err)
		}
	})
	t.Run("root is the owner", func(t *testing.T) {
		got, err := d.Find(t.Context(), desk.Key{Email: "root@localhost"})
		if err != nil || got == nil || got.Role != provision.RoleOwner {
			t.Errorf("Find = %+v, %v, want the owner", got, err)
		}
	})
}

func TestNameFollowsAddress(t *testing.T) {
	r := realRT(t)
	d := r.connect()
	t.Run("when it was the address", func(t *testing.T) {
		id := create(t, d, person("Maiden"))
		want := person("Married")
		if err := d.SetProfile(t.Context(), id, want); err != nil {
			t.Fatal(err)
		}
		if got := r.name(id); got != want.Email {
			t.Errorf("name is %q, want %q", got, want.Email)
		}
	})
	t.Run("not when it is a login name", func(t *testing.T) {
		login := fresh("login")
		id := r.makeUser(map[string]any{"Name": login, "EmailAddress": person("Old").Email})
		want := person("New")
		if err := d.SetProfile(t.Context(), id, want); err != nil {
			t.Fatal(err)
		}
		if got := r.name(id); got != login {
			t.Errorf("name is %q, want %q", got, login)
		}
	})
	t.Run("and a taken name changes nothing", func(t *testing.T) {
		was := person("Stays")
		id := create(t, d, was)
		want := person("Taken")
		r.makeUser(map[string]any{"Name": want.Email})
		wantKind(t, d.SetProfile(t.Context(), id, want), desk.Conflict, "already")
		if got := r.read(id, ""); got.Email != was.Email || got.DisplayName != was.DisplayName || r.name(id) != was.Email {
			t.Errorf("the user became %+v, named %q", got, r.name(id))
		}
	})
}

func TestEmptyFieldsStay(t *testing.T) {
	d := realRT(t).connect()
	want := person("Keeps")
	want.Phone, want.Timezone, want.Title = "+44 20 0000", "Europe/London", "Agent"
	id := create(t, d, want)
	change := want
	change.Phone, change.Timezone, change.DisplayName = "", "", "Kept Example"
	if err := d.SetProfile(t.Context(), id, change); err != nil {
		t.Fatal(err)
	}
	got, err := d.Find(t.Context(), desk.Key{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	change = d.Fit(change)
	change.ID, change.Phone, change.Timezone = id, want.Phone, want.Timezone
	change.UserName = want.Email // the Name that the user was made with
	if got.MadeAt.IsZero() {
		t.Error("RT does not tell when it made the user")
	}
	change.MadeAt = got.MadeAt
	if diff := cmp.Diff(&change, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNestedGroups(t *testing.T) {
	r := realRT(t)
	d := r.connect()
	outer, inner := fresh("Outer"), fresh("Inner")
	outerID, innerID := r.makeGroup(outer), r.makeGroup(inner)
	r.do("PUT", "/group/"+outerID+"/members", []string{innerID}, nil)

	id := create(t, d, person("Nested"))
	if err := d.ChangeTeams(t.Context(), id, []string{inner}, nil); err != nil {
		t.Fatal(err)
	}
	got, err := d.Find(t.Context(), desk.Key{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{inner, outer}; !slices.Equal(got.Teams, want) {
		t.Errorf("teams are %q, want %q", got.Teams, want)
	}
	members, err := d.TeamMembers(t.Context(), outer)
	if err != nil || !slices.Equal(members, []provision.DeskUserID{id}) {
		t.Errorf("TeamMembers = %v, %v", members, err)
	}
	// RT answers 204 to the removal of a member who is one only through a group.
	wantKind(t, d.ChangeTeams(t.Context(), id, nil, []string{outer}), desk.Permanent, "through a group within it")
	if err := d.ChangeTeams(t.Context(), id, nil, []string{inner, outer}); err != nil {
		t.Errorf("leaving both: %v", err)
	}
}

func TestRoleGroups(t *testing.T) {
	r := realRT(t)
	agents := fresh("Agents")
	group := r.makeGroup(agents)
	d := r.connect("agent_group", agents, "limited_group", "Desk Readers")
	id := create(t, d, person("Agent"))

	t.Run("are no teams", func(t *testing.T) {
		got, err := d.Find(t.Context(), desk.Key{ID: id})
		if err != nil || got.Role != provision.RoleAgent || len(got.Teams) > 0 {
			t.Errorf("Find = %+v, %v", got, err)
		}
		profile, err := d.Check(t.Context())
		if err != nil || len(profile.Problems) > 0 || slices.Contains(profile.Teams, agents) || slices.Contains(profile.Teams, "Desk Admins") {
			t.Errorf("Check = %+v, %v", profile, err)
		}
		for _, name := range []string{agents, "desk admins"} {
			wantKind(t, d.ChangeTeams(t.Context(), id, []string{name}, nil), desk.Permanent, "is no team")
		}
	})
	t.Run("follow the role", func(t *testing.T) {
		for _, role := range []provision.Role{provision.RoleAdmin, provision.RoleLimited, provision.RoleAgent, ""} {
			if err := d.SetRole(t.Context(), id, role); err != nil {
				t.Fatal(err)
			}
			var user struct {
				Memberships []struct{ ID string }
				Privileged  int
			}
			r.do("GET", "/user/"+string(id), nil, &user)
			if want := min(len(role), 1); len(user.Memberships) != want || user.Privileged != want {
				t.Errorf("as %q the user is %+v", role, user)
			}
		}
	})
	t.Run("privileged alone is not enough", func(t *testing.T) {
		id := r.makeUser(map[string]any{"Name": fresh("By hand")})
		got, err := d.Find(t.Context(), desk.Key{ID: id})
		if err != nil || got.Role != provision.RoleNone {
			t.Errorf("Find = %+v, %v", got, err)
		}
	})
	t.Run("hold the user through a group within", func(t *testing.T) {
		inner := fresh("Inner")
		innerID := r.makeGroup(inner)
		r.do("PUT", "/group/"+group+"/members", []string{innerID}, nil)
		if err := d.ChangeTeams(t.Context(), id, []string{inner}, nil); err != nil {
			t.Fatal(err)
		}
		if err := d.SetRole(t.Context(), id, provision.RoleAgent); err != nil {
			t.Fatal(err)
		}
		wantKind(t, d.SetRole(t.Context(), id, provision.RoleLimited), desk.Permanent, "still agent")
	})
	t.Run("must exist once they are configured", func(t *testing.T) {
		d := r.connect("admin_group", "No Such Group")
		_, err := d.Find(t.Context(), desk.Key{ID: id})
		wantKind(t, err, desk.Permanent, "admin_group")
	})
}

// A disabled user's open browser goes on with what groups still allow. This is
// why access ends with the groups, and why EndSessions claims nothing.
func TestLeaverWithOpenBrowser(t *testing.T) {
	r := realRT(t)
	d := r.connect()
	email, password := person("Leaver").Email, rand.Text()
	id := r.makeUser(map[string]any{"Name": email, "EmailAddress": email, "Password": password})
	if err := d.ChangeTeams(t.Context(), id, []string{"Support Agents"}, nil); err != nil {
		t.Fatal(err)
	}
	tickets := r.converse("Support", id, 2)
	open := r.signIn(id, password)
	if !open.sees(tickets[0]) {
		t.Fatal("the agent does not see the ticket")
	}

	for _, ticket := range tickets {
		if err := d.Assign(t.Context(), ticket, desk.Assignee{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.ChangeTeams(t.Context(), id, nil, []string{"Support Agents"}); err != nil {
		t.Fatal(err)
	}
	if err := d.SetRole(t.Context(), id, provision.RoleNone); err != nil {
		t.Fatal(err)
	}
	if err := d.SetActive(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if open.sees(tickets[0]) {
		t.Error("the leaver still sees the ticket in the open browser")
	}
	if again := r.signIn(id, password); again.sees(tickets[0]) {
		t.Error("the leaver could sign in again")
	}
}

// RT answers 200 to a new owner who may not own.
func TestAssignTellsWhatIsMissing(t *testing.T) {
	r := realRT(t)
	d := r.connect()
	outsider := create(t, d, person("Outsider"))
	ticket := r.converse("Billing", "", 1)[0]
	err := d.Assign(t.Context(), ticket, desk.Assignee{User: outsider})
	wantKind(t, err, desk.Permanent, "OwnTicket")
	if got := r.assignee(ticket); got != (desk.Assignee{}) {
		t.Errorf("the ticket went to %+v", got)
	}
}

func TestTokenOfNobody(t *testing.T) {
	r := realRT(t)
	r.token = r.token[:len(r.token)-4] + "0000"
	_, err := r.connect().Check(t.Context())
	wantKind(t, err, desk.Unauthorized, "token")
	if strings.Contains(err.Error(), r.token) {
		t.Error("the error holds the token")
	}
}

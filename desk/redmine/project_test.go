package redmine

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Groups may open projects. What they give is neither shown as a mailbox, nor
// taken away with one.
func TestProjectsThroughGroups(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	project, name := a.makeProject("")
	team := "Team " + rand.Text()[:10]
	group := a.makeGroup(team)
	a.enrol(project, group, "Team")
	_, below := a.makeProject(project)

	id := create(t, d, person("Member"))
	change := func(change func() error, wantRoles ...string) {
		t.Helper()
		must(t, change())
		if diff := cmp.Diff(wantRoles, a.roles(id, name)); diff != "" {
			t.Errorf("roles (-want +got):\n%s", diff)
		}
		got, err := d.Find(t.Context(), desk.Key{ID: id})
		must(t, err)
		if is, should := slices.Contains(got.Mailboxes, name), slices.Contains(wantRoles, "Developer"); is != should {
			t.Errorf("with %q mailboxes are %q", wantRoles, got.Mailboxes)
		}
	}
	join := func() error { return d.ChangeTeams(t.Context(), id, []string{team}, nil) }
	leave := func() error { return d.ChangeTeams(t.Context(), id, nil, []string{team}) }
	open := func() error { return d.ChangeMailboxes(t.Context(), id, []string{name}, nil) }
	closeIt := func() error { return d.ChangeMailboxes(t.Context(), id, nil, []string{name}) }

	change(join, "(Team)")
	change(closeIt, "(Team)")
	change(open, "(Team)", "Developer")
	change(closeIt, "(Team)")
	change(open, "(Team)", "Developer")
	change(leave, "Developer")
	change(join, "(Team)", "Developer")
	wantKind(t, d.ChangeMailboxes(t.Context(), id, []string{below}, nil), desk.Permanent, "the project above")
	change(leave, "Developer")
	change(closeIt)

	t.Run("with the very role of agents", func(t *testing.T) {
		project, name := a.makeProject("")
		a.enrol(project, group, "Developer")
		must(t, join())
		wantKind(t, d.ChangeMailboxes(t.Context(), id, []string{name}, nil), desk.Permanent, "through a group")
		other := create(t, d, person("Before"))
		must(t, d.ChangeMailboxes(t.Context(), other, []string{name}, nil))
		must(t, d.ChangeTeams(t.Context(), other, []string{team}, nil))
		wantKind(t, d.ChangeMailboxes(t.Context(), other, nil, []string{name}), desk.Permanent, "a group gives the same one")
		must(t, d.ChangeTeams(t.Context(), other, nil, []string{team}))
		must(t, d.ChangeMailboxes(t.Context(), other, nil, []string{name}))
	})
}

// TestProjectsOfGroups: what a group gives is told, as issues name it.
func TestProjectsOfGroups(t *testing.T) {
	a := realRedmine(t)
	team := "Team " + rand.Text()[:10]
	group := a.makeGroup(team)
	project, name := a.makeProject("")
	a.enrol(project, group, "Team", "Developer")
	_, below := a.makeProject(project)
	closed, _ := a.makeProject("")
	a.enrol(closed, group, "Developer")
	a.do("PUT", "/projects/"+closed+"/close.json", nil, nil)
	d := a.connect()
	got, err := d.MailboxesOf(t.Context(), strings.ToUpper(team))
	must(t, err)
	want := []string{name, below}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other := "Team " + rand.Text()[:10]
	a.makeGroup(other)
	if got, err := d.MailboxesOf(t.Context(), other); err != nil || len(got) > 0 {
		t.Errorf("a group in no project: %q, %v", got, err)
	}
	_, err = d.MailboxesOf(t.Context(), "No Such Team")
	wantKind(t, err, desk.NotFound, "no group")

	id := create(t, d, person("Mover"))
	must(t, d.ChangeTeams(t.Context(), id, []string{team}, nil))
	a.converse(project, id, 1)
	open, err := d.OpenConversations(t.Context(), id, 10)
	must(t, err)
	if len(open) != 1 || !slices.Contains(got, open[0].Mailbox) {
		t.Errorf("an issue in %v, and the group gives %q", open, got)
	}
}

func TestRolesInProjects(t *testing.T) {
	a := realRedmine(t)
	d := a.connect("limited_group", "Desk Readers")
	project, name := a.makeProject("")
	byHand, byHandName := a.makeProject("")
	id := create(t, d, person("Changing"))
	a.enrol(byHand, string(id), "Manager")
	must(t, d.ChangeMailboxes(t.Context(), id, []string{name, byHandName}, nil))

	for _, step := range []struct {
		role  provision.Role
		roles string
	}{
		{provision.RoleLimited, "Reporter"},
		{provision.RoleAdmin, "Developer"},
		{provision.RoleLimited, "Reporter"},
		{provision.RoleAgent, "Developer"},
	} {
		must(t, d.SetRole(t.Context(), id, step.role))
		if got := a.roles(id, name); !slices.Equal(got, []string{step.roles}) {
			t.Errorf("as %s the user is %q in the project, want %s", step.role, got, step.roles)
		}
		if got := a.roles(id, byHandName); !slices.Equal(got, []string{"Manager"}) {
			t.Errorf("as %s the user is %q where somebody made it Manager", step.role, got)
		}
	}

	t.Run("limited from the start", func(t *testing.T) {
		want := person("Limited")
		want.Role = provision.RoleLimited
		id := create(t, d, want)
		must(t, d.ChangeMailboxes(t.Context(), id, []string{name}, nil))
		if got := a.roles(id, name); !slices.Equal(got, []string{"Reporter"}) {
			t.Errorf("roles are %q", got)
		}
		wantKind(t, d.ChangeTeams(t.Context(), id, nil, []string{"desk readers"}), desk.Permanent, "is no team")
	})
	t.Run("a mailbox ends with all roles", func(t *testing.T) {
		must(t, d.ChangeMailboxes(t.Context(), id, nil, []string{byHandName}))
		if got := a.roles(id, byHandName); len(got) > 0 {
			t.Errorf("roles are %q", got)
		}
	})
	t.Run("names must be there, and tell projects apart", func(t *testing.T) {
		a.make("/projects.json", "project", object{"name": strings.ToUpper(name), "identifier": "double-" + project})
		d := a.connect() // which projects there are is remembered for a while
		wantKind(t, d.ChangeMailboxes(t.Context(), id, []string{name}, nil), desk.Permanent, "2 projects named")
		for setting, words := range map[string]string{"agent_role": "Administration > Roles", "limited_group": "Administration > Groups"} {
			d := a.connect(setting, "No Such Name")
			profile, err := d.Check(t.Context())
			if err != nil || len(profile.Problems) != 1 || !strings.Contains(profile.Problems[0], words) {
				t.Errorf("without %s: %q, %v", setting, profile.Problems, err)
			}
		}
	})
}

func TestClosedProject(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	project, name := a.makeProject("")
	id := create(t, d, person("Archivist"))
	must(t, d.ChangeMailboxes(t.Context(), id, []string{name}, nil))
	issue := a.converse(project, id, 1)[0]
	a.do("PUT", "/projects/"+project+"/close.json", nil, nil)

	d = a.connect() // which projects are active is remembered for a while
	got, err := d.Find(t.Context(), desk.Key{ID: id})
	must(t, err)
	open, err := d.OpenConversations(t.Context(), id, 10)
	must(t, err)
	if len(got.Mailboxes) > 0 || len(open) > 0 {
		t.Errorf("mailboxes %q, conversations %v: nothing in a closed project can be changed", got.Mailboxes, open)
	}
	wantKind(t, d.ChangeMailboxes(t.Context(), id, []string{name}, nil), desk.Permanent, "no active project")
	wantKind(t, d.Assign(t.Context(), issue, desk.Assignee{}), desk.Permanent, "closed")
}

// What is configured wrongly must not keep anybody in.
func TestLeavingNeedsNoNames(t *testing.T) {
	a := realRedmine(t)
	want := person("Admin")
	want.Role = provision.RoleAdmin
	id := create(t, a.connect(), want)
	must(t, a.connect().ChangeMailboxes(t.Context(), id, []string{"Support"}, nil))

	d := a.connect("agent_role", "No Such Name", "limited_group", "No Such Group")
	must(t, d.ChangeTeams(t.Context(), id, nil, []string{"No Such Team"}))
	must(t, d.ChangeMailboxes(t.Context(), id, nil, []string{"Support", "No Such Project"}))
	must(t, d.SetRole(t.Context(), id, provision.RoleAgent))
	if got := a.user(id); got.Admin || len(a.roles(id, "Support")) > 0 {
		t.Errorf("the user is still %+v", got)
	}
	wantKind(t, d.SetRole(t.Context(), id, provision.RoleLimited), desk.Permanent, "No Such Name")
}

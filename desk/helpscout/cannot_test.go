package helpscout

import (
	"errors"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// TestTasks: these are the words that an administrator gets to read, and that
// the documentation quotes.
func TestTasks(t *testing.T) {
	d, brief := newFake(t).connect(), newFake(t).connect("details", "false")
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"another name", d.SetProfile(t.Context(), "71", ada()),
			"Help Scout: Manage > Users > the user (id 71) > Profile; bring name, e-mail address, job title, phone and time zone to what the identity provider says, then Save"},
		{"another name, and nothing else is ours", brief.SetProfile(t.Context(), "71", ada()),
			"Help Scout: Manage > Users > the user (id 71) > Profile; bring name and e-mail address to what the identity provider says, then Save"},
		{"up", d.SetRole(t.Context(), "71", provision.RoleAdmin),
			"Help Scout: Manage > Users > the user (id 71) > Edit role & permissions; set role to Administrator"},
		{"across", d.SetRole(t.Context(), "71", provision.RoleAgent),
			"Help Scout: Manage > Users > the user (id 71) > Edit role & permissions; set role to User"},
		{"down", d.SetRole(t.Context(), "71", provision.RoleLimited),
			"Help Scout: Manage > Users > the user (id 71) > Edit role & permissions; set role to Light User (plans Plus and Pro; it takes the user out of all teams and unassigns their conversations)"},
		{"out", d.SetRole(t.Context(), "71", provision.RoleNone),
			`Help Scout: Manage > Users > the user (id 71) > Help Scout has no role "none" that can be given; delete the user, or let a rule grant limited, agent or admin`},
		{"other inboxes", d.ChangeMailboxes(t.Context(), "71", []string{"Support", "Sales"}, []string{"Billing"}),
			`Help Scout: Manage > Users > the user (id 71) > access to inboxes; give access to "Support", "Sales" and take away access to "Billing"`},
		{"fewer inboxes", d.ChangeMailboxes(t.Context(), "71", nil, []string{"Billing"}),
			`Help Scout: Manage > Users > the user (id 71) > access to inboxes; take away access to "Billing"`},
		{"gone", d.SetActive(t.Context(), "71", false),
			"Help Scout: Manage > Users > the user (id 71) > Delete user, then type DELETE. Help Scout cannot deactivate a user; with on_leave: delete on this desk, Deskbridge deletes by itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, ok := errors.AsType[*desk.Error](tt.err)
			if !ok || e.Kind != desk.CannotDo || e.Detail != tt.want {
				t.Errorf("error is %+v, want %q", e, tt.want)
			}
		})
	}
}

// TestCheckRule: a Light User in a team is refused before anybody has it.
func TestCheckRule(t *testing.T) {
	d := newFake(t).connect()
	if p := d.CheckRule(provision.Rule{Role: provision.RoleLimited, Teams: []string{"Tier 1"}}); len(p) != 1 || p[0].Warning || !strings.Contains(p[0].Detail, "Light User") {
		t.Errorf("limited with a team: %v", p)
	}
	for _, r := range []provision.Rule{{Role: provision.RoleLimited}, {Role: provision.RoleAgent, Teams: []string{"Tier 1"}}, {Teams: []string{"Tier 1"}}} {
		if p := d.CheckRule(r); len(p) != 0 {
			t.Errorf("%+v: %v", r, p)
		}
	}
}

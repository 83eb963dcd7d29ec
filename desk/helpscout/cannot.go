package helpscout

import (
	"context"
	"fmt"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// titles are the roles as Help Scout's screens name them.
var titles = map[provision.Role]string{
	provision.RoleLimited: "Light User",
	provision.RoleAgent:   "User",
	provision.RoleAdmin:   "Administrator",
}

// byHand is the error for what only a person can do. clicks go on from the
// user's row at Manage > Users.
func byHand(what string, id provision.DeskUserID, clicks string) error {
	return desk.Unsupported(what, fmt.Sprintf("Help Scout: Manage > Users > the user (id %s) > %s", id, clicks))
}

// SetProfile is unsupported: there is no call that changes a user.
func (d *helpScout) SetProfile(_ context.Context, id provision.DeskUserID, _ provision.DeskUser) error {
	what := "name and e-mail address"
	if d.settings.details {
		what = "name, e-mail address, job title, phone and time zone"
	}
	return byHand("change profile", id, "Profile; bring "+what+" to what the identity provider says, then Save")
}

// SetRole is unsupported: a role is given when the user is made.
func (d *helpScout) SetRole(_ context.Context, id provision.DeskUserID, role provision.Role) error {
	title, known := titles[role]
	if !known {
		return byHand("change role", id, fmt.Sprintf("Help Scout has no role %q that can be given; delete the user, or let a rule grant limited, agent or admin", role))
	}
	clicks := "Edit role & permissions; set role to " + title
	if role == provision.RoleLimited {
		clicks += " (plans Plus and Pro; it takes the user out of all teams and unassigns their conversations)"
	}
	return byHand("change role", id, clicks)
}

// ChangeMailboxes is unsupported: access is given when the user is made.
func (d *helpScout) ChangeMailboxes(_ context.Context, id provision.DeskUserID, add, remove []string) error {
	var changes []string
	if len(add) > 0 {
		changes = append(changes, "give access to "+quoted(add))
	}
	if len(remove) > 0 {
		changes = append(changes, "take away access to "+quoted(remove))
	}
	return byHand("change mailboxes", id, "access to inboxes; "+strings.Join(changes, " and "))
}

func quoted(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, fmt.Sprintf("%q", name))
	}
	return strings.Join(out, ", ")
}

// SetActive is unsupported: Help Scout deletes users, and nothing in between.
func (d *helpScout) SetActive(_ context.Context, id provision.DeskUserID, active bool) error {
	if active {
		return byHand("reactivate", id, "activate it; Help Scout's API has no users who are not active")
	}
	return byHand("deactivate", id, "Delete user, then type DELETE. Help Scout cannot deactivate a user; with on_leave: delete on this desk, Deskbridge deletes by itself")
}

// Anonymize is unsupported.
func (d *helpScout) Anonymize(_ context.Context, id provision.DeskUserID) error {
	return byHand("anonymize", id, "Delete user, then type DELETE. Help Scout keeps the name on what the user wrote; ask its support to erase that")
}

// EndSessions is unsupported: sessions end with the user, or at the identity
// provider.
func (d *helpScout) EndSessions(_ context.Context, id provision.DeskUserID) error {
	return byHand("end sessions", id, "Delete user, then type DELETE. Help Scout has no call that ends a session; whoever signs in by SSO is kept out by the identity provider")
}

// remains is what is left of a user whom Deskbridge has deleted.
var remains = desk.Remains{
	Check: []string{
		"An open browser or app: Help Scout has no call that ends a session. See at Manage > Users that the user is not there any more; whoever signs in by SSO is kept out by the identity provider.",
		"OAuth apps that the person made (Your Profile > My Apps) end with the user: see at Manage > Apps which integrations stand on one, and give those to a user who stays.",
		"Workflows that assign to the person or notify them: Manage > Inbox > (the inbox) > Workflows.",
	},
	Stays: []string{"replies and notes, with the name", "saved replies and workflows", "reports"},
}

// CheckRule implements [desk.RuleChecker]: a Light User is in no team, and owns no
// conversation (vendor's page on user roles, read in November 2026).
func (d *helpScout) CheckRule(r provision.Rule) []desk.Problem {
	if r.Role == provision.RoleLimited && len(r.Teams) > 0 {
		return []desk.Problem{{Detail: "limited is a Light User on Help Scout, and a Light User can be in no team; let the rule grant agent, or name no team"}}
	}
	return nil
}

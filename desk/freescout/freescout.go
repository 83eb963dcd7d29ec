package freescout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// freeScout is a [desk.Desk] on one FreeScout.
type freeScout struct {
	desk.Base
	settings  settings
	client    *kit.Client
	mailboxes *kit.Catalogue[kit.Entry]

	patience kit.Patience // with a new user
}

// mailboxesAge is how long it is taken for true which mailboxes there are.
const mailboxesAge = 10 * time.Second

// New returns a connector; it is a [desk.Factory]. URL is FreeScout's address, Secret the
// API key of its API & Webhooks module.
//
// Settings:
//
//	by_user     number of the administrator in whose name Deskbridge acts; required
//	heirs       who gets what a deleted user has left, closed conversations too: addresses
//	            divided by commas, each with number and "=" of a mailbox before it or for
//	            all others; default nobody
//	details     "false" leaves job title, phone and time zone to FreeScout; default true
//	allow_http  "true" lets the key travel over http to hosts other than loopback
func New(d provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(d)
	if err != nil {
		return nil, err
	}
	c := newClient(s)
	return &freeScout{
		Base: desk.Base{Name: vendor.Name}, settings: s, client: c,
		mailboxes: &kit.Catalogue[kit.Entry]{
			Age: mailboxesAge, Name: func(e kit.Entry) string { return e.Name }, Several: vendor.Namesakes("mailbox"),
			Fold: func(name string) string { return provision.Fold(strings.TrimSpace(name)) },
			Read: func(ctx context.Context) ([]kit.Entry, error) {
				return list(ctx, c, "/mailboxes", "mailboxes", nil, entryID)
			},
		},
		patience: kit.Patience{First: 200 * time.Millisecond, Most: 1600 * time.Millisecond, Looks: 5},
	}, nil
}

func entryID(e kit.Entry) int64 { return e.ID }

// Capabilities says what the API can do.
func (d *freeScout) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:       map[provision.Role]string{provision.RoleAgent: "User", provision.RoleAdmin: "Administrator"},
		MakesAgents:     true,
		Delete:          true,
		ConversationsIn: provision.UnitMailbox,
		OnDelete:        desk.Unassigns,
		SeatFreedBy:     desk.ByNothing,
		AdminsSeeAll:    true,
		Remains:         remains,
		Rate:            5, // nothing is said of it; each is a start of PHP
	}
}

// remains is what is left of a user who is deleted.
var remains = desk.Remains{
	Check: []string{
		"Workflows that assign to the person or notify them: Manage > Mailboxes > (the mailbox) > Workflows.",
		"Saved replies and signatures that name the person: Manage > Mailboxes > (the mailbox).",
	},
	Stays: []string{"replies and notes, with the name", "the record of the deleted user, with the address and what is put after it"},
}

// Check tries the key, and looks whether the users that the settings name are there and
// may do what they are named for. It writes nothing.
func (d *freeScout) Check(ctx context.Context) (desk.Profile, error) {
	boxes, err := d.mailboxes.Reread(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	p := desk.Profile{Self: d.settings.by}
	for _, e := range boxes {
		p.Mailboxes = append(p.Mailboxes, e.Name)
	}
	slices.Sort(p.Mailboxes)
	me, err := d.read(ctx, d.settings.by)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		p.Problemf("there is no user %s, in whose name Deskbridge acts: correct the setting by_user", d.settings.by)
	case err != nil:
		return p, err
	case me.Role != wordAdmin:
		p.Problemf("user %s, in whose name Deskbridge acts, is no administrator: choose Administrator at Manage > Users > (the user) > Profile > Role, or correct the setting by_user", d.settings.by)
	}
	_, problems, err := d.heirs(ctx, "")
	p.Problems = append(p.Problems, problems...)
	return p, err
}

// CheckRule implements [desk.RuleChecker].
func (d *freeScout) CheckRule(r provision.Rule) (problems []desk.Problem) {
	if len(r.Teams) > 0 {
		problems = append(problems, desk.Problem{Detail: "FreeScout has no teams: what somebody sees follows from mailboxes; name those instead"})
	}
	if r.Role == provision.RoleAgent && len(r.Mailboxes) == 0 {
		problems = append(problems, desk.Problem{Warning: true, Detail: "a User of FreeScout in no mailbox sees no conversation; name a mailbox, unless another rule names one for the same people"})
	}
	return problems
}

// byHand is the error for what only a person can do. clicks go on from the user at
// Manage > Users.
func byHand(what string, id provision.DeskUserID, clicks string, args ...any) error {
	return desk.Unsupported(what, fmt.Sprintf("FreeScout: Manage > Users > the user (id %s) > %s", id, fmt.Sprintf(clicks, args...)))
}

// SetProfile is unsupported: there is no call that changes a user.
func (d *freeScout) SetProfile(_ context.Context, id provision.DeskUserID, _ provision.DeskUser) error {
	what := "name and e-mail"
	if d.settings.details {
		what = "name, e-mail, job title, phone number and timezone"
	}
	return byHand("change profile", id, "Profile; bring %s to what the identity provider says, then Save Profile", what)
}

// SetRole is unsupported.
func (d *freeScout) SetRole(_ context.Context, id provision.DeskUserID, role provision.Role) error {
	word := d.Capabilities().RoleNames[role]
	if word == "" {
		return byHand("change role", id, "Profile; FreeScout has no role that stands for %s: delete the user, or let a rule grant agent or admin", role)
	}
	return byHand("change role", id, "Profile; set Role to %s, then Save Profile", word)
}

// ChangeTeams is unsupported: there are none.
func (d *freeScout) ChangeTeams(context.Context, provision.DeskUserID, []string, []string) error {
	return desk.Unsupported("change teams", "FreeScout has no teams; let rules name mailboxes")
}

// TeamMembers finds no team.
func (d *freeScout) TeamMembers(_ context.Context, team string) ([]provision.DeskUserID, error) {
	return nil, desk.NoPlace(desk.NotFound, team, "FreeScout has no teams, and so no team %q", team)
}

// ChangeMailboxes is unsupported. A mailbox that is not there is named first.
func (d *freeScout) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	change, err := kit.Resolve(ctx, d.mailboxes.Find, add, remove, noMailbox)
	if err != nil {
		return err
	}
	var changes []string
	for _, e := range change.Join {
		changes = append(changes, fmt.Sprintf("tick %q", e.Name))
	}
	for _, e := range change.Leave {
		changes = append(changes, fmt.Sprintf("untick %q", e.Name))
	}
	return byHand("change mailboxes", id, "Permissions; %s, then Save Permissions", strings.Join(changes, ", "))
}

func noMailbox(name string) error {
	return desk.NoPlace(desk.Permanent, name, "FreeScout has no mailbox %q; make it at Manage > Mailboxes > New Mailbox, or correct the rule", name)
}

// SetActive is unsupported: the API neither disables anybody nor tells who is disabled.
func (d *freeScout) SetActive(_ context.Context, id provision.DeskUserID, active bool) error {
	if active {
		return byHand("reactivate", id, "Profile; untick Disabled, then Save Profile")
	}
	return byHand("deactivate", id, "Profile; tick Disabled, then Save Profile. FreeScout's API does not show who is disabled: with on_leave: delete on this desk, Deskbridge deletes by itself and sees it")
}

// Anonymize is unsupported.
func (d *freeScout) Anonymize(_ context.Context, id provision.DeskUserID) error {
	return byHand("anonymize", id, "Profile; change First Name and Last Name, Save Profile, then Delete user. FreeScout keeps the name at what the user wrote")
}

// EndSessions is unsupported. Whoever is disabled or deleted is signed out at the next
// click (FreeScout's middleware LogoutIfDeleted, 2026-08).
func (d *freeScout) EndSessions(_ context.Context, id provision.DeskUserID) error {
	return byHand("end sessions", id, "Profile; tick Disabled, then Save Profile: the next click signs the user out")
}

// Units implements [desk.Numbered].
func (d *freeScout) Units(ctx context.Context) (teams, boxes []desk.Unit, err error) {
	all, err := d.mailboxes.List(ctx)
	for _, e := range all {
		boxes = append(boxes, desk.Unit{ID: string(userID(e.ID)), Name: e.Name})
	}
	return nil, boxes, err
}

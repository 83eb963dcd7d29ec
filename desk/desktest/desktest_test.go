package desktest_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/provision"
)

var support = provision.Desk{ID: "0198c0de-0000-7000-8000-000000000001", Name: "support", Kind: builtin.Kind}

// harness returns the built-in desk, seen through wrap.
func harness(t *testing.T, wrap func(d desk.Desk) desk.Desk) desktest.Harness {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "desks.db")+"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	desks, err := builtin.New(db, builtin.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	honest, err := desks.Connector(support)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{desks.Migrate(t.Context()), desks.Open(t.Context(), support)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	names := [2]string{"Support", "Billing"}
	for _, name := range names {
		if _, err := desks.AddTeam(t.Context(), support.ID, name); err != nil {
			t.Fatal(err)
		}
		if _, err := desks.AddMailbox(t.Context(), support.ID, name, "help@example.test"); err != nil {
			t.Fatal(err)
		}
	}
	return desktest.Harness{
		Desk:      func(*testing.T) desk.Desk { return wrap(honest) },
		Teams:     names,
		Mailboxes: names,
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			u, err := honest.Create(t.Context(), provision.DeskUser{DisplayName: name, Email: email, Active: true, Role: provision.RoleAgent})
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		},
		Converse: func(t *testing.T, assignee provision.DeskUserID, n int) []string {
			var ids []string
			for range n {
				id, err := desks.AddConversation(t.Context(), support.ID, builtin.NewConversation{Mailbox: names[0], Assignee: desk.Assignee{User: assignee}})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			return ids
		},
		Elsewhere: names[1],
		Move: func(t *testing.T, conversation string) {
			_, err := db.ExecContext(t.Context(), `UPDATE builtin_conversations SET mailbox = (SELECT id FROM builtin_mailboxes WHERE desk = $1 AND name = $2) WHERE desk = $1 AND id = $3`, support.ID, names[1], conversation)
			if err != nil {
				t.Fatal(err)
			}
		},
		Read: func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
			u, err := honest.Find(t.Context(), desk.Key{ID: id})
			if err != nil {
				t.Fatal(err)
			}
			return u
		},
		Assignee: func(t *testing.T, conversation string) (a desk.Assignee) {
			err := db.QueryRowContext(t.Context(), `
				SELECT COALESCE(CAST(c.assignee AS TEXT), ''), COALESCE(p.name, '')
				FROM builtin_conversations c LEFT JOIN builtin_teams p ON p.desk = c.desk AND p.id = c.team
				WHERE c.desk = $1 AND c.id = $2`, support.ID, conversation).Scan(&a.User, &a.Team)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
	}
}

// modest can do nothing that a desk need not do.
type modest struct {
	desk.Base
	core
}

// core is what every desk can do.
type core interface {
	Check(ctx context.Context) (desk.Profile, error)
	Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error)
	Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error)
	OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error)
	Admins(ctx context.Context) (int, error)
	TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error)
}

type modestDesk struct {
	modest
	whole desk.Desk
}

func (d modestDesk) Capabilities() desk.Capabilities {
	return desk.Capabilities{RoleNames: d.whole.Capabilities().RoleNames, ExternalID: true}
}

func (d modestDesk) Fit(want provision.DeskUser) provision.DeskUser { return d.whole.Fit(want) }

// OpenConversations does not tell which mailbox they are in.
func (d modestDesk) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	list, err := d.whole.OpenConversations(ctx, id, limit)
	for i := range list {
		list[i].Mailbox = ""
	}
	return list, err
}

func (d modestDesk) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if to.Team != "" {
		return desk.Unsupported("assign to a team", "assign it by hand")
	}
	return d.whole.Assign(ctx, conversation, to)
}

// TestModest: the suite asks of a desk no more than it promises.
func TestModest(t *testing.T) {
	h := harness(t, func(d desk.Desk) desk.Desk {
		return modestDesk{modest{desk.Base{Name: "Modest Desk"}, d}, d}
	})
	h.Move = nil
	desktest.Run(t, h)
}

// TestBehindFaults: the contract's promises of what may happen twice hold for
// the built-in desk.
func TestBehindFaults(t *testing.T) {
	desktest.RunBehindFaults(t, harness(t, func(d desk.Desk) desk.Desk { return d }))
}

// untrustedDesk is a desk with one fault in its answers.
type untrustedDesk struct {
	desk.Desk
	fault string
}

// faults are what goes wrong with connectors, each with the test that must
// notice.
var faults = map[string]string{
	"finds everybody":            "find_answers_nil_where_nobody_is",
	"finds nobody on an error":   "find_fails_rather_than_answer_nil_when_it_cannot_ask",
	"forgets the external id":    "create_gives_what_was_wanted",
	"takes a user for its own":   "a_taken_e-mail_is_a_conflict",
	"blanks what is not said":    "a_change_of_profile_keeps_what_it_does_not_name",
	"says yes to a role":         "change_of_role",
	"replaces teams":             "change_of_teams",
	"swallows unknown teams":     "unknown_teams_and_mailboxes_are_refused",
	"makes the unknown a retry":  "unknown_users_are_told_apart",
	"reads the first page":       "hand_over_thirty_conversations",
	"assigns to anybody":         "who_may_not_own_gets_no_conversation",
	"unassigns the deactivated":  "deactivate_and_reactivate",
	"says that it unassigns":     "deactivate_and_reactivate",
	"binds what the former had":  "deactivate_and_reactivate",
	"says that it keeps":         "delete",
	"fails on what is gone":      "delete",
	"keeps the name":             "anonymize",
	"counts the former":          "admins_are_counted",
	"promises another spelling":  "create_takes_unusual_names",
	"refuses without a word":     "change_of_mailboxes",
	"does not know itself":       "check_finds_what_mapping_needs_and_changes_nothing",
	"claims what contradicts it": "capabilities_agree_with_each_other",
	"says that it hides teams":   "deactivate_and_reactivate",
	"says nothing of endings":    "capabilities_agree_with_each_other",
	"lists half":                 "a_list_in_bulk_agrees_with_find",
	"lists nobody's teams":       "a_list_in_bulk_agrees_with_find",
	"lists for ever":             "a_list_in_bulk_agrees_with_find",
	"takes any cursor":           "a_list_in_bulk_fails_rather_than_end_early",
	"lists nobody on an error":   "a_list_in_bulk_fails_rather_than_end_early",
}

func (d untrustedDesk) Capabilities() desk.Capabilities {
	c := d.Desk.Capabilities()
	switch d.fault {
	case "refuses without a word":
		c.ChangeMailboxes = false
	case "says that it unassigns":
		c.OnDeactivate = desk.Unassigns
	case "says that it keeps":
		c.OnDelete = desk.Keeps
	case "says that it hides teams":
		c.TeamsWhenInactive = desk.TeamsHidden
	case "says nothing of endings":
		c.OnDelete = ""
	case "claims what contradicts it":
		c.MailboxesByTeam = true
	}
	return c
}

func (d untrustedDesk) Check(ctx context.Context) (desk.Profile, error) {
	p, err := d.Desk.Check(ctx)
	if d.fault == "does not know itself" {
		p.Self = ""
	}
	return p, err
}

func (d untrustedDesk) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	u, err := d.Desk.Find(ctx, key)
	switch {
	case d.fault == "finds everybody" && u == nil && err == nil:
		return d.Desk.Find(ctx, desk.Key{ID: "1"})
	case d.fault == "finds nobody on an error":
		return u, nil
	case d.fault == "forgets the external id" && u != nil:
		u.ExternalID = ""
	}
	return u, err
}

func (d untrustedDesk) Fit(want provision.DeskUser) provision.DeskUser {
	if d.fault == "promises another spelling" {
		return want
	}
	return d.Desk.Fit(want)
}

func (d untrustedDesk) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	u, err := d.Desk.Create(ctx, want)
	if d.fault == "takes a user for its own" && desk.KindOf(err) == desk.Conflict {
		return d.Desk.Find(ctx, desk.Key{Email: want.Email})
	}
	return u, err
}

func (d untrustedDesk) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	if d.fault == "blanks what is not said" && want.Phone == "" {
		want.Phone = "-"
	}
	return d.Desk.SetProfile(ctx, id, want)
}

func (d untrustedDesk) SetRole(ctx context.Context, id provision.DeskUserID, r provision.Role) error {
	switch d.fault {
	case "says yes to a role":
		return nil
	case "makes the unknown a retry":
		if err := d.Desk.SetRole(ctx, id, r); desk.KindOf(err) == desk.NotFound {
			return context.DeadlineExceeded
		}
	}
	return d.Desk.SetRole(ctx, id, r)
}

func (d untrustedDesk) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	switch {
	case d.fault == "replaces teams" && len(add) > 0:
		remove = append(remove, "Support", "Billing")
	case d.fault == "swallows unknown teams":
		if err := d.Desk.ChangeTeams(ctx, id, add, remove); desk.KindOf(err) != desk.Permanent {
			return err
		}
		return nil
	}
	return d.Desk.ChangeTeams(ctx, id, add, remove)
}

func (d untrustedDesk) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	if d.fault == "refuses without a word" {
		return &desk.Error{Kind: desk.CannotDo}
	}
	return d.Desk.ChangeMailboxes(ctx, id, add, remove)
}

func (d untrustedDesk) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	err := d.Desk.SetActive(ctx, id, active)
	if err != nil || active {
		return err
	}
	open, err := d.OpenConversations(ctx, id, 100)
	for _, c := range open {
		formers[c.ID] = true
		if d.fault == "unassigns the deactivated" {
			err = d.Assign(ctx, c.ID, desk.Assignee{})
		}
	}
	return err
}

func (d untrustedDesk) Delete(ctx context.Context, id provision.DeskUserID) error {
	if u, err := d.Desk.Find(ctx, desk.Key{ID: id}); d.fault == "fails on what is gone" && u == nil && err == nil {
		return desk.Errorf(desk.NotFound, "gone")
	}
	return d.Desk.Delete(ctx, id)
}

func (d untrustedDesk) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	if d.fault == "keeps the name" {
		return d.Desk.SetActive(ctx, id, false)
	}
	return d.Desk.Anonymize(ctx, id)
}

func (d untrustedDesk) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	if d.fault == "reads the first page" {
		limit = min(limit, 25)
	}
	return d.Desk.OpenConversations(ctx, id, limit)
}

func (d untrustedDesk) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if d.fault == "binds what the former had" && formers[conversation] {
		return nil
	}
	err := d.Desk.Assign(ctx, conversation, to)
	if d.fault == "assigns to anybody" && to.User != "" && desk.KindOf(err) == desk.Permanent {
		return d.Desk.Assign(ctx, conversation, desk.Assignee{})
	}
	return err
}

func (d untrustedDesk) Admins(ctx context.Context) (int, error) {
	if d.fault == "counts the former" {
		formerAdmins++
		return formerAdmins, nil
	}
	return d.Desk.Admins(ctx)
}

var (
	formerAdmins int
	formers      = map[string]bool{} // conversations of users who were deactivated
)

func (d untrustedDesk) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	if d.fault == "takes any cursor" {
		cursor = ""
	}
	users, next, err := d.Desk.(desk.Lister).List(ctx, cursor)
	switch d.fault {
	case "lists half":
		return users[:len(users)/2], next, err
	case "lists nobody's teams":
		for i := range users {
			users[i].Teams = nil
		}
	case "lists for ever":
		return users, cursor + "1", err
	case "lists nobody on an error":
		return users, next, nil
	}
	return users, next, err
}

const faultEnv = "DESKTEST_FAULT"

// TestUntrustedDesk runs the suite over the desk with the fault that the environment
// names; without one the desk is honest.
func TestUntrustedDesk(t *testing.T) {
	desktest.Run(t, harness(t, func(d desk.Desk) desk.Desk { return untrustedDesk{d, os.Getenv(faultEnv)} }))
}

// TestUntrustedAnswersAreCaught runs, for each fault, the test that must notice it, in a
// process of its own because it must fail there.
func TestUntrustedAnswersAreCaught(t *testing.T) {
	if os.Getenv(faultEnv) != "" {
		return // this is such a process
	}
	for fault, test := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUntrustedDesk$/^"+regexp.QuoteMeta(test)+"$")
			cmd.Env = append(os.Environ(), faultEnv+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestUntrustedDesk/"+test+" ") {
				t.Errorf("the suite lets it pass (%v):\n%s", err, out)
			}
		})
	}
}

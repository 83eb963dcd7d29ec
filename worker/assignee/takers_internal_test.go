package assignee

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// small is a desk with three people, of whom two are in the team Accounts.
type small struct {
	desk.Desk
	toTeams bool
	asked   []string
}

func (s *small) Capabilities() desk.Capabilities { return desk.Capabilities{AssignToTeam: s.toTeams} }

func (s *small) Find(_ context.Context, key desk.Key) (*provision.DeskUser, error) {
	s.asked = append(s.asked, "find "+key.Email)
	name, known := strings.CutSuffix(key.Email, "@x.test")
	if !known {
		return nil, nil
	}
	return &provision.DeskUser{ID: provision.DeskUserID(name), Active: true}, nil
}

func (s *small) TeamMembers(_ context.Context, team string) ([]provision.DeskUserID, error) {
	s.asked = append(s.asked, "members of "+team)
	if team != "Accounts" {
		return nil, desk.Errorf(desk.NotFound, "no team %s", team)
	}
	return []provision.DeskUserID{"bob", "cid", "ann"}, nil
}

func (s *small) OpenConversations(_ context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	s.asked = append(s.asked, "open of "+string(id))
	return make([]desk.Conversation, min(map[provision.DeskUserID]int{"bob": 1}[id], limit)), nil
}

type nobodyLeaves struct{}

func (nobodyLeaves) IsLeaving(context.Context, provision.DeskID, string) (bool, error) {
	return false, nil
}

func (nobodyLeaves) ManagersOn(context.Context, provision.ConnectionID, provision.DeskID, string) ([]provision.DeskUserID, string, error) {
	return nil, "no manager", nil
}

// TestTakers shows who takes over by which rule, one conversation after the other, and what
// the desk is asked for it.
func TestTakers(t *testing.T) {
	bob, accounts := provision.HandOverRule{Agent: "bob@x.test"}, provision.HandOverRule{Team: "Accounts"}
	for _, tt := range []struct {
		name    string
		policy  provision.HandOver
		toTeams bool
		of      string // mailboxes of the rules of conversations, one letter each; - for the general one
		want    string // who gets them
		asked   []string
		broken  []string // mailboxes whose rule names nobody
	}{
		{"the general rule alone", provision.HandOver{Agent: "bob@x.test"}, false, "--", "bob bob", []string{"find bob@x.test"}, nil},
		{"a rule is looked at once, and only when it is needed", provision.HandOver{Agent: "cid@x.test", Mailboxes: map[string]provision.HandOverRule{"B": bob, "C": accounts}}, false, "B-B-", "bob cid bob cid",
			[]string{"find bob@x.test", "find cid@x.test"}, nil},
		{"a team in turn, over two mailboxes", provision.HandOver{Mailboxes: map[string]provision.HandOverRule{"B": accounts, "C": accounts}}, false, "BCBC-", "bob cid bob cid queue", []string{"members of Accounts"}, nil},
		{"a team itself", provision.HandOver{Mailboxes: map[string]provision.HandOverRule{"B": accounts}}, true, "B-", "Accounts queue", nil, nil},
		{"a cap over all mailboxes", provision.HandOver{Agent: "bob@x.test", Cap: 3, Mailboxes: map[string]provision.HandOverRule{"B": accounts}}, false, "-BBBBB", "bob bob cid cid cid queue",
			[]string{"find bob@x.test", "open of bob", "members of Accounts", "open of cid"}, nil},
		{"one who is not there", provision.HandOver{Agent: "bob@x.test", Mailboxes: map[string]provision.HandOverRule{"B": {Agent: "gone@y.test"}, "C": {Team: "Gone"}}}, true, "B-C", "queue bob queue", nil, []string{"B", "C"}},
		{"no manager", provision.HandOver{To: provision.HandOverManager, Mailboxes: map[string]provision.HandOverRule{"B": bob}}, false, "-B", "queue bob", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &small{toTeams: tt.toTeams}
			leaver := &provision.DeskUser{ID: "ann"}
			takers := New(nobodyLeaves{}, d, &reconcile.Run{Desk: provision.Desk{HandOver: tt.policy}}, leaver, reconcile.Loss{All: true})
			var got []string
			for _, mailbox := range strings.Split(tt.of, "") {
				to, _, err := takers.Next(t.Context(), strings.TrimPrefix(mailbox, "-"), nil)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.TrimSpace(string(to.User)+to.Team+map[bool]string{true: "queue"}[to == (desk.Assignee{})]))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("given to %s, want %s", s, tt.want)
			}
			if tt.asked != nil {
				if diff := cmp.Diff(tt.asked, d.asked); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			}
			problems := takers.Problems(t.Context(), leaver)
			for mailbox, problem := range problems {
				if wrong := strings.Contains(strings.Join(tt.broken, " "), mailbox) && mailbox != ""; wrong != (problem != "") || wrong && !strings.HasPrefix(problem, `hand_over of the mailbox "`+mailbox+`": `) {
					t.Errorf("of %q: %q", mailbox, problem)
				}
			}
			if again := takers.Problems(t.Context(), leaver); len(problems) == 0 || len(again) != 0 {
				t.Errorf("problems %v, and told again %v", problems, again)
			}
		})
	}
}

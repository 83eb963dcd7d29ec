package requesttracker

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// connectWith is connect with the setting team_queues.
func connectWith(t *testing.T, home, queues string) *rt {
	t.Helper()
	d, err := New(provision.Desk{Name: "support", Kind: "requesttracker", URL: home, Secret: fakeToken, Settings: map[string]string{"team_queues": queues}})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*rt)
}

func TestMailboxesOf(t *testing.T) {
	const queues = "Support Agents: Support, General,Support ; billing agents:Billing;"
	f := newFakeRT(t, recorded(nil))
	d := connectWith(t, f.URL, queues)
	for team, want := range map[string][]string{
		"support agents": {"General", "Support"},
		"Billing Agents": {"Billing"},
		"Desk Readers":   nil,
	} {
		got, err := d.MailboxesOf(t.Context(), team)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", team, err, diff)
		}
	}
	if _, err := d.MailboxesOf(t.Context(), "No Such Team"); desk.KindOf(err) != desk.NotFound {
		t.Errorf("an unknown team: %v", err)
	}
	got, err := connect(t, f.URL).MailboxesOf(t.Context(), "Support Agents")
	if err != nil || got != nil {
		t.Errorf("without the setting: %q, %v", got, err)
	}
}

func TestCheckOfTeamQueues(t *testing.T) {
	f := newFakeRT(t, recorded(nil))
	for queues, want := range map[string][]string{
		"support agents: support; Billing Agents: Billing": nil,
		"Sales Agents: Support, Sales":                     {`the group "Sales Agents"`, `the queue "Sales"`},
	} {
		profile, err := connectWith(t, f.URL, queues).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := slices.DeleteFunc(profile.Problems, func(p string) bool { return !strings.Contains(p, "team_queues") })
		if len(got) != len(want) {
			t.Errorf("%s: %q", queues, got)
			continue
		}
		for i, words := range want {
			if !strings.Contains(got[i], words) {
				t.Errorf("%s: %q does not name %s", queues, got[i], words)
			}
		}
	}
}

// TestQueuesAsTicketsHaveThem: what a team gives is named as open tickets name it.
func TestQueuesAsTicketsHaveThem(t *testing.T) {
	r := realRT(t)
	d := r.connect("team_queues", "Support Agents: support; Billing Agents: Billing")
	id := r.makeUser(map[string]any{"Name": "mover@example.test", "EmailAddress": "mover@example.test"})
	if err := d.ChangeTeams(t.Context(), id, []string{"Support Agents"}, nil); err != nil {
		t.Fatal(err)
	}
	r.converse("Support", id, 2)
	given, err := d.MailboxesOf(t.Context(), "support agents")
	if err != nil {
		t.Fatal(err)
	}
	open, err := d.OpenConversations(t.Context(), id, 10)
	if err != nil || len(open) != 2 {
		t.Fatalf("%v, %v", open, err)
	}
	for _, c := range open {
		if !provision.ContainsFold(given, c.Mailbox) {
			t.Errorf("a ticket in %q is in none of %q", c.Mailbox, given)
		}
	}
	profile, err := d.Check(t.Context())
	if err != nil || len(profile.Problems) > 0 {
		t.Errorf("check: %q, %v", profile.Problems, err)
	}
}

package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/accesslist"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/group"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/person"
	"github.com/deskbridge/deskbridge/provision"
)

// billing is a company with a desk: Ada is in Support, Bo in Support and Billing,
// Cy in none, Di suspended.
func billing(t *testing.T, b *bridge) (okta idp, ids map[string]string) {
	t.Helper()
	okta = b.connect("acme")
	ids = make(map[string]string)
	for _, given := range []string{"Ada", "Bo", "Cy", "Di"} {
		ids[given] = okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: given, Family: "Byron", Mail: strings.ToLower(given) + "@acme.example"}))
	}
	b.apply(`
desks: [{name: support, kind: builtin, settings: {teams: "Tier 1, Tier 2", mailboxes: "Help, Invoices, Spare"}}]
rules:
  - {connection: acme, group: Support, desk: support, role: agent, teams: [Tier 1], mailboxes: [Help]}
  - {connection: acme, group: Billing, desk: support, role: limited, mailboxes: [Invoices]}
  - {connection: acme, group: Lead, desk: support, role: admin, teams: [Tier 2]}
  - {connection: acme, attribute: department, equals: IT, desk: support, role: admin}
`)
	okta.group(t, "Support", ids["Ada"], ids["Bo"], ids["Di"])
	okta.group(t, "Billing", ids["Bo"])
	okta.mustPatch(t, "/Users/"+ids["Di"], setActive(false))
	b.synced()
	return okta, ids
}

type listed[T any] struct {
	People, Groups, Access []T
	Next                   string
}

// TestPersonList: people are found by connection, desk, status and a part of their
// name, a page at a time, as a table, JSON and CSV.
func TestPersonList(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta, ids := billing(t, b)
		other := b.connect("beta")
		other.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "=Eve", Family: "HYPERLINK(1)", Mail: "eve@beta.example"}))
		names := func(args ...string) (names []string) {
			for _, p := range commandJSON[listed[person.Line]](b, append([]string{"person", "list"}, args...)...).People {
				names = append(names, p.Connection+" "+p.UserName)
			}
			return names
		}
		for _, tt := range []struct {
			args string
			want []string
		}{
			{"", []string{"acme ada@acme.example", "acme bo@acme.example", "acme cy@acme.example", "acme di@acme.example", "beta eve@beta.example"}},
			{"--connection beta", []string{"beta eve@beta.example"}},
			{"--status suspended", []string{"acme di@acme.example"}},
			{"--desk support", []string{"acme ada@acme.example", "acme bo@acme.example"}},
			{"--search BYRON --connection acme --limit 2", []string{"acme ada@acme.example", "acme bo@acme.example"}},
			{"--search cy@", []string{"acme cy@acme.example"}},
		} {
			if diff := cmp.Diff(tt.want, names(strings.Fields(tt.args)...)); diff != "" {
				t.Errorf("person list %s (-want +got):\n%s", tt.args, diff)
			}
		}
		first := commandJSON[listed[person.Line]](b, "person", "list", "--limit", "3")
		if rest := names("--after", first.Next); len(first.People) != 3 || len(rest) != 2 || rest[0] != "acme di@acme.example" {
			t.Errorf("the second page: %v after %+v", rest, first)
		}
		if out := b.command("person", "list", "--limit", "3"); !strings.Contains(out, "support agent") || !strings.Contains(out, "There are more: --after "+first.Next) {
			t.Errorf("as a table:\n%s", out)
		}
		rows, err := csv.NewReader(strings.NewReader(b.command("person", "list", "--format", "csv"))).ReadAll()
		if err != nil || len(rows) != 6 || rows[0][0] != "name" || rows[5][0] != "'=Eve HYPERLINK(1)" {
			t.Errorf("as CSV: %v, %v", rows, err)
		}
		okta.mustDo(t, "DELETE", "/Users/"+ids["Cy"], nil, 204)
		if got := names("--status", "removed"); len(got) != 1 || got[0] != "acme cy@acme.example" {
			t.Errorf("removed: %v", got)
		}
		if out := b.fails(t, 2, "person", "list", "--connection", "acm"); !strings.Contains(out, "did you mean acme?") {
			t.Errorf("a typo: %s", out)
		}
	})
}

// fails runs a command that must end with a status, and returns its standard error.
func (b *bridge) fails(t *testing.T, status int, args ...string) string {
	t.Helper()
	_, err := b.try(args...)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("exit status %d:", status)) {
		t.Fatalf("deskbridge %s: %v, want exit status %d", strings.Join(args, " "), err, status)
	}
	return err.Error()
}

// TestPersonShowAndHistory: what is known of somebody stands on one page, and what
// has happened to them is told in sentences, newest first. Who had the name before
// is somebody else.
func TestPersonShowAndHistory(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta, ids := billing(t, b)
		for _, want := range []string{"Bo Byron (bo@acme.example) · connection acme · active", "in group Billing", "mailbox Invoices  ← group Billing", "has never signed in here", "id " + ids["Bo"]} {
			if out := b.command("person", "show", "bo@acme.example"); !strings.Contains(out, want) {
				t.Errorf("person show has no %q:\n%s", want, out)
			}
		}
		if shown := commandJSON[person.Shown](b, "person", "show", ids["Bo"]); shown.ID != ids["Bo"] || len(shown.Desks) != 1 || shown.Sessions == nil || shown.Logins == nil {
			t.Errorf("for programs: %+v", shown)
		}
		type history struct {
			Person string
			Events []person.Event
			Next   string
		}
		h := commandJSON[history](b, "person", "history", "di@acme.example")
		if h.Person != ids["Di"] || len(h.Events) < 2 || !strings.Contains(h.Events[len(h.Events)-1].What, "added the person") {
			t.Errorf("history: %+v", h)
		}
		for i, e := range h.Events[1:] {
			if e.At.After(h.Events[i].At) {
				t.Errorf("entry %d is newer than the one before", e.ID)
			}
		}
		first := commandJSON[history](b, "person", "history", "di@acme.example", "--limit", "1")
		rest := commandJSON[history](b, "person", "history", "di@acme.example", "--after", first.Next)
		if diff := cmp.Diff(h.Events, append(first.Events, rest.Events...)); diff != "" {
			t.Errorf("in pages (-want +got):\n%s", diff)
		}
		if out := b.command("person", "history", "di@acme.example"); !strings.Contains(out, "suspended Di Byron <di@acme.example>") || !strings.Contains(out, "acme") {
			t.Errorf("in sentences:\n%s", out)
		}

		okta.mustDo(t, "DELETE", "/Users/"+ids["Di"], nil, 204)
		fresh := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Dina", Family: "Kay", Mail: "di@acme.example"}))
		if out := b.command("person", "history", "di@acme.example"); strings.Contains(out, "suspended") {
			t.Errorf("the history of another person with the name:\n%s", out)
		}
		if old := commandJSON[history](b, "person", "history", ids["Di"]); old.Person == fresh || old.Events[0].Action != "user.removed" {
			t.Errorf("the history of who was removed: %+v", old)
		}
	})
}

// TestGroupListAndShow: how many are in a group, what it gives, and who is first.
func TestGroupListAndShow(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		_, _ = billing(t, b)
		groups := commandJSON[listed[group.Line]](b, "group", "list").Groups
		if len(groups) != 2 || groups[0].Name != "Billing" || groups[0].Members != 1 || groups[1].Members != 3 || len(groups[1].Rules) != 1 || groups[1].Rules[0].Desk != "support" {
			t.Errorf("group list: %+v", groups)
		}
		out := b.command("group", "show", "support", "--limit", "2")
		for _, want := range []string{"Support · connection acme · 3 people in it", "gives role agent, teams Tier 1, mailboxes Help on support (rule ", "  Ada Byron\n  Bo Byron\n", "There are more: --after "} {
			if !strings.Contains(out, want) {
				t.Errorf("group show has no %q:\n%s", want, out)
			}
		}
		if out := b.fails(t, 1, "group", "show", "Supprt"); !strings.Contains(out, "did you mean Support?") {
			t.Errorf("a typo: %s", out)
		}
	})
}

// TestAccessList answers an auditor: who has this mailbox, since when, and which
// group gives it.
func TestAccessList(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta, ids := billing(t, b)
		all := commandJSON[listed[accesslist.Line]](b, "access", "list", "--desk", "support").Access
		if len(all) != 2 {
			t.Fatalf("all: %+v", all)
		}
		found := commandJSON[listed[accesslist.Line]](b, "access", "list", "--desk", "support", "--mailbox", "invoices").Access
		if len(found) != 1 || found[0].UserName != "bo@acme.example" || len(found[0].GivenBy) != 1 || found[0].GivenBy[0].Source != "group Billing" || found[0].Role != "agent" {
			t.Errorf("by mailbox: %+v", found)
		}
		var since provision.Entry
		for _, e := range b.entries(ids["Bo"]) {
			if list, _ := e.Detail["add"].([]any); e.Action == "account.mailboxes_changed" && strings.Contains(fmt.Sprint(list...), "Invoices") || e.Action == "account.created" {
				since = e
			}
		}
		if len(found) == 1 && (found[0].Since.At == nil || !found[0].Since.At.Equal(since.At)) {
			t.Errorf("since %v, the audit log says %v", found[0].Since, since.At)
		}
		if none := commandJSON[listed[accesslist.Line]](b, "access", "list", "--desk", "support", "--team", "Tier 2").Access; none == nil || len(none) != 0 {
			t.Errorf("of nobody: %+v", none)
		}
		out := b.command("access", "list", "--desk", "support", "--role", "agent", "--format", "csv")
		if !strings.HasPrefix(out, "name,address,connection,status,role,teams,mailboxes,since,confirmed,given_by,state\n") || strings.Count(out, "\n") != 3 {
			t.Errorf("as CSV:\n%s", out)
		}

		// Who loses the group loses the mailbox, once the desk has shown it.
		okta.mustPatch(t, "/Users/"+ids["Ada"], setActive(false))
		b.eventually("Ada has no access any more", func() bool {
			return len(commandJSON[listed[accesslist.Line]](b, "access", "list", "--desk", "support").Access) == 1
		})
		b.fails(t, 2, "access", "list")
		b.fails(t, 2, "access", "list", "--desk", "supprt")
	})
}

// TestExplainWhyNot: the most frequent question there is.
func TestExplainWhyNot(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta, ids := billing(t, b)
		beta := b.connect("beta")
		beta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Eve", Family: "Byron", Mail: "eve@beta.example"}))
		for _, tt := range []struct {
			name, args string
			want       []string
		}{
			{"not in the group", "ada@acme.example --mailbox Invoices", []string{"support: has no mailbox Invoices", "mailbox Invoices comes from group Billing (rule ", "); they are not in it: add them at the identity provider"}},
			{"has it", "bo@acme.example --mailbox invoices", []string{"support: has mailbox invoices", "given by group Billing, by rule "}},
			{"the group was never pushed", "ada@acme.example --team 'Tier 2'", []string{"team Tier 2 comes from group Lead (rule ", ", and connection acme has pushed no such group: assign it to the app at the identity provider"}},
			{"no rule gives it", "ada@acme.example --mailbox Spare", []string{"no rule gives people of connection acme mailbox Spare on desk support; `deskbridge rule add` makes one"}},
			{"the desk has no such mailbox", "ada@acme.example --mailbox Invoces", []string{"no rule gives people of connection acme mailbox Invoces", `desk support has no mailbox "Invoces"; it has `, `; did you mean "Invoices"?`}},
			{"suspended", "di@acme.example --desk support", []string{"support: has no access", "they are suspended: connection acme says that they are not active; make them active at the identity provider"}},
			{"an attribute", "cy@acme.example --desk support", []string{"access comes from attribute department = IT (rule ", ", and they have no department", "access comes from group Support (rule "}},
			{"of another connection", "eve@beta.example --desk support", []string{"no rule gives people of connection beta access on desk support", "group Billing (rule ", "gives it to people of another connection only"}},
			{"nobody asked, and no access", "cy@acme.example", []string{"no account", "why not      access comes from group ", "they are not in it"}},
			{"no rule at all", "eve@beta.example", []string{"no access anywhere: no rule is about connection beta"}},
		} {
			args := append([]string{"explain"}, strings.Fields(strings.ReplaceAll(tt.args, "'Tier 2'", "Tier_2"))...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "Tier_2", "Tier 2")
			}
			out := b.command(args...)
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%s: explain %s has no %q:\n%s", tt.name, tt.args, want, out)
				}
			}
		}
		answers := commandJSON[[]explain.Answer](b, "explain", "ada@acme.example", "--mailbox", "Invoices")
		if len(answers) != 1 || answers[0].Has || answers[0].Desired || len(answers[0].WhyNot) != 1 || answers[0].WhyNot[0].Code != "not-in-group" || answers[0].WhyNot[0].Group != "Billing" || answers[0].WhyNot[0].Rule == "" {
			t.Errorf("for programs: %+v", answers)
		}
		if all := commandJSON[[]explain.Person](b, "explain", "cy@acme.example"); all[0].Groups == nil || all[0].Desks[0].Reasons == nil {
			t.Errorf("lists that have nothing in them are null for programs: %+v", all)
		}
		if out := b.command("explain", "ada@acme.example"); strings.Contains(out, "why not") {
			t.Errorf("who has access is told why not:\n%s", out)
		}

		// A group that the identity provider deletes is not one that somebody is not in.
		for _, g := range commandJSON[listed[struct{ ID, Name string }]](b, "group", "list").Groups {
			if g.Name == "Billing" {
				okta.mustDo(t, "DELETE", "/Groups/"+g.ID, nil, 204)
			}
		}
		b.eventually("the group is gone", func() bool {
			return strings.Contains(b.command("explain", ids["Ada"], "--mailbox", "Invoices"), "the identity provider has deleted that group") ||
				strings.Contains(b.command("explain", ids["Ada"], "--mailbox", "Invoices"), "has pushed no such group")
		})

		// What rules give, and the desk has no seat for.
		b.apply(`
desks: [{name: tiny, kind: builtin, seats: 1, settings: {mailboxes: Help}}]
rules: [{connection: acme, group: Support, desk: tiny, role: agent, mailboxes: [Help]}]
`)
		b.eventually("one of two waits for a seat", func() bool {
			seats := 0
			for _, who := range []string{"Ada", "Bo"} {
				a := commandJSON[[]explain.Answer](b, "explain", ids[who], "--desk", "tiny")
				if len(a) == 1 && len(a[0].WhyNot) == 1 && a[0].WhyNot[0].Code == "seat" && a[0].Desired {
					seats++
				}
			}
			return seats == 1
		})
	})
}

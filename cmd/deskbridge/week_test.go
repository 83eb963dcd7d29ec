package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
)

// week is an IT admin's week: what commands tell beside a running server.
type week struct {
	*bridge
	okta   idp
	groups map[string]string
	people []string
	file   string
}

// event plays something under a name.
func (w *week) event(name string, play func()) {
	w.t.Run(name, func(t *testing.T) {
		outer := w.t
		w.t, w.bridge.t = t, t
		defer func() { w.t, w.bridge.t = outer, outer }()
		play()
	})
}

// says fails the test unless a command tells all of want; what begins with "!"
// it must not tell. A command that reads may do so a little later: servers work on.
func (w *week) says(line string, want ...string) string {
	w.t.Helper()
	reads := slices.Contains([]string{"status", "explain", "person", "plan", "audit"}, strings.Fields(line)[0])
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var out, problems bytes.Buffer
		run(context.Background(), strings.Split(line, " "), w.environ, &out, &problems)
		told := out.String() + problems.String()
		wrong := slices.DeleteFunc(slices.Clone(want), func(text string) bool {
			not, is := strings.CutPrefix(text, "!")
			return is != strings.Contains(told, not)
		})
		if len(wrong) == 0 {
			return told
		}
		if !reads || time.Now().After(end) {
			w.t.Errorf("deskbridge %s: want %q in\n%s", line, wrong, told)
			return told
		}
	}
}

// logs waits until the server's log has all of want in one line.
func (w *week) logs(want ...string) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("a log line with %q", want), func() bool {
		for line := range strings.Lines(w.log.String()) {
			all := true
			for _, text := range want {
				all = all && strings.Contains(line, text)
			}
			if all {
				return true
			}
		}
		return false
	})
}

// write makes access.yaml.
func (w *week) write(yaml string) {
	w.t.Helper()
	if err := os.WriteFile(w.file, []byte(yaml), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// TestAWeek plays an admin's week with a company of thirty, and reads at each
// event what status, explain, plan and the log tell of it.
func TestAWeek(t *testing.T) {
	w := &week{bridge: newBridge(t), groups: map[string]string{}, file: t.TempDir() + "/access.yaml"}
	const (
		connection = "connections: [{name: acme, idp: okta, domains: [acme.example]}]\n"
		desk       = "desks: [{name: support, kind: builtin, settings: {teams: Choir, mailboxes: 'Help,Invoices'}}]\n"
		rules      = "rules:\n  - {connection: acme, group: Support, desk: support, role: agent, teams: [Choir], mailboxes: [Help]}\n" +
			"  - {connection: acme, group: Billing, desk: support, role: agent, mailboxes: [Invoices]}\n"
	)
	plan, apply := "plan -f "+w.file, "apply -f "+w.file
	mail := func(i int) string { return fmt.Sprintf("p%02d@acme.example", i) }
	patch := func(i int, op map[string]any) { w.okta.mustPatch(w.t, "/Users/"+w.people[i], op) }
	members := func(group string, ops ...map[string]any) { w.okta.mustPatch(w.t, "/Groups/"+w.groups[group], ops...) }

	w.event("everybody is pushed before there is any rule", func() {
		w.okta = w.connect("acme")
		for i := range 30 {
			user := simulated.OktaUser(simulated.Person{Given: fmt.Sprintf("p%02d", i), Family: "Byron", Mail: mail(i)})
			user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = map[string]any{"department": map[bool]string{true: "IT", false: "Sales"}[i < 12]}
			w.people = append(w.people, w.okta.mustPush(w.t, "Users", user))
		}
		w.groups["Support"] = w.okta.group(w.t, "Support", w.people[:20]...)
		w.groups["Billing"] = w.okta.group(w.t, "Billing", w.people[20:22]...)
		w.write(connection + desk + rules)
		w.says(plan, "22 people would become agent", "no access → agent, teams Choir")
		w.says("status", "okta  30  ", "Nothing needs attention")
	})
	w.event("too few seats", func() {
		w.write(connection + strings.Replace(desk, "builtin", "builtin, seats: 15", 1) + rules)
		w.says(plan, "7 people will wait for a seat")
	})
	w.event("a wrong mapping", func() {
		w.write(connection + desk + rules + "  - {connection: acme, attribute: department, equals: IT, desk: support, role: admin}\n")
		w.says(plan, "12 people would become admin")
	})
	w.event("a typo in a group", func() {
		w.write(connection + desk + strings.Replace(rules, "Support", "Supporrt", 1))
		w.says(plan, "Supporrt", "did you mean", "Support")
	})
	w.event("applied", func() {
		w.write(connection + desk + rules)
		w.says(apply, "Applied")
		w.eventually("22 people have access", func() bool { return regexp.MustCompile(`builtin +22 +0 `).MatchString(w.command("status")) })
		w.says(plan, "Nothing would change")
		w.says("status", "Nothing needs attention", "builtin  22 ")
		w.says("explain "+mail(0), "agent", "Choir", "Support")
	})
	w.event("joiner, mover, marriage, a group renamed at the identity provider", func() {
		members("Support", addMembers(w.people[22]))
		members("Support", removeMember(w.people[1]))
		members("Billing", addMembers(w.people[1]))
		patch(0, map[string]any{"op": "replace", "path": "name.familyName", "value": "Lovelace"})
		members("Support", map[string]any{"op": "replace", "path": "displayName", "value": "Customer Support"})
		w.synced()
		w.says("explain "+mail(22), "agent", "Choir", "Customer Support")
		w.says("explain "+mail(1), "Invoices", "!Choir")
		w.says("status", "Nothing needs attention")
		members("Support", map[string]any{"op": "replace", "path": "displayName", "value": "Support"})
	})
	w.event("a leaver, and a long leave", func() {
		patch(2, setActive(false))
		patch(3, setActive(false))
		w.synced()
		w.says("explain "+mail(2), "suspended", "ended")
		w.logs(`"msg":"reconcile run"`, w.people[2])
		patch(3, setActive(true))
		w.synced()
		w.says("explain "+mail(3), "agent", "Choir")
		w.says("person history "+mail(3), "suspended", "read back")
	})
	w.event("why can't I see Invoices", func() {
		w.says("explain "+mail(5)+" --mailbox Invoices", "Billing", "not in")
		w.says("explain "+mail(29), "should have  no access", "they are not in it")
	})
	w.event("an auditor wants proof", func() {
		w.says("audit export --person "+mail(2)+" --format text", mail(2), "suspended", "access")
		w.says("audit verify", "The chain is intact")
		w.says("access list --desk support", mail(0))
	})
	w.event("credentials for the built-in desk's own API", func() {
		w.says("desk app create support", "App secret")
		d, err := w.sys.Core.Settings.Desk(w.t.Context(), "support")
		if err != nil {
			w.t.Fatal(err)
		}
		apps, err := w.sys.Builtin.Apps(w.t.Context(), d.ID)
		if err != nil || len(apps) != 1 {
			w.t.Fatalf("%d apps, %v", len(apps), err)
		}
		w.says("desk app remove support "+apps[0].ID, "has ended")
		w.says("audit export --format text --action desk_app.created,desk_app.removed", "made the API credentials", "ended the API credentials")
	})
	w.event("tokens", func() {
		w.says("token create acme yearly --expires 365d", "dbr_")
		w.says("token revoke acme yearly --yes", "revoked")
		w.says("token revoke acme first --yes", "last")
		w.says("status", "no token that is accepted", "token create acme")
		secret := strings.TrimSpace(w.command("token", "create", "acme", "okta"))
		w.okta = idp{simulated.NewIdP(w.url+"/scim/acme/v2", secret)}
		w.okta.mustDo(w.t, "GET", "/Users/"+w.people[0], nil, 200)
		w.says("status", "Nothing needs attention")
	})
	w.event("a team renamed on the desk", func() {
		d, err := w.sys.Core.Settings.Desk(w.t.Context(), "support")
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = w.sys.Store.DB().ExecContext(w.t.Context(), `UPDATE builtin_teams SET name = 'Chorus', name_folded = 'chorus' WHERE desk = $1 AND name = 'Choir'`, string(d.ID))
		if err != nil {
			w.t.Fatal(err)
		}
		members("Support", addMembers(w.people[23]))
		w.synced()
		w.says("explain "+mail(23), "agent", "confirmed", "!needs attention")
		w.says("status", `calls the team "Choir" "Chorus" now`, "access.yaml", "!needs attention:")
		w.says(plan, `write "Chorus"`)
		w.says("audit export --format text --action unit.renamed", "another name")
		w.write(connection + desk + strings.Replace(rules, "[Choir]", "[Chorus]", 1))
		w.says(apply, "Applied")
		w.synced()
		w.eventually("everybody goes by the new name", func() bool {
			all, err := w.sys.Store.AccountsWhere(context.Background(), provision.AccountFilter{State: provision.AccountReady}, 0)
			return err == nil && len(all) > 20 && !slices.ContainsFunc(all, func(a provision.Account) bool { return slices.Contains(a.Desired.Teams, "Choir") })
		})
		w.says("status", "!Choir")
	})
	w.event("somebody deletes a user on the desk", func() {
		a := w.accountOf(w.people[4])
		if _, err := w.sys.Store.DB().ExecContext(w.t.Context(), `DELETE FROM builtin_users WHERE id = `+string(a.DeskUser)); err != nil {
			w.t.Fatal(err)
		}
		w.says("desk sweep support --dry-run", mail(4), "gone")
	})
	w.event("a mass removal, somebody fired meanwhile, the rest put back", func() {
		w.okta.mustDo(w.t, "PATCH", "/Groups/"+w.groups["Support"], map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
			"Operations": []any{map[string]any{"op": "remove", "path": "members"}}}, 200, 204)
		w.eventually("people are on hold", func() bool { return w.accountOf(w.people[6]).State == provision.AccountOnHold })
		w.logs(`"level":"ERROR"`, "mass-change protection", "acme", "connection release")
		w.says("explain "+mail(6), "on hold")
		patch(7, setActive(false))
		w.eventually("who is fired is out", func() bool { return w.accountOf(w.people[7]).State == provision.AccountEnded })
		var back []string
		for i, id := range w.people[:20] {
			if i != 1 && i != 2 && i != 7 {
				back = append(back, id)
			}
		}
		members("Support", addMembers(append(back, w.people[22], w.people[23])...))
		w.eventually("nobody is on hold", func() bool {
			held, err := w.sys.Store.AccountsWhere(context.Background(), provision.AccountFilter{State: provision.AccountOnHold}, 1)
			return err == nil && len(held) == 0
		})
		w.synced()
		w.says("explain "+mail(6), "agent", "Chorus")
		w.says("explain "+mail(4), "agent")
	})
	w.event("forgotten", func() {
		w.okta.mustDo(w.t, "DELETE", "/Users/"+w.people[2], nil, 204)
		w.synced()
		w.says("forget "+mail(2), "Erased of")
		w.says("explain "+mail(2), "nobody has the id")
	})
	w.event("what is, as a file", func() {
		exported := w.command("export")
		if !strings.Contains(exported, "Chorus") {
			w.t.Errorf("exported:\n%s", exported)
		}
		w.write(exported)
		w.says(plan, "Nothing would change")
		w.says("status", "Nothing needs attention")
	})
}

// accountOf returns the account of a person.
func (w *week) accountOf(id string) provision.Account {
	w.t.Helper()
	accounts, err := w.sys.Store.AccountsOf(context.Background(), []provision.IdentityID{provision.IdentityID(id)})
	if err != nil || len(accounts) != 1 {
		w.t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	return accounts[0]
}

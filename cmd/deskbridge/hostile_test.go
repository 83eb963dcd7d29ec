package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// hostile is a name that wipes lines, hides what follows, begins a line of ours
// and turns the direction of writing; forged is how that line begins.
const (
	forged  = "Nothing would change for FORGED"
	hostile = "eve\x1b[1A\x1b[2K\x1b[8m\r\n" + forged + "\n\t\u202e\u2066\u009b2J\u200b\u2028\x7f\x07\u00ad\U000e0041"
)

// TestNothingPrintedMovesTheCursor gives every text that comes from an identity
// provider or a desk a hostile value, as a database of an older release may have
// it, and runs every command there is: each byte that is printed is one that shows.
func TestNothingPrintedMovesTheCursor(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		person, account := haunted(t, b)
		file := t.TempDir() + "/access.yaml"
		access := "connections: [{name: acme}]\ndesks: [{name: d, kind: builtin, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, attribute: title, desk: d, role: admin}\n"
		if err := os.WriteFile(file, []byte(access), 0o600); err != nil {
			t.Fatal(err)
		}
		values := map[string]string{"USER": string(person), "CONNECTION": "acme", "connection NAME": "acme", "desk NAME": "d", "token NAME": "second", "NAME|ID": "first",
			"DOMAIN": "acme.example", "ACCOUNT": string(account), "rule ID": "none", "key ID": "none", "saml|desk|oidc|record": "desk", "admin NAME": "ann",
			"-f": "-f", "access.yaml": file, "--desk": "--desk", "list NAME": "d", "access NAME": "d", "DESK": "d", "app DESK": "d", "APP-ID": "none", "offboarding FILE": file,
			"GROUP": hostile, "admin GROUP": hostile, "ROLE": "auditor", "api-token NAME": hostile, "DATE|never": "never", "TASK": "none", "--until": "--until", "DATE": "2099-01-31", "api-token ID": "none", "TOKEN": "none",
			"alarm NAME": hostile, "alarm ID": "none", "import FILE": file, "adoption NAME": "d", "WAVE": "none", "second-admin ID": "none"}
		extra := map[string][][]string{
			"audit export": {{"--format", "text"}, {"--format", "csv"}, {"--format", "jsonl"}, {"--format", "text", "--person", string(person)}},
			"plan":         {{"--all"}, nil},
			"rule add":     {{"--connection", "acme", "--desk", "d", "--group", hostile, "--role", "agent", "--team", hostile}, {"--connection", "acme", "--desk", "d", "--group", "G", "--role", "agent", "--team", "Tier 9"}},
			"session list": {nil, {"--user", string(person)}},
			"explain":      {nil},
		}
		telling := []string{"plan", "explain", "status", "session list", "rule list"}                      // what shows names shows that one, spelt out
		last := []string{"session unlink", "session revoke", "apply", "rule remove", "connection release"} // these take away what others would show
		for _, leaf := range commands(t, last) {
			path := strings.TrimPrefix(leaf.CommandPath(), "deskbridge ")
			args := append(strings.Fields(path), placed(t, leaf, values)...)
			variants := extra[path]
			if variants == nil {
				variants = [][]string{nil}
			}
			for _, more := range variants {
				shown := look(t, b, slices.Concat(args, more))
				if slices.Contains(telling, path) && more == nil && !strings.Contains(shown, `[1A`) {
					t.Errorf("%s does not show the name at all:\n%s", path, shown)
				}
				if leaf.Flags().Lookup("json") != nil {
					look(t, b, slices.Concat(args, more, []string{"--json"}))
				}
			}
		}
		for _, args := range [][]string{{"explain", hostile}, {"explain", "nobody" + hostile}, {"session", "list", "--user", hostile}, {"desk", "check", hostile}, {hostile}, {"plan", "-f", hostile},
			{"token", "revoke", "acme", hostile}, {"connection", "add", hostile}, {"domain", "add", "acme", hostile}, {"retry", hostile}} {
			look(t, b, args)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// haunted pushes and writes hostile names.
func haunted(t *testing.T, b *bridge) (provision.IdentityID, provision.AccountID) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	okta := b.connect("acme")
	b.apply("desks: [{name: d, kind: builtin, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, group: Support, desk: d, role: agent}\n  - {connection: acme, attribute: desk, desk: d, role: agent}\n")
	user := simulated.OktaUser(simulated.Person{Given: "Eve", Family: "Byron", Mail: "eve@acme.example"})
	user["displayName"], user["title"] = hostile, hostile
	user["name"] = map[string]any{"givenName": hostile, "familyName": hostile}
	user["userType"] = hostile
	id := provision.IdentityID(okta.mustPush(t, "Users", user))
	groupID := provision.GroupID(okta.group(t, "Support", string(id)))
	b.synced()

	conn, err := b.sys.Core.Settings.Connection(ctx, "acme")
	must(err)
	desk, err := b.sys.Core.Settings.Desk(ctx, "d")
	must(err)
	who, err := b.sys.Core.Directory.Identity(ctx, conn.ID, id)
	must(err)
	now := b.sys.Core.Now()
	who.UserName, who.ExternalID = hostile, hostile
	who.Requested = provision.Requested{Roles: []string{"agent"}, Teams: []string{hostile}, Mailboxes: []string{hostile}}
	group, err := b.sys.Core.Directory.Group(ctx, conn.ID, groupID)
	must(err)
	group.DisplayName = hostile
	accounts, err := b.sys.Store.AccountsOf(ctx, []provision.IdentityID{id})
	must(err)
	a := accounts[0]
	a.State, a.Reason, a.ReasonCode, a.DeskUser, a.UserName = provision.AccountNeedsAttention, hostile, provision.ReasonSeat, hostile, hostile
	a.Confirmed = provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{hostile}, Mailboxes: []string{hostile}}
	a.EndingSince, a.Names = &now, provision.DeskNames{Email: hostile, UserName: hostile}
	rule := provision.Rule{ID: provision.NewID[provision.RuleID](), Connection: conn.ID, Desk: desk.ID, Group: hostile, GroupID: groupID, Role: provision.RoleAgent, Teams: []string{hostile}}
	for _, err := range []error{
		b.sys.Store.SaveIdentity(ctx, who), b.sys.Store.SaveGroup(ctx, group), b.sys.Store.SaveAccounts(ctx, []provision.Account{a}), b.sys.Store.SaveRule(ctx, rule),
		b.sys.Store.SaveDrift(ctx, deskhealth.Drift{Account: a.ID, Identity: id, Desk: desk.ID, Revision: a.Revision, FoundAt: now, Reason: hostile}),
		b.sys.Store.SavePause(ctx, deskhealth.Pause{Desk: desk.ID, Since: now, Until: now.Add(time.Hour), Reason: hostile}),
		b.sys.Store.SaveHandOverProblem(ctx, deskhealth.HandOverProblem{Desk: desk.ID, Rule: desk.HandOver.General(), Reason: hostile, FoundAt: now}),
		b.sys.Store.InsertSession(ctx, provision.Session{ID: provision.NewID[provision.SessionID](), Hash: []byte("h"), Identity: id, Connection: conn.ID, Protocol: provision.ProtocolOIDC,
			Issuer: "https://idp.test", Subject: hostile, Agent: hostile, CreatedAt: now, SeenAt: now, EndsAt: now.Add(time.Hour)}),
	} {
		must(err)
	}
	return id, a.ID
}

// commands returns every command that does something and ends, those in last at
// the end.
func commands(t *testing.T, last []string) (leaves []*cobra.Command) {
	t.Helper()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.HasSubCommands() {
			for _, child := range c.Commands() {
				walk(child)
			}
			return
		}
		if !slices.Contains([]string{"serve", "demo"}, c.Name()) { // they print no names, and do not end
			leaves = append(leaves, c)
		}
	}
	walk(rootCommand(&command.App{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}))
	place := func(c *cobra.Command) int {
		return slices.Index(last, strings.TrimPrefix(c.CommandPath(), "deskbridge "))
	}
	slices.SortStableFunc(leaves, func(a, b *cobra.Command) int { return place(a) - place(b) })
	if len(leaves) < 25 {
		t.Fatalf("only %d commands", len(leaves))
	}
	return leaves
}

// placed returns the arguments that stand for the words in the use line of a
// command.
func placed(t *testing.T, c *cobra.Command, values map[string]string) (args []string) {
	t.Helper()
	for _, word := range strings.Fields(c.Use)[1:] {
		word = strings.Trim(word, "[]")
		value, ok := values[c.Parent().Name()+" "+word]
		if !ok {
			value, ok = values[word]
		}
		if !ok {
			t.Errorf("%s: give %s a value in this test", c.CommandPath(), word)
		}
		args = append(args, value)
	}
	return args
}

// look runs a command, looks at every byte that it prints, and returns what it
// prints.
func look(t *testing.T, b *bridge, args []string) string {
	t.Helper()
	var out, problems bytes.Buffer
	run(context.Background(), args, b.environ, &out, &problems)
	for _, printed := range []string{out.String(), problems.String()} {
		for line := range strings.Lines(printed) {
			line = strings.TrimSuffix(line, "\n")
			if i := strings.IndexFunc(line, provision.Unseen); i >= 0 {
				t.Errorf("%q prints what cannot be seen: %q", args, line)
			}
			if strings.HasPrefix(strings.TrimLeft(line, " "), forged) {
				t.Errorf("%q prints a line of somebody else's: %q", args, line)
			}
		}
	}
	if slices.Contains(args, "--json") && !slices.Contains(args, "export") && out.Len() > 0 && !json.Valid(out.Bytes()) {
		t.Errorf("%q prints no JSON: %s", args, out.String())
	}
	return out.String()
}

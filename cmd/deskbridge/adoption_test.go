package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/adoption"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/csvimport"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
)

// TestAdoptionCommands: who was on a desk before is listed, adopted as a wave, and given
// back.
func TestAdoptionCommands(t *testing.T) {
	b := newBridge(t)
	b.command("connection", "add", "acme", "--idp", "okta", "--domain", "acme.example")
	b.apply("desks: [{name: support, kind: builtin, adopt_ignore: ['ci@*'], settings: {teams: \"Tier 1\"}}]\n" +
		"rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [Tier 1]}]\n")
	d, err := b.sys.Core.Settings.Desk(t.Context(), "support")
	if err != nil {
		t.Fatal(err)
	}
	on, err := b.sys.Connector(d)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]string{}
	for _, name := range []string{"ada", "ci", "=eve"} {
		made, err := on.Create(t.Context(), provision.DeskUser{Email: strings.TrimPrefix(name, "=") + "@acme.example", DisplayName: name + " Old", GivenName: name, FamilyName: "Old", Role: provision.RoleAgent, Active: true})
		if err != nil {
			t.Fatal(err)
		}
		users[name] = string(made.ID)
	}
	if out := b.fails(t, 1, "adoption", "orphans", "--desk", "support"); !strings.Contains(out, "deskbridge desk sweep support") {
		t.Errorf("without a list: %s", out)
	}
	acme := idp{simulated.NewIdP(b.url+"/scim/acme/v2", strings.TrimSpace(b.command("token", "create", "acme", "test")))}
	ada := acme.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
	acme.group(t, "Support", ada)
	b.eventually("ada's account asks", func() bool { return strings.Contains(b.command("explain", "ada@acme.example"), "retry --adopt") })
	b.command("desk", "sweep", "support")

	type page struct {
		Users    []adoption.Line
		ListedAt string `json:"listed_at"`
	}
	if all := commandJSON[page](b, "adoption", "orphans", "--desk", "support", "--all", "--conversations"); len(all.Users) != 5 || all.ListedAt == "" || all.Users[0].Conversations == nil {
		t.Errorf("all: %+v", all)
	}
	if some := commandJSON[page](b, "adoption", "orphans", "--desk", "support"); len(some.Users) != 2 {
		t.Errorf("orphans: %+v", some)
	}
	if out := b.command("adoption", "orphans", "--desk", "support", "--csv"); !strings.Contains(out, ",'=eve Old,agent,") {
		t.Errorf("as CSV:\n%s", out)
	}
	strong := commandJSON[page](b, "adoption", "list", "--desk", "support", "--confidence", "strong")
	if len(strong.Users) != 1 || strong.Users[0].Matches[0].Person != ada {
		t.Errorf("strong: %+v", strong)
	}
	args := []string{"adoption", "accept", "--desk", "support", "--confidence", "strong"}
	if out := b.command(append(args, "--dry-run")...); !strings.Contains(out, "+team Tier 1") || !strings.Contains(out, "1 user of desk support would be adopted") {
		t.Errorf("dry run:\n%s", out)
	}
	w := commandJSON[adoption.Wave](b, args...)
	if w.Adopted != 1 || w.Wave == "" {
		t.Fatalf("wave: %+v", w)
	}
	b.synced()
	if out := b.command("explain", "ada@acme.example"); !strings.Contains(out, "(ready") {
		t.Errorf("adopted:\n%s", out)
	}
	back := commandJSON[adoption.Undone](b, "adoption", "undo", w.Wave[:13])
	if back.GivenBack != 1 || len(back.Users) != 1 || strings.Join(back.Users[0].Changed, " ") != "-team Tier 1" {
		t.Errorf("undone: %+v", back)
	}
	if out := b.command("adoption", "wave", "list"); !strings.Contains(out, w.Wave) {
		t.Errorf("waves:\n%s", out)
	}
	if out := b.fails(t, 1, "adoption", "accept", "--desk", "support", "--user", users["=eve"]+"=ada@acme.example"); !strings.Contains(out, "nothing in common") {
		t.Errorf("a wrong name: %s", out)
	}
}

// TestImport: files of spreadsheets become people, groups and rules; all that is wrong is
// told with its place, and the same file again changes nothing.
func TestImport(t *testing.T) {
	b := newBridge(t)
	b.command("connection", "add", "files", "--idp", "csv")
	b.command("connection", "add", "acme", "--idp", "okta")
	b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=A,B")
	write := func(text string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "in.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	people := write("\ufeffuser_name;External ID;email;givenName;familyName;title;active\r\n" +
		"ann@files.test;7;ann@files.test|ann@old.test;Ann;\"Of\n two lines\";\"a;b\";\r\n" +
		"bob@files.test;8;bob@files.test;=Bob;Two;;no\r\n")
	counts := func(args ...string) csvimport.Imported {
		t.Helper()
		return commandJSON[csvimport.Imported](b, append([]string{"import"}, args...)...)
	}
	for _, tt := range []struct {
		what                      string
		args                      []string
		added, changed, unchanged int
	}{
		{"dry", []string{"people", people, "--connection", "files", "--dry-run"}, 2, 0, 0},
		{"first", []string{"people", people, "--connection", "files"}, 2, 0, 0},
		{"again", []string{"people", people, "--connection", "files"}, 0, 0, 2},
		{"one column", []string{"people", write("userName\tdepartment\nbob@files.test\tIT\n"), "--connection", "files"}, 0, 1, 0},
		{"the same", []string{"people", write("userName,department\nbob@files.test,IT\n"), "--connection", "files", "--dry-run"}, 0, 0, 1},
		{"groups", []string{"groups", write("group,member\nSupport,ann@files.test\nSupport,BOB@files.test\nNone,\n"), "--connection", "files"}, 2, 0, 0},
		{"fewer", []string{"groups", write("group,member\nSupport,ann@files.test\nNone,\n"), "--connection", "files"}, 0, 1, 1},
		{"rules", []string{"rules", write("connection,desk,group,role,teams\nfiles,support,Support,agent,B|A\n")}, 1, 0, 0},
		{"rules again", []string{"rules", write("connection,desk,group,role,teams\nfiles,support,Support,agent,A|B\n")}, 0, 0, 1},
	} {
		if got := counts(tt.args...); got.Added != tt.added || got.Changed != tt.changed || got.Unchanged != tt.unchanged || len(got.Mistakes) > 0 {
			t.Errorf("%s: %+v", tt.what, got)
		}
	}
	b.eventually("ann has access", func() bool { return strings.Contains(b.command("explain", "ann@files.test"), "(ready") })
	if out := b.command("person", "show", "ann@old.test"); !strings.Contains(out, "externalId 7") {
		t.Errorf("ann:\n%s", out)
	}
	if out := b.command("person", "list", "--status", "suspended", "--csv"); !strings.Contains(out, "'=Bob Two,bob@files.test") {
		t.Errorf("bob, who was not active:\n%s", out)
	}
	// A push of the same person meets the rules of SCIM.
	pushed := idp{simulated.NewIdP(b.url+"/scim/files/v2", strings.TrimSpace(b.command("token", "create", "files", "test")))}
	pushed.mustDo(t, "POST", "/Users", simulated.OktaUser(simulated.Person{Given: "Ann", Family: "N", Mail: "ann@files.test"}), 409)

	for _, tt := range []struct{ what, noun, text, want string }{
		{"another column", "people", "userName,mail\na@files.test,x\n", `line 1, column 10 (mail): there is no such column; did you mean email?`},
		{"no name", "people", "email\nx\n", "line 1: the column userName is missing"},
		{"too few cells", "people", "userName,email\na@files.test\n", "line 2: 1 cells, and the header has 2"},
		{"twice", "people", "userName\na@files.test\nA@files.test\n", "line 3, column 1 (userName): the same as in line 2"},
		{"active", "people", "userName,active\na@files.test,perhaps\n", "line 2, column 14 (active): write yes or no"},
		{"quotes", "people", "userName\n\"a\n", "line 2"},
		{"not UTF-8", "people", "userName\nJ\xfcrgen\n", "line 2: this is not UTF-8"},
		{"nobody", "groups", "group,member\nSupport,ann@files.test\nSupport,no@files.test\n", "line 3, column 9 (member): connection files has nobody"},
		{"no desk", "rules", "connection,desk,group,role\nfiles,another,Support,agent\nfiles,support,Support,agnt\n", "line 3, column 23 (role)"},
	} {
		args := []string{"import", tt.noun, write(tt.text)}
		if tt.noun != "rules" {
			args = append(args, "--connection", "files")
		}
		before := b.command("person", "list", "--csv")
		out, err := b.try(args...)
		if err == nil || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %v\n%s\nwant %q", tt.what, err, out, tt.want)
		}
		if after := b.command("person", "list", "--csv"); after != before {
			t.Errorf("%s: half of it was done", tt.what)
		}
	}
	if out := b.fails(t, 1, "import", "people", people, "--connection", "acme"); !strings.Contains(out, "--idp csv") {
		t.Errorf("into an identity provider's: %s", out)
	}
	many := counts2(t, b, write("userName,active\n"+strings.Repeat("x@files.test,perhaps\n", 150)))
	if len(many.Mistakes) != 100 || many.More == 0 {
		t.Errorf("%d mistakes, %d more", len(many.Mistakes), many.More)
	}
}

// counts2 imports people of a file that has mistakes.
func counts2(t *testing.T, b *bridge, file string) csvimport.Imported {
	t.Helper()
	out, err := b.try("import", "people", file, "--connection", "files", "--json")
	if err == nil {
		t.Error("mistakes are no failure")
	}
	return decoded[csvimport.Imported](t, out)
}

func decoded[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/csvimport"
	"github.com/deskbridge/deskbridge/provision"
)

// csvFile writes a file for an import.
func csvFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// mistaken imports a file that has mistakes, and returns what is said of it.
func (b *bridge) mistaken(t *testing.T, args ...string) csvimport.Imported {
	t.Helper()
	out, err := b.try(slices.Concat([]string{"import"}, args, []string{"--json"})...)
	if err == nil {
		t.Errorf("import %s: mistakes are no failure", strings.Join(args, " "))
	}
	return decoded[csvimport.Imported](t, out)
}

// TestImportIsWhole: what the core refuses of one row is told by line and column, in a dry
// run as in an import, and nothing of the file is done.
func TestImportIsWhole(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		b.command("connection", "add", "files", "--idp", "csv")
		b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=A,B")
		b.command("import", "people", csvFile(t, "userName,externalId,email\njos\u00e9@files.test,1,jose@files.test\n"), "--connection", "files")
		b.command("import", "groups", csvFile(t, "group,member\nThere,jos\u00e9@files.test\n"), "--connection", "files")
		entries := len(b.entries(""))
		for _, tt := range []struct {
			what, noun, text string
			want             []string
		}{
			{"a name that cannot be seen", "people", "userName,title\na@files.test,x\nb\u200b@files.test,x\n", []string{"line 3, column 1 (userName): userName has a character that cannot be seen"}},
			{"a control character", "people", "title,userName\nx,a@files.test\nx,b\x07@files.test\n", []string{"line 3, column 3 (userName): userName has a character that cannot be seen"}},
			{"a name that is too long", "people", "userName\na@files.test\n" + strings.Repeat("b", 1100) + "\n", []string{"line 3, column 1 (userName): userName: is longer than 1024 bytes"}},
			{"an address that is too long", "people", "userName,email\na@files.test,\nb@files.test," + strings.Repeat("b", 1100) + "\n", []string{"line 3, column 14 (email): emails.value: is longer than 1024 bytes"}},
			{"a cell that is too long", "people", "userName,title\na@files.test,\nb@files.test," + strings.Repeat("b", 17000) + "\n", []string{"line 3, column 14 (title): a cell has at most 16384 bytes"}},
			{"the same name in another letter case", "people", "userName\na@files.test\nA@FILES.test\n", []string{"line 3, column 1 (userName): the same as in line 2"}},
			{"the same name in another Unicode form", "people", "userName\nzo\u00eb@files.test\nzoe\u0308@files.test\n", []string{"line 3, column 1 (userName): the same as in line 2"}},
			{"the same externalId", "people", "userName,externalId\na@files.test,7\nb@files.test,8\nc@files.test,7\n", []string{"line 4, column 14 (externalId): the same as in line 2"}},
			{"all that is wrong at once", "people", "userName,active\na@files.test,perhaps\n,yes\nb\u200b@files.test,no\n",
				[]string{"line 2, column 14 (active): write yes or no", "line 3, column 1 (userName): this is empty", "line 4, column 1 (userName): userName has"}},
			{"a group that cannot be seen", "groups", "group,member\nNew,jos\u00e9@files.test\nB\u200bad,jos\u00e9@files.test\n", []string{"line 3, column 1 (group): displayName has a character that cannot be seen"}},
			{"a member whom nobody knows", "groups", "group,member\nNew,jos\u00e9@files.test\nThere,no@files.test\n", []string{"line 3, column 7 (member): connection files has nobody with this userName"}},
			{"two externalIds of a group", "groups", "group,member,externalId\nThere,,g1\nthere,,g2\nThere,,\n", []string{"line 3, column 8 (externalId): a line before has \"g1\" for this group"}},
			{"a rule that its desk cannot follow", "rules", "connection,desk,group,role,teams\nfiles,support,There,agent,A\nfiles,support,There,agent,C\n", []string{"line 3: "}},
			{"a rule that is over", "rules", "connection,desk,group,role,until\nfiles,support,There,agent,\nfiles,support,There,limited,2001-01-01\n", []string{"line 3, column 29 (until): 2001-01-01 has passed"}},
		} {
			args := []string{tt.noun, csvFile(t, tt.text)}
			if tt.noun != "rules" {
				args = append(args, "--connection", "files")
			}
			for _, args := range [][]string{append(slices.Clone(args), "--dry-run"), args} {
				got := b.mistaken(t, args...)
				var said []string
				for _, m := range got.Mistakes {
					said = append(said, m.String())
				}
				if len(said) != len(tt.want) || got.More != 0 {
					t.Errorf("%s: %q, want %q", tt.what, said, tt.want)
					continue
				}
				for i, want := range tt.want {
					if !strings.HasPrefix(said[i], want) {
						t.Errorf("%s: %q, want %q", tt.what, said[i], want)
					}
				}
				if !got.DryRun && got.Added+got.Changed+got.Unchanged+got.Refused != 0 {
					t.Errorf("%s: half of it is said to be done: %+v", tt.what, got)
				}
			}
			if n := len(b.entries("")); n != entries {
				t.Errorf("%s: %d audit entries of what was not done", tt.what, n-entries)
				entries = n
			}
		}
		if out, _ := b.try("import", "people", csvFile(t, "userName\na@files.test\nb\u200b@files.test\n"), "--connection", "files"); !strings.HasSuffix(out, "\nNothing was imported: mend the file, and import it again.\n") {
			t.Errorf("what is said of a file with a mistake:\n%s", out)
		}

		// Whoever is there is found in any letter case and Unicode form, and by an externalId when they come back.
		for _, tt := range []struct {
			what, text                string
			added, changed, unchanged int
		}{
			{"composed and not", "userName,externalId\nJOSE\u0301@files.test,1\n", 0, 1, 0},
			{"the same again", "userName,externalId\nJOSE\u0301@files.test,1\n", 0, 0, 1},
			{"suspended", "userName,active\njos\u00e9@files.test,no\n", 0, 1, 0},
			{"back under another name", "userName,externalId,email\njoe@files.test,1,jose@files.test\n", 0, 1, 0},
			{"and again", "userName,externalId\njoe@files.test,1\n", 0, 0, 1},
		} {
			file := csvFile(t, tt.text)
			for _, more := range []string{"--dry-run", "--json"} {
				if got := commandJSON[csvimport.Imported](b, "import", "people", file, "--connection", "files", more); got.Added != tt.added || got.Changed != tt.changed || got.Unchanged != tt.unchanged {
					t.Errorf("%s (%s): %+v", tt.what, more, got)
				}
			}
		}
	})
}

// TestImportGroupsByExternalID: what a file says of a group is said of one that is there,
// too, and stays where a later file is silent.
func TestImportGroupsByExternalID(t *testing.T) {
	b := newBridge(t)
	b.command("connection", "add", "files", "--idp", "csv")
	conn, err := b.sys.Core.Settings.Connection(t.Context(), "files")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text, want                string
		added, changed, unchanged int
	}{
		{"group,member\nSupport,\n", "", 1, 0, 0},
		{"group,member,externalId\nsupport,,g1\n", "g1", 0, 1, 0},
		{"group,member,externalId\nSupport,,g1\n", "g1", 0, 0, 1},
		{"group,member\nSupport,\n", "g1", 0, 0, 1},
		{"group,member,externalId\nSupport,,\nSupport,,g2\n", "g2", 0, 1, 0},
	} {
		got := commandJSON[csvimport.Imported](b, "import", "groups", csvFile(t, tt.text), "--connection", "files")
		page, err := b.sys.Core.Directory.Groups(t.Context(), conn.ID, provision.Query{Limit: 10})
		if err != nil || len(page.Items) != 1 || page.Items[0].ExternalID != tt.want || page.Items[0].DisplayName != "Support" {
			t.Errorf("%q: %+v %v", tt.text, page.Items, err)
		}
		if got.Added != tt.added || got.Changed != tt.changed || got.Unchanged != tt.unchanged {
			t.Errorf("%q: %+v", tt.text, got)
		}
	}
}

// TestImportSaysTheEnd: the attribute that says until when somebody has access is read
// from a file as from a push.
func TestImportSaysTheEnd(t *testing.T) {
	b := newBridge(t)
	b.apply("connections: [{name: files, idp: csv, scim: {valid_until: userType}}]\n")
	b.command("import", "people", csvFile(t, "userName,userType\nann@files.test,2001-01-01\n"), "--connection", "files")
	if got := actions(b.entries("")); !slices.Contains(got, "person.ended") {
		t.Errorf("the end of a file says nothing: %v", got)
	}
}

// TestImportIsHeld: a file that suspends many is held by mass-change protection, as a push is.
func TestImportIsHeld(t *testing.T) {
	b := newBridge(t)
	b.command("connection", "add", "files", "--idp", "csv")
	b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=A")
	people, groups := "userName,active\n", "group,member\n"
	for i := range 12 {
		people += fmt.Sprintf("p%d@files.test,yes\n", i)
		groups += fmt.Sprintf("Support,p%d@files.test\n", i)
	}
	b.command("import", "people", csvFile(t, people), "--connection", "files")
	b.command("import", "groups", csvFile(t, groups), "--connection", "files")
	b.command("import", "rules", csvFile(t, "connection,desk,group,role,teams\nfiles,support,Support,agent,A\n"))
	in := func(state provision.AccountState) int {
		list, err := b.sys.Store.AccountsWhere(t.Context(), provision.AccountFilter{State: state}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	b.eventually("all have access", func() bool { return in(provision.AccountReady) == 12 })
	b.command("import", "groups", csvFile(t, "group,member\nSupport,\n"), "--connection", "files")
	b.eventually("those who lose it by their group are held", func() bool { return in(provision.AccountOnHold) == 12 })
	b.command("import", "groups", csvFile(t, groups), "--connection", "files")
	b.eventually("they have it again", func() bool { return in(provision.AccountReady) == 12 })
	b.command("import", "people", csvFile(t, strings.ReplaceAll(people, "yes", "no")), "--connection", "files")
	b.eventually("those who are suspended are held", func() bool { return in(provision.AccountOnHold) > 0 && in(provision.AccountWaiting) == 0 })
	if n := in(provision.AccountEnded); n > 5 {
		t.Errorf("%d of 12 are out", n)
	}
}

// TestImportKilled: an import that is killed in the middle is completed by the same file
// again, which makes nobody twice and writes nothing twice.
func TestImportKilled(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		const all = 400
		b.command("connection", "add", "files", "--idp", "csv")
		var text strings.Builder
		text.WriteString("userName,externalId,email\n")
		for i := range all {
			fmt.Fprintf(&text, "p%d@files.test,%d,p%[1]d@files.test\n", i, i)
		}
		file := csvFile(t, text.String())
		made := func() (n int) {
			for _, e := range b.entries("") {
				if e.Action == "user.created" {
					n++
				}
			}
			return n
		}
		path, err := program()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "import", "people", file, "--connection", "files")
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "DESKBRIDGE_") }), b.environ...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		b.eventually("some are there", func() bool { return made() > 0 })
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // an error: it was killed
		before := made()
		if before == all {
			t.Fatal("it was through before it was killed")
		}
		got := commandJSON[csvimport.Imported](b, "import", "people", file, "--connection", "files")
		if got.Added != all-before || got.Unchanged != before || made() != all {
			t.Errorf("%d were there before: %+v, and %d made", before, got, made())
		}
		entries := len(b.entries(""))
		if got := commandJSON[csvimport.Imported](b, "import", "people", file, "--connection", "files"); got.Unchanged != all || len(b.entries("")) != entries {
			t.Errorf("once more: %+v, %d entries more", got, len(b.entries(""))-entries)
		}
	})
}

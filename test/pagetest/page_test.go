package pagetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const page = "# A page\n\n<!-- test:\nname=Ada\n-->\n\n1. Say it:\n\n   ```console\n   $ echo \"$name was here\" \\\n     && echo at 2020-01-01 10:00:00\n   … was here\n   at 2026-11-29 23:00:21\n   $ true\n   ```\n\n" +
	"<!-- not run: needs Docker -->\n```sh\ndocker run\n```\n\n```yaml\na: b\n```\n"

func TestParse(t *testing.T) {
	got, err := parse("p.md", page)
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{File: "p.md", Language: hidden, Line: 3, Text: "name=Ada"},
		{File: "p.md", Language: "console", Line: 10, Text: "$ echo \"$name was here\" \\\n  && echo at 2020-01-01 10:00:00\n… was here\nat 2026-11-29 23:00:21\n$ true\n"},
		{File: "p.md", Language: "sh", Line: 19, Text: "docker run\n", NotRun: "needs Docker"},
		{File: "p.md", Language: "yaml", Line: 23, Text: "a: b\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if _, err := parse("p.md", "<!-- not run: why -->\nNo block.\n"); err == nil {
		t.Error("a reason without a block is not found")
	}
}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name, page string
		commands   int
		problem    string // the beginning of the only one
	}{
		{"all of a page", page, 3, ""},
		{"what is set in one block is there in the next", "```sh\na=1 && cd ..\n```\n```sh\ntest $a = 1\n```\n", 2, ""},
		{"a failure ends it", "```sh\ntrue\n```\n```sh\nfalse\ntrue\n```\n```sh\ntrue\n```\n", 1, "p.md:5: exit status 1"},
		{"another output", "```console\n$ echo a\nb\n```\n", 1, "p.md:2: echo a\ndoes not print the line\nb\nbut\na"},
		{"a block is saved", "<!-- file: a.txt -->\n```yaml\na: '$b'\n```\n```console\n$ cat a.txt\na: '$b'\n```\n", 2, ""},
		{"what runs on is ended", "```sh\nsleep 600 &\n```\n", 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "p.md"), []byte(tt.page), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			n, problems, err := try(t.Context(), "p.md", t.TempDir(), Options{Dir: t.TempDir(), Environ: os.Environ(), Limit: time.Minute})
			if err != nil || n != tt.commands || len(problems) > 1 {
				t.Errorf("%d commands, %v, %v", n, problems, err)
			}
			if got := strings.Join(problems, ""); !strings.HasPrefix(got, tt.problem) || (got == "") != (tt.problem == "") {
				t.Errorf("problem %q, want %q", got, tt.problem)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		name    string
		want    []string
		out     string
		missing string
	}{
		{"nothing is asked for", nil, "anything", ""},
		{"columns may be wider", []string{"NAME  IDP", "acme  okta"}, "NAME    IDP\nacme    okta\n", ""},
		{"another word", []string{"NAME", "acme  okta"}, "NAME  \nacme  entra\n", "acme  okta"},
		{"another order", []string{"b", "a"}, "a\nb\n", "a"},
		{"a line more is no harm", []string{"a", "c"}, "a\nb\nc\n", ""},
		{"a part of a line is not the line", []string{"Nothing"}, "Nothing needs attention.\n", "Nothing"},
		{"times differ", []string{"at 2026-11-29 23:00:21"}, "at 2027-01-02 03:04:05", ""},
		{"no time", []string{"at 2026-11-29 23:00:21"}, "at noon", "at 2026-11-29 23:00:21"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if missing, ok := Matches(tt.want, tt.out); missing != tt.missing || ok != (tt.missing == "") {
				t.Errorf("missing %q, %t", missing, ok)
			}
		})
	}
}

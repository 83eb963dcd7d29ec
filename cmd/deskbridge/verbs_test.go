package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/remote"
)

// doors are the three by which an admin comes in.
const (
	byAPI     = "the admin API"
	byConsole = "the console"
	byCommand = "the command line"
)

// without is the one table of what a door does not have, and why.
var without = map[string]map[admin.Verb]string{
	byAPI: {
		admin.PersonTerms:      "commands have it; a program that blocks people does so at the identity provider",
		admin.ConnectionChange: "a draft and its plan change connections",
		admin.ApprovalDecide:   "commands have it: it is a person's word",
		admin.TaskDone:         "commands have it: it is a person's word",
		admin.CommandLineUse:   "it needs somebody at a browser",
	},
	byConsole: {
		admin.PersonForget:   "the command line asks before it erases",
		admin.PersonTerms:    "no page yet",
		admin.GroupsRead:     "the pages of changes and people show them",
		admin.DriftRead:      "the page of a desk shows it, by desks.read",
		admin.SessionsRead:   "the page of a person shows them, by people.read",
		admin.SessionEnd:     "the page of a person ends all of theirs, by person.out",
		admin.TokensRead:     "the page of a connection shows them, by connections.read",
		admin.APITokensRead:  "no page yet",
		admin.APITokenCreate: "no page yet; the API makes them for who is signed in",
		admin.APITokenRevoke: "no page yet",
		admin.AdminsRead:     "no page yet",
		admin.AdminGrant:     "no page yet; the API grants for who is signed in",
		admin.AdminRevoke:    "no page yet; the API revokes for who is signed in",
		admin.ApprovalDecide: "no page yet",
		admin.TaskDone:       "no page yet",
	},
	byCommand: {
		admin.DriftRead:      "desk show and desk sweep show it, by desks.read and desk.change",
		admin.EventsRead:     "a command ends",
		admin.CommandLineUse: "login asks the console for it",
	},
}

// TestEachDoorHasEachVerb: the admin API, the console and the command line from
// elsewhere do the same, by one table of who may what; what one of them does not have,
// the table above says, with a reason.
func TestEachDoorHasEachVerb(t *testing.T) {
	has := map[string]map[admin.Verb]bool{byAPI: {}, byConsole: {}, byCommand: {}}
	text, err := api.New(api.Core{}, api.Options{}).Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Verb admin.Verb `json:"x-verb"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			has[byAPI][op.Verb] = true
		}
	}
	rooms, err := filepath.Glob("../../admin/console/*/*.go")
	if err != nil || len(rooms) < 10 {
		t.Fatalf("%d files of rooms, %v", len(rooms), err)
	}
	for _, file := range append(rooms, "../../admin/console/console.go") {
		for _, v := range verbsOf(t, file, regexp.MustCompile(`\{(?:Pattern: )?"(?:GET|POST) [^"]+", (?:Verb: )?admin\.(\w+)`)) {
			has[byConsole][v] = true
		}
	}
	for _, c := range remote.Commands {
		for _, v := range c.Verbs {
			has[byCommand][v] = true
		}
		for _, verbs := range c.Flags {
			for _, v := range verbs {
				has[byCommand][v] = true
			}
		}
	}
	for door, verbs := range has {
		if len(verbs) < 15 {
			t.Errorf("only %d verbs were found in %s", len(verbs), door)
		}
		for _, rule := range admin.Rules {
			switch why := without[door][rule.Verb]; {
			case !verbs[rule.Verb] && why == "":
				t.Errorf("%s cannot %s (%s); add it, or say why not", door, rule.Means, rule.Verb)
			case verbs[rule.Verb] && why != "":
				t.Errorf("%s can %s (%s) by now; take it from the table", door, rule.Means, rule.Verb)
			}
		}
	}
}

// verbsOf returns the verbs that a file names in places of a form, by what constants
// of package admin are called.
func verbsOf(t *testing.T, file string, form *regexp.Regexp) (verbs []admin.Verb) {
	t.Helper()
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	called := make(map[string]admin.Verb)
	for _, m := range regexp.MustCompile(`(\w+)\s+Verb = "([\w.-]+)"`).FindAllStringSubmatch(read("../../admin/roles.go"), -1) {
		called[m[1]] = admin.Verb(m[2])
	}
	for _, m := range form.FindAllStringSubmatch(read(file), -1) {
		verbs = append(verbs, called[m[1]])
	}
	return verbs
}

// TestEachCommandSaysWhereItRuns: the table of package remote has every command that
// is a verb, once, and none that is not; its flags are there.
func TestEachCommandSaysWhereItRuns(t *testing.T) {
	byPath := make(map[string]remote.Command)
	for _, c := range remote.Commands {
		if _, twice := byPath[c.Path]; twice || (c.Why == "") == (len(c.Verbs) == 0) {
			t.Errorf("the table says of %s: %+v", c.Path, c)
		}
		byPath[c.Path] = c
		for _, v := range c.Verbs {
			if _, ok := admin.RuleOf(v); !ok {
				t.Errorf("%s: nobody may %s", c.Path, v)
			}
		}
	}
	var walk func(cmd *cobra.Command, path string)
	walk = func(cmd *cobra.Command, path string) {
		if command.IsVerb(cmd) {
			c, ok := byPath[path]
			if !ok {
				t.Errorf("`deskbridge %s` is not in remote.Commands: say which verb of package admin it is, or why it runs beside the database alone", path)
			}
			delete(byPath, path)
			flags := slices.Clone(c.Files)
			for flag := range c.Local {
				flags = append(flags, flag)
			}
			for flag := range c.Flags {
				flags = append(flags, flag)
			}
			for _, flag := range flags {
				if cmd.Flags().Lookup(flag) == nil {
					t.Errorf("`deskbridge %s` has no flag --%s", path, flag)
				}
			}
		}
		for _, child := range cmd.Commands() {
			walk(child, strings.TrimSpace(path+" "+child.Name()))
		}
	}
	walk(rootCommand(&command.App{Stdout: io.Discard, Stderr: io.Discard}), "")
	for path := range byPath {
		t.Errorf("there is no command `deskbridge %s`", path)
	}
}

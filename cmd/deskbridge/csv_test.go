package main

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
)

// TestEveryListAsCSV: whatever is listed can be opened in a spreadsheet, with or
// without anything in it, and no cell of it is a formula there.
func TestEveryListAsCSV(t *testing.T) {
	b := newBridge(t)
	b.command("connection", "add", "acme", "--domain", "acme.example")
	b.command("desk", "add", "support", "--kind", "builtin", "--setting", "teams=@A,B")
	b.command("rule", "add", "--connection", "acme", "--group", "=1+1", "--desk", "support", "--role", "agent", "--team", "@A")
	b.command("desk", "sweep", "support")
	given := map[string][]string{"CONNECTION": {"acme"}, "DESK": {"support"}, "--desk": {"--desk", "support"}}
	verbs := 0
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		for _, child := range cmd.Commands() {
			walk(child, append(path[:len(path):len(path)], child.Name()))
		}
		if cmd.Name() != "list" && cmd.Name() != "orphans" {
			return
		}
		verbs++
		args := path
		for _, word := range strings.Fields(cmd.Use)[1:] {
			args = append(args[:len(args):len(args)], given[word]...)
		}
		rows, err := csv.NewReader(strings.NewReader(b.command(append(args, "--csv")...))).ReadAll()
		if err != nil || len(rows) == 0 || len(rows[0]) < 2 || strings.ContainsAny(rows[0][0], " |") {
			t.Errorf("%s --csv: %v, %v", strings.Join(args, " "), rows, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("%s --csv: %q is a formula", strings.Join(args, " "), cell)
				}
			}
		}
	}
	walk(rootCommand(&command.App{Environ: b.environ}), nil)
	if verbs < 17 {
		t.Errorf("only %d lists", verbs)
	}
	if out := b.command("rule", "list", "--csv"); !strings.HasPrefix(out, "id,connection,when,desk,role,teams,mailboxes,until\n") || !strings.Contains(out, "'@A") {
		t.Errorf("rule list --csv:\n%s", out)
	}
	if out := b.fails(t, 2, "desk", "list", "--csv", "--json"); !strings.Contains(out, "give one of them") {
		t.Errorf("both forms: %s", out)
	}
}

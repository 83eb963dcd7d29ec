package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/draft"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// PlanCommand makes the command plan.
func PlanCommand(a *command.App) *cobra.Command {
	var path string
	var all bool
	cmd := &cobra.Command{
		Use:   "plan -f access.yaml",
		Short: "Show what a configuration would change, and for whom; change nothing",
		Long: `Show what a configuration would change, and for whom. The plan ends with its
hash: ` + "`deskbridge apply --plan HASH`" + ` executes exactly that plan, or nothing.`,
		Example: "  deskbridge plan -f access.yaml\n  deskbridge plan -f access.yaml --all",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - reads standard input")
	cmd.Flags().BoolVar(&all, "all", false, fmt.Sprintf("list everybody, also beyond %d people", manyPeople))
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		draft, err := readDraft(a, path)
		if err != nil {
			return command.Result{}, err
		}
		plan, err := sys.Core.Plan.Plan(ctx, draft)
		if plan, err = warned(a, plan, path, err); err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: plan, Text: func(w io.Writer) error {
			printPlan(w, plan, all)
			if !plan.Empty() {
				fmt.Fprintf(w, "\nNothing is changed yet. To apply exactly this plan:\n  deskbridge apply -f %s --plan %s\n", path, plan.Hash)
			}
			return nil
		}}, nil
	})
}

// ApplyCommand makes the command apply.
func ApplyCommand(a *command.App) *cobra.Command {
	var path, hash string
	cmd := &cobra.Command{
		Use:   "apply -f access.yaml",
		Short: "Apply a configuration: connections, desks and rules",
		Long: `Apply a configuration of connections, desks and rules in one transaction. Rules
in the file replace all rules of the desks that it names. A connection or desk
that it names becomes what the file says: what the file leaves out goes back to
its default, but for secrets. Those that it does not name stay as they are.`,
		Example: "  deskbridge apply -f access.yaml\n  deskbridge apply -f access.yaml --plan 3f0c…",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - reads standard input")
	cmd.Flags().StringVar(&hash, "plan", "", "hash of the plan that was reviewed; anything else is refused")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		draft, err := readDraft(a, path)
		if err != nil {
			return command.Result{}, err
		}
		plan, err := sys.Core.Plan.Apply(ctx, sys.Cause, draft, hash)
		if plan, err = warned(a, plan, path, err); err != nil {
			return command.Result{}, err
		}
		if err := openBuiltins(ctx, sys, draft); err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: plan, Text: func(w io.Writer) error {
			printPlan(w, plan, false)
			printNext(w, plan)
			return nil
		}}, nil
	})
}

// printNext says what an admin does after applying a plan.
func printNext(w io.Writer, plan plan.Plan) {
	if !plan.Empty() {
		fmt.Fprintln(w, "\nApplied. `deskbridge status` shows the sync status.")
	}
	for _, c := range plan.Changes {
		if c.Kind == "connection" && c.Action == "add" {
			fmt.Fprintf(w, "Connection %s has no token yet: `deskbridge token create %s NAME` makes one.\n", c.Name, c.Name)
		}
	}
}

// openBuiltins makes the built-in desks of a draft ready for use.
func openBuiltins(ctx context.Context, s *server.System, draft plan.Draft) error {
	for _, named := range draft.Desks {
		d, err := s.Core.Settings.Desk(ctx, named.Name)
		if err != nil {
			return err
		}
		if d.Kind == builtin.Kind {
			if err := s.Builtin.Open(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDraft reads a file.
func readDraft(a *command.App, path string) (plan.Draft, error) {
	if path == "" {
		return plan.Draft{}, command.Misuse("give the file with -f, e.g. -f access.yaml")
	}
	file, err := readAccess(a, path)
	if err != nil {
		return plan.Draft{}, err
	}
	made, err := draft.Of(file)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return made, err
}

// warned prints the warnings of a plan and returns the plan. An error of the
// core gets the name of the file that it is about.
func warned(a *command.App, p plan.Plan, path string, err error) (plan.Plan, error) {
	for _, w := range p.Warnings {
		a.Warn(w)
	}
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.Invalid {
		return p, fmt.Errorf("%s: %s", path, e.Detail)
	}
	return p, err
}

func readAccess(a *command.App, path string) (config.Access, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return config.Access{}, err
		}
		defer f.Close()
		in = f
	}
	access, err := config.ReadAccess(in, a.LookupEnv)
	if err != nil {
		return access, fmt.Errorf("%s: %w", path, err)
	}
	return access, nil
}

// manyPeople is beyond how many people a plan sums up.
const manyPeople = 100

func printPlan(w io.Writer, p plan.Plan, all bool) {
	if p.Empty() {
		fmt.Fprintln(w, "Nothing would change.")
		return
	}
	signs := map[string]string{"add": "+", "change": "~", "remove": "-"}
	for _, c := range p.Changes {
		fmt.Fprintf(w, "%s %s %s", signs[c.Action], c.Kind, c.Name)
		if len(c.Fields) > 0 {
			fmt.Fprintf(w, " (%s)", output.List(c.Fields))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\nWould change for %d people:\n", len(p.People))
	if len(p.People) > manyPeople && !all {
		printSums(w, p.People)
	} else {
		for _, c := range p.People {
			fmt.Fprintf(w, "  %s on %s: %s → %s\n", output.Plain(c.UserName), c.Desk, output.Access(c.Before), output.Access(c.After))
		}
	}
	fmt.Fprintf(w, "\nPlan %s\n", p.Hash)
}

// printSums prints one line for all people of whom a plan would change the same:
// new admins first, then those of whom there are most.
func printSums(w io.Writer, people []plan.PersonChange) {
	type sum struct {
		text  string
		admin bool
		names []string
	}
	by := make(map[string]*sum)
	for _, c := range people {
		text := fmt.Sprintf("on %s: %s → %s", c.Desk, output.Access(c.Before), output.Access(c.After))
		if by[text] == nil {
			by[text] = &sum{text: text, admin: c.After.Role == provision.RoleAdmin && c.Before.Role != provision.RoleAdmin}
		}
		by[text].names = append(by[text].names, output.Plain(c.UserName))
	}
	sums := slices.SortedFunc(maps.Values(by), func(a, b *sum) int {
		if a.admin != b.admin {
			return map[bool]int{true: -1, false: 1}[a.admin]
		}
		return cmp.Or(cmp.Compare(len(b.names), len(a.names)), cmp.Compare(a.text, b.text))
	})
	for _, s := range sums {
		names, more := s.names, ""
		if len(names) > 3 {
			names, more = names[:3], ", …"
		}
		fmt.Fprintf(w, "  %d %s (%s%s)\n", len(s.names), s.text, output.List(names), more)
	}
	fmt.Fprintln(w, "`deskbridge plan --all` lists each of them.")
}

package apply

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// noLosses is the value of --expect-losses when it is not given.
const noLosses = -1

const expectHelp = "how many people may lose access at once: mass-change protection does not hold them, and more are refused"

// PlanCommand makes the command plan.
func PlanCommand(a *command.App) *cobra.Command {
	var path string
	var all, exitCode bool
	var losses int
	cmd := &cobra.Command{
		Use:   "plan -f access.yaml",
		Short: "Show what a configuration would change, and for whom; change nothing",
		Long: `Show what a configuration would change, and for whom: first what is expensive,
such as new admins, seats that do not suffice, people who lose access, and
sign-in that ends. The plan ends with its hash: ` + "`deskbridge apply --plan HASH`" + `
executes exactly that plan, or nothing.

With --exit-code the exit status is 0 when nothing would change, 2 when something
would, and 1 for every failure, a wrong command line too.`,
		Example: "  deskbridge plan -f access.yaml\n  deskbridge plan -f access.yaml --all\n  deskbridge plan -f access.yaml --exit-code",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - reads standard input")
	cmd.Flags().BoolVar(&all, "all", false, fmt.Sprintf("list everybody, also beyond %d people, and who would wait for a seat", manyPeople))
	cmd.Flags().BoolVar(&exitCode, command.ExitCodeFlag, false, "exit with 2 when something would change, with 1 for every failure")
	cmd.Flags().IntVar(&losses, "expect-losses", noLosses, expectHelp)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		if err := checkLosses(cmd, losses); err != nil {
			return command.Result{}, err
		}
		draft, err := readDraft(ctx, a, sys, path)
		if err != nil {
			return command.Result{}, err
		}
		plan, err := sys.Core.Plan.Plan(ctx, draft.Draft)
		if plan, err = draft.warned(a, plan, err); err != nil {
			return command.Result{}, err
		}
		var failed error
		if losses != noLosses {
			failed = plan.CheckLosses(losses)
		}
		if failed == nil && exitCode && !plan.Empty() {
			failed = command.Exit(command.StatusChanges)
		}
		return command.Result{Data: forPrograms(plan), Text: func(w io.Writer) error {
			printed{Plan: plan, all: all, losses: losses}.print(w)
			if !plan.Empty() {
				fmt.Fprintf(w, "\nNothing is changed yet. To apply exactly this plan:\n  deskbridge apply -f %s --plan %s%s\n", path, plan.Hash, expecting(plan, losses))
			}
			return nil
		}}, failed
	})
}

// checkLosses refuses a number that can be no number of people.
func checkLosses(cmd *cobra.Command, losses int) error {
	if cmd.Flags().Changed("expect-losses") && losses < 0 {
		return command.Misuse("--expect-losses is a number of people, e.g. 12")
	}
	return nil
}

// expecting returns the flag that lets apply do what mass-change protection would
// hold otherwise; "" when nothing would be held.
func expecting(p plan.Plan, losses int) string {
	for _, l := range p.Consequences.Losses {
		if l.Held && !l.OnHold {
			return fmt.Sprintf(" --expect-losses %d", cmp.Or(max(losses, 0), p.Consequences.LostPeople()))
		}
	}
	return ""
}

// ApplyCommand makes the command apply.
func ApplyCommand(a *command.App) *cobra.Command {
	var path, hash string
	var losses int
	var waits waiting
	cmd := &cobra.Command{
		Use:   "apply -f access.yaml",
		Short: "Apply a configuration: connections, desks and rules",
		Long: `Apply a configuration of connections, desks and rules in one transaction. Rules
in the file replace all rules of the desks that it names. A connection or desk
that it names becomes what the file says: what the file leaves out goes back to
its default, but for secrets. Those that it does not name stay as they are.`,
		Example: "  deskbridge apply -f access.yaml\n  deskbridge apply -f access.yaml --plan 3f0c…\n  deskbridge apply -f access.yaml --plan 3f0c… --expect-losses 61\n  deskbridge apply -f access.yaml --wait --timeout 10m",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - reads standard input")
	cmd.Flags().StringVar(&hash, "plan", "", "hash of the plan that was reviewed; anything else is refused")
	cmd.Flags().IntVar(&losses, "expect-losses", noLosses, expectHelp)
	waits.add(cmd)
	return a.Verb(command.Begins(cmd), func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		if err := checkLosses(cmd, losses); err != nil {
			return command.Result{}, err
		}
		draft, err := readDraft(ctx, a, sys, path)
		if err != nil {
			return command.Result{}, err
		}
		since := sys.Core.Now()
		var plan plan.Plan
		if losses == noLosses {
			plan, err = sys.Core.Plan.Apply(ctx, sys.Cause, draft.Draft, hash)
		} else {
			plan, err = sys.Core.Plan.ApplyExpecting(ctx, sys.Cause, draft.Draft, hash, losses)
		}
		if plan, err = draft.warned(a, plan, err); err != nil {
			return command.Result{}, err
		}
		if err := sys.OpenBuiltins(ctx, draft.Draft); err != nil {
			return command.Result{}, err
		}
		for _, g := range plan.Consequences.Groups {
			a.Warn(unknownGroup(g))
		}
		reached, err := waits.wait(ctx, a, sys, plan, since)
		return command.Result{Data: applied{forPrograms(plan), reached}, Text: func(w io.Writer) error {
			printed{Plan: plan, losses: losses, applied: true}.print(w)
			printNext(w, plan)
			if reached != nil && reached.Done() {
				fmt.Fprintf(w, "Accounts of this change: %s.\n", inWords(*reached))
			}
			return nil
		}}, err
	})
}

// applied is what apply says for programs.
type applied struct {
	plan.Plan
	Progress *plan.Progress `json:"progress,omitempty"` // with --wait
}

// forPrograms returns p with lists where it has none.
func forPrograms(p plan.Plan) plan.Plan {
	p.Changes, p.People = append([]plan.Change{}, p.Changes...), append([]plan.PersonChange{}, p.People...)
	return p
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

package status

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/token"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
)

// Overview is all that `status` says.
type Overview struct {
	Database string `json:"database"` // which one was looked at, for people
	Report
	Tokens []token.Line `json:"tokens"` // to look at
}

// somethingToDo is the exit status of `status --exit-code` when something needs
// somebody.
const somethingToDo = 3

// Command makes the command status.
func Command(a *command.App) *cobra.Command {
	var exitCode, watching bool
	every := config.Duration(2 * time.Second)
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show connections, the sync status of desks, and what needs attention",
		Long: `Show connections, the sync status of desks, and what needs attention.

With --exit-code the exit status is 0 when nothing needs attention, and 3 when
something does; 1 and 2 are failures, as of every command.`,
		Example: "  deskbridge status\n  deskbridge status --watch\n  deskbridge status --exit-code --json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "end with status 3 when something needs attention")
	cmd.Flags().BoolVar(&watching, "watch", false, "show it again and again, until ctrl-C")
	cmd.Flags().Var(&every, "every", "how often --watch looks")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		if watching {
			if exitCode || cmd.Flags().Changed("json") || every < config.Duration(100*time.Millisecond) {
				return command.Result{}, command.Misuse("--watch goes neither with --exit-code nor with --json, and --every is 100ms at least")
			}
			return command.Result{}, watch(ctx, a.Stdout, time.Duration(every), func(w io.Writer) error {
				o, err := ofSystem(ctx, sys)
				if err != nil {
					return err
				}
				return o.print(w)
			})
		}
		o, err := ofSystem(ctx, sys)
		if err == nil && exitCode && o.NeedsPerson {
			err = command.Exit(somethingToDo)
		}
		return command.Result{Data: o, Text: o.print}, err
	})
}

func ofSystem(ctx context.Context, s *server.System) (o Overview, err error) {
	o.Database = server.Place(s.Settings)
	if o.Report, err = Of(ctx, s); err != nil {
		return o, err
	}
	o.Tokens, err = token.ToSee(ctx, s)
	return o, err
}

func (o Overview) print(w io.Writer) error {
	fmt.Fprintf(w, "Database: %s\n\n", o.Database)
	if err := o.PrintTables(w); err != nil {
		return err
	}
	token.PrintToSee(w, o.Tokens)
	o.PrintPeople(w)
	if !o.NeedsPerson {
		fmt.Fprintln(w, "\nNothing needs attention.")
	}
	return nil
}

// RetryCommand makes the command retry.
func RetryCommand(a *command.App) *cobra.Command {
	var desk string
	var adopt, all bool
	cmd := &cobra.Command{
		Use:   "retry [ACCOUNT]",
		Short: "Sync accounts that need attention again",
		Long:  "Sync accounts that need attention again. ACCOUNT is an id, or the beginning or end of one as `status` shows it.",
		Example: "  deskbridge retry 9f3c21d0\n  deskbridge retry --adopt 9f3c21d0\n" +
			"  deskbridge retry --desk support\n  deskbridge retry --all",
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().StringVar(&desk, "desk", "", "all accounts of this desk that need attention")
	cmd.Flags().BoolVar(&all, "all", false, "all accounts that need attention")
	cmd.Flags().BoolVar(&adopt, "adopt", false, "agree to adopt the user that the desk already has for ACCOUNT")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		var filter provision.AccountFilter
		var id provision.AccountID
		switch {
		case len(args) == 1 && desk == "" && !all:
			var err error
			if id, err = sys.Core.Plan.FindAccount(ctx, args[0]); err != nil {
				return command.Result{}, err
			}
		case len(args) == 0 && desk != "" && !all && !adopt:
			d, err := command.Desk(ctx, sys, desk)
			if err != nil {
				return command.Result{}, err
			}
			filter.Desk = d.ID
		case len(args) == 0 && desk == "" && all && !adopt:
		default:
			return command.Result{}, command.Misuse("name one account, or --desk NAME, or --all; --adopt goes with an account; `deskbridge status` lists them")
		}
		notes, err := hopeless(ctx, sys, filter.Desk, id, adopt)
		if err != nil {
			return command.Result{}, err
		}
		n, err := sys.Core.Reconcile.Retry(ctx, sys.Cause, filter, id, adopt)
		if err != nil {
			return command.Result{}, err
		}
		for _, note := range notes {
			a.Warn(note)
		}
		return command.Say(map[string]any{"accounts": n, "notes": notes}, "%s synced again; `deskbridge status` shows the sync status.", output.Count(n, "account is", "accounts are")), nil
	})
}

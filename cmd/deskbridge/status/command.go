package status

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/token"
	"github.com/deskbridge/deskbridge/provision"
)

// Overview is all that `status` says.
type Overview struct {
	Report
	Tokens []token.Line `json:"tokens"` // to look at
}

// Command makes the command status.
func Command(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Show connections, the sync status of desks, and what needs attention", Example: "  deskbridge status", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		o, err := ofSystem(ctx, sys)
		return command.Result{Data: o, Text: o.print}, err
	})
}

func ofSystem(ctx context.Context, s *server.System) (o Overview, err error) {
	if o.Report, err = Of(ctx, s); err != nil {
		return o, err
	}
	o.Tokens, err = token.ToSee(ctx, s)
	return o, err
}

func (o Overview) print(w io.Writer) error {
	if err := o.PrintTables(w); err != nil {
		return err
	}
	token.PrintToSee(w, o.Tokens)
	o.PrintPeople(w)
	if !o.NeedsPerson && len(o.Tokens) == 0 {
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
			d, err := sys.Core.Settings.Desk(ctx, desk)
			if err != nil {
				return command.Result{}, err
			}
			filter.Desk = d.ID
		case len(args) == 0 && desk == "" && all && !adopt:
		default:
			return command.Result{}, command.Misuse("name one account, or --desk NAME, or --all; --adopt goes with an account; `deskbridge status` lists them")
		}
		n, err := sys.Core.Reconcile.Retry(ctx, sys.Cause, filter, id, adopt)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]int{"accounts": n}, "%s synced again; `deskbridge status` shows the sync status.", output.Count(n, "account is", "accounts are")), nil
	})
}

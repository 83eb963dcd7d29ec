package desk

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

func removeCommand(a *command.App) *cobra.Command {
	var keep bool
	var confirm command.Confirm
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a desk with its rules",
		Long: `Remove a desk from Deskbridge. What would end is printed first; without a
terminal, and without --yes, that is all. Its rules, and signing in there, end at
once, and its name is free. Access is ended on the desk first, by its policy
(on_leave, hand_over), and not held back by mass-change protection; then nothing is
left of it but the audit log. With --keep-access what people have on the desk stays
as it is, and the desk is called no more: for a desk that does not answer, or that
others look after from now on. A built-in desk is deleted with all that is on it.`,
		Example: "  deskbridge desk remove support\n  deskbridge desk remove mistake --keep-access --yes",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&keep, "keep-access", false, "leave what people have on the desk; nobody takes it away any more")
	confirm.Flag(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		ends, err := sys.Core.Removal.OfDesk(ctx, d)
		if err != nil {
			return command.Result{}, err
		}
		r := command.RemovalOf(&names, "desk", string(d.ID), d.Name, keep, ends)
		return r.CarryOut(ctx, a, sys, confirm, func() (name string, _ error) {
			removed, err := sys.Core.Removal.RemoveDesk(ctx, sys.Cause, d.ID, keep)
			return removed.Name, err
		}, func() (gone bool) {
			_, err := sys.Core.Settings.Desk(ctx, string(d.ID))
			return provision.IsNotFound(err)
		})
	})
}

package connection

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
		Short: "Remove a connection with its people, groups, tokens, rules and sessions",
		Long: `Remove a connection. What would end is printed first; without a terminal, and
without --yes, that is all. Its tokens, rules, sessions, domains and settings of
signing in end at once, and its name is free: a new connection of that name is
another one. Access of its people is ended on the desks first, by each desk's
policy, and not held back by mass-change protection; then everything but the audit
log is deleted. With --keep-access what people have on the desks stays there.`,
		Example: "  deskbridge connection remove acme\n  deskbridge connection remove acme --keep-access --yes",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&keep, "keep-access", false, "leave what people have on the desks; nobody takes it away any more")
	confirm.Flag(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		ends, err := sys.Core.Removal.OfConnection(ctx, conn)
		if err != nil {
			return command.Result{}, err
		}
		r := command.RemovalOf(&names, "connection", string(conn.ID), conn.Name, keep, ends)
		return r.CarryOut(ctx, a, sys, confirm, func() (name string, _ error) {
			removed, err := sys.Core.Removal.RemoveConnection(ctx, sys.Cause, conn.ID, keep)
			return removed.Name, err
		}, func() (gone bool) {
			_, err := sys.Core.Settings.Connection(ctx, string(conn.ID))
			return provision.IsNotFound(err)
		})
	})
}

package connection

import (
	"context"
	"io"

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
		conn, err := command.Connection(&names, args[0])
		if err != nil {
			return command.Result{}, err
		}
		ends, err := sys.Core.Removal.OfConnection(ctx, conn)
		if err != nil {
			return command.Result{}, err
		}
		r := command.RemovalOf(&names, "connection", string(conn.ID), conn.Name, keep, ends)
		out := command.Result{Data: &r, Text: func(w io.Writer) error { r.Print(w); return nil }}
		if !confirm.Given(a) {
			r.Print(a.Stderr)
			out.Text = func(io.Writer) error { return nil }
		}
		if err := confirm.Ask(a, "This cannot be undone", conn.Name); err != nil {
			return out, err
		}
		if conn, err = sys.Core.Removal.RemoveConnection(ctx, sys.Cause, conn.ID, keep); err != nil {
			return command.Result{}, err
		}
		if err := sys.Core.Removal.Finish(ctx); err != nil {
			a.Warn("it is not finished yet, the server goes on: " + command.Explain(err))
		}
		all, err := sys.Core.Settings.Connections(ctx)
		r.Removed, r.Finished = true, err == nil && command.Gone(all, conn.ID, func(c provision.Connection) provision.ConnectionID { return c.ID })
		out.Text = func(w io.Writer) error { r.Done(w, conn.Name); return nil }
		return out, err
	})
}

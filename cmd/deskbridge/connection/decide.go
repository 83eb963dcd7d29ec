package connection

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

func releaseCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release NAME",
		Short: "End access that mass-change protection has put on hold",
		Long: strings.TrimSpace(`
When unusually many people of a connection lose access at once, mass-change
protection puts their accounts on hold: nothing changes on a desk. If the change
was meant, release the accounts: access ends. If it was a mistake, correct it at
the identity provider, or take back what was applied; people who come back keep
their access. "deskbridge connection reject" lets them keep it until then.

--person also releases somebody whose loss was rejected before.`),
		Example: "  deskbridge connection release acme --person ada@example.com --person bob@example.com\n" +
			"  deskbridge connection release acme --all",
		Args: cobra.ExactArgs(1),
	}
	return decision(a, cmd, func(sys *server.System) decide { return sys.Core.Reconcile.Release }, "Released: access ends for %s.")
}

func rejectCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reject NAME",
		Short: "Let people keep access whose end mass-change protection has put on hold",
		Long: strings.TrimSpace(`
The accounts keep what they have on their desks, although nothing grants it any
more. That ends by itself when the identity provider grants access again, and when
it suspends or removes the person, which is decided anew.`),
		Example: "  deskbridge connection reject acme --person ada@example.com\n  deskbridge connection reject acme --all",
		Args:    cobra.ExactArgs(1),
	}
	return decision(a, cmd, func(sys *server.System) decide { return sys.Core.Reconcile.Reject }, "Rejected: nothing changes for %s.")
}

// decide is what an admin decides about losses of a connection.
type decide func(ctx context.Context, c provision.Cause, connection string, whom reconcile.Whom) (int, error)

// decision makes cmd decide about people who are named, or all; done says what
// came of it, in terms of so many accounts.
func decision(a *command.App, cmd *cobra.Command, by func(*server.System) decide, done string) *cobra.Command {
	var whom reconcile.Whom
	cmd.Flags().StringArrayVar(&whom.People, "person", nil, "userName, e-mail address, externalId or id of somebody; may be repeated")
	cmd.Flags().BoolVar(&whom.All, "all", false, "all accounts of the connection that are on hold")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		if whom.All == (len(whom.People) > 0) {
			return command.Result{}, command.Misuse("name people by --person, or all that are on hold by --all; `deskbridge status` lists them")
		}
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		n, err := by(sys)(ctx, sys.Cause, string(conn.ID), whom)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"connection": conn.Name, "accounts": n}, done, output.Count(n, "account", "accounts")), nil
	})
}

package connection

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

func setupLinkCommand(a *command.App) *cobra.Command {
	var life time.Duration
	var revoke string
	var list bool
	cmd := &cobra.Command{
		Use:   "setup-link NAME",
		Short: "Make a link by which somebody else's IT sets a connection up",
		Long: `Print a link for one person who is no admin here: it shows what to enter at the
identity provider, how far the set-up is, and makes one token. It shows nobody's name.
Whoever opens it first has it, in that browser, until it ends.`,
		Example: "  deskbridge connection setup-link acme\n  deskbridge connection setup-link acme --life 24h\n  deskbridge connection setup-link acme --list",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().DurationVar(&life, "life", setuplink.Life, "how long it is good, at most 336h")
	cmd.Flags().BoolVar(&list, "list", false, "list the links that are good")
	cmd.Flags().StringVar(&revoke, "revoke", "", "end the link with this id")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		switch {
		case list && revoke != "":
			return command.Result{}, command.Misuse("give --list or --revoke, one at a time")
		case list:
			return listLinks(ctx, sys, conn.ID)
		case revoke != "":
			if err := sys.Core.SetupLinks.Revoke(ctx, sys.Cause, conn.ID, revoke); err != nil {
				return command.Result{}, err
			}
			return command.Say(nil, "Revoked. A token that was made by it goes on; `deskbridge token list %s` has it.", conn.Name), nil
		}
		l, secret, err := sys.Core.SetupLinks.Make(ctx, sys.Cause, conn, life)
		if err != nil {
			return command.Result{}, err
		}
		address := setuplink.Address(sys.Settings.PublicURL, conn.Name, secret)
		return command.Say(map[string]any{"id": l.ID, "expires": l.Expires, "url": address},
			"Send this to one person; it is shown only now, and good until %s:\n\n  %s\n\n`deskbridge connection setup-link %s --revoke %s` ends it.", output.Moment{At: &l.Expires}, address, conn.Name, l.ID), nil
	})
}

func listLinks(ctx context.Context, sys *server.System, conn provision.ConnectionID) (command.Result, error) {
	links, err := sys.Core.SetupLinks.Links(ctx, conn)
	if err != nil {
		return command.Result{}, err
	}
	rows := make([][]string, len(links))
	for i, l := range links {
		rows[i] = []string{l.ID, output.Moment{At: &l.Expires}.String(), l.By, output.Moment{At: l.Opened}.String(), output.Moment{At: l.Used}.String()}
	}
	return command.Tabled(append([]setuplink.Standing{}, links...), "ID | UNTIL | MADE BY | OPENED | TOKEN MADE", rows), nil
}

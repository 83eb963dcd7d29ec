package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/offboarding"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/remote"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// healthcheck asks the server on this machine whether it is ready. It is for
// container runtimes: the image holds no shell and no HTTP client.
func healthcheckCommand(a *command.App) *cobra.Command {
	return &cobra.Command{
		Use:     "healthcheck",
		Short:   "Ask the server on this machine whether it is ready",
		Long:    "Ask the server that listens on DESKBRIDGE_LISTEN whether it is ready. Exit 0 means yes.",
		Example: "  deskbridge healthcheck",
		Args:    cobra.NoArgs,
		Hidden:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.Settings()
			if err != nil {
				return err
			}
			address, err := server.LocalAddress(settings.Listen)
			if err != nil {
				return err
			}
			return server.AskReady(cmd.Context(), address)
		},
	}
}

// sayHowToBegin prints, while there is no admin, the address that makes the first
// one: to standard output, which is not the log.
func sayHowToBegin(ctx context.Context, sys *server.System, out io.Writer) {
	link, err := sys.FirstAdminLink(ctx)
	if err != nil {
		sys.Log.WarnContext(ctx, "no address to make the first admin can be made", "err", err)
		return
	}
	if link != "" {
		fmt.Fprintf(out, "The console is at %s/admin/, and there is no admin yet.\nThis address makes the first one; it is good once, for a day, and for whoever has it:\n  %s\n", sys.Settings.PublicURL, link)
	}
}

func serveCommand(a *command.App) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server: SCIM for identity providers, signing in for people, the workers
that write to desks, metrics and health. Without settings it listens on
127.0.0.1:8080 and keeps everything in SQLite under ./data. SIGTERM lets
requests and reconcile runs finish.`,
		Example: "  deskbridge serve\n  DESKBRIDGE_DATABASE_URL=postgres://… DESKBRIDGE_PUBLIC_URL=https://bridge.example.com deskbridge serve",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.Settings()
			if err != nil {
				return err
			}
			sys, err := server.Open(cmd.Context(), settings, server.NewLogger(settings, a.Stderr))
			if err != nil {
				return err
			}
			defer sys.Close()
			sys.MountConsole(auditlog.Console, offboarding.Console)
			remote.Mount(sys, runWith)
			listening := make(chan net.Addr, 1)
			go func() {
				if <-listening != nil {
					sayHowToBegin(cmd.Context(), sys, a.Stdout)
				}
			}()
			defer close(listening)
			return sys.Serve(cmd.Context(), listening)
		},
	}
}

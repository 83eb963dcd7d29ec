package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo"
	"github.com/deskbridge/deskbridge/config"
)

func demoCommand(a *command.App) *cobra.Command {
	var exit bool
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a morning at a company, with simulated identity providers and a real desk",
		Long: `Play a morning at a company. The demo runs the real server on embedded SQLite
with the built-in desk, and pushes to it over HTTP what Okta and Entra ID push:
syncs, joiners, movers, leavers with open conversations, people who sign in, a
big group, and a mistake that mass-change protection stops. It checks every
result, and leaves the server running for you to look at.`,
		Example: "  deskbridge demo\n  deskbridge demo --exit",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&exit, "exit", false, "end when the morning is over; exit status 0 only if all came out as planned")
	cmd.Flags().StringVar(&dir, "dir", "", "where to keep the demo's data; default a temporary directory, removed at the end")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		err := demo.Run(cmd.Context(), demo.Options{Dir: dir, Exit: exit, Out: a.Stdout, Command: oneCommand,
			Settings: func(environ []string) (config.Server, error) { return (&command.App{Environ: environ}).Settings() }})
		if errors.Is(err, demo.ErrOccupied) {
			return command.Misuse("%w", err)
		}
		return err
	}
	return cmd
}

// oneCommand runs a command line as a process would, and returns what it printed.
func oneCommand(ctx context.Context, args, environ []string) ([]byte, error) {
	var out, problems bytes.Buffer
	if status := run(ctx, args, environ, &out, &problems); status != exitDone {
		return nil, fmt.Errorf("deskbridge %v: exit status %d: %s", args, status, problems.String())
	}
	return out.Bytes(), nil
}

package explain

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// Command makes the command explain.
func Command(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain USER",
		Short:   "Say what a person has on each desk, and which group and rule gave it",
		Long:    "Say what a person has on each desk, and which group and rule gave it. USER is a userName, e-mail address, externalId or id.",
		Example: "  deskbridge explain ada@example.com",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		people, err := sys.Core.Directory.FindPeople(ctx, args[0])
		if err != nil {
			return command.Result{}, err
		}
		out := make([]Person, len(people))
		for i, p := range people {
			if out[i], err = Of(ctx, sys, p); err != nil {
				return command.Result{}, err
			}
		}
		return command.Result{Data: out, Text: func(w io.Writer) error {
			for i, e := range out {
				if i > 0 {
					fmt.Fprintln(w)
				}
				e.Print(w)
			}
			return nil
		}}, nil
	})
}

package export

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// Command makes the command export.
func Command(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write what is configured as an access.yaml",
		Long: `Write all connections, desks and rules, whether commands or a file made them, as
an access.yaml: ` + "`deskbridge plan`" + ` says of it that nothing would change. Secrets are
left out, and stay as they are when the file is applied here; comments say where
one goes. Tokens, people, groups and sessions are no part of it.`,
		Example: "  deskbridge export > access.yaml\n  deskbridge plan -f access.yaml",
		Args:    cobra.NoArgs,
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		all, err := Read(ctx, sys.Core.Settings)
		if err != nil {
			return command.Result{}, err
		}
		text, err := all.File()
		if err != nil {
			return command.Result{}, err
		}
		var data any
		if err := yaml.Unmarshal(text, &data); err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: data, Text: func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		}}, nil
	})
}

package explain

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/explanation"
)

// Command makes the command explain.
func Command(a *command.App) *cobra.Command {
	var q explanation.Question
	cmd := &cobra.Command{
		Use:   "explain USER",
		Short: "Say what a person has on each desk, and which group and rule gave it; or why not",
		Long: `Say what a person has on each desk, and which group and rule gave it. USER is a
userName, e-mail address, externalId or id. Whoever has no access is told why not.
With --mailbox, --team or --desk it answers about that: what gives it, or why they
have it not; the desk is then asked whether it has such a thing.`,
		Example: "  deskbridge explain ada@example.com\n  deskbridge explain ada@example.com --mailbox Invoices\n  deskbridge explain ada@example.com --desk support",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&q.Desk, "desk", "", "about this desk")
	cmd.Flags().StringVar(&q.Team, "team", "", "about this team")
	cmd.Flags().StringVar(&q.Mailbox, "mailbox", "", "about this mailbox")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		people, err := sys.Core.Directory.FindPeople(ctx, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if q != (explanation.Question{}) {
			person, err := command.FindPerson(ctx, sys, args[0])
			if err != nil {
				return command.Result{}, err
			}
			return answer(ctx, sys, person, q)
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

package auditlog

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Command makes the commands of the audit log.
func Command(a *command.App) *cobra.Command {
	return command.Group("audit", "Verify and export the audit log", verifyCommand(a), exportCommand(a))
}

func verifyCommand(a *command.App) *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no audit entry was changed, removed or inserted",
		Long: `Recompute the hash chain of the audit log. The head that is printed covers the
whole log up to now: keep it somewhere else, and give it back later as --since:
whoever can write to the whole database can otherwise cut off the end, or write
the log anew.`,
		Example: "  deskbridge audit verify\n  deskbridge audit verify --since 213:7d4f…",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&since, "since", "", "a head that was kept elsewhere, NUMBER:HASH; it must still be in the log")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		var kept audit.Head
		if since != "" {
			var err error
			if kept, err = audit.ParseHead(since); err != nil {
				return command.Result{}, command.Misuse("--since: %s", command.Explain(err))
			}
		}
		report, err := sys.Core.Audit.Verify(ctx, kept)
		if err != nil {
			return command.Result{Data: report, Text: func(w io.Writer) error { return Problems(w, report) }}, err
		}
		return command.Say(report, "The chain is intact: %d entries sealed, %d still to be sealed.\nHead %s", report.Sealed, report.Unsealed, report.Last()), nil
	})
}

func exportCommand(a *command.App) *cobra.Command {
	var export Export
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the audit log, or a part of it",
		Example: `  deskbridge audit export > audit.jsonl
  deskbridge audit export --person ada@acme.example --since 30d --format text`,
		Args: cobra.NoArgs,
	}
	export.Flags(cmd.Flags())
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		if err := export.Check(sys.Core.Now()); err != nil {
			return command.Result{}, command.Misuse("%w", err)
		}
		if err := a.CheckFormat(export.style, usual); err != nil {
			return command.Result{}, err
		}
		if export.Person != "" {
			person, err := command.FindPerson(ctx, sys, export.Person)
			if err != nil {
				return command.Result{}, err
			}
			export.Subject = string(person.ID)
		}
		return command.Result{}, export.Run(ctx, sys, a.Stdout) // with or without --json: a log may be too long to hold
	})
}

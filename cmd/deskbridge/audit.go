package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/audit"
)

func auditCommand(a *app) *cobra.Command {
	return group("audit", "Verify and export the audit log", auditVerifyCommand(a), auditExportCommand(a))
}

func auditVerifyCommand(a *app) *cobra.Command {
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
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		var kept audit.Head
		if since != "" {
			var err error
			if kept, err = audit.ParseHead(since); err != nil {
				return result{}, usageError{fmt.Errorf("--since: %s", explainError(err))}
			}
		}
		report, err := sys.Core.Audit.Verify(ctx, kept)
		if err != nil {
			return result{report, func(w io.Writer) error { return auditlog.Problems(w, report) }}, err
		}
		return say(report, "The chain is intact: %d entries sealed, %d still to be sealed.\nHead %s", report.Sealed, report.Unsealed, report.Last()), nil
	})
}

func auditExportCommand(a *app) *cobra.Command {
	var export auditlog.Export
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the audit log, or a part of it",
		Example: `  deskbridge audit export > audit.jsonl
  deskbridge audit export --person ada@acme.example --since 30d --format text`,
		Args: cobra.NoArgs,
	}
	export.Flags(cmd.Flags())
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		if err := export.Check(sys.Core.Now()); err != nil {
			return result{}, usageError{err}
		}
		if export.Person != "" {
			person, err := findPerson(ctx, sys, export.Person)
			if err != nil {
				return result{}, err
			}
			export.Subject = string(person.ID)
		}
		return result{}, export.Run(ctx, sys, a.stdout) // with or without --json: a log may be too long to hold
	})
}

package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

func auditCommand(a *app) *cobra.Command {
	return group("audit", "Verify and export the audit log", auditVerifyCommand(a), auditExportCommand(a))
}

func auditVerifyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no audit entry was changed, removed or inserted",
		Long: `Recompute the hash chain of the audit log. The head that is printed covers the
whole log up to now: keep it somewhere else, and compare it later.`,
		Example: "  deskbridge audit verify",
		Args:    cobra.NoArgs,
	}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		report, err := sys.Core.Audit.Verify(ctx)
		if err != nil {
			return result{}, err
		}
		return say(report, "The chain is intact: %d entries sealed, %d still to be sealed.\nHead %s", report.Sealed, report.Unsealed, report.Head), nil
	})
}

// entryLine is one line of `audit export`: JSON, so that it can be searched and
// verified elsewhere (docs/audit.md gives the form of the hash).
type entryLine struct {
	ID         int64          `json:"id"`
	At         time.Time      `json:"at"`
	Connection string         `json:"connection,omitempty"`
	Actor      string         `json:"actor"`
	Cause      string         `json:"cause"`
	Request    string         `json:"request,omitempty"`
	Action     string         `json:"action"`
	Subject    string         `json:"subject"`
	Desk       string         `json:"desk,omitempty"`
	Account    string         `json:"account,omitempty"`
	Detail     map[string]any `json:"detail"`
	Seal       int64          `json:"seal,omitempty"`
	Hash       string         `json:"hash,omitempty"`
}

func auditExportCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Print the audit log, one JSON object a line",
		Example: "  deskbridge audit export > audit.jsonl",
		Args:    cobra.NoArgs,
	}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		enc := json.NewEncoder(a.stdout) // with or without --json: a log may be too long to hold
		enc.SetEscapeHTML(false)
		return result{}, sys.Core.Audit.EachEntry(ctx, func(e provision.Entry) error {
			return enc.Encode(entryLine{ID: e.ID, At: e.At, Connection: string(e.Connection), Actor: e.Cause.Actor, Cause: e.Cause.Action,
				Request: e.Cause.Request, Action: string(e.Action), Subject: e.Subject, Desk: string(e.Desk), Account: string(e.Account),
				Detail: e.Detail, Seal: e.Seal, Hash: hex.EncodeToString(e.Hash)})
		})
	})
}

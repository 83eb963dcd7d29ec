package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/spf13/cobra"
)

func (a *app) audit() *cobra.Command {
	return group("audit", "Verify and export the audit log", a.auditVerify(), a.auditExport())
}

func (a *app) auditVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that no audit entry was changed, removed or put in",
		Long: `Recompute the hash chain of the audit log. The head that is printed proves the
whole log up to now: keep it somewhere else, and compare it later.`,
		Example: "  deskbridge audit verify",
		Args:    cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sys, err := a.open(cmd.Context())
		if err != nil {
			return err
		}
		defer sys.close()
		report, err := sys.core.VerifyAudit(cmd.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.stdout, report)
		}
		fmt.Fprintf(a.stdout, "The chain holds: %d entries sealed, %d still to be sealed.\nHead %s\n", report.Sealed, report.Unsealed, report.Head)
		return nil
	}
	return cmd
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
	Detail     map[string]any `json:"detail,omitempty"`
	Seal       int64          `json:"seal,omitempty"`
	Hash       string         `json:"hash,omitempty"`
}

func (a *app) auditExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Print the audit log, one JSON object a line",
		Example: "  deskbridge audit export > audit.jsonl",
		Args:    cobra.NoArgs,
	}
	addJSON(cmd) // it is JSON anyway; scripts may say so
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sys, err := a.open(cmd.Context())
		if err != nil {
			return err
		}
		defer sys.close()
		enc := json.NewEncoder(a.stdout)
		enc.SetEscapeHTML(false)
		return sys.core.EachEntry(cmd.Context(), func(e provision.Entry) error {
			return enc.Encode(entryLine{ID: e.ID, At: e.At, Connection: string(e.Connection), Actor: e.Cause.Actor, Cause: e.Cause.Action,
				Request: e.Cause.Request, Action: e.Action, Subject: e.Subject, Desk: string(e.Desk), Account: string(e.Account),
				Detail: e.Detail, Seal: e.Seal, Hash: hex.EncodeToString(e.Hash)})
		})
	}
	return cmd
}

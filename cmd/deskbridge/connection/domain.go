package connection

import (
	"context"
	"net"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// DomainCommand makes the commands of the domains of connections.
func DomainCommand(a *command.App) *cobra.Command {
	return command.Group("domain", "Manage and verify e-mail domains",
		domainAddCommand(a), domainVerifyCommand(a), domainListCommand(a), domainRemoveCommand(a))
}

func domainAddCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "add CONNECTION DOMAIN",
		Short:   "Add a domain, and print the DNS record that verifies it",
		Example: "  deskbridge domain add acme acme.example",
		Args:    cobra.ExactArgs(2),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		claim, err := sys.Core.Settings.ClaimDomain(ctx, sys.Cause, conn.ID, args[1])
		if err != nil {
			return command.Result{}, err
		}
		warnOfDomains(a, claim.Domain)
		return command.Say(map[string]any{"domain": claim.Domain, "record": claim.DomainRecord(), "type": "TXT", "text": claim.DomainText()},
			"Add this record to the domain's DNS, then run `deskbridge domain verify %s %s`:\n\n  %s  TXT  %s\n\nWithout access to the DNS: `deskbridge domain verify %[1]s %[2]s --say-so`; the audit log records it.",
			conn.Name, claim.Domain, claim.DomainRecord(), claim.DomainText()), nil
	})
}

// warnOfDomains tells what an admin should know of domains.
func warnOfDomains(a *command.App, domains ...string) {
	for _, w := range settings.DomainWarnings(domains) {
		a.Warn(w)
	}
}

func domainVerifyCommand(a *command.App) *cobra.Command {
	var sayso bool
	cmd := &cobra.Command{
		Use:     "verify CONNECTION DOMAIN",
		Short:   "Look up the DNS record, and verify the domain for the connection",
		Example: "  deskbridge domain verify acme acme.example",
		Args:    cobra.ExactArgs(2),
	}
	cmd.Flags().BoolVar(&sayso, "say-so", false, "take your word instead of the DNS record; the audit log records it")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		lookup := net.DefaultResolver.LookupTXT
		if sayso {
			lookup = nil
		}
		if err := sys.Core.Settings.VerifyDomain(ctx, sys.Cause, conn.ID, args[1], lookup); err != nil {
			return command.Result{}, err
		}
		warnOfDomains(a, args[1])
		return command.Say(map[string]any{"connection": conn.Name, "domain": args[1], "verified": true}, "People at %s sign in through %s.", args[1], conn.Name), nil
	})
}

func domainListCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list [CONNECTION]", Short: "List domains, verified and pending",
		Example: "  deskbridge domain list\n  deskbridge domain list acme", Args: cobra.MaximumNArgs(1)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		connections := make([]provision.Connection, 1)
		var err error
		if len(args) == 1 {
			connections[0], err = command.Connection(ctx, sys, args[0])
		} else {
			connections, err = sys.Core.Settings.Connections(ctx)
		}
		if err != nil {
			return command.Result{}, err
		}
		type line struct {
			Connection string `json:"connection"`
			Domain     string `json:"domain"`
			Verified   bool   `json:"verified"`
			Record     string `json:"record,omitempty"`
			Text       string `json:"text,omitempty"`
		}
		lines, rows := []line{}, [][]string{}
		for _, c := range connections {
			for _, d := range c.Domains {
				lines, rows = append(lines, line{Connection: c.Name, Domain: d, Verified: true}), append(rows, []string{c.Name, d, "verified", "-"})
			}
			claims, err := sys.Core.Settings.DomainClaims(ctx, c.ID)
			if err != nil {
				return command.Result{}, err
			}
			for _, d := range claims {
				lines = append(lines, line{Connection: c.Name, Domain: d.Domain, Record: d.DomainRecord(), Text: d.DomainText()})
				rows = append(rows, []string{c.Name, d.Domain, "pending", d.DomainRecord() + " TXT " + d.DomainText()})
			}
		}
		return command.Tabled(lines, "CONNECTION | DOMAIN | STATE | RECORD", rows), nil
	})
}

func domainRemoveCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "remove CONNECTION DOMAIN", Short: "Take a domain from a connection", Example: "  deskbridge domain remove acme acme.example", Args: cobra.ExactArgs(2)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if err := sys.Core.Settings.RemoveDomain(ctx, sys.Cause, conn.ID, args[1]); err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"connection": conn.Name, "domain": args[1]}, "Domain %s is removed from connection %s.", args[1], conn.Name), nil
	})
}

package main

import (
	"context"
	"net"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/settings"
)

func domainCommand(a *app) *cobra.Command {
	return group("domain", "Manage and verify e-mail domains",
		domainAddCommand(a), domainVerifyCommand(a), domainListCommand(a), domainRemoveCommand(a))
}

func domainAddCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "add CONNECTION DOMAIN",
		Short:   "Add a domain, and print the DNS record that verifies it",
		Example: "  deskbridge domain add acme acme.example",
		Args:    cobra.ExactArgs(2),
	}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		conn, err := sys.Core.Settings.Connection(ctx, args[0])
		if err != nil {
			return result{}, err
		}
		claim, err := sys.Core.Settings.ClaimDomain(ctx, sys.Cause, conn.ID, args[1])
		if err != nil {
			return result{}, err
		}
		a.warnOfDomains(claim.Domain)
		return say(map[string]any{"domain": claim.Domain, "record": claim.DomainRecord(), "type": "TXT", "text": claim.DomainText()},
			"Add this record to the domain's DNS, then run `deskbridge domain verify %s %s`:\n\n  %s  TXT  %s\n\nWithout access to the DNS: `deskbridge domain verify %[1]s %[2]s --say-so`; the audit log records it.",
			conn.Name, claim.Domain, claim.DomainRecord(), claim.DomainText()), nil
	})
}

// warnOfDomains tells what an admin should know of domains.
func (a *app) warnOfDomains(domains ...string) {
	for _, w := range settings.DomainWarnings(domains) {
		a.warn(w)
	}
}

func domainVerifyCommand(a *app) *cobra.Command {
	var sayso bool
	cmd := &cobra.Command{
		Use:     "verify CONNECTION DOMAIN",
		Short:   "Look up the DNS record, and verify the domain for the connection",
		Example: "  deskbridge domain verify acme acme.example",
		Args:    cobra.ExactArgs(2),
	}
	cmd.Flags().BoolVar(&sayso, "say-so", false, "take your word instead of the DNS record; the audit log records it")
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		conn, err := sys.Core.Settings.Connection(ctx, args[0])
		if err != nil {
			return result{}, err
		}
		lookup := net.DefaultResolver.LookupTXT
		if sayso {
			lookup = nil
		}
		if err := sys.Core.Settings.VerifyDomain(ctx, sys.Cause, conn.ID, args[1], lookup); err != nil {
			return result{}, err
		}
		a.warnOfDomains(args[1])
		return say(map[string]any{"connection": conn.Name, "domain": args[1], "verified": true}, "People at %s sign in through %s.", args[1], conn.Name), nil
	})
}

func domainListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List domains, verified and pending", Example: "  deskbridge domain list", Args: cobra.NoArgs}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		connections, err := sys.Core.Settings.Connections(ctx)
		if err != nil {
			return result{}, err
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
				return result{}, err
			}
			for _, d := range claims {
				lines = append(lines, line{Connection: c.Name, Domain: d.Domain, Record: d.DomainRecord(), Text: d.DomainText()})
				rows = append(rows, []string{c.Name, d.Domain, "pending", d.DomainRecord() + " TXT " + d.DomainText()})
			}
		}
		return tabled(lines, "CONNECTION | DOMAIN | STATE | RECORD", rows), nil
	})
}

func domainRemoveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "remove CONNECTION DOMAIN", Short: "Take a domain from a connection", Example: "  deskbridge domain remove acme acme.example", Args: cobra.ExactArgs(2)}
	return a.verb(cmd, func(ctx context.Context, sys *server.System, args []string) (result, error) {
		conn, err := sys.Core.Settings.Connection(ctx, args[0])
		if err != nil {
			return result{}, err
		}
		if err := sys.Core.Settings.RemoveDomain(ctx, sys.Cause, conn.ID, args[1]); err != nil {
			return result{}, err
		}
		return say(map[string]any{"connection": conn.Name, "domain": args[1]}, "Domain %s is removed from connection %s.", args[1], conn.Name), nil
	})
}

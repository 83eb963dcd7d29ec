package connection

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
)

// Shown is a connection in `connection show --json`.
type Shown struct {
	server.ConnectionURLs
	Domains   []string      `json:"domains"`
	Pending   []string      `json:"pending_domains"`
	SignIn    any           `json:"sign_in"` // every setting; secrets are only told of
	JWT       any           `json:"scim_jwt,omitempty"`
	HeldAt    output.Moment `json:"held_at"`
	CreatedAt output.Moment `json:"created_at"`
	Tokens    []string      `json:"tokens"` // names of those that are accepted
	Rules     int           `json:"rules"`
	Removal   string        `json:"removal,omitempty"`
}

func showCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show all settings of a connection; of secrets only that they are set",
		Example: "  deskbridge connection show acme\n  deskbridge connection show acme --json",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		out, err := shownOf(ctx, sys, conn)
		return command.Result{Data: out, Text: out.print}, err
	})
}

func shownOf(ctx context.Context, sys *server.System, conn provision.Connection) (out Shown, err error) {
	out = Shown{ConnectionURLs: server.URLsOf(sys.Settings.PublicURL, conn), Domains: append([]string{}, conn.Domains...), Pending: []string{}, Tokens: []string{},
		HeldAt: output.Moment{At: conn.HeldAt}, CreatedAt: output.Moment{At: &conn.CreatedAt}, Removal: string(conn.Removal)}
	if out.SignIn, err = signInOf(conn.SignIn); err != nil {
		return out, err
	}
	if conn.JWT != nil {
		if out.JWT, err = output.Settings(conn.JWT); err != nil {
			return out, err
		}
	}
	claims, err := sys.Core.Settings.DomainClaims(ctx, conn.ID)
	if err != nil {
		return out, err
	}
	for _, c := range claims {
		out.Pending = append(out.Pending, c.Domain)
	}
	tokens, err := sys.Core.Tokens.Tokens(ctx, conn.ID)
	if err != nil {
		return out, err
	}
	for _, t := range tokens {
		if t.Usable(sys.Core.Now()) {
			out.Tokens = append(out.Tokens, t.Name)
		}
	}
	rules, err := sys.Core.Settings.Rules(ctx, conn.ID)
	out.Rules = len(rules)
	return out, err
}

// signInOf returns settings of signing in as anybody may see them. What cannot be
// read may hold anything.
func signInOf(s provision.SignIn) (any, error) {
	unread := make(map[string]any)
	if s.SAML != nil && s.SAML.Readable() != nil {
		s.SAML, unread["saml"] = nil, "(cannot be read; set it anew)"
	}
	if s.OIDC != nil && s.OIDC.Readable() != nil {
		s.OIDC, unread["oidc"] = nil, "(cannot be read; set it anew)"
	}
	out, err := output.Settings(s)
	if fields, ok := out.(map[string]any); ok {
		for name, text := range unread {
			fields[name] = text
		}
		for name, span := range map[string]time.Duration{"sign_in_expiry": s.Expiry, "sign_in_recheck": s.Recheck} {
			if span > 0 {
				fields[name] = config.FormatDuration(span)
			}
		}
	}
	return out, err
}

func (s Shown) print(w io.Writer) error {
	state := ""
	if s.HeldAt.At != nil {
		state = " · on hold since " + s.HeldAt.String()
	}
	if s.Removal != "" {
		state += " · being removed (" + s.Removal + ")"
	}
	fmt.Fprintf(w, "%s · %s · since %s%s\n  id %s\n\nSCIM\n  URL     %s\n  tokens  %s\n", s.Name, s.IdentityProvider, s.CreatedAt, state, s.ID, s.SCIMURL, output.List(s.Tokens))
	if s.JWT != nil {
		if err := output.PrintSettings(w, map[string]any{"signed tokens": s.JWT}); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\n%s; `deskbridge rule list` shows them\nDomains: %s", output.Count(s.Rules, "rule", "rules"), output.List(s.Domains))
	if len(s.Pending) > 0 {
		fmt.Fprintf(w, "; pending: %s", output.List(s.Pending))
	}
	fmt.Fprintln(w, "\n\nSign-in")
	if fields, ok := s.SignIn.(map[string]any); ok && len(fields) == 0 {
		fmt.Fprintln(w, "  not set up")
	} else if err := output.PrintSettings(w, s.SignIn); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nAt the identity provider:\n  SAML metadata  %s\n  SAML ACS       %s\n  entity ID      %s\n  OIDC redirect  %s\n  sign-in        %s\n",
		s.SAMLMetadataURL, s.SAMLACSURL, s.SAMLEntityID, s.OIDCRedirectURL, s.LoginURL)
	return err
}

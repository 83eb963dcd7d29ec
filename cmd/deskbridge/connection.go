package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/spf13/cobra"
)

// connectionURLs are the addresses of a connection, as the fixed contract
// names them.
type connectionURLs struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	SCIMURL          string `json:"scim_url"`
	Token            string `json:"token,omitempty"`
	SAMLMetadataURL  string `json:"saml_metadata_url"`
	SAMLACSURL       string `json:"saml_acs_url"`
	SAMLEntityID     string `json:"saml_entity_id"`
	OIDCRedirectURL  string `json:"oidc_redirect_url"`
	LoginURL         string `json:"login_url"`
	Held             bool   `json:"held,omitempty"`
	IdentityProvider string `json:"idp"`
}

func urlsOf(publicURL string, c provision.Connection) connectionURLs {
	sso := publicURL + "/sso/" + c.Name
	return connectionURLs{
		ID: string(c.ID), Name: c.Name, IdentityProvider: string(c.IdP), Held: c.HeldAt != nil,
		SCIMURL:         publicURL + "/scim/" + c.Name + "/v2",
		SAMLMetadataURL: sso + "/saml/metadata", SAMLACSURL: sso + "/saml/acs", SAMLEntityID: sso + "/saml/metadata",
		OIDCRedirectURL: sso + "/oidc/callback", LoginURL: sso + "/login",
	}
}

func (a *app) connection() *cobra.Command {
	return group("connection", "Add, change, try and release connections to identity providers",
		a.connectionAdd(), a.connectionSet(), a.connectionTest(), a.connectionList(), a.connectionRelease())
}

func (a *app) connectionAdd() *cobra.Command {
	var idp string
	var domains []string
	var flags signInFlags
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add an IdP tenant and print its SCIM URL and token",
		Long:    "Add an IdP tenant. The token is shown once: only its hash is kept.",
		Example: "  deskbridge connection add acme --idp okta",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&idp, "idp", string(provision.IdPGeneric), fmt.Sprintf("the identity provider: one of %v", provision.IdPs))
	cmd.Flags().StringSliceVar(&domains, "domain", nil, "e-mail domain of its people, taken as verified at your word; may be repeated")
	flags.add(cmd)
	return a.verb(cmd, func(ctx context.Context, sys *system, args []string) (result, error) {
		conn := provision.Connection{Name: args[0], IdP: provision.IdP(idp), Domains: domains}
		if err := flags.change(&conn.SignIn); err != nil {
			return result{}, err
		}
		conn, token, err := sys.core.Settings.AddConnection(ctx, sys.cause, conn)
		if err != nil {
			return result{}, err
		}
		urls := urlsOf(sys.settings.PublicURL, conn)
		urls.Token = token
		return say(urls, "Connection %s is ready. Enter these at the identity provider (docs/idps/ shows where):\n\n"+
			"  SCIM URL  %s\n  Token     %s\n\nThe token is shown only now. `deskbridge token create %s NAME` makes another.",
			conn.Name, urls.SCIMURL, token, conn.Name), nil
	})
}

func (a *app) connectionList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List connections", Example: "  deskbridge connection list", Args: cobra.NoArgs}
	return a.verb(cmd, func(ctx context.Context, sys *system, _ []string) (result, error) {
		connections, err := sys.core.Settings.Connections(ctx)
		if err != nil {
			return result{}, err
		}
		out := make([]connectionURLs, len(connections))
		rows := make([][]string, len(connections))
		for i, c := range connections {
			out[i] = urlsOf(sys.settings.PublicURL, c)
			rows[i] = []string{c.Name, string(c.IdP), list(c.Domains), out[i].SCIMURL, held(c)}
		}
		return tabled(out, "NAME | IDP | DOMAINS | SCIM URL | BRAKE", rows), nil
	})
}

func held(c provision.Connection) string {
	if c.HeldAt == nil {
		return "-"
	}
	return "held since " + moment{c.HeldAt}.String()
}

func (a *app) connectionRelease() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release NAME",
		Short: "Let go what the mass-change brake holds",
		Long: strings.TrimSpace(`
When unusually many people of a connection lose access at once, Deskbridge holds
what cannot be undone until somebody has looked. Check at the identity provider
whether it was meant. If it was not, mend it there: people who come back are
simply kept. If it was, release it.`),
		Example: "  deskbridge connection release acme",
		Args:    cobra.ExactArgs(1),
	}
	return a.verb(cmd, func(ctx context.Context, sys *system, args []string) (result, error) {
		n, err := sys.core.Reconcile.ReleaseConnection(ctx, sys.cause, args[0])
		if err != nil {
			return result{}, err
		}
		return say(map[string]any{"connection": args[0], "accounts": n}, "Released: %d accounts go on.", n), nil
	})
}

package connection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

// Command makes the commands of connections.
func Command(a *command.App) *cobra.Command {
	return command.Group("connection", "Add, change, show, try, release and remove connections to identity providers, and let somebody else set them up",
		addCommand(a), setCommand(a), testCommand(a), listCommand(a), showCommand(a), releaseCommand(a), rejectCommand(a), setupLinkCommand(a), removeCommand(a))
}

func addCommand(a *command.App) *cobra.Command {
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
	return a.Verb(command.Begins(cmd), func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn := provision.Connection{Name: args[0], IdP: provision.IdP(idp), Domains: domains}
		if err := flags.read(a); err != nil {
			return command.Result{}, err
		}
		if err := flags.change(&conn.SignIn); err != nil {
			return command.Result{}, err
		}
		conn, token, err := sys.Core.Settings.AddConnection(ctx, sys.Cause, conn)
		if err != nil {
			return command.Result{}, err
		}
		warnOfDomains(a, conn.Domains...)
		urls := server.URLsOf(sys.Settings.PublicURL, conn)
		urls.Token = token
		return command.Say(urls, "Connection %s is ready. Enter these at the identity provider (docs/idps/ shows where):\n\n"+
			"  SCIM URL  %s\n  Token     %s\n\nThe token is shown only now. `deskbridge token create %s NAME` makes another.",
			conn.Name, urls.SCIMURL, token, conn.Name), nil
	})
}

// listed is a connection in `connection list --json`.
type listed struct {
	server.ConnectionURLs
	Domains []string      `json:"domains"`
	HeldAt  output.Moment `json:"held_at"`
	SAML    bool          `json:"saml"` // people sign in so
	OIDC    bool          `json:"oidc"`
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List connections", Example: "  deskbridge connection list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		connections, err := sys.Core.Settings.Connections(ctx)
		if err != nil {
			return command.Result{}, err
		}
		out := make([]listed, len(connections))
		rows := make([][]string, len(connections))
		for i, c := range connections {
			out[i] = listed{server.URLsOf(sys.Settings.PublicURL, c), append([]string{}, c.Domains...), output.Moment{At: c.HeldAt},
				!c.SignIn.Disabled && c.SignIn.SAML != nil, !c.SignIn.Disabled && c.SignIn.OIDC != nil}
			rows[i] = []string{c.Name, string(c.IdP), output.List(c.Domains), out[i].SCIMURL, onHold(c)}
		}
		return command.Tabled(out, "NAME | IDP | DOMAINS | SCIM URL | BRAKE", rows), nil
	})
}

// onHold says since when mass-change protection has stopped a connection.
func onHold(c provision.Connection) string {
	if c.HeldAt == nil {
		return "-"
	}
	return "on hold since " + output.Moment{At: c.HeldAt}.String()
}

// signInFlags are the flags of connection add and set that say how people sign
// in. access.yaml knows more.
type signInFlags struct {
	metadataURL, metadataFile                string
	issuer, clientID, secretFile, secretText string
	authMethod                               string
	jit, signIn                              string
	idpInitiated                             string
	expiry, recheck                          string

	metadata string // what metadataFile holds
}

func (f *signInFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.metadataURL, "saml-metadata-url", "", "where the identity provider publishes its SAML metadata")
	flags.StringVar(&f.metadataFile, "saml-metadata-file", "", "file with the identity provider's SAML metadata")
	flags.StringVar(&f.idpInitiated, "saml-idp-initiated", "", "on, off: whether a sign-in may begin at the identity provider")
	flags.StringVar(&f.issuer, "oidc-issuer", "", "issuer of the OpenID provider")
	flags.StringVar(&f.clientID, "oidc-client-id", "", "our client id there")
	flags.StringVar(&f.secretText, "oidc-client-secret", "", "our client secret there; others may see it in the list of processes")
	flags.StringVar(&f.secretFile, "oidc-client-secret-file", "", "file with our client secret; - reads standard input")
	flags.StringVar(&f.authMethod, "oidc-auth-method", "", "client_secret_basic, client_secret_post, or private_key_jwt: a key of ours in place of a secret")
	flags.StringVar(&f.jit, "jit", "", "on, off: whether a first sign-in makes people")
	flags.StringVar(&f.expiry, "sign-in-expiry", "", "after how long without a sign-in the access of people known by sign-in only ends, such as 30d; off: never")
	flags.StringVar(&f.recheck, "sign-in-recheck", "", "how often the OpenID provider is asked whether it still vouches for them, such as 1h; off: never")
}

// given reports whether any of the flags was set.
func (f *signInFlags) given() bool { return *f != (signInFlags{}) }

// maxMetadata is how many bytes a file of metadata has at most.
const maxMetadata = 4 << 20

// read reads the files that the flags name: before a transaction begins, which may
// run again, and in which nobody waits for standard input.
func (f *signInFlags) read(a *command.App) (err error) {
	if f.secretFile != "" {
		if f.secretText, err = a.ReadSecret(f.secretFile); err != nil {
			return err
		}
	}
	if f.metadataFile != "" {
		text, err := a.ReadFile(f.metadataFile, maxMetadata)
		if err != nil {
			return command.Misuse("%w", err)
		}
		f.metadata = string(text)
	}
	return nil
}

// change applies the flags to s. What no flag names stays.
func (f *signInFlags) change(s *provision.SignIn) error {
	for _, part := range []func(*provision.SignIn) error{f.changeSAML, f.changeOIDC, f.changePolicy} {
		if err := part(s); err != nil {
			return err
		}
	}
	return nil
}

func (f *signInFlags) changeSAML(s *provision.SignIn) error {
	if f.metadataURL == "" && f.metadataFile == "" && f.idpInitiated == "" {
		return nil
	}
	var settings protocol.SAML
	if s.SAML != nil {
		if s.SAML.Readable() != nil {
			return errors.New("the SAML settings cannot be read; set them anew with `deskbridge apply`")
		}
		settings = *s.SAML
	}
	if f.metadataURL != "" || f.metadataFile != "" {
		settings.MetadataURL, settings.Metadata, settings.SSOURL, settings.Certificates = f.metadataURL, f.metadata, "", nil
	}
	if f.idpInitiated != "" {
		on, err := onOff("saml-idp-initiated", f.idpInitiated)
		if err != nil {
			return err
		}
		settings.IdPInitiated = on
	}
	s.SAML = &settings
	return nil
}

func (f *signInFlags) changeOIDC(s *provision.SignIn) error {
	if f.issuer == "" && f.clientID == "" && f.secretFile == "" && f.secretText == "" && f.authMethod == "" {
		return nil
	}
	var settings protocol.OIDC
	if s.OIDC != nil {
		if s.OIDC.Readable() != nil {
			return errors.New("the OIDC settings cannot be read; set them anew with `deskbridge apply`")
		}
		settings = *s.OIDC
	}
	for field, value := range map[*string]string{&settings.Issuer: f.issuer, &settings.ClientID: f.clientID, &settings.ClientSecret: f.secretText, &settings.AuthMethod: f.authMethod} {
		if value != "" {
			*field = value
		}
	}
	s.OIDC = &settings
	return nil
}

func (f *signInFlags) changePolicy(s *provision.SignIn) error {
	if f.jit != "" {
		on, err := onOff("jit", f.jit)
		if err != nil {
			return err
		}
		if s.JIT == nil {
			s.JIT = &provision.JIT{}
		}
		s.JIT.Create = on
	}
	for _, span := range []struct {
		flag, text string
		into       *time.Duration
	}{{"sign-in-expiry", f.expiry, &s.Expiry}, {"sign-in-recheck", f.recheck, &s.Recheck}} {
		switch span.text {
		case "":
			continue
		case "off":
			*span.into = 0
			continue
		}
		every, err := config.ParseDuration(span.text)
		if err != nil {
			return command.Misuse("--%s: %w", span.flag, err)
		}
		*span.into = every
	}
	if f.signIn != "" {
		on, err := onOff("sign-in", f.signIn)
		if err != nil {
			return err
		}
		s.Disabled = !on
	}
	return nil
}

func onOff(flag, value string) (bool, error) {
	if value != "on" && value != "off" {
		return false, command.Misuse("--%s is on or off", flag)
	}
	return value == "on", nil
}

func setCommand(a *command.App) *cobra.Command {
	var flags signInFlags
	confirm := command.Confirm{Scripts: true}
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change how the people of a connection sign in",
		Long: `Change how the people of a connection sign in. What no flag names stays as it is.
Switching sign-in off ends every session of the connection at once.`,
		Example: "  deskbridge connection set acme --saml-metadata-url https://idp.example.com/metadata\n" +
			"  deskbridge connection set acme --oidc-issuer https://idp.example.com --oidc-client-id deskbridge --oidc-client-secret-file secret.txt\n" +
			"  deskbridge connection set acme --sign-in off",
		Args: cobra.ExactArgs(1),
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&flags.signIn, "sign-in", "", "on, off: whether anybody signs in at all")
	confirm.Flag(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		if !flags.given() {
			return command.Result{}, command.Misuse("nothing to set; `deskbridge connection set --help` lists the flags")
		}
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if err := flags.read(a); err != nil {
			return command.Result{}, err
		}
		if flags.signIn == "off" {
			if err := confirm.Ask(a, "Nobody of "+conn.Name+" can sign in then, and every session ends at once", conn.Name); err != nil {
				return command.Result{}, err
			}
		}
		if conn, err = sys.Core.Settings.SetSignIn(ctx, sys.Cause, string(conn.ID), flags.change); err != nil {
			return command.Result{}, err
		}
		return command.Say(server.URLsOf(sys.Settings.PublicURL, conn), "Changed. `deskbridge connection test %s` tries it.", conn.Name), nil
	})
}

func testCommand(a *command.App) *cobra.Command {
	var accept, login bool
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Look whether people can sign in through a connection",
		Long: `Look whether people can sign in through a connection: fetch what a sign-in needs,
and say what is missing or will run out. Nobody is signed in.

New metadata that names another entity, or none of the certificates in use, is
not used until an admin accepts it: --accept.`,
		Example: "  deskbridge connection test acme\n  deskbridge connection test acme --login",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&accept, "accept", false, "use the new metadata that waits to be accepted")
	cmd.Flags().BoolVar(&login, "login", false, "print a one-time address for a test sign-in; it signs nobody in and changes nothing")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		if login {
			address, err := sys.SignIn.Flow().TestURL(ctx, conn)
			if err != nil {
				return command.Result{}, err
			}
			return command.Say(map[string]any{"connection": conn.Name, "trial_url": address}, "Open this in a browser within 15 minutes. It signs nobody in:\n\n  %s", address), nil
		}
		if accept {
			if err := sys.SignIn.Clients().Accept(ctx, sys.Cause, conn); err != nil {
				return command.Result{}, err
			}
		}
		findings := sys.SignIn.Clients().Test(ctx, conn)
		urls := server.URLsOf(sys.Settings.PublicURL, conn)
		failed := 0
		rows := make([][]string, len(findings))
		for i, f := range findings {
			sign := "✓"
			if f.What == "warning" {
				sign = "!"
			}
			if !f.OK {
				sign = "✗"
				failed++
			}
			rows[i] = []string{sign, f.What, strings.ReplaceAll(f.Detail, "\n", "; ")}
		}
		out := command.Result{Data: map[string]any{"connection": conn.Name, "findings": findings, "urls": urls}, Text: func(w io.Writer) error {
			if err := output.Table(w, " | WHAT | FOUND", rows); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, "\nAt the identity provider:\n"+
				"  SAML metadata, entity ID  %s\n  SAML ACS                  %s\n  SAML logout               %s\n"+
				"  OIDC redirect             %s\n  OIDC after sign-out       %s\n  OIDC back-channel logout  %s\n  OIDC front-channel logout %s\n  OIDC keys of ours         %s\n"+
				"Sign in yourself: %s\n",
				urls.SAMLMetadataURL, urls.SAMLACSURL, urls.SAMLLogoutURL,
				urls.OIDCRedirectURL, urls.OIDCSignedOutURL, urls.OIDCBackChannel, urls.OIDCFrontChannel, urls.OIDCKeysURL, urls.LoginURL)
			return err
		}}
		if failed > 0 {
			return out, fmt.Errorf("people cannot sign in as they should: what is marked ✗ above says why (%d)", failed)
		}
		return out, nil
	})
}

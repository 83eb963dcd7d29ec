package desk

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

// signInFlags are the flags of desk add that say how people sign in there.
// access.yaml knows more.
type signInFlags struct {
	entityID, acsURL, nameID, certificate        string
	clientID, secret, secretFile, backchannelURL string
	public                                       bool
	redirects, byes                              []string
}

func (f *signInFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.entityID, "saml-entity-id", "", "to sign in there by SAML: the desk's entity ID")
	flags.StringVar(&f.acsURL, "saml-acs-url", "", "to sign in there by SAML: the desk's ACS URL")
	flags.StringVar(&f.nameID, "saml-name-id", "", "the NameID of people at the desk: email, username, id; default by kind")
	flags.StringVar(&f.certificate, "saml-certificate-file", "", "file with the desk's certificate in PEM; its requests must then be signed")
	flags.StringSliceVar(&f.redirects, "oidc-redirect-uri", nil, "to sign in there by OpenID Connect: where codes go; may be repeated")
	flags.StringSliceVar(&f.byes, "oidc-post-logout-redirect-uri", nil, "where people may land after signing out; may be repeated")
	flags.StringVar(&f.backchannelURL, "oidc-backchannel-logout-url", "", "where the desk takes logout notices")
	flags.StringVar(&f.clientID, "oidc-client-id", "", "the desk's client id; default its name")
	flags.StringVar(&f.secret, "oidc-client-secret", "", "the desk's client secret; others on this machine may see it. Without any, one is made and shown once")
	flags.StringVar(&f.secretFile, "oidc-client-secret-file", "", "file with the desk's client secret")
	flags.BoolVar(&f.public, "oidc-public", false, "the desk cannot keep a secret; it must use PKCE")
}

// signIn returns what the flags say, and whether a client secret was made.
func (f *signInFlags) signIn(a *command.App, desk string) (s protocol.DeskSignIn, made bool, err error) {
	if f.entityID != "" || f.acsURL != "" || f.nameID != "" || f.certificate != "" {
		s.SAML = &protocol.DeskSAML{EntityID: f.entityID, ACSURL: f.acsURL, NameID: protocol.Field(f.nameID)}
		if f.certificate != "" {
			if s.SAML.Certificate, err = a.ReadSecret(f.certificate); err != nil {
				return s, false, err
			}
		}
	}
	if len(f.redirects) == 0 {
		if f.clientID != "" || f.secret != "" || f.secretFile != "" || f.public || f.backchannelURL != "" || len(f.byes) > 0 {
			return s, false, command.Misuse("the flags --oidc-… go with --oidc-redirect-uri")
		}
		return s, false, nil
	}
	s.OIDC = &protocol.DeskOIDC{ClientID: cmp.Or(f.clientID, desk), ClientSecret: f.secret, Public: f.public, RedirectURIs: f.redirects,
		PostLogoutRedirectURIs: f.byes, BackchannelLogoutURL: f.backchannelURL}
	if f.secretFile != "" {
		if s.OIDC.ClientSecret, err = a.ReadSecret(f.secretFile); err != nil {
			return s, false, err
		}
	}
	if s.OIDC.ClientSecret == "" && !f.public {
		s.OIDC.ClientSecret, made = provision.NewSecret(), true
	}
	return s, made, nil
}

// printSignIn shows what to enter at the desk.
func printSignIn(w io.Writer, l *server.DeskSignInURLs) {
	if l == nil {
		return
	}
	if s := l.SAML; s != nil {
		fmt.Fprintf(w, "\nTo sign in there by SAML, enter at the desk:\n  Metadata           %s\n  Entity ID, issuer  %s\n  Sign-in URL        %s\n"+
			"  Fingerprint        %s (SHA-256)\n  Certificate\n%s", s.MetadataURL, s.EntityID, s.SSOURL, s.Fingerprint, s.Certificate)
	}
	if o := l.OIDC; o != nil {
		fmt.Fprintf(w, "\nTo sign in there by OpenID Connect, enter at the desk:\n  Issuer             %s\n  Client ID          %s\n", o.Issuer, o.ClientID)
		if o.ClientSecret != "" {
			fmt.Fprintf(w, "  Client secret      %s   (shown only now)\n", o.ClientSecret)
		}
		fmt.Fprintf(w, "  Discovery          %s\n  Authorize          %s\n  Token              %s\n  User info          %s\n  Keys               %s\n  Sign-out           %s\n",
			o.DiscoveryURL, o.AuthorizeURL, o.TokenURL, o.UserInfoURL, o.JWKSURL, o.EndURL)
	}
}

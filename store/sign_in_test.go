package store_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// keptConnection and keptDesk are what stands in databases: written by hand, so
// that no change of a struct can change what is read.
const (
	keptConnection = `{"disabled":true,"jit":{"create":true,"groups":["Support"],"no_groups":"empty"},"match":{"email":true},` +
		`"saml":{"metadata_url":"https://idp.example.test/metadata","metadata":"\u003cmd/\u003e","entity_id":"https://idp.example.test",` +
		`"sso_url":"https://idp.example.test/sso","slo_url":"https://idp.example.test/slo","certificates":["PEM"],"binding":"post",` +
		`"name_id_format":"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress","force_authn":true,"authn_contexts":["urn:mfa"],` +
		`"require_encryption":true,"require_signed_response":true,"allow_sha1":true,"idp_initiated":true,"claims":{"email":"mail"}},` +
		`"oidc":{"issuer":"https://idp.example.test","client_id":"deskbridge","client_secret":"s3cret","secret_expires":"2027-03-01",` +
		`"auth_method":"client_secret_post","scopes":["openid"],"userinfo":true,"acr_values":["mfa"],"prompt":"login","claims":{"groups":"roles"}}}`
	keptDesk = `{"saml":{"entity_id":"urn:desk","acs_url":"https://desk.example.test/acs","name_id":"username","attributes":{"email":"mail"},` +
		`"certificate":"PEM","sign_response":false,"relay_state":"/inbox"},` +
		`"oidc":{"client_id":"desk","client_secret":"s3cret","public":true,"redirect_uris":["https://desk.example.test/cb"],` +
		`"post_logout_redirect_uris":["https://desk.example.test/"],"backchannel_logout_url":"https://desk.example.test/bye",` +
		`"login_url":"https://desk.example.test/login"},"before_ready":true,"roles":{"agent":"Agent"}}`
)

func TestKeptSignInIsRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		must(t, store.KeepSignIn(ctx, s, "connections", string(c.ID), keptConnection))
		must(t, store.KeepSignIn(ctx, s, "desks", string(d.ID), keptDesk))
		must(t, s.Exec(ctx, "UPDATE connections SET jwt = ? WHERE id = ?",
			`{"issuer":"https://sts.example.test/t/","audience":"desks","jwks_url":"https://idp.example.test/keys","subject":"sub","app":"app","tenant":"t"}`, string(c.ID)))

		conn := got(s.Connection(ctx, string(c.ID)))(t)
		exactly(t, provision.SignIn{
			Disabled: true, JIT: &provision.JIT{Create: true, Groups: []string{"Support"}, NoGroups: provision.NoGroupsEmpty}, Match: provision.Match{Email: true},
			SAML: &protocol.SAML{MetadataURL: "https://idp.example.test/metadata", Metadata: "<md/>", EntityID: "https://idp.example.test",
				SSOURL: "https://idp.example.test/sso", SLOURL: "https://idp.example.test/slo", Certificates: []string{"PEM"}, Binding: "post",
				NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", ForceAuthn: true, AuthnContexts: []string{"urn:mfa"},
				RequireEncryption: true, RequireSignedResponse: true, AllowSHA1: true, IdPInitiated: true, Claims: protocol.Claims{protocol.ClaimEmail: "mail"}},
			OIDC: &protocol.OIDC{Issuer: "https://idp.example.test", ClientID: "deskbridge", ClientSecret: "s3cret", SecretExpires: "2027-03-01",
				AuthMethod: "client_secret_post", Scopes: []string{"openid"}, UserInfo: true, ACRValues: []string{"mfa"}, Prompt: "login",
				Claims: protocol.Claims{protocol.ClaimGroups: "roles"}},
		}, conn.SignIn)
		exactly(t, &protocol.JWT{Issuer: "https://sts.example.test/t/", Audience: "desks", JWKSURL: "https://idp.example.test/keys", Subject: "sub", App: "app", Tenant: "t"}, conn.JWT)
		exactly(t, protocol.DeskSignIn{
			SAML: &protocol.DeskSAML{EntityID: "urn:desk", ACSURL: "https://desk.example.test/acs", NameID: protocol.FieldUserName,
				Attributes: map[protocol.Field]string{protocol.FieldEmail: "mail"}, Certificate: "PEM", SignResponse: new(false), RelayState: "/inbox"},
			OIDC: &protocol.DeskOIDC{ClientID: "desk", ClientSecret: "s3cret", Public: true, RedirectURIs: []string{"https://desk.example.test/cb"},
				PostLogoutRedirectURIs: []string{"https://desk.example.test/"}, BackchannelLogoutURL: "https://desk.example.test/bye",
				LoginURL: "https://desk.example.test/login"},
			BeforeReady: true, Roles: map[string]string{"agent": "Agent"},
		}, got(s.Desk(ctx, string(d.ID)))(t).SignIn)

		must(t, s.SaveConnection(ctx, conn))
		equal(t, "kept again", keptConnection, got(store.KeptSignIn(ctx, s, string(c.ID)))(t))
	})
}

// TestUnreadableSignInIsKept: options that a newer release wrote are not used,
// hide nothing, and are not lost when something else of the connection changes.
func TestUnreadableSignInIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		text := `{"saml":{"metadata_url":"https://idp.example.test/metadata","refuse_minors":true},"oidc":{"issuer":7}}`
		must(t, store.KeepSignIn(ctx, s, "connections", string(c.ID), text))
		for _, conn := range got(s.Connections(ctx))(t) {
			if conn.ID != c.ID {
				continue
			}
			for name, err := range map[string]error{"SAML": conn.SignIn.SAML.Readable(), "OIDC": conn.SignIn.OIDC.Readable()} {
				if err == nil || !strings.Contains(err.Error(), "cannot be read") {
					t.Errorf("%s: Readable = %v", name, err)
				}
			}
			if conn.SignIn.SAML.MetadataURL != "" {
				t.Error("options that are half understood are used")
			}
			must(t, s.SaveConnection(ctx, conn))
		}
		equal(t, "kept again", text, got(store.KeptSignIn(ctx, s, string(c.ID)))(t))
	})
}

package provision_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

func TestDeskSignInIsChecked(t *testing.T) {
	saml := func(change func(*provision.DeskSAML)) provision.DeskSignIn {
		s := &provision.DeskSAML{EntityID: "urn:desk", ACSURL: "https://desk.test/acs"}
		change(s)
		return provision.DeskSignIn{SAML: s}
	}
	oidc := func(change func(*provision.DeskOIDC)) provision.DeskSignIn {
		o := &provision.DeskOIDC{ClientID: "desk", ClientSecret: strings.Repeat("s", 16), RedirectURIs: []string{"https://desk.test/cb"}}
		change(o)
		return provision.DeskSignIn{OIDC: o}
	}
	redirect := func(uri string) provision.DeskSignIn {
		return oidc(func(o *provision.DeskOIDC) { o.RedirectURIs = []string{uri} })
	}
	for _, tt := range []struct {
		name   string
		signIn provision.DeskSignIn
		field  string // at fault; "": it is good
	}{
		{"nothing", provision.DeskSignIn{}, ""},
		{"SAML", saml(func(*provision.DeskSAML) {}), ""},
		{"no entity ID", saml(func(s *provision.DeskSAML) { s.EntityID = "" }), "sign_in.saml.entity_id"},
		{"no address for answers", saml(func(s *provision.DeskSAML) { s.ACSURL = "" }), "sign_in.saml.acs_url"},
		{"a script for an address", saml(func(s *provision.DeskSAML) { s.ACSURL = "javascript:alert(1)" }), "sign_in.saml.acs_url"},
		{"a NameID that is none", saml(func(s *provision.DeskSAML) { s.NameID = provision.FieldRole }), "sign_in.saml.name_id"},
		{"an unknown field", saml(func(s *provision.DeskSAML) { s.Attributes = map[provision.Field]string{"shoe": "x"} }), "sign_in.saml.attributes"},
		{"a field without a name", saml(func(s *provision.DeskSAML) { s.Attributes = map[provision.Field]string{provision.FieldEmail: ""} }), "sign_in.saml.attributes"},
		{"a certificate that is none", saml(func(s *provision.DeskSAML) { s.Certificate = "MIIB" }), "sign_in.saml.certificate"},
		{"a certificate that cannot be read", saml(func(s *provision.DeskSAML) {
			s.Certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
		}), "sign_in.saml.certificate"},
		{"OpenID Connect", oidc(func(*provision.DeskOIDC) {}), ""},
		{"a public client", oidc(func(o *provision.DeskOIDC) { o.Public, o.ClientSecret = true, "" }), ""},
		{"a public client with a secret", oidc(func(o *provision.DeskOIDC) { o.Public = true }), "sign_in.oidc.client_secret"},
		{"a short secret", oidc(func(o *provision.DeskOIDC) { o.ClientSecret = "short" }), "sign_in.oidc.client_secret"},
		{"no client id", oidc(func(o *provision.DeskOIDC) { o.ClientID = "" }), "sign_in.oidc.client_id"},
		{"a client id with a colon", oidc(func(o *provision.DeskOIDC) { o.ClientID = "a:b" }), "sign_in.oidc.client_id"},
		{"nowhere to go", oidc(func(o *provision.DeskOIDC) { o.RedirectURIs = nil }), "sign_in.oidc.redirect_uris"},
		{"loopback", redirect("http://127.0.0.1:8080/cb"), ""},
		{"loopback by IPv6", redirect("http://[::1]:8080/cb"), ""},
		{"localhost", redirect("http://localhost/cb"), ""},
		{"plain http elsewhere", redirect("http://desk.test/cb"), "sign_in.oidc.redirect_uris"},
		{"a host that begins like localhost", redirect("http://localhost.evil.test/cb"), "sign_in.oidc.redirect_uris"},
		{"a fragment", redirect("https://desk.test/cb#x"), "sign_in.oidc.redirect_uris"},
		{"an empty fragment", redirect("https://desk.test/cb#"), "sign_in.oidc.redirect_uris"},
		{"a user name", redirect("https://a@desk.test/cb"), "sign_in.oidc.redirect_uris"},
		{"a wildcard", redirect("https://*.desk.test/cb"), "sign_in.oidc.redirect_uris"},
		{"a space", redirect("https://desk.test/c b"), "sign_in.oidc.redirect_uris"},
		{"a path alone", redirect("/cb"), "sign_in.oidc.redirect_uris"},
		{"an app's own scheme", redirect("desk:/cb"), "sign_in.oidc.redirect_uris"},
		{"a bad address after sign-out", oidc(func(o *provision.DeskOIDC) { o.PostLogoutRedirectURIs = []string{"//desk.test"} }), "sign_in.oidc.post_logout_redirect_uris"},
		{"a bad address to tell", oidc(func(o *provision.DeskOIDC) { o.BackchannelLogoutURL = "ftp://desk.test" }), "sign_in.oidc.backchannel_logout_url"},
		{"words for roles", provision.DeskSignIn{Roles: map[provision.Role]string{provision.RoleAdmin: "Boss"}}, ""},
		{"a word for an unknown role", provision.DeskSignIn{Roles: map[provision.Role]string{"boss": "Boss"}}, "sign_in.roles"},
		{"a word for the owner", provision.DeskSignIn{Roles: map[provision.Role]string{provision.RoleOwner: "Boss"}}, "sign_in.roles"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := (&provision.Desk{Name: "desk", SignIn: tt.signIn}).Validate()
			if tt.field == "" && err != nil {
				t.Errorf("Validate = %v", err)
			}
			if e, ok := err.(*provision.Error); tt.field != "" && (!ok || e.Code != provision.Invalid || e.Field != tt.field) {
				t.Errorf("Validate = %v, want %s to be invalid", err, tt.field)
			}
		})
	}
}

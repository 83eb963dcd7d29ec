package provision_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

func TestDeskSignInIsChecked(t *testing.T) {
	saml := func(change func(*protocol.DeskSAML)) protocol.DeskSignIn {
		s := &protocol.DeskSAML{EntityID: "urn:desk", ACSURL: "https://desk.test/acs"}
		change(s)
		return protocol.DeskSignIn{SAML: s}
	}
	oidc := func(change func(*protocol.DeskOIDC)) protocol.DeskSignIn {
		o := &protocol.DeskOIDC{ClientID: "desk", ClientSecret: strings.Repeat("s", 16), RedirectURIs: []string{"https://desk.test/cb"}}
		change(o)
		return protocol.DeskSignIn{OIDC: o}
	}
	redirect := func(uri string) protocol.DeskSignIn {
		return oidc(func(o *protocol.DeskOIDC) { o.RedirectURIs = []string{uri} })
	}
	for _, tt := range []struct {
		name   string
		signIn protocol.DeskSignIn
		field  string // at fault; "": it is good
	}{
		{"nothing", protocol.DeskSignIn{}, ""},
		{"SAML", saml(func(*protocol.DeskSAML) {}), ""},
		{"no entity ID", saml(func(s *protocol.DeskSAML) { s.EntityID = "" }), "sign_in.saml.entity_id"},
		{"no address for answers", saml(func(s *protocol.DeskSAML) { s.ACSURL = "" }), "sign_in.saml.acs_url"},
		{"a script for an address", saml(func(s *protocol.DeskSAML) { s.ACSURL = "javascript:alert(1)" }), "sign_in.saml.acs_url"},
		{"a NameID that is none", saml(func(s *protocol.DeskSAML) { s.NameID = protocol.FieldRole }), "sign_in.saml.name_id"},
		{"an unknown field", saml(func(s *protocol.DeskSAML) { s.Attributes = map[protocol.Field]string{"shoe": "x"} }), "sign_in.saml.attributes"},
		{"a field without a name", saml(func(s *protocol.DeskSAML) { s.Attributes = map[protocol.Field]string{protocol.FieldEmail: ""} }), "sign_in.saml.attributes"},
		{"a certificate that is none", saml(func(s *protocol.DeskSAML) { s.Certificate = "MIIB" }), "sign_in.saml.certificate"},
		{"a certificate that cannot be read", saml(func(s *protocol.DeskSAML) {
			s.Certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
		}), "sign_in.saml.certificate"},
		{"OpenID Connect", oidc(func(*protocol.DeskOIDC) {}), ""},
		{"a public client", oidc(func(o *protocol.DeskOIDC) { o.Public, o.ClientSecret = true, "" }), ""},
		{"a public client with a secret", oidc(func(o *protocol.DeskOIDC) { o.Public = true }), "sign_in.oidc.client_secret"},
		{"a short secret", oidc(func(o *protocol.DeskOIDC) { o.ClientSecret = "short" }), "sign_in.oidc.client_secret"},
		{"no client id", oidc(func(o *protocol.DeskOIDC) { o.ClientID = "" }), "sign_in.oidc.client_id"},
		{"a client id with a colon", oidc(func(o *protocol.DeskOIDC) { o.ClientID = "a:b" }), "sign_in.oidc.client_id"},
		{"nowhere to go", oidc(func(o *protocol.DeskOIDC) { o.RedirectURIs = nil }), "sign_in.oidc.redirect_uris"},
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
		{"a bad address after sign-out", oidc(func(o *protocol.DeskOIDC) { o.PostLogoutRedirectURIs = []string{"//desk.test"} }), "sign_in.oidc.post_logout_redirect_uris"},
		{"a bad address to tell", oidc(func(o *protocol.DeskOIDC) { o.BackchannelLogoutURL = "ftp://desk.test" }), "sign_in.oidc.backchannel_logout_url"},
		{"words for roles", protocol.DeskSignIn{Roles: map[string]string{"admin": "Boss"}}, ""},
		{"a word for an unknown role", protocol.DeskSignIn{Roles: map[string]string{"boss": "Boss"}}, "sign_in.roles"},
		{"a word for the owner", protocol.DeskSignIn{Roles: map[string]string{"owner": "Boss"}}, "sign_in.roles"},
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

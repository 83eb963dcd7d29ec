package server

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/deskidp"
)

// ConnectionURLs are the addresses of a connection, named as in `connection
// add --json`.
type ConnectionURLs struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	SCIMURL          string `json:"scim_url"`
	Token            string `json:"token,omitempty"`
	SAMLMetadataURL  string `json:"saml_metadata_url"`
	SAMLACSURL       string `json:"saml_acs_url"`
	SAMLEntityID     string `json:"saml_entity_id"`
	SAMLLogoutURL    string `json:"saml_slo_url"`
	OIDCRedirectURL  string `json:"oidc_redirect_url"`
	OIDCSignedOutURL string `json:"oidc_post_logout_redirect_url"`
	OIDCBackChannel  string `json:"oidc_backchannel_logout_url"`
	OIDCFrontChannel string `json:"oidc_frontchannel_logout_url"`
	OIDCKeysURL      string `json:"oidc_jwks_url"` // our keys, for private_key_jwt
	LoginURL         string `json:"login_url"`
	OnHold           bool   `json:"held,omitempty"`
	IdentityProvider string `json:"idp"`
}

// URLsOf returns the addresses of a connection.
func URLsOf(publicURL string, c provision.Connection) ConnectionURLs {
	sso := publicURL + "/sso/" + c.Name
	return ConnectionURLs{
		ID: string(c.ID), Name: c.Name, IdentityProvider: string(c.IdP), OnHold: c.HeldAt != nil,
		SCIMURL:         publicURL + "/scim/" + c.Name + "/v2",
		SAMLMetadataURL: sso + "/saml/metadata", SAMLACSURL: sso + "/saml/acs", SAMLEntityID: sso + "/saml/metadata",
		SAMLLogoutURL:   sso + "/saml/slo",
		OIDCRedirectURL: sso + "/oidc/callback", OIDCSignedOutURL: publicURL + "/sso/signed-out",
		OIDCBackChannel: sso + "/oidc/backchannel-logout", OIDCFrontChannel: sso + "/oidc/frontchannel-logout",
		OIDCKeysURL: publicURL + "/sso/jwks", LoginURL: sso + "/login",
	}
}

// DeskSignInURLs is what to enter at a desk so that people sign in there
// through Deskbridge.
type DeskSignInURLs struct {
	SAML *DeskSAMLURLs `json:"saml,omitempty"`
	OIDC *DeskOIDCURLs `json:"oidc,omitempty"`
}

// DeskSAMLURLs are what to enter at a desk for SAML.
type DeskSAMLURLs struct {
	MetadataURL string `json:"metadata_url"`
	EntityID    string `json:"entity_id"`
	SSOURL      string `json:"sso_url"`
	LaunchURL   string `json:"launch_url"`
	Certificate string `json:"certificate"` // PEM
	Fingerprint string `json:"certificate_sha256"`
}

// DeskOIDCURLs are what to enter at a desk for OpenID Connect.
type DeskOIDCURLs struct {
	Issuer       string `json:"issuer"`
	DiscoveryURL string `json:"discovery_url"`
	AuthorizeURL string `json:"authorization_endpoint"`
	TokenURL     string `json:"token_endpoint"`
	UserInfoURL  string `json:"userinfo_endpoint"`
	JWKSURL      string `json:"jwks_uri"`
	EndURL       string `json:"end_session_endpoint"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"` // when it was made just now
}

// DeskSignInURLsOf returns what to enter at a desk; nil when people do not sign in there
// through Deskbridge.
func DeskSignInURLsOf(ctx context.Context, s *System, d provision.Desk, secret string) (*DeskSignInURLs, error) {
	if d.SignIn.SAML == nil && d.SignIn.OIDC == nil {
		return nil, nil
	}
	line := new(DeskSignInURLs)
	at := s.Settings.PublicURL + "/sso/idp/"
	if d.SignIn.SAML != nil {
		keys, err := s.Core.Settings.Keys(ctx, settings.KeyDesk, deskidp.NewKey)
		if err != nil {
			return nil, err
		}
		saml := at + "saml/" + d.Name
		line.SAML = &DeskSAMLURLs{MetadataURL: saml + "/metadata", EntityID: saml + "/metadata", SSOURL: saml + "/sso", LaunchURL: saml + "/launch",
			Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: keys[0].Certificate})),
			Fingerprint: fmt.Sprintf("%X", sha256.Sum256(keys[0].Certificate))}
	}
	if o := d.SignIn.OIDC; o != nil {
		issuer := at + "oidc"
		line.OIDC = &DeskOIDCURLs{Issuer: issuer, DiscoveryURL: issuer + "/.well-known/openid-configuration", AuthorizeURL: issuer + "/authorize",
			TokenURL: issuer + "/token", UserInfoURL: issuer + "/userinfo", JWKSURL: issuer + "/jwks", EndURL: issuer + "/end-session",
			ClientID: o.ClientID, ClientSecret: secret}
	}
	return line, nil
}

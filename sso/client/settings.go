package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// SAMLSettings is what an admin says of an identity provider that speaks SAML:
// the SAML of [provision.SignIn].
type SAMLSettings struct {
	MetadataURL string `json:"metadata_url,omitempty"`
	Metadata    string `json:"metadata,omitempty"` // the document itself

	// EntityID chooses among several in the metadata; or, with SSOURL and
	// Certificates, stands for it.
	EntityID     string   `json:"entity_id,omitempty"`
	SSOURL       string   `json:"sso_url,omitempty"`
	SLOURL       string   `json:"slo_url,omitempty"`
	Certificates []string `json:"certificates,omitempty"` // PEM

	Binding               saml.Binding `json:"binding,omitempty"`
	NameIDFormat          string       `json:"name_id_format,omitempty"`
	ForceAuthn            bool         `json:"force_authn,omitempty"`
	AuthnContexts         []string     `json:"authn_contexts,omitempty"`
	RequireEncryption     bool         `json:"require_encryption,omitempty"`
	RequireSignedResponse bool         `json:"require_signed_response,omitempty"`
	AllowSHA1             bool         `json:"allow_sha1,omitempty"`

	// IdPInitiated lets a sign-in begin at the identity provider. Its answer
	// signs nobody in: it begins a sign-in of ours there.
	IdPInitiated bool `json:"idp_initiated,omitempty"`

	Claims Claims `json:"claims,omitempty"`
}

// OIDCSettings is what an admin says of an OpenID provider: the OIDC of
// [provision.SignIn].
type OIDCSettings struct {
	Issuer        string   `json:"issuer"`
	ClientID      string   `json:"client_id"`
	ClientSecret  string   `json:"client_secret,omitempty"`
	SecretExpires string   `json:"secret_expires,omitempty"` // a date, 2027-03-01: to be warned before
	AuthMethod    string   `json:"auth_method,omitempty"`    // client_secret_basic, client_secret_post, or private_key_jwt, which needs no secret
	Scopes        []string `json:"scopes,omitempty"`
	UserInfo      bool     `json:"userinfo,omitempty"`
	ACRValues     []string `json:"acr_values,omitempty"`
	Prompt        string   `json:"prompt,omitempty"`
	Claims        Claims   `json:"claims,omitempty"`
}

// Claims says which attribute or claim holds what. What is not named is looked
// for under the usual names.
type Claims map[string]string

// What [Claims] can name.
const (
	ClaimSubject    = "subject"     // SAML: what stands for the NameID, where that changes at each sign-in
	ClaimUserName   = "user_name"   // what equals SCIM's userName
	ClaimExternalID = "external_id" // what equals SCIM's externalId
	ClaimEmail      = "email"
	ClaimName       = "name"
	ClaimGivenName  = "given_name"
	ClaimFamilyName = "family_name"
	ClaimTitle      = "title"
	ClaimPhone      = "phone"
	ClaimGroups     = "groups"
)

var claimNames = []string{ClaimSubject, ClaimUserName, ClaimExternalID, ClaimEmail, ClaimName, ClaimGivenName, ClaimFamilyName, ClaimTitle, ClaimPhone, ClaimGroups}

// CheckSettings reports everything that is wrong with the protocol settings of
// s, without asking anybody. None of the errors repeats a value.
func CheckSettings(s provision.SignIn, now time.Time) error {
	var mistakes []error
	if len(s.SAML) > 0 {
		settings, err := ParseSAML(s.SAML)
		if err == nil {
			err = settings.check(now)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("saml: %w", err))
		}
	}
	if len(s.OIDC) > 0 {
		settings, err := ParseOIDC(s.OIDC)
		if err == nil {
			err = settings.check()
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("oidc: %w", err))
		}
	}
	return errors.Join(mistakes...)
}

// ParseSAML reads the SAML of [provision.SignIn].
func ParseSAML(raw json.RawMessage) (s SAMLSettings, _ error) { return s, strictJSON(raw, &s) }

// ParseOIDC reads the OIDC of [provision.SignIn].
func ParseOIDC(raw json.RawMessage) (s OIDCSettings, _ error) { return s, strictJSON(raw, &s) }

// strictJSON decodes settings that an older or newer release may have written.
func strictJSON(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New("the settings cannot be read; set them anew")
	}
	return nil
}

func (s *SAMLSettings) check(now time.Time) error {
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	ways := 0
	for _, given := range []bool{s.MetadataURL != "", s.Metadata != "", s.SSOURL != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		wrong("give metadata_url, metadata_file, or entity_id with sso_url and certificates")
	case ways > 1:
		wrong("metadata_url, metadata_file and sso_url exclude each other")
	case s.SLOURL != "" && s.SSOURL == "":
		wrong("slo_url goes with sso_url; metadata tells by itself where to sign out")
	case s.SSOURL != "" && (s.EntityID == "" || len(s.Certificates) == 0):
		wrong("sso_url needs entity_id and certificates beside it")
	case s.MetadataURL == "":
		if _, err := s.fixedMetadata(now); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if s.Binding != "" && s.Binding != saml.Redirect && s.Binding != saml.Post {
		wrong("binding is redirect or post")
	}
	return errors.Join(append(mistakes, s.Claims.check())...)
}

// fixedMetadata returns the metadata that the settings hold themselves.
func (s *SAMLSettings) fixedMetadata(now time.Time) ([]byte, error) {
	raw := []byte(s.Metadata)
	if s.SSOURL != "" {
		var err error
		if raw, err = saml.FieldsMetadata(saml.Fields{EntityID: s.EntityID, SSOURL: s.SSOURL, SLOURL: s.SLOURL, Certificates: s.Certificates}); err != nil {
			return nil, err
		}
	}
	_, err := saml.ParseMetadata(raw, s.EntityID, now)
	return raw, err
}

func (s *OIDCSettings) check() error {
	var mistakes []error
	for name, value := range map[string]string{"issuer": s.Issuer, "client_id": s.ClientID} {
		if strings.TrimSpace(value) == "" {
			mistakes = append(mistakes, fmt.Errorf("%s is missing", name))
		}
	}
	if s.AuthMethod != "" && !slices.Contains([]string{oidc.AuthBasic, oidc.AuthPost, oidc.AuthPrivateKey}, s.AuthMethod) {
		mistakes = append(mistakes, fmt.Errorf("auth_method is one of %s, %s, %s", oidc.AuthBasic, oidc.AuthPost, oidc.AuthPrivateKey))
	}
	if s.ClientSecret == "" && s.AuthMethod != oidc.AuthPrivateKey {
		mistakes = append(mistakes, errors.New("client_secret is missing"))
	}
	if s.SecretExpires != "" {
		if _, err := time.Parse(time.DateOnly, s.SecretExpires); err != nil {
			mistakes = append(mistakes, errors.New("secret_expires is no date like 2027-03-01"))
		}
	}
	return errors.Join(append(mistakes, s.Claims.check())...)
}

func (c Claims) check() error {
	for name := range c {
		if !slices.Contains(claimNames, name) {
			return fmt.Errorf("claims has no key %q; it knows %s", name, strings.Join(claimNames, ", "))
		}
	}
	return nil
}

package protocol

import (
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// DeskSignIn says how people sign in to a desk through Deskbridge. The zero
// value: they do not. It may hold a secret: the store seals it.
type DeskSignIn struct {
	SAML *DeskSAML `yaml:"saml" json:"saml,omitempty"`
	OIDC *DeskOIDC `yaml:"oidc" json:"oidc,omitempty"`

	// BeforeReady lets people in as soon as they should have an account there.
	// Otherwise the desk must have confirmed it.
	BeforeReady bool `yaml:"before_ready" json:"before_ready,omitempty"`
	// Roles are the desk's words for roles, which are the keys: limited, agent,
	// admin. A role that is missing is called as we call it.
	Roles map[string]string `yaml:"roles" json:"roles,omitempty"`
}

// DeskSAML describes a desk as a SAML service provider.
type DeskSAML struct {
	EntityID string `yaml:"entity_id" json:"entity_id"`
	ACSURL   string `yaml:"acs_url" json:"acs_url"` // the only address that answers are sent to
	// NameID is what the desk knows people by: [FieldEmail], [FieldUserName] or
	// [FieldID]; "" is what its kind of desk needs.
	NameID Field `yaml:"name_id" json:"name_id,omitempty"`
	// Attributes are the names under which the desk expects what; nil: as its
	// kind of desk needs them.
	Attributes map[Field]string `yaml:"attributes" json:"attributes,omitempty"`
	// Certificate is the desk's, in PEM. With one, requests must be signed.
	Certificate string `yaml:"certificate" json:"certificate,omitempty"`
	// SignResponse signs the response, too, and not the assertion alone; nil: yes.
	SignResponse *bool `yaml:"sign_response" json:"sign_response,omitempty"`
	// RelayState goes with an answer that nobody asked for: where to land there.
	RelayState string `yaml:"relay_state" json:"relay_state,omitempty"`
}

// DeskOIDC describes a desk as an OpenID Connect client.
type DeskOIDC struct {
	ClientID               string   `yaml:"client_id" json:"client_id"` // no two desks have the same
	ClientSecret           string   `yaml:"client_secret" json:"client_secret,omitempty"`
	Public                 bool     `yaml:"public" json:"public,omitempty"` // has no secret, and must use PKCE
	RedirectURIs           []string `yaml:"redirect_uris" json:"redirect_uris"`
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris" json:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURL   string   `yaml:"backchannel_logout_url" json:"backchannel_logout_url,omitempty"`
	LoginURL               string   `yaml:"login_url" json:"login_url,omitempty"` // where a sign-in begins there; "": at its URL
}

// Field is something about a person that a desk can be told.
type Field string

// The fields.
const (
	FieldID         Field = "id" // never changes, and never means somebody else
	FieldEmail      Field = "email"
	FieldUserName   Field = "username"
	FieldName       Field = "name"
	FieldGivenName  Field = "given_name"
	FieldFamilyName Field = "family_name"
	FieldTitle      Field = "title"
	FieldPhone      Field = "phone"
	FieldLocale     Field = "locale"
	FieldTimezone   Field = "timezone"
	FieldRole       Field = "role"
	FieldGroups     Field = "groups" // the teams on this desk
	FieldMailboxes  Field = "mailboxes"
)

// Fields lists them all.
var Fields = []Field{FieldID, FieldEmail, FieldUserName, FieldName, FieldGivenName, FieldFamilyName, FieldTitle, FieldPhone,
	FieldLocale, FieldTimezone, FieldRole, FieldGroups, FieldMailboxes}

const (
	maxSignInURL    = 2048
	maxSignInText   = 1024
	minClientSecret = 16 // characters
)

// Empty reports whether nothing is set.
func (s *DeskSignIn) Empty() bool {
	return s.SAML == nil && s.OIDC == nil && !s.BeforeReady && len(s.Roles) == 0
}

// SameAs reports whether s and other say the same.
func (s *DeskSignIn) SameAs(other *DeskSignIn) bool { return reflect.DeepEqual(s, other) }

// Validate returns an [Error] when s cannot be used. Which roles there are is
// not known here.
func (s *DeskSignIn) Validate() error {
	if err := s.SAML.validate(); err != nil {
		return err
	}
	return s.OIDC.validate()
}

func (s *DeskSAML) validate() error {
	if s == nil {
		return nil
	}
	if s.EntityID == "" || len(s.EntityID) > maxSignInText {
		return errorf("saml.entity_id", "give the entity ID of the desk, of at most %d characters, as its SAML settings show it", maxSignInText)
	}
	if err := validateSignInURL("saml.acs_url", s.ACSURL); err != nil {
		return err
	}
	if !slices.Contains([]Field{"", FieldEmail, FieldUserName, FieldID}, s.NameID) {
		return errorf("saml.name_id", "name_id is one of email, username, id")
	}
	for field, name := range s.Attributes {
		if !slices.Contains(Fields, field) {
			return errorf("saml.attributes", "unknown field %q; use %v", field, Fields)
		}
		if name == "" || len(name) > maxSignInText {
			return errorf("saml.attributes", "give %s the name of an attribute, or leave it out", field)
		}
	}
	if len(s.RelayState) > maxSignInText {
		return errorf("saml.relay_state", "relay_state is longer than %d characters", maxSignInText)
	}
	if s.Certificate == "" {
		return nil
	}
	_, err := s.Certificates()
	return err
}

// Certificates returns the desk's certificates; none when none is configured.
func (s *DeskSAML) Certificates() (certificates []*x509.Certificate, _ error) {
	for rest := []byte(s.Certificate); len(strings.TrimSpace(string(rest))) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errorf("saml.certificate", "this is no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &Error{Field: "saml.certificate", Detail: "the certificate cannot be read", Err: err}
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

func (o *DeskOIDC) validate() error {
	if o == nil {
		return nil
	}
	if o.ClientID == "" || len(o.ClientID) > 255 || strings.ContainsFunc(o.ClientID, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
		return errorf("oidc.client_id", "give a client_id of 1-255 visible ASCII characters without a colon, e.g. the desk's name")
	}
	switch {
	case o.Public && o.ClientSecret != "":
		return errorf("oidc.client_secret", "a public client has no secret; leave out either")
	case !o.Public && len(o.ClientSecret) < minClientSecret:
		return errorf("oidc.client_secret", "give a random client_secret of at least %d characters, or public: true for a desk that cannot keep one", minClientSecret)
	case len(o.RedirectURIs) == 0:
		return errorf("oidc.redirect_uris", "give the redirect URI that the desk's OpenID Connect settings show")
	}
	for _, u := range o.RedirectURIs {
		if err := validateSignInURL("oidc.redirect_uris", u); err != nil {
			return err
		}
	}
	for _, u := range o.PostLogoutRedirectURIs {
		if err := validateSignInURL("oidc.post_logout_redirect_uris", u); err != nil {
			return err
		}
	}
	for field, u := range map[string]string{"backchannel_logout_url": o.BackchannelLogoutURL, "login_url": o.LoginURL} {
		if u == "" {
			continue
		}
		if err := validateSignInURL("oidc."+field, u); err != nil {
			return err
		}
	}
	return nil
}

// validateSignInURL takes https, and http for this very machine: what goes to
// such an address lets people in.
func validateSignInURL(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || raw == "" || len(raw) > maxSignInURL || u.Host == "" || u.User != nil || u.Fragment != "" || strings.Contains(raw, "#") ||
		strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}*", r) }) {
		return errorf(field, "give whole addresses like https://desk.example.com/path, without user name, fragment or wildcard")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return errorf(field, "addresses begin with https://; http:// is for 127.0.0.1 and localhost alone")
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

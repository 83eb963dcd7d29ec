package protocol

import "encoding/json"

// SAML says where the metadata of an identity provider is, or what would stand
// in it, and how to sign in there (SAML 2.0 Core and Metadata).
//
// What a newer release wrote, with options that are not known here, is kept as
// it is and not used; see [SAML.Readable].
type SAML struct {
	MetadataURL  string `yaml:"metadata_url" json:"metadata_url,omitempty"`
	MetadataFile string `yaml:"metadata_file" json:"-"` // in access.yaml alone: Metadata is read from it, and it is not kept
	Metadata     string `yaml:"metadata" json:"metadata,omitempty"`

	// EntityID chooses among several in the metadata; or, with SSOURL and
	// Certificates, stands for it.
	EntityID     string   `yaml:"entity_id" json:"entity_id,omitempty"`
	SSOURL       string   `yaml:"sso_url" json:"sso_url,omitempty"`
	SLOURL       string   `yaml:"slo_url" json:"slo_url,omitempty"`
	Certificates []string `yaml:"certificates" json:"certificates,omitempty"` // PEM

	Binding               string   `yaml:"binding" json:"binding,omitempty"` // of our requests: redirect, post; default redirect
	NameIDFormat          string   `yaml:"name_id_format" json:"name_id_format,omitempty"`
	ForceAuthn            bool     `yaml:"force_authn" json:"force_authn,omitempty"`
	AuthnContexts         []string `yaml:"authn_contexts" json:"authn_contexts,omitempty"`
	RequireEncryption     bool     `yaml:"require_encryption" json:"require_encryption,omitempty"`
	RequireSignedResponse bool     `yaml:"require_signed_response" json:"require_signed_response,omitempty"`
	AllowSHA1             bool     `yaml:"allow_sha1" json:"allow_sha1,omitempty"`

	// IdPInitiated lets a sign-in begin at the identity provider. Its answer
	// signs nobody in: it begins a sign-in of ours there.
	IdPInitiated bool `yaml:"idp_initiated" json:"idp_initiated,omitempty"`

	Claims Claims `yaml:"claims" json:"claims,omitempty"`

	unread json.RawMessage // what is kept in place of all that, if it cannot be read
}

// Readable returns an error where there are no options, or where this release
// cannot read those that are kept.
func (s *SAML) Readable() error {
	if s == nil || len(s.unread) > 0 {
		return errUnreadable
	}
	return nil
}

// Equal reports whether s and other are kept as the same text. Either may be nil.
func (s *SAML) Equal(other *SAML) bool { return sameText(s, other) }

// MarshalJSON returns the options as they are kept.
func (s SAML) MarshalJSON() ([]byte, error) {
	if len(s.unread) > 0 {
		return s.unread, nil
	}
	type fields SAML
	return json.Marshal(fields(s))
}

// UnmarshalJSON reads options that are kept. It does not fail: options that
// cannot be read must not hide the connection that they are part of.
func (s *SAML) UnmarshalJSON(text []byte) error {
	type fields SAML
	read, unread := readKept[fields](text)
	*s = SAML(read)
	s.unread = unread
	return nil
}

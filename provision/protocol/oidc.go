package protocol

import "encoding/json"

// OIDC says how to sign in at an OpenID provider (OpenID Connect Core 1.0).
//
// What a newer release wrote, with options that are not known here, is kept as
// it is and not used; see [OIDC.Readable].
type OIDC struct {
	Issuer        string   `yaml:"issuer" json:"issuer"`
	ClientID      string   `yaml:"client_id" json:"client_id"`
	ClientSecret  string   `yaml:"client_secret" json:"client_secret,omitempty"`
	SecretExpires string   `yaml:"secret_expires" json:"secret_expires,omitempty"` // a date, 2027-03-01: to be warned before
	AuthMethod    string   `yaml:"auth_method" json:"auth_method,omitempty"`       // client_secret_basic, client_secret_post, or private_key_jwt, which needs no secret
	Scopes        []string `yaml:"scopes" json:"scopes,omitempty"`
	UserInfo      bool     `yaml:"userinfo" json:"userinfo,omitempty"`
	ACRValues     []string `yaml:"acr_values" json:"acr_values,omitempty"`
	Prompt        string   `yaml:"prompt" json:"prompt,omitempty"`
	Claims        Claims   `yaml:"claims" json:"claims,omitempty"`

	unread json.RawMessage // what is kept in place of all that, if it cannot be read
}

// Readable returns an error where there are no options, or where this release
// cannot read those that are kept.
func (o *OIDC) Readable() error {
	if o == nil || len(o.unread) > 0 {
		return errUnreadable
	}
	return nil
}

// Equal reports whether o and other are kept as the same text. Either may be nil.
func (o *OIDC) Equal(other *OIDC) bool { return sameText(o, other) }

// MarshalJSON returns the options as they are kept.
func (o OIDC) MarshalJSON() ([]byte, error) {
	if len(o.unread) > 0 {
		return o.unread, nil
	}
	type fields OIDC
	return json.Marshal(fields(o))
}

// UnmarshalJSON reads options that are kept. It does not fail: options that
// cannot be read must not hide the connection that they are part of.
func (o *OIDC) UnmarshalJSON(text []byte) error {
	type fields OIDC
	read, unread := readKept[fields](text)
	*o = OIDC(read)
	o.unread = unread
	return nil
}

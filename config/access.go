package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxAccessFile is the size above which a file is taken for a mistake.
const maxAccessFile = 4 << 20

// Access is the content of an access.yaml.
type Access struct {
	Connections []Connection `yaml:"connections"`
	Desks       []Desk       `yaml:"desks"`
	Rules       []Rule       `yaml:"rules"`
}

// Connection is one IdP tenant.
type Connection struct {
	Name    string   `yaml:"name"`
	IdP     string   `yaml:"idp"`
	Domains []string `yaml:"domains"`
	JIT     *JIT     `yaml:"jit"`
	Match   Match    `yaml:"match"`
	SAML    *SAML    `yaml:"saml"`
	OIDC    *OIDC    `yaml:"oidc"`
	SCIM    *SCIM    `yaml:"scim"`

	SignInDisabled bool `yaml:"sign_in_disabled"`
}

// JIT says what a first sign-in may make.
type JIT struct {
	Create   *bool    `yaml:"create"` // default true
	Role     string   `yaml:"role"`   // on every desk that the rules of the connection name; short for a rule with attribute jit
	Groups   []string `yaml:"groups"` // only people in one of these
	NoGroups string   `yaml:"no_groups"`
}

// Match says by what a first sign-in finds somebody who is known already.
type Match struct {
	Email bool `yaml:"email"`
}

// SAML says where an IdP's metadata is, or what would stand in it, and how to
// sign in there.
type SAML struct {
	MetadataURL  string   `yaml:"metadata_url" json:"metadata_url,omitempty"`
	MetadataFile string   `yaml:"metadata_file" json:"-"`
	Metadata     string   `yaml:"metadata" json:"metadata,omitempty"` // the document itself
	EntityID     string   `yaml:"entity_id" json:"entity_id,omitempty"`
	SSOURL       string   `yaml:"sso_url" json:"sso_url,omitempty"`
	SLOURL       string   `yaml:"slo_url" json:"slo_url,omitempty"`
	Certificates []string `yaml:"certificates" json:"certificates,omitempty"`

	Binding               string            `yaml:"binding" json:"binding,omitempty"` // redirect, post; default redirect
	NameIDFormat          string            `yaml:"name_id_format" json:"name_id_format,omitempty"`
	ForceAuthn            bool              `yaml:"force_authn" json:"force_authn,omitempty"`
	AuthnContexts         []string          `yaml:"authn_contexts" json:"authn_contexts,omitempty"`
	RequireEncryption     bool              `yaml:"require_encryption" json:"require_encryption,omitempty"`
	RequireSignedResponse bool              `yaml:"require_signed_response" json:"require_signed_response,omitempty"`
	AllowSHA1             bool              `yaml:"allow_sha1" json:"allow_sha1,omitempty"`
	IdPInitiated          bool              `yaml:"idp_initiated" json:"idp_initiated,omitempty"`
	Claims                map[string]string `yaml:"claims" json:"claims,omitempty"`
}

// OIDC says how to sign in at an OpenID provider.
type OIDC struct {
	Issuer        string            `yaml:"issuer" json:"issuer"`
	ClientID      string            `yaml:"client_id" json:"client_id"`
	ClientSecret  string            `yaml:"client_secret" json:"client_secret,omitempty"`
	SecretExpires string            `yaml:"secret_expires" json:"secret_expires,omitempty"` // a date, 2027-03-01
	AuthMethod    string            `yaml:"auth_method" json:"auth_method,omitempty"`
	Scopes        []string          `yaml:"scopes" json:"scopes,omitempty"`
	UserInfo      bool              `yaml:"userinfo" json:"userinfo,omitempty"`
	ACRValues     []string          `yaml:"acr_values" json:"acr_values,omitempty"`
	Prompt        string            `yaml:"prompt" json:"prompt,omitempty"`
	Claims        map[string]string `yaml:"claims" json:"claims,omitempty"`
}

// SCIM says how an IdP may get in beside our tokens.
type SCIM struct {
	JWT *JWT `yaml:"jwt"`
}

// JWT says which tokens that an IdP signs itself are taken.
type JWT struct {
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	JWKSURL  string `yaml:"jwks_url"`
	Subject  string `yaml:"subject"`
	App      string `yaml:"app"`
	Tenant   string `yaml:"tenant"`
}

// Desk is one help desk account.
type Desk struct {
	Name     string            `yaml:"name"`
	Kind     string            `yaml:"kind"`
	URL      string            `yaml:"url"`
	Secret   string            `yaml:"secret"`
	Settings map[string]string `yaml:"settings"`
	OnLeave  string            `yaml:"on_leave"`
	HandOver HandOver          `yaml:"hand_over"`
	Seats    int               `yaml:"seats"`
	Adoption string            `yaml:"adoption"`
	SignIn   *DeskSignIn       `yaml:"sign_in"`
	Drift    string            `yaml:"drift"`
	Rate     float64           `yaml:"rate"`
}

// HandOver says who takes over a leaver's open conversations.
type HandOver struct {
	Agent string `yaml:"agent"`
	To    string `yaml:"to"`
}

// Rule says what a group or an attribute grants on a desk.
type Rule struct {
	Connection string   `yaml:"connection"`
	Group      string   `yaml:"group"`
	Attribute  string   `yaml:"attribute"`
	Equals     string   `yaml:"equals"`
	Desk       string   `yaml:"desk"`
	Role       string   `yaml:"role"`
	Teams      []string `yaml:"teams"`
	Mailboxes  []string `yaml:"mailboxes"`
}

// ReadAccess reads an access.yaml. In every value ${env:NAME} stands for an
// environment variable, looked up by getenv, and ${file:PATH} for the content
// of a file. Unknown keys are mistakes. Every mistake is named with its line;
// none repeats a value, which may be a secret.
func ReadAccess(r io.Reader, getenv func(string) (string, bool)) (Access, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxAccessFile+1))
	if err != nil {
		return Access{}, err
	}
	if len(text) > maxAccessFile {
		return Access{}, fmt.Errorf("the file is larger than %d bytes", maxAccessFile)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Access{}, fmt.Errorf("not YAML: %w", err)
	}
	if len(root.Content) == 0 {
		return Access{}, errors.New("the file is empty; it needs at least one of connections, desks, rules")
	}
	reader := accessReader{getenv: getenv}
	reader.expand(&root)
	reader.checkKeys(root.Content[0], reflect.TypeFor[Access](), "")
	var access Access
	if err := root.Content[0].Decode(&access); err != nil {
		reader.mistakes = append(reader.mistakes, err)
	}
	return access, errors.Join(reader.mistakes...)
}

type accessReader struct {
	getenv   func(string) (string, bool)
	mistakes []error
}

func (a *accessReader) wrong(n *yaml.Node, format string, args ...any) {
	a.mistakes = append(a.mistakes, fmt.Errorf("line %d: "+format, append([]any{n.Line}, args...)...))
}

var reference = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// expand replaces the references in every scalar below n.
func (a *accessReader) expand(n *yaml.Node) {
	for _, child := range n.Content {
		a.expand(child)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "${") {
		return
	}
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		if m[1] == "env" {
			value, ok := a.getenv(m[2])
			if !ok {
				a.wrong(n, "the environment variable %s is not set", m[2])
			}
			return value
		}
		content, err := os.ReadFile(m[2])
		if err != nil {
			a.wrong(n, "%v", err)
		}
		return strings.TrimRight(string(content), "\r\n")
	})
	if n.Style == 0 {
		n.Tag = "" // a number that came from outside is a number
	}
}

// checkKeys finds keys below n that t has no field for.
func (a *accessReader) checkKeys(n *yaml.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			a.checkKeys(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i+1))
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			field, known := fieldOf(t, key.Value)
			if !known {
				a.wrong(key, "%s has no key %q; it knows %s", describe(path), key.Value, strings.Join(tags(t), ", "))
				continue
			}
			a.checkKeys(value, field, strings.TrimPrefix(path+"."+key.Value, "."))
		}
	}
}

func describe(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	at := slices.Index(tags(t), key)
	if at < 0 {
		return nil, false
	}
	return t.Field(at).Type, true
}

func tags(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}

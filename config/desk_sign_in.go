package config

// DeskSignIn says how people sign in to a desk through Deskbridge.
type DeskSignIn struct {
	SAML        *DeskSAML         `yaml:"saml"`
	OIDC        *DeskOIDC         `yaml:"oidc"`
	BeforeReady bool              `yaml:"before_ready"` // before the desk has confirmed the account
	Roles       map[string]string `yaml:"roles"`        // the desk's words for limited, agent, admin
}

// DeskSAML describes a desk as a SAML service provider.
type DeskSAML struct {
	EntityID     string            `yaml:"entity_id"`
	ACSURL       string            `yaml:"acs_url"`
	NameID       string            `yaml:"name_id"`       // email, username, id; default as the kind of desk needs it
	Attributes   map[string]string `yaml:"attributes"`    // email: urn:…; default as the kind of desk needs them
	Certificate  string            `yaml:"certificate"`   // PEM; then requests must be signed
	SignResponse *bool             `yaml:"sign_response"` // default true
	RelayState   string            `yaml:"relay_state"`   // where to land there when nobody asked
}

// DeskOIDC describes a desk as an OpenID Connect client.
type DeskOIDC struct {
	ClientID               string   `yaml:"client_id"` // default: the desk's name
	ClientSecret           string   `yaml:"client_secret"`
	Public                 bool     `yaml:"public"`
	RedirectURIs           []string `yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"`
	BackchannelLogoutURL   string   `yaml:"backchannel_logout_url"`
	LoginURL               string   `yaml:"login_url"` // where a sign-in begins there; default: the desk's URL
}

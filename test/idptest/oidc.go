package idptest

// Client is a relying party as an administrator registers it at an OpenID
// provider. Empty addresses are left out.
type Client struct {
	RedirectURL           string
	BackChannelLogoutURL  string
	PostLogoutRedirectURL string
	JWKSURL               string // of the keys by which it authenticates; empty: it is given a secret
}

// Credentials are what a provider gives a client.
type Credentials struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

package idptest

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

//go:embed oidcprovider/idp.mjs
var oidcProviderFiles embed.FS

// OIDCProvider is an OpenID provider on panva's oidc-provider. It says in its
// answers who it is (RFC 9207), tells relying parties by the back channel when
// somebody has signed out, and puts name, email, email_verified,
// preferred_username and groups into the ID token as the scopes profile, email
// and groups ask for them.
type OIDCProvider struct {
	Issuer string

	t     *testing.T
	token string
}

// NewOIDCProvider starts one that knows people.
func NewOIDCProvider(t *testing.T, people ...Person) *OIDCProvider {
	t.Helper()
	servicetest.Need(t)
	o := &OIDCProvider{Issuer: "http://" + processtest.Address(t), t: t, token: rand.Text()}
	dir := newFolder(t)
	files, err := fs.Sub(oidcProviderFiles, "oidcprovider")
	if err != nil {
		t.Fatal(err)
	}
	dir.copy(files)
	dir.writeJSON("people.json", oidcPeople(people))
	modules := program(t, "oidcprovider/node_modules")
	if err := os.Symlink(modules, dir.join("node_modules")); err != nil { // Node looks beside the script
		t.Fatal(err)
	}
	server := &processtest.Server{Name: "oidc-provider", Ready: o.Issuer + "/.well-known/openid-configuration", Command: func() *exec.Cmd {
		cmd := exec.Command(modules+"/node-linux-"+nodeArch()+"/bin/node", dir.join("idp.mjs"))
		cmd.Env = append(os.Environ(), "TEST_URL="+o.Issuer, "TEST_PEOPLE="+dir.join("people.json"), "TEST_TOKEN="+o.token)
		return cmd
	}}
	server.Start(t)
	return o
}

// nodeArch is what the packages of Node.js call this machine's processor.
func nodeArch() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

type oidcPerson struct {
	Login    string         `json:"login"`
	Password string         `json:"password"`
	Claims   map[string]any `json:"claims"`
}

func oidcPeople(people []Person) (out []oidcPerson) {
	for _, p := range people {
		out = append(out, oidcPerson{p.Login, p.Password, map[string]any{
			"sub": p.Subject(), "email": p.Email, "email_verified": !p.Unverified, "groups": p.Groups, "preferred_username": p.Login,
			"name": p.Name(), "given_name": p.Given, "family_name": p.Family,
		}})
	}
	return out
}

// Trust registers a client (RFC 7591).
func (o *OIDCProvider) Trust(c Client) (made Credentials) {
	o.t.Helper()
	registration := map[string]any{"redirect_uris": []string{c.RedirectURL}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code"}, "token_endpoint_auth_method": "client_secret_basic"}
	if c.BackChannelLogoutURL != "" {
		registration["backchannel_logout_uri"] = c.BackChannelLogoutURL
		registration["backchannel_logout_session_required"] = true
	}
	if c.PostLogoutRedirectURL != "" {
		registration["post_logout_redirect_uris"] = []string{c.PostLogoutRedirectURL}
	}
	if c.JWKSURL != "" {
		registration["token_endpoint_auth_method"], registration["jwks_uri"] = "private_key_jwt", c.JWKSURL
	}
	body, err := json.Marshal(registration)
	if err != nil {
		o.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.Issuer+"/reg", bytes.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusCreated {
		o.t.Fatalf("register a client at oidc-provider: %s: %s", resp.Status, text)
	}
	if err := json.Unmarshal(text, &made); err != nil {
		o.t.Fatal(err)
	}
	return made
}

// SignOut returns the URL at which somebody signs out of the provider, and so
// of every client that it tells.
func (o *OIDCProvider) SignOut() string { return o.Issuer + "/session/end" }

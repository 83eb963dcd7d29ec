package deskidp_test

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// nodeEnv names the environment variable with the folder of the clients that
// test/nodeclients.sh installs.
const nodeEnv = "DESKBRIDGE_TEST_NODE"

// nodeClient is one of the programs in test/nodeclients while it runs.
type nodeClient struct {
	*harness
	in  io.Writer
	out *bufio.Scanner
}

func (h *harness) nodeClient(program string, settings map[string]any) nodeClient {
	h.Helper()
	servicetest.Need(h)
	dir := os.Getenv(nodeEnv)
	if dir == "" {
		h.Fatalf(`%s is not set: run the tests with make test, or eval "$(test/nodeclients.sh start)"`, nodeEnv)
	}
	script, err := os.ReadFile("../../test/nodeclients/" + program)
	h.must(err)
	text, err := json.Marshal(settings)
	h.must(err)
	cmd := exec.CommandContext(h.Context(), "node", "--input-type=module", "--eval", string(script), "--", string(text))
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	h.must(err)
	out, err := cmd.StdoutPipe()
	h.must(err)
	h.must(cmd.Start())
	h.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return nodeClient{h, in, lines}
}

// read reads the next answer.
func (n nodeClient) read(into any) {
	n.Helper()
	if !n.out.Scan() {
		n.Fatalf("the client ended: %v", n.out.Err())
	}
	n.must(json.Unmarshal(n.out.Bytes(), into))
}

func (n nodeClient) start() string {
	n.Helper()
	var begin struct{ URL string }
	n.read(&begin)
	return begin.URL
}

func (n nodeClient) send(line string) {
	n.Helper()
	_, err := io.WriteString(n.in, line+"\n")
	n.must(err)
}

func TestNodeSAML(t *testing.T) {
	for _, signed := range []bool{false, true} {
		t.Run(map[bool]string{false: "unsigned request", true: "signed request"}[signed], func(t *testing.T) {
			h := newHarness(t)
			sp := h.serviceProvider()
			certificate, err := base64.StdEncoding.DecodeString(sp.IDPMetadata.IDPSSODescriptors[0].KeyDescriptors[0].KeyInfo.X509Data.X509Certificates[0].Data)
			h.must(err)
			settings := map[string]any{
				"issuer": sp.EntityID, "callbackUrl": sp.AcsURL.String(), "entryPoint": h.server.URL + "/sso/idp/saml/support/sso", "relayState": "/tickets?x=1&y",
				"idpIssuer": sp.IDPMetadata.EntityID, "idpCert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
			}
			if signed {
				h.withKey(sp)
				key, err := x509.MarshalPKCS8PrivateKey(sp.Key)
				h.must(err)
				settings["privateKey"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
			}
			client := h.nodeClient("saml.mjs", settings)
			_, fields := h.browser().get(client.start()).form(t)
			if got := fields.Get("RelayState"); got != "/tickets?x=1&y" {
				t.Errorf("RelayState = %q", got)
			}
			client.send(fields.Get("SAMLResponse"))
			var got struct {
				Error, Issuer, NameID, NameIDFormat, SessionIndex string
				Attributes                                        map[string]any
			}
			client.read(&got)
			if got.Error != "" || got.NameID != "ada@example.test" || got.Issuer != sp.IDPMetadata.EntityID || got.SessionIndex == "" {
				t.Errorf("node-saml says %+v", got)
			}
			want := map[string]any{"email": "ada@example.test", "name": "Ada <b>Byron</b> & Søn", "first_name": "Ada", "last_name": "Byron",
				"username": "ada", "role": "Agent", "groups": []any{"Billing", "Tier 1"}}
			if diff := cmp.Diff(want, got.Attributes); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			client.send(fields.Get("SAMLResponse"))
			client.read(&got)
			if got.Error == "" {
				t.Error("node-saml takes an answer twice: it did not check what it answers")
			}
		})
	}
}

func TestOpenIDClient(t *testing.T) {
	for _, tt := range []struct {
		name, client string
		settings     map[string]any
	}{
		{"basic", "support", map[string]any{"client_secret": clientSecret}},
		{"post", "support", map[string]any{"client_secret": clientSecret, "token_endpoint_auth_method": "client_secret_post"}},
		{"public", publicClient, map[string]any{"token_endpoint_auth_method": "none"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarness(t)
			tt.settings["issuer"], tt.settings["client_id"] = h.server.URL+"/sso/idp/oidc", tt.client
			tt.settings["redirect"], tt.settings["scope"] = h.desk.URL+"/callback", "openid email profile"
			tt.settings["post_logout_redirect_uris"] = []string{h.desk.URL + "/bye"}
			client := h.nodeClient("oidc.mjs", tt.settings)
			b := h.browser()
			p := b.get(client.start())
			p.code(t)
			client.send(p.location.String())
			var got struct {
				Error, End       string
				Claims, UserInfo idClaims
			}
			client.read(&got)
			if got.Error != "" {
				t.Fatalf("openid-client says %s", got.Error)
			}
			if got.Claims.Subject != string(h.person.ID) || got.UserInfo.Email != "ada@example.test" || got.UserInfo.Role == "" {
				t.Errorf("openid-client says %+v", got)
			}
			if tt.client != "support" {
				return
			}
			end, err := url.Parse(got.End)
			h.must(err)
			if p := b.get(end.String()); p.location == nil || p.location.String() != h.desk.URL+"/bye?state=bye" {
				t.Errorf("sign-out leads to %d %v", p.status, p.location)
			}
			sessions, err := h.core.Sessions.Sessions(t.Context(), provision.SessionFilter{}, 0)
			h.must(err)
			if len(sessions) != 0 {
				t.Errorf("%d sessions are left", len(sessions))
			}
		})
	}
}

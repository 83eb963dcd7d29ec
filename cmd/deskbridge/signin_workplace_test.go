package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/proxytest"
)

// workplace is Deskbridge and a real Request Tracker behind one nginx, which
// lets nobody to the desk whom Deskbridge does not know.
type workplace struct {
	*bridge
	front string // URL of both
	rt    rtRoot
}

// newWorkplace starts one without any connection. It may fetch from the servers
// at urls.
func newWorkplace(t *testing.T, urls ...string) workplace {
	t.Helper()
	rt := rtRoot{t, needEnv(t, "DESKBRIDGE_TEST_RT_URL"), needEnv(t, "DESKBRIDGE_TEST_RT_ROOT_PASSWORD")}
	address := processtest.Address(t)
	w := workplace{front: "http://" + address, rt: rt}
	w.bridge = newBridge(t, "DESKBRIDGE_PUBLIC_URL="+w.front, "DESKBRIDGE_TRUSTED_PROXIES=127.0.0.1", allowHosts(t, urls...),
		"RT_TOKEN="+needEnv(t, "DESKBRIDGE_TEST_RT_TOKEN"))
	proxytest.Proxy{Address: address, Bridges: []string{w.url}, Desk: "support",
		Tracker: proxytest.NewTracker(t, needEnv(t, "DESKBRIDGE_TEST_RT_DIR"), address)}.Open(t)
	return w
}

// in returns w for a test inside the one that it was made for.
func (w workplace) in(t *testing.T) workplace {
	b := *w.bridge
	b.t, w.rt.t, w.bridge = t, t, &b
	return w
}

// desks is the part of an access.yaml with the Request Tracker, and the rules
// that make agents of the people of connections who are in support.
func (w workplace) desks(connections ...string) string {
	yaml := "desks:\n  - {name: support, kind: requesttracker, url: " + w.rt.url + ", secret: \"${env:RT_TOKEN}\"}\nrules:\n"
	for _, name := range connections {
		yaml += "  - {connection: " + name + ", group: support-agents, desk: support, role: agent, teams: [Support Agents], mailboxes: [Support]}\n"
	}
	return yaml
}

// open opens a page of the desk as somebody who is not signed in, and signs
// them in on the way: by their address here, by login and password there.
func (w workplace) open(b *browsertest.Browser, path string, p idptest.Person, login string) {
	w.t.Helper()
	b.Open(w.front + path)
	b.UntilAt(w.front + "/sso/login")
	b.Fill("#email", p.Email)
	b.Click("button")
	b.SignIn(login, p.Password)
	b.UntilAt(w.front + path)
}

// allowHosts is the setting that lets Deskbridge fetch from servers on loopback.
func allowHosts(t *testing.T, urls ...string) string {
	t.Helper()
	hosts := make([]string, len(urls))
	for i, u := range urls {
		parsed, err := url.Parse(u)
		if err != nil {
			t.Fatal(err)
		}
		hosts[i] = parsed.Host
	}
	return "DESKBRIDGE_ALLOW_HOSTS=" + strings.Join(hosts, ",")
}

// uniqueDomain returns a domain that no earlier run had: Request Tracker
// forgets nobody.
func uniqueDomain(name string) string {
	return fmt.Sprintf("%s-%x.example", name, time.Now().UnixNano())
}

// trust registers our addresses at an identity provider, and returns the settings
// with which we find it, as YAML.
type trust func(b *bridge, ours server.ConnectionURLs) string

// join adds a connection that an identity provider trusts, and returns it as an
// access.yaml has it.
func (b *bridge) join(name, domain string, t trust) string {
	b.t.Helper()
	ours := commandJSON[server.ConnectionURLs](b, "connection", "add", name, "--idp", "generic")
	return fmt.Sprintf("  - {name: %s, idp: generic, domains: [%s], jit: {create: true}, %s}\n", name, domain, t(b, ours))
}

// bySAML is the trust of a SAML identity provider: it reads our metadata, and
// we read its. more is what else is set.
func bySAML(metadataURL string, take func(metadata []byte), more string) trust {
	return func(b *bridge, ours server.ConnectionURLs) string {
		b.t.Helper()
		status, _, metadata := b.get("/sso/" + ours.Name + "/saml/metadata")
		if status != http.StatusOK {
			b.t.Fatalf("metadata of %s: status %d: %s", ours.Name, status, metadata)
		}
		take([]byte(metadata))
		return fmt.Sprintf("saml: {metadata_url: %q%s}", metadataURL, more)
	}
}

// byOIDC is the trust of an OpenID provider: we are a client of its.
func byOIDC(issuer string, register func(idptest.Client) idptest.Credentials) trust {
	return func(_ *bridge, ours server.ConnectionURLs) string {
		made := register(clientOf(ours))
		return fmt.Sprintf("oidc: {issuer: %q, client_id: %q, client_secret: %q, scopes: [openid, profile, email, groups]}", issuer, made.ID, made.Secret)
	}
}

// byKey is byOIDC for a provider that takes a key of ours in place of a secret,
// and whose scopes we find out.
func byKey(issuer string, register func(idptest.Client) idptest.Credentials) trust {
	return func(_ *bridge, ours server.ConnectionURLs) string {
		client := clientOf(ours)
		client.JWKSURL = strings.Replace(ours.LoginURL, ours.Name+"/login", "jwks", 1)
		return fmt.Sprintf("oidc: {issuer: %q, client_id: %q, auth_method: private_key_jwt}", issuer, register(client).ID)
	}
}

func clientOf(ours server.ConnectionURLs) idptest.Client {
	return idptest.Client{RedirectURL: ours.OIDCRedirectURL,
		BackChannelLogoutURL:  strings.Replace(ours.OIDCRedirectURL, "/callback", "/backchannel-logout", 1),
		PostLogoutRedirectURL: strings.Replace(ours.LoginURL, ours.Name+"/login", "signed-out", 1)}
}

package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/token"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/proxytest"
)

// replicas are two of Deskbridge on one database, behind one nginx: browsers
// meet one of them, and what identity providers send meets the other.
type replicas struct {
	t          *testing.T
	front      string // URL of nginx
	one, other *bridge
}

// newReplicas starts two that may fetch from the servers at urls.
func newReplicas(t *testing.T, urls ...string) replicas {
	t.Helper()
	address := processtest.Address(t)
	database, _ := storetest.Postgres(t)
	key := make([]byte, 32)
	rand.Read(key)
	settings := []string{"DESKBRIDGE_PUBLIC_URL=http://" + address, "DESKBRIDGE_DATABASE_URL=" + database,
		"DESKBRIDGE_SECRET_KEY=" + base64.StdEncoding.EncodeToString(key), allowHosts(t, urls...)}
	r := replicas{t, "http://" + address, newBridge(t, settings...), newBridge(t, settings...)}
	proxytest.Proxy{Address: address, Bridges: []string{r.one.url, r.other.url}}.Open(t)
	return r
}

// in returns r for a test inside the one that it was made for.
func (r replicas) in(t *testing.T) replicas {
	one, other := *r.one, *r.other
	one.t, other.t = t, t
	return replicas{t, r.front, &one, &other}
}

// signedIn reports whether a replica takes the cookies of a browser.
func (r replicas) signedIn(at *bridge, b *browsertest.Browser) bool {
	r.t.Helper()
	status := statusWith(r.t, at.url+"/sso/session", cookiesOf(b))
	if status != http.StatusOK && status != http.StatusUnauthorized {
		r.t.Errorf("/sso/session: status %d", status)
	}
	return status == http.StatusOK
}

// enter signs p in in b.
func (r replicas) enter(b *browsertest.Browser, connection string, p idptest.Person) {
	r.t.Helper()
	b.Open(r.front + "/sso/" + connection + "/login?return_to=/sso/session")
	b.SignIn(p.Login, p.Password)
	b.UntilSees(p.Email)
	if !r.signedIn(r.one, b) || !r.signedIn(r.other, b) {
		r.t.Errorf("%s is not signed in at both replicas", p.Email)
	}
}

// out waits until both replicas know that a session is over.
func (r replicas) out(what string, b *browsertest.Browser) {
	r.t.Helper()
	start := time.Now()
	r.one.eventually(what+" ends the session at both replicas", func() bool { return !r.signedIn(r.one, b) && !r.signedIn(r.other, b) })
	r.t.Logf("%s ended the session at both replicas within %s", what, time.Since(start))
}

// refused makes a request in b that was made before, at each replica, and wants
// it refused for a reason.
func (r replicas) refused(b *browsertest.Browser, step browsertest.Step, reason string) {
	r.t.Helper()
	for _, at := range []*bridge{r.one, r.other} {
		again := step
		again.URL = strings.Replace(step.URL, r.front, at.url, 1)
		b.Repeat(again)
		b.UntilSees("That did not work")
		if got := at.refusal(); got != reason {
			r.t.Errorf("%s again: refused because of %q, want %q", step.URL, got, reason)
		}
	}
}

// serveOnce makes a request that has signed b in again, at each replica. There it
// leads on to where b was heading, and nobody is signed in; another browser is
// refused.
func (r replicas) serveOnce(b *browsertest.Browser, step browsertest.Step) {
	r.t.Helper()
	for _, at := range []*bridge{r.one, r.other} {
		before := strings.Count(at.log.String(), `"msg":"signed in"`)
		again := step
		again.URL = strings.Replace(step.URL, r.front, at.url, 1)
		b.Repeat(again)
		b.UntilAt(at.url + "/sso/session")
		if n := strings.Count(at.log.String(), `"msg":"signed in"`) - before; n != 0 {
			r.t.Errorf("%s again: %d more sign-ins", step.URL, n)
		}
	}
	r.refused(browsertest.New(r.t), step, "pending")
}

// refusal returns why a sign-in was refused last, as the log has it.
func (b *bridge) refusal() (reason string) {
	for line := range strings.Lines(b.log.String()) {
		var entry struct{ Msg, Reason string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "sign-in refused" {
			reason = entry.Reason
		}
	}
	return reason
}

// TestReplicas shows that sign-ins under way, sessions, sign-outs and what was
// used before are the same at all replicas.
func TestReplicas(t *testing.T) {
	alice, bob, _ := idptest.Staff("saml.example")
	carol, _, _ := idptest.Staff("oidc.example")
	ssp, op := idptest.NewSimpleSAMLphp(t, alice, bob), idptest.NewOIDCProvider(t, carol)
	all := newReplicas(t, ssp.URL, op.Issuer)
	all.one.apply("connections:\n" + all.one.join("by-saml", "saml.example", bySAML(ssp.MetadataURL, ssp.Trust, ", idp_initiated: true, claims: {user_name: mail}")) +
		all.other.join("by-oidc", "oidc.example", byOIDC(op.Issuer, op.Trust)))

	t.Run("saml", func(t *testing.T) {
		r, b := all.in(t), browsertest.New(t)
		r.enter(b, "by-saml", alice)
		r.serveOnce(b, b.Last(r.front+"/sso/by-saml/saml/acs"))
		r.serveOnce(b, b.Last(r.front+"/sso/by-saml/saml/finish"))
		b.Open(ssp.SignOut())
		b.UntilAt(ssp.SignedOut())
		r.out("single logout", b)
	})
	t.Run("saml that begins at the identity provider", func(t *testing.T) {
		r, b := all.in(t), browsertest.New(t)
		b.Open(ssp.Start(r.front+"/sso/by-saml/saml/metadata", "/sso/session"))
		b.SignIn(alice.Login, alice.Password)
		b.UntilSees(alice.Email)
		unasked := b.Steps(r.front + "/sso/by-saml/saml/acs")[0]
		r.refused(browsertest.New(t), unasked, "replay")
	})
	t.Run("oidc", func(t *testing.T) {
		r, b := all.in(t), browsertest.New(t)
		r.enter(b, "by-oidc", carol)
		r.serveOnce(b, b.Last(r.front+"/sso/by-oidc/oidc/callback"))
		b.Open(op.SignOut())
		b.Click(`button[value="yes"]`)
		b.UntilSees("You are signed out")
		r.out("back-channel logout", b)
	})
	t.Run("suspended at the other replica", func(t *testing.T) {
		r, b := all.in(t), browsertest.New(t)
		token := commandJSON[token.Line](r.one, "token", "create", "by-saml", "test").Token
		okta := idp{simulated.NewIdP(r.other.url+"/scim/by-saml/v2", token)}
		id := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: bob.Given, Family: bob.Family, Mail: bob.Email}))
		r.enter(b, "by-saml", bob)
		okta.mustPatch(t, "/Users/"+id, setActive(false))
		r.out("suspension", b)
	})
}

package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/token"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
)

// office is Deskbridge alone, with one connection.
type office struct {
	*bridge
	person idptest.Person
	entity string // our entity ID
}

// newOffice starts one whose people sign in where trust says, at a server that
// it may fetch from.
func newOffice(t *testing.T, p idptest.Person, provider string, trust trust) office {
	t.Helper()
	b := newBridge(t, allowHosts(t, provider))
	_, domain, _ := strings.Cut(p.Email, "@")
	b.apply("connections:\n" + b.join("acme", domain, trust))
	return office{b, p, commandJSON[[]server.ConnectionURLs](b, "connection", "list")[0].SAMLEntityID}
}

// signIn signs the person in in b, up to the page that tells who is signed in.
func (o office) signIn(b *browsertest.Browser) {
	o.t.Helper()
	b.Open(o.url + "/sso/acme/login?return_to=/sso/session")
	b.SignIn(o.person.Login, o.person.Password)
	b.UntilSees(o.person.Email)
}

// out reports whether nobody is signed in in b.
func (o office) out(b *browsertest.Browser) bool {
	b.Open(o.url + "/sso/session")
	return strings.Contains(b.Text(), "not signed in")
}

// wantOut fails when somebody is signed in in b.
func (o office) wantOut(b *browsertest.Browser) {
	o.t.Helper()
	if !o.out(b) {
		o.t.Errorf("somebody is signed in:\n%s", b.Text())
	}
}

// ends returns why the sessions of the person ended, in order.
func (o office) ends() (why []string) {
	o.t.Helper()
	for _, e := range o.entries("") {
		if e.Action == "session.ended" {
			why = append(why, e.Detail["why"].(string))
		}
	}
	return why
}

// wantEnds checks why sessions ended.
func (o office) wantEnds(want ...provision.SessionEnd) {
	o.t.Helper()
	var text []string
	for _, w := range want {
		text = append(text, string(w))
	}
	if got := o.ends(); !slices.Equal(got, text) {
		o.t.Errorf("sessions ended because of %q, want %q", got, text)
	}
}

// TestSuspensionEndsTheVisit has SCIM suspend somebody who is at work in a real
// Request Tracker: the next click leads out.
func TestSuspensionEndsTheVisit(t *testing.T) {
	alice, _, _ := idptest.Staff(uniqueDomain("suspended"))
	ssp := idptest.NewSimpleSAMLphp(t, alice)
	w := newWorkplace(t, ssp.URL)
	_, domain, _ := strings.Cut(alice.Email, "@")
	w.apply("connections:\n" + w.join("acme", domain, bySAML(ssp.MetadataURL, ssp.Trust, ", claims: {user_name: mail}")) + w.desks("acme"))
	token := commandJSON[token.Line](w.bridge, "token", "create", "acme", "test").Token
	okta := idp{simulated.NewIdP(w.url+"/scim/acme/v2", token)}
	id := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: alice.Given, Family: alice.Family, Mail: alice.Email}))
	okta.group(t, "support-agents", id)

	b := browsertest.New(t)
	w.open(b, "/Prefs/AboutMe.html", alice, alice.Login)
	if got := actions(w.entries(id)); !slices.Contains(got, "session.started") {
		t.Fatalf("audit entries = %v: she signed in as somebody else than SCIM describes", got)
	}
	cookies := cookiesOf(b)
	open := func() int { return statusWith(t, w.front+"/Prefs/AboutMe.html", cookies) }
	if got := open(); got != http.StatusOK {
		t.Fatalf("before the suspension: %d", got)
	}
	start := time.Now()
	okta.mustPatch(t, "/Users/"+id, setActive(false))
	answered := time.Now()
	if got := open(); got != http.StatusFound {
		t.Errorf("the next request after the suspension: %d, want a redirect to sign in", got)
	}
	t.Logf("out %s after SCIM asked, %s after it was answered", time.Since(start), time.Since(answered))

	b.Open(w.front + "/Prefs/AboutMe.html")
	b.UntilAt(w.front + "/sso/login")
	b.Fill("#email", alice.Email)
	b.Click("button") // the identity provider still knows her
	b.UntilSees("That did not work")
	w.synced()
	if user := w.rt.user(alice.Email); user.Disabled != "1" {
		t.Errorf("in Request Tracker: %+v, want nobody who may work", user)
	}
}

// cookiesOf returns the cookies of a browser, as it sends them to any port of
// this machine.
func cookiesOf(b *browsertest.Browser) (out []*http.Cookie) {
	for _, c := range b.Cookies() {
		out = append(out, &http.Cookie{Name: c.Name, Value: c.Value})
	}
	return out
}

// statusWith returns the status of the answer to a browser with these cookies.
func statusWith(t *testing.T, address string, cookies []*http.Cookie) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestBackChannelLogout(t *testing.T) {
	alice, _, _ := idptest.Staff("corp.example")
	op := idptest.NewOIDCProvider(t, alice)
	o := newOffice(t, alice, op.Issuer, byOIDC(op.Issuer, op.Trust))
	b, elsewhere := browsertest.New(t), browsertest.New(t)
	o.signIn(b)
	o.signIn(elsewhere)

	b.Open(op.SignOut())
	b.Click(`button[value="yes"]`)
	b.UntilSees("You are signed out")
	o.wantOut(b)
	if o.out(elsewhere) {
		t.Error("another browser, which is still signed in at the provider, is out as well")
	}
	o.wantEnds(provision.EndedByIdP)
}

func TestSignOutAtTheProviderToo(t *testing.T) {
	alice, _, _ := idptest.Staff("corp.example")
	op := idptest.NewOIDCProvider(t, alice)
	o := newOffice(t, alice, op.Issuer, byOIDC(op.Issuer, op.Trust))
	b := browsertest.New(t)
	o.signIn(b)

	b.Open(o.url + "/sso/logout")
	b.Click("button")
	b.UntilAt(op.Issuer)
	b.Click(`button[value="yes"]`)
	b.UntilAt(o.url + "/sso/signed-out")
	o.wantOut(b)
	o.signIn(b) // who is asked for their password, is signed out at the provider
	o.wantEnds(provision.EndedBySignOut)
}

func TestSingleLogout(t *testing.T) {
	alice, _, _ := idptest.Staff("corp.example")
	ssp := idptest.NewSimpleSAMLphp(t, alice)
	o := newOffice(t, alice, ssp.URL, bySAML(ssp.MetadataURL, ssp.Trust, ""))
	b := browsertest.New(t)

	o.signIn(b)
	b.Open(ssp.SignOut())
	b.UntilAt(ssp.SignedOut())
	o.wantOut(b)
	o.wantEnds(provision.EndedByIdP)

	o.signIn(b) // asked for the password again
	b.Open(o.url + "/sso/logout")
	b.Click("button")
	b.UntilAt(o.url + "/sso/signed-out")
	o.wantOut(b)
	o.signIn(b)
	o.wantEnds(provision.EndedByIdP, provision.EndedBySignOut)
}

func TestIdPInitiatedSignIn(t *testing.T) {
	alice, _, _ := idptest.Staff("corp.example")
	ssp := idptest.NewSimpleSAMLphp(t, alice)
	t.Run("off by default", func(t *testing.T) {
		o := newOffice(t, alice, ssp.URL, bySAML(ssp.MetadataURL, ssp.Trust, ""))
		b := browsertest.New(t)
		b.Open(ssp.Start(o.entity, "/sso/session"))
		b.SignIn(alice.Login, alice.Password)
		b.UntilSees("That did not work")
		o.wantOut(b)
	})
	t.Run("begins a sign-in of ours", func(t *testing.T) {
		o := newOffice(t, alice, ssp.URL, bySAML(ssp.MetadataURL, ssp.Trust, ", idp_initiated: true"))
		b := browsertest.New(t)
		b.Open(ssp.Start(o.entity, "/sso/session"))
		b.SignIn(alice.Login, alice.Password)
		b.UntilSees(alice.Email)
		if step := b.Last(o.url + "/sso/acme/saml/acs"); step.Form.Get("SAMLResponse") == "" {
			t.Errorf("the last answer = %v", step)
		}
		other := browsertest.New(t) // somebody plants the answer
		other.Repeat(b.Last(o.url + "/sso/acme/saml/acs"))
		other.UntilSees("That did not work")
		o.wantOut(other)
	})
}

func TestLemonLDAPSingleLogout(t *testing.T) {
	alice, _, _ := idptest.Staff("corp.example")
	lemon := idptest.NewLemonLDAP(t, alice)
	o := newOffice(t, alice, lemon.URL, bySAML(lemon.MetadataURL, lemon.Trust, ""))
	b := browsertest.New(t)

	o.signIn(b)
	b.Open(lemon.SignOut())
	b.Until("the session is over", func() bool { return len(o.ends()) == 1 })
	o.wantOut(b)

	o.signIn(b)
	b.Open(o.url + "/sso/logout")
	b.Click("button")
	b.UntilAt(o.url + "/sso/signed-out")
	o.signIn(b) // who is asked for their password, is signed out at the identity provider
	o.wantEnds(provision.EndedByIdP, provision.EndedBySignOut)
}

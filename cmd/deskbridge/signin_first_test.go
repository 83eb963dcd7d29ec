package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
	diff "github.com/google/go-cmp/cmp"
)

// TestFirstSignIn has somebody whom nobody pushed open a real Request Tracker
// in a real browser, sign in at a real identity provider, and take a ticket.
// The second time, nothing is written anywhere. All identity providers are
// connected at once.
func TestFirstSignIn(t *testing.T) {
	staff := func(name string) idptest.Person {
		alice, _, _ := idptest.Staff(uniqueDomain(name))
		return alice
	}
	plain, sealed, lemon, lemonToo, panva, keyed, dexter := staff("simplesamlphp"), staff("encrypted"), staff("lemonldap-saml"), staff("lemonldap-oidc"), staff("oidc-provider"), staff("key"), staff("dex")
	ssp, encrypting := idptest.NewSimpleSAMLphp(t, plain), idptest.NewSimpleSAMLphp(t, sealed)
	encrypting.Encrypt()
	saml, openid := idptest.NewLemonLDAP(t, lemon), idptest.NewLemonLDAP(t, lemonToo)
	op, withKey, dex := idptest.NewOIDCProvider(t, panva), idptest.NewOIDCProvider(t, keyed), idptest.NewDex(t, dexter)

	ways := []struct {
		connection, protocol string
		person               idptest.Person
		login                string
		trust                trust
	}{
		{"simplesamlphp", "saml", plain, plain.Login, bySAML(ssp.MetadataURL, ssp.Trust, "")},
		{"encrypted", "saml", sealed, sealed.Login, bySAML(encrypting.MetadataURL, encrypting.Trust, ", binding: post, require_encryption: true, require_signed_response: true")},
		{"lemonldap-saml", "saml", lemon, lemon.Login, bySAML(saml.MetadataURL, saml.Trust, "")},
		{"lemonldap-oidc", "oidc", lemonToo, lemonToo.Login, byOIDC(openid.URL, openid.TrustClient)},
		{"oidc-provider", "oidc", panva, panva.Login, byOIDC(op.Issuer, op.Trust)},
		{"oidc-provider-key", "oidc", keyed, keyed.Login, byKey(withKey.Issuer, withKey.Trust)},
		{"dex", "oidc", dexter, dexter.Email, byOIDC(dex.Issuer, dex.Trust)},
	}
	w := newWorkplace(t, ssp.URL, encrypting.URL, saml.URL, openid.URL, op.Issuer, withKey.Issuer, dex.Issuer)
	yaml := "connections:\n"
	var names []string
	for _, way := range ways {
		_, domain, _ := strings.Cut(way.person.Email, "@")
		yaml += w.join(way.connection, domain, way.trust)
		names = append(names, way.connection)
	}
	w.apply(yaml + w.desks(names...))

	for _, way := range ways {
		t.Run(way.connection, func(t *testing.T) {
			w := w.in(t)
			w.firstSignIn(way.person, way.login)
			w.secondSignIn(way.person, way.login)
			for _, result := range []string{"created", "ok"} {
				name := fmt.Sprintf("deskbridge_sign_ins_total{connection=%q,protocol=%q,result=%q}", way.connection, way.protocol, result)
				if got := w.metric(name); got != 1 {
					t.Errorf("%s = %v, want one of each", name, got)
				}
			}
		})
	}
}

// firstSignIn has p open a ticket and take it. On the way to the desk nothing of
// its address is lost.
func (w workplace) firstSignIn(p idptest.Person, login string) {
	t := w.t
	w.tellOnFailure(p)
	subject := "The printer of " + p.Email
	ticket := rtJSON[struct{ ID any }](w.rt, "POST", "/ticket", map[string]any{"Queue": "Support", "Subject": subject}, 201).ID
	b := browsertest.New(t)
	w.open(b, fmt.Sprintf("/Ticket/Display.html?id=%v&HideUnsetFields=1", ticket), p, login)
	b.UntilSees(subject)

	made := w.rt.user(p.Email)
	if made.Privileged != 1 || made.Disabled != "0" || made.RealName != p.Name() || made.EmailAddress != p.Email {
		t.Errorf("made: %+v, want an agent called %s", made, p.Name())
	}
	if d := diff.Diff([]string{"Support Agents"}, w.rt.groups(made)); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	b.Follow(`a[href*="Action=Take"]`)
	b.UntilSees("Owner changed")
	if got := w.rt.owned(made.ID); got != 1 {
		t.Errorf("%s owns %d tickets after taking one", p.Email, got)
	}
}

// secondSignIn has p come back in another browser, and finds everything as it
// was.
func (w workplace) secondSignIn(p idptest.Person, login string) {
	t := w.t
	id := commandJSON[[]explain.Person](w.bridge, "explain", p.Email)[0].ID
	user, writes, entries := w.rt.user(p.Email), w.deskWrites(), w.entries(id)
	if got := actions(entries); !slices.Contains(got, "user.created") || !slices.Contains(got, "session.started") {
		t.Errorf("audit entries of the first sign-in = %v", got)
	}
	w.open(browsertest.New(t), "/Prefs/AboutMe.html", p, login)
	w.synced()
	if got := w.deskWrites(); got != writes {
		t.Errorf("desk writes = %v after a second sign-in, want %v", got, writes)
	}
	if d := diff.Diff(user, w.rt.user(p.Email)); d != "" {
		t.Errorf("Request Tracker changed at a second sign-in:\n%s", d)
	}
	if d := diff.Diff([]string{"session.started"}, actions(w.entries(id)[len(entries):])); d != "" {
		t.Errorf("audit entries of a second sign-in (-want +got):\n%s", d)
	}
}

// tellOnFailure has a failed test show what Deskbridge makes of somebody.
func (w workplace) tellOnFailure(p idptest.Person) {
	w.t.Cleanup(func() {
		if w.t.Failed() {
			out, err := w.try("explain", p.Email)
			w.t.Logf("what Deskbridge makes of them: %v\n%s", err, out)
		}
	})
}

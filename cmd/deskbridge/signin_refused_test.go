package main

import (
	"testing"

	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/idptest"
)

// TestStrangersStayOut has people sign in whom an identity provider knows, and
// whom we must not believe: nobody is made of them, and there is no session.
func TestStrangersStayOut(t *testing.T) {
	_, _, eve := idptest.Staff("corp.example")
	stranger, _, _ := idptest.Staff("elsewhere.example") // a domain that is not the connection's
	lookalike, _, _ := idptest.Staff("corp.example")
	lookalike.Email = "аlice@corp.example" // its first letter is Cyrillic

	op := idptest.NewOIDCProvider(t, eve, stranger)
	ssp, strange := idptest.NewSimpleSAMLphp(t, stranger), idptest.NewSimpleSAMLphp(t, lookalike)
	for _, tt := range []struct {
		name   string
		person idptest.Person
		server string
		trust  trust
		reason string
	}{
		{"an address that nobody verified", eve, op.Issuer, byOIDC(op.Issuer, op.Trust), "unverified"},
		{"a domain of somebody else's, by OIDC", stranger, op.Issuer, byOIDC(op.Issuer, op.Trust), "domain"},
		{"a domain of somebody else's, by SAML", stranger, ssp.URL, bySAML(ssp.MetadataURL, ssp.Trust, ""), "domain"},
		{"an address that looks like another", lookalike, strange.URL, bySAML(strange.MetadataURL, strange.Trust, ""), "address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBridge(t, allowHosts(t, tt.server))
			b.apply("connections:\n" + b.join("acme", "corp.example", tt.trust))
			browser := browsertest.New(t)
			browser.Open(b.url + "/sso/acme/login")
			browser.SignIn(tt.person.Login, tt.person.Password)
			browser.UntilSees("That did not work")
			if got := b.refusal(); got != tt.reason {
				t.Errorf("refused because of %q, want %q", got, tt.reason)
			}
			if out, err := b.try("explain", tt.person.Email); err == nil {
				t.Errorf("somebody was made:\n%s", out)
			}
			office{bridge: b}.wantOut(browser)
		})
	}
}

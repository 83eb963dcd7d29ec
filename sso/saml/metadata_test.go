package saml_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

func pemOf(s samltest.Signer) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate.Raw}))
}

func TestParseMetadata(t *testing.T) {
	idp := samltest.New(idpID)
	good := string(idp.Metadata())
	other := strings.ReplaceAll(good, idpID, "https://other.example.test")
	both := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2099-01-01T00:00:00Z" cacheDuration="PT6H">` + good + other + `</md:EntitiesDescriptor>`
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(good) }
	for _, tt := range []struct {
		name, raw, entityID string
		want                saml.Reason
	}{
		{"an EntityDescriptor", good, "", ""},
		{"with a byte order mark and a declaration", "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>" + good, "", ""},
		{"the entity ID fits", good, idpID, ""},
		{"one of several", both, idpID, ""},
		{"another entity ID", good, "https://x", saml.ReasonMetadata},
		{"several, and none chosen", both, "", saml.ReasonMetadata},
		{"none of several", both, "https://x", saml.ReasonMetadata},
		{"no identity provider", strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor"), "", saml.ReasonMetadata},
		{"a role of another namespace", replace("<md:IDPSSODescriptor ", `<x:IDPSSODescriptor xmlns:x="urn:x" `, "</md:IDPSSODescriptor>", "</x:IDPSSODescriptor>"), "", saml.ReasonMetadata},
		{"SAML 1.1 only", replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"), "", saml.ReasonMetadata},
		{"no entity ID", replace("entityID=", "x="), "", saml.ReasonMetadata},
		{"SM05 64 MB", good + strings.Repeat(" ", 64<<20), "", saml.ReasonSize},
		{"SM06 a document type", `<!DOCTYPE a SYSTEM "http://127.0.0.1:9/">` + good, "", saml.ReasonDoctype},
		{"SM07 valid until yesterday", replace("entityID=", `validUntil="`+time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339)+`" entityID=`), "", saml.ReasonExpired},
		{"valid until a word", replace("entityID=", `validUntil="soon" entityID=`), "", saml.ReasonMetadata},
		{"SM08 no certificate", replace("use=\"signing\"", "use=\"encryption\""), "", saml.ReasonCertificates},
		{"only expired certificates", string(idp.Metadata(samltest.Expired())), "", saml.ReasonExpired},
		{"an expired certificate beside a good one", string(idp.Metadata(samltest.Expired(), idp.First)), "", ""},
		{"a certificate that is none", replace("<ds:X509Certificate>", "<ds:X509Certificate>!"), "", saml.ReasonCertificates},
		{"SM09 a javascript: address", replace(idp.SSOURL, "javascript:alert(1)"), "", saml.ReasonEndpoint},
		{"a data: address for logout", replace(idp.SLOURL, "data:text/html,x"), "", saml.ReasonEndpoint},
		{"an address without a host", replace(idp.SSOURL, "https:/sso"), "", saml.ReasonEndpoint},
		{"an address with a user", replace(idp.SSOURL, "https://a:b@idp.example.test/"), "", saml.ReasonEndpoint},
		{"no address for sign-in", replace("SingleSignOnService", "ArtifactResolutionService"), "", saml.ReasonEndpoint},
		{"no XML", "hello", "", saml.ReasonXML},
		{"nothing", "", "", saml.ReasonXML},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := saml.ParseMetadata([]byte(tt.raw), tt.entityID, time.Now())
			if r := reason(t, err); r != tt.want {
				t.Fatalf("refused for %q, want %q: %v", r, tt.want, err)
			}
			if err == nil && (got.EntityID != idpID || len(got.SSO) != 2 || len(got.SLO) != 2 || len(got.Certificates) == 0) {
				t.Errorf("read as %+v", got)
			}
		})
	}
	chosen, err := saml.ParseMetadata([]byte(both), idpID, time.Now())
	if err != nil || chosen.CacheDuration != 6*time.Hour || chosen.ValidUntil.Year() != 2099 || len(chosen.Certificates) != 3 {
		t.Errorf("read as %+v, %v", chosen, err)
	}
}

func TestDaysLeft(t *testing.T) {
	idp := samltest.New(idpID)
	got, err := saml.ParseMetadata(idp.Metadata(samltest.Expired(), idp.Second), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	end := got.LastCertificate()
	if !end.Equal(idp.Second.Certificate.NotAfter) {
		t.Errorf("the last certificate runs out on %s", end)
	}
	if d := got.DaysLeft(end.Add(-49 * time.Hour)); d != 2 {
		t.Errorf("DaysLeft = %d, want 2", d)
	}
	got.ValidUntil = end.Add(-48 * time.Hour)
	if d := got.DaysLeft(end.Add(-24 * time.Hour)); d != -1 {
		t.Errorf("DaysLeft = %d, want -1", d)
	}
}

func TestFieldsMetadata(t *testing.T) {
	idp := samltest.New(idpID)
	bare := base64.StdEncoding.EncodeToString(idp.Curve.Certificate.Raw)
	raw, err := saml.FieldsMetadata(saml.Fields{EntityID: idpID, SSOURL: "https://idp.example.test/sso?a=1&b=<2>", SLOURL: idp.SLOURL,
		Certificates: []string{pemOf(idp.First) + "\n" + pemOf(idp.Second), bare[:50] + "\n" + bare[50:]}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := saml.ParseMetadata(raw, idpID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Certificates) != 3 || len(got.Warnings) != 0 {
		t.Errorf("%d certificates, warnings %q", len(got.Certificates), got.Warnings)
	}
	want := []saml.Endpoint{
		{Binding: saml.Redirect, Location: "https://idp.example.test/sso?a=1&b=<2>"},
		{Binding: saml.Post, Location: "https://idp.example.test/sso?a=1&b=<2>"},
	}
	if diff := cmp.Diff(want, got.SSO); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]saml.Endpoint{{Binding: saml.Redirect, Location: idp.SLOURL}, {Binding: saml.Post, Location: idp.SLOURL}}, got.SLO); diff != "" {
		t.Errorf("endpoints for sign-out (-want +got):\n%s", diff)
	}
	for _, field := range []string{"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", pemOf(idp.First) + "rest"} {
		if _, err := saml.FieldsMetadata(saml.Fields{EntityID: idpID, SSOURL: idp.SSOURL, Certificates: []string{field}}); reason(t, err) != saml.ReasonSetting {
			t.Errorf("%q is taken for a certificate", field)
		}
	}
}

func TestUnusableCertificatesAreNamed(t *testing.T) {
	idp := samltest.New(idpID)
	raw := strings.Replace(string(idp.Metadata()), "<ds:X509Certificate>", "<ds:X509Certificate>AAAA</ds:X509Certificate><ds:X509Certificate>?</ds:X509Certificate><ds:X509Certificate>", 1)
	got, err := saml.ParseMetadata([]byte(raw), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Certificates) != 3 || len(got.Warnings) != 2 {
		t.Errorf("%d certificates, warnings %q", len(got.Certificates), got.Warnings)
	}
}

// TestEndlessKeysAreLeftOut would take minutes for a signature otherwise.
func TestEndlessKeysAreLeftOut(t *testing.T) {
	idp := samltest.New(idpID)
	endless := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1_000_000, 1), E: 1<<31 - 1}
	der, err := x509.CreateCertificate(rand.Reader, idp.First.Certificate, idp.First.Certificate, endless, idp.First.Key)
	if err != nil {
		t.Fatal(err)
	}
	more := "<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(der) + "</ds:X509Certificate><ds:X509Certificate>"
	got, err := saml.ParseMetadata([]byte(strings.Replace(string(idp.Metadata()), "<ds:X509Certificate>", more, 1)), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Certificates) != 3 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "1000001 bits") {
		t.Errorf("%d certificates, warnings %q", len(got.Certificates), got.Warnings)
	}
}

func ExampleFieldsMetadata() {
	_, err := saml.FieldsMetadata(saml.Fields{EntityID: "https://idp.example.test", SSOURL: "https://idp.example.test/sso", Certificates: []string{"half a certificate"}})
	fmt.Println(err)
	// Output: saml: setting: certificate 1 cannot be read: paste it whole, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----
}

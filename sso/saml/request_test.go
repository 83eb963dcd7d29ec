package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file, line by line.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

var (
	secretID = regexp.MustCompile(`_[0-9a-f]{40}`)
	longText = regexp.MustCompile(`[A-Za-z0-9+/=]{40,}`)
)

// pretty returns raw indented, without what differs at each run.
func pretty(t *testing.T, raw []byte) string {
	t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	document.Indent(2)
	s, err := document.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return longText.ReplaceAllString(secretID.ReplaceAllString(s, "_ID"), "BASE64")
}

// noon is a time that golden files can hold.
func noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.FixedZone("", 3600)) }

func queryOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.RawQuery
}

// opened returns the message in a redirect, whose signature was made by key.
func opened(t *testing.T, query, parameter string, key saml.Key) []byte {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	start := strings.Index(query, parameter+"=")
	signed, _, _ := strings.Cut(query[start:], "&Signature=")
	signature, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(signed))
	public, _ := key.Certificate.PublicKey.(*rsa.PublicKey)
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("the signature of the query is wrong: %v", err)
	}
	raw, err := base64.StdEncoding.DecodeString(values.Get(parameter))
	if err != nil {
		t.Fatal(err)
	}
	message, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestAuthnRequestByRedirect(t *testing.T) {
	idp := samltest.New(idpID)
	idp.Now = noon
	idp.SSOURL += "?tenant=1"
	sp := provider(t, idp)
	got, err := sp.AuthnRequest("a b&SigAlg=x")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.URL, idp.SSOURL+"&SAMLRequest=") || got.Action != "" || !got.Issued.Equal(noon().Truncate(time.Millisecond)) {
		t.Errorf("AuthnRequest = %+v", got)
	}
	query := queryOf(t, got.URL)
	if values, _ := url.ParseQuery(query); values.Get("RelayState") != "a b&SigAlg=x" || len(values["SigAlg"]) != 1 || values.Get("tenant") != "1" {
		t.Errorf("the query is %s", query)
	}
	golden(t, "authn_request_redirect.xml", pretty(t, opened(t, query, "SAMLRequest", ourKeys()[0])))
	again, err := sp.AuthnRequest("")
	if err != nil || again.ID == got.ID || !secretID.MatchString(got.ID) {
		t.Errorf("the IDs are %s and %s, %v", got.ID, again.ID, err)
	}
}

func TestAuthnRequestByPost(t *testing.T) {
	idp := samltest.New(idpID)
	idp.Now = noon
	sp := provider(t, idp, func(c *saml.Config) {
		c.Binding, c.ForceAuthn, c.NameIDFormat = saml.Post, true, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
		c.AuthnContexts = []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken", "https://refeds.org/profile/mfa"}
	})
	got, err := sp.AuthnRequest("handle")
	if err != nil {
		t.Fatal(err)
	}
	if got.URL != "" || got.Action != idp.SSOURL || got.Fields["RelayState"] != "handle" {
		t.Errorf("AuthnRequest = %+v", got)
	}
	raw, err := base64.StdEncoding.DecodeString(got.Fields["SAMLRequest"])
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "authn_request_post.xml", pretty(t, raw))
	document := etree.NewDocument()
	if err := document.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{ourKeys()[0].Certificate}})
	if _, err := context.Validate(document.Root()); err != nil {
		t.Errorf("the signature of the request is wrong: %v", err)
	}
}

func TestMetadata(t *testing.T) {
	sp := provider(t, samltest.New(idpID), func(c *saml.Config) { c.NameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" })
	raw, err := sp.Metadata(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sp_metadata.xml", pretty(t, raw))
	for _, key := range ourKeys() {
		if n := bytes.Count(raw, []byte(base64.StdEncoding.EncodeToString(key.Certificate.Raw))); n != 2 {
			t.Errorf("a certificate is published %d times, want 2: for signing and for encryption", n)
		}
	}
	later, err := sp.Metadata(time.Now().AddDate(6, 0, 0))
	if err != nil || bytes.Count(later, []byte("<md:KeyDescriptor")) != 2 {
		t.Errorf("when all keys have expired, the metadata is %s, %v; want one key all the same", later, err)
	}
}

package sso_test

import (
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// TestSAMLSettings says in which ways an identity provider can be described.
func TestSAMLSettings(t *testing.T) {
	idp := samltest.New("https://idp.example.test/metadata")
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp.First.Certificate.Raw}))
	fields := sso.SAMLSettings{EntityID: idp.EntityID, SSOURL: idp.SSOURL, Certificates: []string{certificate}}
	for _, tt := range []struct {
		name    string
		set     func(s *sso.SAMLSettings)
		mistake string // "" is none
	}{
		{"fields", func(*sso.SAMLSettings) {}, ""},
		{"fields with an address for sign-out", func(s *sso.SAMLSettings) { s.SLOURL = idp.SLOURL }, ""},
		{"an address for sign-out that is none", func(s *sso.SAMLSettings) { s.SLOURL = "javascript:alert(1)" }, "endpoint"},
		{"metadata", func(s *sso.SAMLSettings) { *s = sso.SAMLSettings{Metadata: string(idp.Metadata())} }, ""},
		{"metadata by its address", func(s *sso.SAMLSettings) { *s = sso.SAMLSettings{MetadataURL: idp.EntityID} }, ""},
		{"metadata and an address for sign-out", func(s *sso.SAMLSettings) {
			*s = sso.SAMLSettings{MetadataURL: idp.EntityID, SLOURL: idp.SLOURL}
		}, "slo_url goes with sso_url"},
		{"metadata and fields", func(s *sso.SAMLSettings) { s.MetadataURL = idp.EntityID }, "exclude each other"},
		{"no certificate", func(s *sso.SAMLSettings) { s.Certificates = nil }, "certificates"},
		{"nothing", func(s *sso.SAMLSettings) { *s = sso.SAMLSettings{} }, "metadata_url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := fields
			tt.set(&s)
			raw, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			err = sso.CheckSettings(provision.SignIn{SAML: raw}, time.Now())
			if (err == nil) != (tt.mistake == "") || err != nil && !strings.Contains(err.Error(), tt.mistake) {
				t.Errorf("CheckSettings = %v, want %q", err, tt.mistake)
			}
		})
	}
}

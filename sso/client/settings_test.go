package client_test

import (
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// TestSAMLSettings says in which ways an identity provider can be described.
func TestSAMLSettings(t *testing.T) {
	idp := samltest.New("https://idp.example.test/metadata")
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp.First.Certificate.Raw}))
	fields := protocol.SAML{EntityID: idp.EntityID, SSOURL: idp.SSOURL, Certificates: []string{certificate}}
	for _, tt := range []struct {
		name    string
		set     func(s *protocol.SAML)
		mistake string // "" is none
	}{
		{"fields", func(*protocol.SAML) {}, ""},
		{"fields with an address for sign-out", func(s *protocol.SAML) { s.SLOURL = idp.SLOURL }, ""},
		{"an address for sign-out that is none", func(s *protocol.SAML) { s.SLOURL = "javascript:alert(1)" }, "endpoint"},
		{"metadata", func(s *protocol.SAML) { *s = protocol.SAML{Metadata: string(idp.Metadata())} }, ""},
		{"metadata by its address", func(s *protocol.SAML) { *s = protocol.SAML{MetadataURL: idp.EntityID} }, ""},
		{"metadata and an address for sign-out", func(s *protocol.SAML) {
			*s = protocol.SAML{MetadataURL: idp.EntityID, SLOURL: idp.SLOURL}
		}, "slo_url goes with sso_url"},
		{"metadata and fields", func(s *protocol.SAML) { s.MetadataURL = idp.EntityID }, "exclude each other"},
		{"no certificate", func(s *protocol.SAML) { s.Certificates = nil }, "certificates"},
		{"nothing", func(s *protocol.SAML) { *s = protocol.SAML{} }, "metadata_url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := fields
			tt.set(&s)
			err := client.CheckSettings(provision.SignIn{SAML: &s}, time.Now())
			if (err == nil) != (tt.mistake == "") || err != nil && !strings.Contains(err.Error(), tt.mistake) {
				t.Errorf("CheckSettings = %v, want %q", err, tt.mistake)
			}
		})
	}
}

func TestSettingsOfClientAuthentication(t *testing.T) {
	for _, tt := range []struct {
		name, settings string
		ok             bool
	}{
		{"a secret", `{"issuer":"https://i.test","client_id":"c","client_secret":"s"}`, true},
		{"a secret in the form", `{"issuer":"https://i.test","client_id":"c","client_secret":"s","auth_method":"client_secret_post"}`, true},
		{"a key", `{"issuer":"https://i.test","client_id":"c","auth_method":"private_key_jwt"}`, true},
		{"neither", `{"issuer":"https://i.test","client_id":"c"}`, false},
		{"a method that wants a secret, and none", `{"issuer":"https://i.test","client_id":"c","auth_method":"client_secret_basic"}`, false},
		{"an unknown method", `{"issuer":"https://i.test","client_id":"c","client_secret":"s","auth_method":"none"}`, false},
	} {
		var in provision.SignIn
		if err := json.Unmarshal([]byte(`{"oidc":`+tt.settings+`}`), &in); err != nil {
			t.Fatal(err)
		}
		if err := client.CheckSettings(in, time.Now()); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

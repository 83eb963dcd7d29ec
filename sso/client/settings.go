package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// CheckSettings reports everything that is wrong with the protocol settings of
// s, without asking anybody. None of the errors repeats a value.
func CheckSettings(s provision.SignIn, now time.Time) error {
	var mistakes []error
	if s.SAML != nil {
		err := s.SAML.Readable()
		if err == nil {
			err = checkSAML(*s.SAML, now)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("saml: %w", err))
		}
	}
	if s.OIDC != nil {
		err := s.OIDC.Readable()
		if err == nil {
			err = checkOIDC(*s.OIDC)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("oidc: %w", err))
		}
	}
	return errors.Join(mistakes...)
}

func checkSAML(s protocol.SAML, now time.Time) error {
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	ways := 0
	for _, given := range []bool{s.MetadataURL != "", s.Metadata != "", s.SSOURL != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		wrong("give metadata_url, metadata_file, or entity_id with sso_url and certificates")
	case ways > 1:
		wrong("metadata_url, metadata_file and sso_url exclude each other")
	case s.SLOURL != "" && s.SSOURL == "":
		wrong("slo_url goes with sso_url; metadata tells by itself where to sign out")
	case s.SSOURL != "" && (s.EntityID == "" || len(s.Certificates) == 0):
		wrong("sso_url needs entity_id and certificates beside it")
	case s.MetadataURL == "":
		raw, err := fixedMetadata(s)
		if err == nil {
			_, err = saml.ParseMetadata(raw, s.EntityID, now)
		}
		if err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if s.Binding != "" && s.Binding != string(saml.Redirect) && s.Binding != string(saml.Post) {
		wrong("binding is redirect or post")
	}
	return errors.Join(append(mistakes, s.Claims.Validate())...)
}

// fixedMetadata returns the metadata that the settings hold themselves. It is
// still to be read.
func fixedMetadata(s protocol.SAML) ([]byte, error) {
	if s.SSOURL == "" {
		return []byte(s.Metadata), nil
	}
	return saml.FieldsMetadata(saml.Fields{EntityID: s.EntityID, SSOURL: s.SSOURL, SLOURL: s.SLOURL, Certificates: s.Certificates})
}

func checkOIDC(s protocol.OIDC) error {
	var mistakes []error
	for name, value := range map[string]string{"issuer": s.Issuer, "client_id": s.ClientID} {
		if strings.TrimSpace(value) == "" {
			mistakes = append(mistakes, fmt.Errorf("%s is missing", name))
		}
	}
	if s.AuthMethod != "" && !slices.Contains([]string{oidc.AuthBasic, oidc.AuthPost, oidc.AuthPrivateKey}, s.AuthMethod) {
		mistakes = append(mistakes, fmt.Errorf("auth_method is one of %s, %s, %s", oidc.AuthBasic, oidc.AuthPost, oidc.AuthPrivateKey))
	}
	if s.ClientSecret == "" && s.AuthMethod != oidc.AuthPrivateKey {
		mistakes = append(mistakes, errors.New("client_secret is missing"))
	}
	if s.SecretExpires != "" {
		if _, err := time.Parse(time.DateOnly, s.SecretExpires); err != nil {
			mistakes = append(mistakes, errors.New("secret_expires is no date like 2027-03-01"))
		}
	}
	return errors.Join(append(mistakes, s.Claims.Validate())...)
}

package protocol

import (
	"net/url"
	"strings"
)

// JWT says which signed tokens of an identity provider a connection takes in
// place of ours (RFC 7519). Everything that a token is held against is here:
// nothing that a token says decides where its keys come from.
type JWT struct {
	Issuer   string `yaml:"issuer" json:"issuer"`             // iss, letter by letter
	Audience string `yaml:"audience" json:"audience"`         // one of aud
	JWKSURL  string `yaml:"jwks_url" json:"jwks_url"`         // where the issuer's keys are
	Subject  string `yaml:"subject" json:"subject,omitempty"` // sub; empty: anybody's
	App      string `yaml:"app" json:"app,omitempty"`         // azp, appid, cid or client_id; empty: any
	Tenant   string `yaml:"tenant" json:"tenant,omitempty"`   // tid; empty: any, where the issuer is one tenant's
}

// Validate returns an [Error] when j cannot be used. A nil one can.
func (j *JWT) Validate() error {
	if j == nil {
		return nil
	}
	for _, field := range []struct{ name, value string }{{"issuer", j.Issuer}, {"audience", j.Audience}, {"jwks_url", j.JWKSURL}} {
		if field.value == "" {
			return errorf(field.name, "%s is missing", field.name)
		}
	}
	if u, err := url.Parse(j.JWKSURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errorf("jwks_url", "jwks_url is no URL like https://login.microsoftonline.com/TENANT/discovery/keys")
	}
	if strings.Contains(j.Issuer, "{") || strings.Contains(j.Issuer, "/common") || strings.Contains(j.Issuer, "/organizations") {
		return errorf("issuer", "issuer must be that of one tenant, as it stands in iss")
	}
	return nil
}

// SameAs reports whether j and other say the same.
func (j *JWT) SameAs(other *JWT) bool {
	if j == nil || other == nil {
		return j == other
	}
	return *j == *other
}

package provision

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

// IdP names the kind of identity provider behind a connection.
type IdP string

// The known kinds. They choose hints and documentation; the protocol edges
// treat all alike wherever they can.
const (
	IdPOkta      IdP = "okta"
	IdPEntra     IdP = "entra"
	IdPOneLogin  IdP = "onelogin"
	IdPGoogle    IdP = "google"
	IdPJumpCloud IdP = "jumpcloud"
	IdPPing      IdP = "ping"
	IdPKeycloak  IdP = "keycloak"
	IdPAuthentik IdP = "authentik"
	IdPGeneric   IdP = "generic"
)

// IdPs lists the known kinds.
var IdPs = []IdP{IdPOkta, IdPEntra, IdPOneLogin, IdPGoogle, IdPJumpCloud, IdPPing, IdPKeycloak, IdPAuthentik, IdPGeneric}

// Connection is one IdP tenant.
type Connection struct {
	ID      ConnectionID
	Name    string // unique; part of its URLs
	IdP     IdP
	Domains []string // verified e-mail domains, folded and sorted; no two connections have the same
	SignIn  SignIn
	JWT     *JWT // whose signed tokens are taken beside ours; nil: nobody's

	// HeldAt is set while the mass-change brake holds the destructive steps of
	// people who lost access; nil otherwise.
	HeldAt *time.Time
	// ReleasedAt is when an admin last released the brake. What ended before
	// counts no more.
	ReleasedAt *time.Time

	CreatedAt time.Time
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ValidateName returns an Invalid error unless name can be the name of a
// connection, desk or token: 1–63 lower-case letters, digits and hyphens.
func ValidateName(field, name string) error {
	if !nameForm.MatchString(name) {
		return Errorf(Invalid, field, "%q cannot be a name; use 1-63 lower-case letters, digits and inner hyphens, e.g. acme-eu", name)
	}
	return nil
}

// JWT says which signed tokens of an identity provider a connection takes in
// place of ours. Everything that a token is held against is here: nothing that
// a token says decides where its keys come from.
type JWT struct {
	Issuer   string `json:"issuer"`            // iss, letter by letter
	Audience string `json:"audience"`          // one of aud
	JWKSURL  string `json:"jwks_url"`          // where the issuer's keys are
	Subject  string `json:"subject,omitempty"` // sub; empty: anybody's
	App      string `json:"app,omitempty"`     // azp, appid, cid or client_id; empty: any
	Tenant   string `json:"tenant,omitempty"`  // tid; empty: any, where the issuer is one tenant's
}

// Validate returns an Invalid error when j cannot be used. A nil one can.
func (j *JWT) Validate() error {
	if j == nil {
		return nil
	}
	for _, field := range []struct{ name, value string }{{"issuer", j.Issuer}, {"audience", j.Audience}, {"jwks_url", j.JWKSURL}} {
		if field.value == "" {
			return Errorf(Invalid, "scim", "scim.jwt: %s is missing", field.name)
		}
	}
	if u, err := url.Parse(j.JWKSURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Errorf(Invalid, "scim", "scim.jwt: jwks_url is no URL like https://login.microsoftonline.com/TENANT/discovery/keys")
	}
	if strings.Contains(j.Issuer, "{") || strings.Contains(j.Issuer, "/common") || strings.Contains(j.Issuer, "/organizations") {
		return Errorf(Invalid, "scim", "scim.jwt: issuer must be that of one tenant, as it stands in iss")
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

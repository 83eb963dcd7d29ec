package saml

import (
	"crypto/x509"
	"time"
)

// IdP is an identity provider, as its metadata describes it.
type IdP struct {
	EntityID     string
	SSO          []Endpoint          // where sign-in requests go
	SLO          []Endpoint          // where logout messages go; often none
	Certificates []*x509.Certificate // for signatures, expired ones too; each is tried

	ValidUntil    time.Time     // when the metadata must no longer be used; zero: not said
	CacheDuration time.Duration // how often to fetch it again; 0: not said

	WantAuthnRequestsSigned bool     // we sign them anyway
	Warnings                []string // for an admin: what was left out, and why
}

// Endpoint is an address of the identity provider for one binding.
type Endpoint struct {
	Binding          Binding
	Location         string // http or https
	ResponseLocation string // where answers to its own requests go; "": Location
}

// LastCertificate returns when the last certificate runs out, and whether
// that is known. Without a certificate after that moment, nobody can sign in.
func (p IdP) LastCertificate() time.Time {
	var last time.Time
	for _, c := range p.Certificates {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	return last
}

// DaysLeft returns for how many whole days from now both the metadata and a
// certificate in it are good; negative when they no longer are.
func (p IdP) DaysLeft(now time.Time) int {
	end := p.LastCertificate()
	if !p.ValidUntil.IsZero() && p.ValidUntil.Before(end) {
		end = p.ValidUntil
	}
	return int(end.Sub(now).Hours()) / 24
}

// ParseMetadata reads the metadata of an identity provider: an
// EntityDescriptor, or an EntitiesDescriptor, from which entityID chooses.
// entityID may be "" when there is only one identity provider in it. A
// signature on the metadata is not looked at: the admin, or TLS, vouches for it.
//
// It refuses more than 1 MB, what [ServiceProvider.Answer] refuses in the
// tokens of a message, metadata that is no longer valid at now, addresses that
// are neither http nor https, and an identity provider none of whose signing
// certificates can be used at now or later.
func ParseMetadata(raw []byte, entityID string, now time.Time) (IdP, error) {
	return IdP{}, refuse(ReasonInternal, "not read yet")
}

// FieldsMetadata returns the metadata of an identity provider of which an
// admin knows the entity ID, the address for sign-in and the certificates
// (PEM, one or more each; bare base64 is taken too), for [Config.Metadata].
// Requests go there by redirect or post.
func FieldsMetadata(entityID, ssoURL string, certificatesPEM []string) ([]byte, error) {
	return nil, refuse(ReasonInternal, "not read yet")
}
